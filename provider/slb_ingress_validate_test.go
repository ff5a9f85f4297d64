package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/balancer"
)

// What does not fit together is refused with no cluster and no cloud, at the attribute that it is about. All of it is one
// configuration: Terraform reports each resource by itself.
func TestSLBIngressValidation(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("this runs the real CLI: TF_ACC=1")
	}
	t.Parallel()
	http := listenerHCL(80, "HTTP")
	https := func(lines ...string) string {
		return listenerHCL(443, "HTTPS", append(lines, "certificates {\n      certificate_id = \"c-1\"\n    }")...)
	}
	adopted := `load_balancer_id = "alb-1"`
	clb := `load_balancer_type = "CLB"`
	list := func(lines ...string) []string { return lines }
	cases := map[string]struct {
		lines []string
		says  string // empty: nothing is refused
	}{
		"fine":                    {list(newALB, http), ""},
		"fine_clb":                {list(newCLB, http), ""},
		"fine_adopted":            {list(adopted, listenerHCL(80, "HTTP", "forward_port = 443"), listenerHCL(8080, "HTTP")), ""},
		"fine_redirect":           {list(newALB, listenerHCL(80, "HTTP", "forward_port = 443"), https()), ""},
		"not_a_name":              {list(`name = "Shop"`, newALB, http), "a lowercase RFC 1123 subdomain"},
		"no_listener":             {list(newALB), "must have a configuration value"},
		"port_twice":              {list(newALB, http, https("request_timeout = 1"), listenerHCL(443, "HTTP")), "Port 443 is that of listener[1] already"},
		"port_too_large":          {list(newALB, listenerHCL(65536, "HTTP")), "must be between 1 and 65535"},
		"protocol":                {list(newALB, listenerHCL(80, "TCP")), `must be one of: ["HTTP" "HTTPS"]`},
		"no_certificate":          {list(newALB, listenerHCL(443, "HTTPS")), "An HTTPS listener has a certificate"},
		"http_certificate":        {list(newALB, listenerHCL(80, "HTTP", "certificates {\n      certificate_id = \"c-1\"\n    }")), "An HTTP listener has no certificates"},
		"certificate_twice":       {list(newALB, https("certificates {\n      certificate_id = \"c-1\"\n    }")), "c-1 is there twice"},
		"clb_certificates":        {list(newCLB, https("certificates {\n      certificate_id = \"c-2\"\n    }")), "a listener of a CLB has one"},
		"https_redirect":          {list(newALB, http, https("forward_port = 443")), "Only an HTTP listener redirects to HTTPS"},
		"redirect_to_nowhere":     {list(newALB, http, listenerHCL(81, "HTTP", "forward_port = 443")), "There is no HTTPS listener on port 443"},
		"only_redirects":          {list(adopted, listenerHCL(81, "HTTP", "forward_port = 443")), "Each listener only redirects"},
		"policy_of_http":          {list(newALB, listenerHCL(80, "HTTP", `security_policy_id = "x"`)), "security_policy_id is for an HTTPS listener"},
		"policy_of_clb":           {list(newALB, https(`tls_cipher_policy = "x"`)), "tls_cipher_policy is for CLB"},
		"timeout":                 {list(newALB, listenerHCL(80, "HTTP", "request_timeout = 181")), "must be between 1 and 180"},
		"clb_forwarded_host":      {list(newCLB, listenerHCL(80, "HTTP", "x_forwarded_for_config {\n      x_forwarded_for_host_enabled = true\n    }")), "A CLB does not send X-Forwarded-Host"},
		"clb_forwarded_for":       {list(newCLB, listenerHCL(80, "HTTP", "x_forwarded_for_config {\n      x_forwarded_for_enabled = false\n    }")), "A CLB always sends X-Forwarded-For"},
		"alb_without_vpc":         {list(strings.Replace(newALB, "vpc_id", "# vpc_id", 1), http), "vpc_id is not written, and an ALB is in a VPC"},
		"alb_without_zones":       {list(`address_type = "Intranet"`, `vpc_id = "vpc-1"`, http), "0 zone_mappings are written"},
		"alb_zone_twice":          {list(strings.Replace(newALB, "cn-hangzhou-b", "cn-hangzhou-a", 1), http), "cn-hangzhou-a has two vSwitches"},
		"no_address_type":         {list(clb, http), "address_type is not written"},
		"alb_address_type":        {list(strings.Replace(newALB, "Intranet", "intranet", 1), http), `load_balancer_type ALB has Internet or Intranet`},
		"clb_address_type":        {list(clb, `address_type = "Internet"`, http), `load_balancer_type CLB has internet or intranet`},
		"clb_without_vswitch":     {list(clb, `address_type = "intranet"`, http), "vswitch_id is not written"},
		"clb_with_edition":        {list(newCLB, `load_balancer_edition = "Basic"`, http), "load_balancer_edition is for ALB"},
		"alb_with_spec":           {list(newALB, `load_balancer_spec = "slb.s2.small"`, http), "load_balancer_spec is for CLB"},
		"intranet_with_bandwidth": {list(newCLB, `bandwidth = 5`, http), "bandwidth is about traffic from the internet"},
		"alb_with_bandwidth":      {list(newALB, `bandwidth = 5`, http), "bandwidth is for CLB"},
		"adopted_with_tags":       {list(adopted, `tags = { a = "b" }`, http), "tags is a setting of a load balancer that is made here"},
		"adopted_with_zones":      {list(newALB, adopted, http), "zone_mappings is a setting of a load balancer that is made here"},
		"reason_alone":            {list(newALB, `modification_protection_reason = "why"`, http), "and it is not"},
		"our_tag":                 {list(newALB, `tags = { "`+balancer.OwnerTag+`" = "x" }`, http), "By this tag the load balancer is found again"},
		"their_tag":               {list(newALB, `tags = { "acs:x" = "x" }`, http), "does not begin with aliyun"},
		"namespace":               {list(newALB, `namespaces = ["Shop"]`, http), "(in the API: spec.namespaces[0])"},
		"host":                    {list(newALB, `hosts = ["shop.example.com:80"]`, http), "write the host without a port"},
		"priorities_turned":       {list(newALB, "priorities {\n    from = 2\n    to = 1\n  }", http), "to must not be smaller than from"},
		"priorities_half":         {list(newALB, "priorities {\n    from = 2\n  }", http), "priorities has both from and to"},
		"priorities_too_large":    {list(newALB, "priorities {\n    from = 2\n    to = 10001\n  }", http), "must be between 1 and 10000"},
		"priorities_of_clb":       {list(newCLB, "priorities {\n    from = 2\n    to = 3\n  }", http), "the rules of a CLB have no priorities"},
		"too_many_that_serve":     {append(list(newALB), manyListeners(9)...), "must have at most 8 items"},
		"subscription":            {list(newALB, `payment_type = "Subscription"`, http), `must be one of: ["PayAsYouGo"]`},
		"unknown_is_not_judged":   {list(newCLB, `namespaces = [terraform_data.later.output]`, "dynamic \"listener\" {\n    for_each = terraform_data.later.output\n    content {\n      port = listener.value\n      protocol = \"HTTP\"\n    }\n  }"), ""},
		"misspelt_in_a_listener":  {list(newALB, listenerHCL(80, "HTTP", "request_time_out = 1")), `An argument named "request_time_out" is not expected here`},
		"visibility":              {list(newALB, listenerHCL(80, "HTTP", `visibility = "Private"`)), `must be one of: ["Public" "ClusterLocal"]`},
		"deletion_protection_yes": {list(newALB, `delete_protection = "yes"`, http), `must be one of: ["on" "off"]`},
	}
	var text strings.Builder
	text.WriteString("resource \"terraform_data\" \"later\" {\n  input = [80]\n}\n")
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		lines := cases[name].lines
		if !strings.HasPrefix(lines[0], "name") {
			lines = append([]string{`name = "shop"`}, lines...)
		}
		fmt.Fprintf(&text, "resource \"knative_slb_ingress\" %q {\n  %s\n}\n", name, strings.Join(lines, "\n  "))
	}
	cli := workspace(t, nil, hcl(text.String()))
	out, _ := cli.Command(t.Context(), "validate", "-json").Output()
	var said struct {
		Diagnostics []struct {
			Summary, Detail string
			Snippet         struct {
				Context string
			}
		}
	}
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	refused := map[string][]string{}
	for _, d := range said.Diagnostics {
		name := strings.TrimSuffix(strings.TrimPrefix(d.Snippet.Context, `resource "knative_slb_ingress" "`), `"`)
		refused[name] = append(refused[name], d.Summary+": "+d.Detail)
	}
	for name := range refused {
		if _, ok := cases[name]; !ok {
			t.Errorf("%q is none of the cases: %v", name, refused[name])
		}
	}
	for name, tc := range cases {
		got := strings.Join(strings.Fields(strings.Join(refused[name], "\n")), " ")
		switch {
		case tc.says == "" && got != "":
			t.Errorf("%s is refused: %s", name, got)
		case !strings.Contains(got, tc.says):
			t.Errorf("%s: want %q, got %q", name, tc.says, got)
		}
	}
}

func manyListeners(n int) []string {
	var out []string
	for i := range n {
		out = append(out, listenerHCL(8000+i, "HTTP"))
	}
	return out
}

// While the settings of the cluster and of Alibaba Cloud are not known, a plan is made without. Whoever has no load balancer needs no
// settings of it.
func TestSLBIngressUnknownSettings(t *testing.T) {
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: `
resource "terraform_data" "later" {
  input = "cn-hangzhou"
}
provider "knative" {
  host = "https://${terraform_data.later.output}.example.com"
  alicloud {
    region = terraform_data.later.output
  }
}
resource "knative_slb_ingress" "it" {
  name = "shop"
  load_balancer_id = terraform_data.later.output
  ` + listenerHCL(80, "HTTP") + `
}
`,
			PlanOnly: true, ExpectNonEmptyPlan: true,
		}},
	})
}

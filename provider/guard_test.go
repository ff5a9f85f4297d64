package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// TestAccRolloutPolicyIsHeld is a policy that Terraform applies and the guard holds Terraform to: a jump that the plan refuses in the
// guard's words, at the traffic; an allowed step; a freeze that refuses the next; and a rollback inside it.
func TestAccRolloutPolicyIsHeld(t *testing.T) {
	c, ns := accept(t)
	needGuardCRDs(t, c)
	startGuard(t, c, ns)
	service := func(name, version string, more ...string) serviceConfig {
		return serviceConfig{Namespace: ns, Name: name, Revision: name + "-" + version, Image: c.Image, Template: "timeout_seconds = 5", More: strings.Join(more, "\n")}
	}
	split := func(targets ...string) splitConfig {
		return splitConfig{Namespace: ns, Service: "hello", Targets: targets}
	}
	now := time.Now()
	freeze := fmt.Sprintf("freeze {\n  name = \"peak\"\n  from = %q\n  to = %q\n}", now.Add(-time.Hour).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339))
	policy, frozen := policyConfig(ns, "max_step_percent = 20"), policyConfig(ns, "max_step_percent = 20", freeze)
	v1, v2, inline := service("hello", "v1"), service("hello", "v2"), service("inline", "v1", pin("inline-v1", 100))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: config(policy, v1, inline, split(pin("hello-v1", 100))),
				Check:  resource.ComposeTestCheckFunc(recorded(t, c, ns, "hello", "stable hello-v1"), recorded(t, c, ns, "inline", "stable inline-v1"), seen(t, c, ns)),
			},
			{Config: config(policy, v2, inline, split(pin("hello-v1", 100)))},
			{
				Config: config(policy, v2, inline, split(pin("hello-v2", 100))), PlanOnly: true,
				ExpectError: saysAll("Refused by the guard: max-step", `resource "knative_traffic_split" "hello"`,
					"this change of Service "+ns+"/hello is refused. RolloutPolicy careful, rule max-step: This change gives hello-v2 100 % more", "Give hello-v2 20 % now, and leave the rest to the stable hello-v1."),
			},
			{
				Config: config(policy, v2, service("inline", "v2", target("latest_revision = true", "percent = 100")), split(pin("hello-v1", 100))), PlanOnly: true,
				ExpectError: saysAll("Refused by the guard: max-step", `resource "knative_service" "inline"`, "RolloutPolicy careful, rule max-step"),
			},
			{
				Config: config(policy, v2, inline, split(pin("hello-v1", 80), pin("hello-v2", 20))),
				Check:  recorded(t, c, ns, "hello", "serving hello-v1 80, hello-v2 20"),
			},
			{Config: config(frozen, v2, inline, split(pin("hello-v1", 80), pin("hello-v2", 20))), Check: seen(t, c, ns)},
			{
				Config: config(frozen, v2, inline, split(pin("hello-v1", 60), pin("hello-v2", 40))), PlanOnly: true,
				ExpectError: saysAll("Refused by the guard: freeze", `The freeze "peak" is on until`, "Wait for its end"),
			},
			{
				Config: config(frozen, v2, inline, split(pin("hello-v1", 100))),
				Check:  hasTraffic(t, c, ns, `[{"latestRevision":false,"percent":100,"revisionName":"hello-v1"}]`),
			},
			{
				Config: config(policyConfig(ns, "max_step_percent = 20", `enforcement = "Warn"`), v2, inline, split(pin("hello-v1", 100))),
				Check:  resource.ComposeTestCheckFunc(seen(t, c, ns), warnsOfAJump(t, c, ns)),
			},
		},
	})
}

// warnsOfAJump plans a jump that the policy lets in. The test framework shows no warnings, so the plan's own dry run is asked.
func warnsOfAJump(t *testing.T, c *testenv.Cluster, namespace string) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		client, err := kube.New(kube.Settings{ConfigPaths: []string{c.Kubeconfig}})
		if err != nil {
			return err
		}
		r := newRun(types.StringValue(namespace))
		r.client = client
		var diags diag.Diagnostics
		traffic := []any{map[string]any{"revisionName": "hello-v2", "percent": int64(100)}}
		service := live(t, c, kube.Service, namespace, "hello")
		dryRun(t.Context(), r, kube.Ref{Kind: kube.Service, Namespace: namespace, Name: "hello"}, splitObject(service, traffic), kube.ApplyOptions{Manager: splitManager}, &diags)
		if len(diags) != 1 || diags.HasError() || !strings.Contains(diags[0].Detail(), "RolloutPolicy careful, rule max-step: This change gives hello-v2 100 % more") {
			return fmt.Errorf("got %v", diags)
		}
		return nil
	}
}

// startGuard runs the guard for the test's namespace.
func startGuard(t *testing.T, c *testenv.Cluster, namespace string, env ...string) *testenv.Guard {
	t.Helper()
	g := c.NewGuard(namespace, t.TempDir())
	g.Env = env
	err := g.Start(t.Context())
	t.Cleanup(func() {
		if err := g.Stop(context.Background()); err != nil {
			t.Errorf("stopping the guard: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// recorded waits until the guard has something on record of a Service: the stable Revision, or the split that is served.
func recorded(t *testing.T, c *testenv.Cluster, namespace, service, want string) resource.TestCheckFunc {
	t.Helper()
	records := kube.Kind{GroupVersionResource: v1alpha1.GroupVersion.WithResource("rolloutrecords"), Kind: "RolloutRecord"}
	return eventually(t, want, func(context.Context) error {
		u := live(t, c, records, namespace, service)
		if u == nil {
			return errors.New("there is no record")
		}
		stable, _, _ := unstructured.NestedString(u.Object, "status", "stable")
		serving, _, _ := unstructured.NestedSlice(u.Object, "status", "serving")
		var shares []string
		for _, s := range serving {
			share := s.(map[string]any)
			shares = append(shares, fmt.Sprint(share["revision"], " ", share["percent"]))
		}
		if got := "serving " + strings.Join(shares, ", "); want != got && want != "stable "+stable {
			return fmt.Errorf("stable %s, %s", stable, got)
		}
		return nil
	})
}

// seen waits until the guard decides by the policy as it is.
func seen(t *testing.T, c *testenv.Cluster, namespace string) resource.TestCheckFunc {
	t.Helper()
	return eventually(t, "the guard sees the policy", func(context.Context) error {
		u := live(t, c, kube.RolloutPolicy, namespace, "careful")
		if observed, _, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration"); observed != u.GetGeneration() {
			return fmt.Errorf("it has seen generation %d of %d", observed, u.GetGeneration())
		}
		return nil
	})
}

func eventually(t *testing.T, what string, check func(context.Context) error) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		if err := testenv.Eventually(t.Context(), time.Minute, check); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
}

// saysAll matches texts in this order, wherever Terraform breaks the lines.
func saysAll(texts ...string) *regexp.Regexp {
	var patterns []string
	for _, text := range texts {
		patterns = append(patterns, says(text).String())
	}
	return regexp.MustCompile("(?s)" + strings.Join(patterns, ".*"))
}

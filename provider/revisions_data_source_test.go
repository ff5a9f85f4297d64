package provider

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

func TestAccRevisionsDataSource(t *testing.T) {
	c, ns := acceptOnBed(t)
	v1 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	v2 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image}
	broken := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v3", Image: "10.244.0.1:5000/app:nowhere", More: "wait_for_ready = false"}
	split := splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin("hello-v1", 70, `tag = "stable"`), pin("hello-v2", 30, `tag = "canary"`)}}
	read := hcl(fmt.Sprintf(`
data "knative_revisions" "all" {
  namespace  = %q
  service    = knative_service.hello.name
  depends_on = [knative_traffic_split.hello]
}
data "knative_revisions" "ready" {
  namespace  = %[1]q
  service    = knative_service.hello.name
  ready      = true
  depends_on = [knative_traffic_split.hello]
}
`, ns))
	const all, ready = "data.knative_revisions.all", "data.knative_revisions.ready"
	at := func(i int, name string) tfjsonpath.Path {
		return tfjsonpath.New("revisions").AtSliceIndex(i).AtMapKey(name)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(v1)},
			{Config: config(v2, split)},
			{Config: config(broken, split)},
			{
				PreConfig: func() { // nobody waited for it
					if err := testenv.Eventually(t.Context(), time.Minute, func(context.Context) error {
						if live(t, c, kube.Revision, ns, "hello-v3") == nil {
							return errors.New("Knative has not made hello-v3 yet")
						}
						return nil
					}); err != nil {
						t.Fatal(err)
					}
				},
				Config: config(broken, split, read),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(all, tfjsonpath.New("names"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("hello-v3"), knownvalue.StringExact("hello-v2"), knownvalue.StringExact("hello-v1")})),
					statecheck.ExpectKnownValue(ready, tfjsonpath.New("names"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("hello-v2"), knownvalue.StringExact("hello-v1")})),
					statecheck.ExpectKnownValue(all, at(0, "ready"), knownvalue.Bool(false)),
					statecheck.ExpectKnownValue(all, at(2, "percent"), knownvalue.Int64Exact(70)),
					statecheck.ExpectKnownValue(all, at(2, "tags"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("stable")})),
					statecheck.ExpectKnownValue(all, at(1, "images").AtSliceIndex(0).AtMapKey("digest"), knownvalue.StringRegexp(says("@sha256:"))),
				},
			},
		},
	})
}

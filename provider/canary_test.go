package provider

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// TestAccCanary is the main job: v1, v2 as a 70/30 canary measured on real requests, promotion, rollback. After each step
// the test framework itself plans again and fails on any difference.
func TestAccCanary(t *testing.T) {
	c, ns := accept(t)
	v1 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	v2 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image}
	split := func(targets ...string) splitConfig {
		return splitConfig{Namespace: ns, Service: "hello", Targets: targets}
	}
	const svc, spl = "knative_service.hello", "knative_traffic_split.hello"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		CheckDestroy: func(*terraform.State) error {
			goneFrom(t, c, ns)
			return nil
		},
		Steps: []resource.TestStep{
			{
				Config: config(v1, split(pin("hello-v1", 100))),
				Check:  sampled(svc, 100, map[string]float64{"hello-v1": 100}),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(svc, tfjsonpath.New("latest_ready_revision"), knownvalue.StringExact("hello-v1")),
				},
			},
			{
				// A new template under a split that pins: no request reaches it.
				Config: config(v2, split(pin("hello-v1", 100))),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(spl, plancheck.ResourceActionNoop),
					plancheck.ExpectKnownValue(svc, tfjsonpath.New("latest_created_revision"), knownvalue.StringExact("hello-v2")),
				}},
				Check: sampled(svc, 100, map[string]float64{"hello-v1": 100}),
			},
			{
				Config: config(v2, split(pin("hello-v1", 70, `tag = "stable"`), pin("hello-v2", 30, `tag = "canary"`))),
				Check: resource.ComposeTestCheckFunc(
					sampled(svc, 1000, map[string]float64{"hello-v1": 70, "hello-v2": 30}),
					tagAnswers(spl, "stable", "hello-v1"), tagAnswers(spl, "canary", "hello-v2"),
				),
			},
			{
				Config: config(v2, split(pin("hello-v2", 100))),
				Check:  sampled(svc, 200, map[string]float64{"hello-v2": 100}),
			},
			{
				Config: config(v2, split(pin("hello-v1", 100))),
				Check:  sampled(svc, 1000, map[string]float64{"hello-v1": 100}),
			},
		},
	})
}

// sampled sends n requests to a Service and holds the answers to the split.
func sampled(address string, n int, want map[string]float64) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		return sampledURL(s.RootModule().Resources[address].Primary.Attributes["url"], n, want)
	}
}

// tagAnswers checks that a tag's own URL leads to its Revision.
func tagAnswers(address, tag, revision string) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		return sampledURL(s.RootModule().Resources[address].Primary.Attributes["tag_urls."+tag], 10, map[string]float64{revision: 100})
	}
}

// sampledURL wants, of n requests, each Revision within 3 points of its share, one with all of it at exactly all, and not one
// answer from a Revision without a share. Traefik says that a split is carried out some moments before it is (facts/cluster.md,
// pitfall 15), and an answer to the first request after a while waits for a Pod to start: it gets a minute.
func sampledURL(url string, n int, want map[string]float64) error {
	return sampledBy(testenv.Client(), url, n, want)
}

func sampledBy(client *http.Client, url string, n int, want map[string]float64) error {
	return testenv.Eventually(context.Background(), time.Minute, func(context.Context) error { return sampledOnce(client, url, n, want) })
}

func sampledOnce(client *http.Client, url string, n int, want map[string]float64) error {
	got, err := testenv.Sample(context.Background(), client, url, n)
	if err != nil {
		return err
	}
	for answer, count := range got {
		share, ok := want[strings.TrimSuffix(strings.TrimPrefix(answer, "Hello "), "!")]
		if percent := 100 * float64(count) / float64(n); !ok || (share == 100 && percent < 100) || math.Abs(percent-share) > 3 {
			return fmt.Errorf("%d requests to %s: got %v, want %v", n, url, got, want)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d requests to %s: got %v, want %v", n, url, got, want)
	}
	return nil
}

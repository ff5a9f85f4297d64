package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

const helloSplit = "knative_traffic_split.hello"

func TestTrafficSplitRefusedAtPlan(t *testing.T) {
	split := func(targets ...string) string {
		return config(serviceConfig{Namespace: "default", Name: "hello", Revision: "hello-v1", Image: "example.com/app"},
			splitConfig{Namespace: "default", Service: "hello", Targets: targets})
	}
	for name, tc := range map[string]struct{ config, says string }{
		"percent 101":       {split(pin("hello-v1", 101)), "traffic[0].percent: The percent is 101."},
		"percent -1":        {split(pin("hello-v1", 101), pin("hello-v2", -1)), "traffic[1].percent: The percent is -1."},
		"sum 99":            {split(pin("hello-v1", 70), pin("hello-v2", 29)), "The percents add up to 99 (70 + 29). They must add up to exactly 100. Give 1 more"},
		"one tag twice":     {split(pin("hello-v1", 70, `tag = "a"`), pin("hello-v2", 30, `tag = "a"`)), `traffic[1].tag: The tag "a" is that of target 0 already.`},
		"tag with capitals": {split(pin("hello-v1", 100, `tag = "Canary"`)), `Write it as, for example, "canary".`},
		"neither":           {split(target("percent = 100")), "traffic[0].revision_name: The target names no revision"},
		"both":              {split(pin("hello-v1", 100, `latest_revision = true`)), "traffic[0].latest_revision"},
	} {
		t.Run(name, func(t *testing.T) { refusedAtPlan(t, tc.config, tc.says) })
	}
}

func TestAccTrafficSplitChecksRevisions(t *testing.T) {
	c, ns := accept(t)
	hello := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	other := serviceConfig{Namespace: ns, Name: "other", Revision: "other-v1", Image: c.Image}
	split := func(revision string) splitConfig {
		return splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin(revision, 100)}}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(hello, other)},
			{Config: config(hello, other, split("hello-v9")), PlanOnly: true, ExpectError: says(`The Revision "hello-v9" does not exist`)},
			{Config: config(hello, other, split("other-v1")), PlanOnly: true, ExpectError: says(`The Revision "other-v1" belongs to the Service "other"`)},
			{
				Config:      config(serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image, More: target("latest_revision = true", "percent = 100")}, other, split("hello-v1")),
				PlanOnly:    true,
				ExpectError: says("Two owners of one split"),
			},
		},
	})
}

// Destroying a split leaves the traffic as it is, and the next owner takes over without a conflict.
func TestAccTrafficSplitDestroyKeeps(t *testing.T) {
	c, ns := accept(t)
	v1 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	v2 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image}
	split := splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin("hello-v1", 70, `tag = "stable"`), pin("hello-v2", 30)}}
	inline := v2
	inline.More = pin("hello-v2", 100)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(v1)},
			{Config: config(v2, split)},
			{ResourceName: helloSplit, ImportState: true, ImportStateId: ns + "/hello", ImportStateVerify: true},
			{Config: config(v2), Check: hasTraffic(t, c, ns, `[{"latestRevision":false,"percent":70,"revisionName":"hello-v1","tag":"stable"},{"latestRevision":false,"percent":30,"revisionName":"hello-v2"}]`)},
			{Config: config(inline), Check: hasTraffic(t, c, ns, `[{"latestRevision":false,"percent":100,"revisionName":"hello-v2"}]`)},
		},
	})
}

func TestAccTrafficSplitDestroyResets(t *testing.T) {
	c, ns := accept(t)
	hello := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	split := splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin("hello-v1", 100)}, More: `on_destroy = "latest"`}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(hello, split)},
			{Config: config(hello), Check: hasTraffic(t, c, ns, `[{"latestRevision":true,"percent":100}]`)},
		},
	})
}

// A split that somebody changed by hand shows in the plan; the apply names them, and takes it back when told to.
func TestAccTrafficSplitShowsDrift(t *testing.T) {
	c, ns := accept(t)
	hello := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	split := splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin("hello-v1", 100)}}
	forced := split
	forced.More = "force_conflicts = true"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(hello, split)},
			{
				PreConfig: func() {
					byKubectl(t, c, ns, "hello", `{"spec":{"traffic":[{"latestRevision":true,"percent":100}]}}`)
				},
				Config: config(hello, split), ExpectError: says(`spec.traffic is owned by "kubectl-patch"`),
			},
			{
				Config: config(hello, forced),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(helloSplit, plancheck.ResourceActionUpdate),
				}},
				Check: hasTraffic(t, c, ns, `[{"latestRevision":false,"percent":100,"revisionName":"hello-v1"}]`),
			},
		},
	})
}

// A rollback is done when its requests flow, however broken the latest Revision is.
func TestAccTrafficSplitRollsBackFromABrokenRevision(t *testing.T) {
	c, ns := acceptOnBed(t)
	good := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	v2 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image}
	broken := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v3", Image: c.Image, Env: map[string]string{"CRASH_AT_START": "broken"}, More: "wait_for_ready = false"}
	split := func(targets ...string) splitConfig {
		return splitConfig{Namespace: ns, Service: "hello", Targets: targets}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(good, split(pin("hello-v1", 100)))},
			{Config: config(v2, split(pin("hello-v1", 50), pin("hello-v2", 50)))},
			{Config: config(broken, split(pin("hello-v1", 100))), Check: sampled(helloService, 100, map[string]float64{"hello-v1": 100})},
		},
	})
}

// A Service that someone else deleted does not hold up a destroy, whose first plan is that of an apply: what an apply would fail by
// is a warning there.
func TestAccTrafficSplitDestroyWithoutService(t *testing.T) {
	c, ns := accept(t)
	v1 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	v2 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image}
	split := splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin("hello-v1", 100)}}
	cli := workspace(t, nil, v1, split)
	for _, version := range []serviceConfig{v1, v2} {
		rewrite(t, cli, version, split)
		if out, ok := output(t, cli, applyNow...); !ok {
			t.Fatal(out)
		}
	}
	foreground := metav1.DeletePropagationForeground
	services := c.Dynamic.Resource(kube.Service.GroupVersionResource).Namespace(ns)
	if err := services.Delete(t.Context(), "hello", metav1.DeleteOptions{PropagationPolicy: &foreground}); err != nil {
		t.Fatal(err)
	}
	err := testenv.Eventually(t.Context(), 2*time.Minute, func(ctx context.Context) error {
		if _, err := services.Get(ctx, "hello", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("the Service is still there: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out, ok := output(t, cli, "plan", "-no-color", "-input=false")
	if !ok || !says(`the apply will fail`).MatchString(out) || !says(`The Revision "hello-v1" does not exist`).MatchString(out) {
		t.Errorf("the plan does not warn of what is to come:\n%s", out)
	}
	if out, ok := output(t, cli, destroyNow...); !ok {
		t.Fatal(out)
	}
}

// hasTraffic compares spec.traffic as it is in the cluster.
func hasTraffic(t *testing.T, c *testenv.Cluster, namespace, want string) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		traffic, _, err := unstructured.NestedSlice(live(t, c, kube.Service, namespace, "hello").Object, "spec", "traffic")
		if err != nil {
			return err
		}
		got, err := json.Marshal(traffic)
		if err == nil && string(got) != want {
			t.Errorf("traffic is %s, want %s", got, want)
		}
		return err
	}
}

package provider

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// everyRule turns on each rule that a policy can.
const everyRule = `require_ready = true
  max_step_percent = 20
  min_step_interval = "10m"
  bake_time = "10m"
  keep_rollback_target = true
  no_return = true
  protect_from_deletion = true`

// TestAccGuardRules breaks every rule of traffic and rollback by kubectl and by Terraform, in the life of three Services under one
// policy that has all of them. Each refusal says which rule, what was observed, what is allowed, and the way out. Only live-revision
// is kubectl's alone, for no resource of Terraform's deletes Revisions.
//
//	hello   goes from v1 to v2 in steps, and back inside a freeze
//	sick    has a Revision that never gets Ready
//	lost    has lost its stable Revision
func TestAccGuardRules(t *testing.T) {
	c, ns := acceptOnBed(t)
	needGuardCRDs(t, c)
	g := startGuard(t, c, ns)
	if err := g.Policies(t.Context()); err != nil {
		t.Fatal(err)
	}
	k := &rules{t: t, Cluster: c, namespace: ns}
	from, to := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	policy := policyConfig(ns, everyRule)
	frozen := policyConfig(ns, everyRule, fmt.Sprintf("freeze {\n  name = \"peak\"\n  from = %q\n  to = %q\n}", from, to))
	last := policyConfig(ns, `bake_time = "10m"`, "keep_rollback_target = true")
	v1, v2 := k.services("v1"), k.services("v2")
	hello := func(targets ...string) splitConfig {
		return splitConfig{Namespace: ns, Service: "hello", Targets: targets}
	}
	sick := func(targets ...string) splitConfig {
		return splitConfig{Namespace: ns, Service: "sick", Targets: targets}
	}
	lost := func(targets ...string) splitConfig {
		return splitConfig{Namespace: ns, Service: "lost", Targets: targets}
	}
	onV1, sickV1, lostV1 := hello(pin("hello-v1", 100)), sick(pin("sick-v1", 100)), lost(pin("lost-v1", 100))
	step := hello(pin("hello-v1", 80), pin("hello-v2", 20))

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: config(policy, v1, onV1, sickV1, lostV1),
				Check:  resource.ComposeTestCheckFunc(recorded(t, c, ns, "hello", "stable hello-v1"), recorded(t, c, ns, "sick", "stable sick-v1"), recorded(t, c, ns, "lost", "stable lost-v1"), seen(t, c, ns)),
			},
			{Config: config(policy, v2, onV1, sickV1, lostV1)},

			k.refused("hello", []string{"hello-v1 80", "hello-v2 10"}, "add up to", []string{"rule traffic-sum", "The percents add up to 90 (80 + 10).", "They must add up to exactly 100.", "Give 10 more to one or several targets."},
				policy, v2, hello(pin("hello-v1", 80), pin("hello-v2", 10)), sickV1, lostV1),
			k.refused("hello", []string{"hello-v1 80", "hello-v9 20"}, "hello-v9", []string{"rule target-exists", `The Revision "hello-v9" does not exist.`, `A target is a Revision of "hello".`, "It has: hello-v1, hello-v2."},
				policy, v2, hello(pin("hello-v1", 80), pin("hello-v9", 20)), sickV1, lostV1),
			k.refused("hello", []string{"hello-v2 100"}, "Refused by the guard: max-step", []string{"RolloutPolicy careful, rule max-step", "This change gives hello-v2 100 % more of all requests than before.", "One change may move 20 %.", "Give hello-v2 20 % now"},
				policy, v2, hello(pin("hello-v2", 100)), sickV1, lostV1),
			{Config: config(policy, v2, step, sickV1, lostV1), Check: recorded(t, c, ns, "hello", "serving hello-v1 80, hello-v2 20")},
			k.refused("hello", []string{"hello-v1 60", "hello-v2 40"}, "Refused by the guard: step-interval", []string{"rule step-interval", "The last step forward was", "Steps forward are at least 10m0s apart.", "Try again in"},
				policy, v2, hello(pin("hello-v1", 60), pin("hello-v2", 40)), sickV1, lostV1),
			k.refused("sick", []string{"sick-v1 90", "sick-v2 10"}, "Refused by the guard: target-ready", []string{"rule target-ready", `The Revision "sick-v2" is not Ready.`, "Only a Revision that is Ready may get a larger share of requests.", "kubectl describe revision sick-v2"},
				policy, v2, step, sick(pin("sick-v1", 90), pin("sick-v2", 10)), lostV1),

			{
				PreConfig: func() {
					k.kubectlRefused([]string{"rule live-revision", "The Revision is a target of the split of hello: it gets requests or has a tag.", "A Revision that is in use, or is there to go back to, may not be deleted.", "Give its requests to another Revision"}, "delete", "revisions.serving.knative.dev/hello-v2")
				},
				Config: config(frozen, v2, step, sickV1, lostV1), Check: seen(t, c, ns),
			},
			k.refused("hello", []string{"hello-v1 70", "hello-v2 30"}, "Refused by the guard: ", []string{"rule freeze", `The freeze "peak" is on until`, "Inside a freeze, only the stable Revision or the one before it may be raised.", "Wait for its end"},
				frozen, v2, hello(pin("hello-v1", 70), pin("hello-v2", 30)), sickV1, lostV1),
			{Config: config(frozen, v2, onV1, sickV1, lostV1), Check: recorded(t, c, ns, "hello", "serving hello-v1 100")}, // whatever rules there are
			k.refused("hello", []string{"hello-v1 90", "hello-v2 10"}, "Refused by the guard: ", []string{"rule no-return", `The Revision "hello-v2" was rolled back from.`, "It may not get requests again.", "Change the template, and roll out the Revision that comes of it."},
				frozen, v2, hello(pin("hello-v1", 90), pin("hello-v2", 10)), sickV1, lostV1),
			{
				PreConfig: func() {
					k.kubectlRefused([]string{"rule live-revision", "A Revision that is in use, or is there to go back to, may not be deleted."}, "delete", "revisions.serving.knative.dev/hello-v1")
					k.kubectlRefused([]string{"RolloutPolicy careful, rule deletion", `The Service "hello" is to be deleted.`, "The policy protects it from deletion.", "Set protectFromDeletion to false in the policy first"}, "delete", "services.serving.knative.dev/hello")
				},
				Config: config(frozen), ExpectError: saysAll("RolloutPolicy careful, rule deletion", "The policy protects it from deletion.", "Set protectFromDeletion to false"),
			},

			{Config: config(last, v2, onV1, sickV1, lostV1), Check: seen(t, c, ns)},
			k.refused("hello", []string{"hello-v2 100"}, "Refused by the guard: bake", []string{"rule bake", "hello-v2 has had no requests yet.", "It may have all of them after 10m0s with a part of them.", "Give it a part first, leave the rest to the stable hello-v1"},
				last, v2, hello(pin("hello-v2", 100)), sickV1, lostV1),
			k.loses(k.refused("lost", []string{"lost-v2 100"}, "Refused by the guard: ", []string{"rule keep-rollback-target", `The stable Revision "lost-v1" is not Ready.`, "A step forward needs a Ready Revision to go back to.", "Get a Revision that works to 100 % first"},
				last, v2, onV1, sickV1, lost(pin("lost-v2", 100)))),
		},
	})
}

// rules breaks them.
type rules struct {
	*testenv.Cluster
	t         *testing.T
	namespace string
}

// services are all three, at a version. The second of sick is of an image that is nowhere.
func (k *rules) services(version string) hcl {
	service := func(name string) serviceConfig {
		return serviceConfig{Namespace: k.namespace, Name: name, Revision: name + "-" + version, Image: k.Image, Template: "timeout_seconds = 5"}
	}
	sick := service("sick")
	if version == "v2" {
		sick.Image, sick.More = noImage, "wait_for_ready = false"
	}
	return hcl(config(service("hello"), sick, service("lost")))
}

// refused asks for a split by kubectl, which is refused with all that is said, in this order, and for the same by Terraform, whose plan
// says the first text and, where the refusal is the guard's, all the others.
func (k *rules) refused(service string, split []string, plan string, says []string, parts ...fmt.Stringer) resource.TestStep {
	all := []string{plan}
	if strings.HasPrefix(plan, "Refused by the guard") {
		all = append(all, says...)
	}
	return resource.TestStep{
		PreConfig: func() { k.kubectlRefused(says, k.patch(service, split)...) },
		Config:    config(parts...), PlanOnly: true, ExpectError: saysAll(all...),
	}
}

func (k *rules) patch(service string, split []string) []string {
	var targets []string
	for _, s := range split {
		revision, percent, _ := strings.Cut(s, " ")
		targets = append(targets, fmt.Sprintf(`{"revisionName": %q, "percent": %s}`, revision, percent))
	}
	return []string{"patch", "services.serving.knative.dev/" + service, "--type=merge", "--patch", `{"spec": {"traffic": [` + strings.Join(targets, ", ") + `]}}`}
}

// kubectlRefused runs kubectl as a person does.
func (k *rules) kubectlRefused(says []string, args ...string) {
	k.t.Helper()
	path, err := testenv.Kubectl(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.CommandContext(k.t.Context(), path, append([]string{"-n", k.namespace}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+k.Kubeconfig)
	out, err := cmd.CombinedOutput()
	if err == nil {
		k.t.Fatalf("kubectl %s: let in\n%s", strings.Join(args, " "), out)
	}
	var patterns []string
	for _, text := range says {
		patterns = append(patterns, regexp.QuoteMeta(text))
	}
	if !regexp.MustCompile("(?s)" + strings.Join(patterns, ".*")).Match(out) {
		k.t.Fatalf("kubectl %s says\n%s\nwant %q", strings.Join(args, " "), out, says)
	}
	k.t.Logf("kubectl %s\n%s", strings.Join(args, " "), out)
}

// loses deletes the stable Revision of lost, first, as only Kubernetes' garbage collector may.
func (k *rules) loses(step resource.TestStep) resource.TestStep {
	refused := step.PreConfig
	step.PreConfig = func() {
		cfg := rest.CopyConfig(k.Config)
		cfg.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:kube-system:generic-garbage-collector", Groups: []string{"system:masters"}}
		collector, err := dynamic.NewForConfig(cfg)
		if err != nil {
			k.t.Fatal(err)
		}
		if err := collector.Resource(kube.Revision.GroupVersionResource).Namespace(k.namespace).Delete(k.t.Context(), "lost-v1", metav1.DeleteOptions{}); err != nil {
			k.t.Fatal(err)
		}
		k.eventually("the Revision is gone", func(context.Context) error {
			if live(k.t, k.Cluster, kube.Revision, k.namespace, "lost-v1") != nil {
				return fmt.Errorf("lost-v1 is still there")
			}
			return nil
		})
		refused()
	}
	return step
}

func (k *rules) eventually(what string, check func(context.Context) error) {
	k.t.Helper()
	if err := eventually(k.t, what, check)((*terraform.State)(nil)); err != nil {
		k.t.Fatal(err)
	}
}

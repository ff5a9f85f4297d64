package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// agrees makes up splits, with and without a new template, and holds the API server's policies to the verdict of the rule that they
// repeat in CEL. Every one is a dry run; the guard must be down, or it would answer for them.
func (i *installation) agrees(ann client.Client) {
	i.t.Helper()
	s := i.service()
	record := &v1alpha1.RolloutRecord{ObjectMeta: i.meta("hello")}
	if err := i.admin.Get(i.t.Context(), client.ObjectKeyFromObject(record), record); err != nil {
		i.t.Fatal(err)
	}
	policy, err := rollout.NewPolicy("careful", v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(20))})
	if err != nil {
		i.t.Fatal(err)
	}
	old := facts.Service(s, s.Spec.Traffic, &s.Status)
	known := rollout.Facts{Record: record.Status, Policies: []rollout.Policy{policy}, Revisions: map[string]rollout.Revision{}}
	for _, name := range []string{"hello-v1", "hello-v2", "hello-v3"} {
		known.Revisions[name] = rollout.Revision{Service: "hello", Ready: true}
	}

	random, verdicts := rand.New(rand.NewPCG(1, 2)), map[bool]int{}
	for range 120 {
		written, fresh := randomSplit(random), random.IntN(4) == 0
		next, object := old, s.DeepCopy()
		next.Traffic = facts.Traffic(targets(written...))
		split(object, written...)
		if fresh {
			next.Template, next.NewRevision = "another", "hello-v4"
			template(object, "v4", i.Image)
		}
		want := rollout.Decide(&old, &next, known, time.Now())
		err := ann.Update(i.t.Context(), object, client.DryRunAll)
		if err != nil && !strings.Contains(err.Error(), "rule max-step") || (err == nil) != want.Allowed {
			i.t.Errorf("from %v to %v, template changed: %v\nthe rule: %v\nthe policy: %v", shares(s), written, fresh, want.Violations, err)
		}
		verdicts[want.Allowed]++
	}
	if verdicts[true] < 20 || verdicts[false] < 20 {
		i.t.Errorf("the splits are too much alike: %v", verdicts)
	}
}

// randomSplit has one to four targets, some on the same Revision; small and large steps are as frequent.
func randomSplit(random *rand.Rand) []string {
	names := []string{"hello-v1", "hello-v2", "hello-v3", "latest"}
	var out []string
	rest := 100
	for n := random.IntN(4); n > 0 && rest > 0; n-- {
		percent := min(rest, random.IntN(60))
		rest -= percent
		out = append(out, fmt.Sprint(names[random.IntN(len(names))], " ", percent))
	}
	first := "hello-v1"
	if random.IntN(3) == 0 {
		first = names[random.IntN(len(names))]
	}
	return append(out, fmt.Sprint(first, " ", rest))
}

// shares are what Knative serves.
func shares(s *servingv1.Service) []string {
	var out []string
	for _, t := range s.Status.Traffic {
		out = append(out, fmt.Sprint(t.RevisionName, " ", *t.Percent))
	}
	return out
}

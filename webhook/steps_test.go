package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/retry"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// template gives a Service a template that answers with a name, and makes the Revision hello-NAME. Its Pods get five seconds to end
// instead of 300: a namespace waits for them first, and looks again only after half of that.
func template(s *servingv1.Service, name, image string) {
	s.Spec.Template.Name = "hello-" + name
	s.Spec.Template.Spec.TimeoutSeconds = new(int64(5))
	s.Spec.Template.Spec.Containers = []corev1.Container{{Image: image, Env: []corev1.EnvVar{{Name: "TARGET", Value: name}}}}
}

// split writes targets as "REVISION PERCENT [TAG]", where REVISION may be "latest".
func split(s *servingv1.Service, written ...string) { s.Spec.Traffic = targets(written...) }

func targets(written ...string) []servingv1.TrafficTarget {
	var out []servingv1.TrafficTarget
	for _, w := range written {
		fields := strings.Fields(w)
		percent, _ := strconv.ParseInt(fields[1], 10, 64)
		t := servingv1.TrafficTarget{Percent: &percent}
		if t.LatestRevision = new(fields[0] == "latest"); !*t.LatestRevision {
			t.RevisionName = fields[0]
		}
		if len(fields) > 2 {
			t.Tag = fields[2]
		}
		out = append(out, t)
	}
	return out
}

// change reads an object, changes it and writes it, as people do: again, where Knative wrote in between.
func change[T client.Object](ctx context.Context, c client.Client, o T, how func(T)) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := c.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		how(o)
		return c.Update(ctx, o)
	})
}

func (g *guard) service() *servingv1.Service {
	g.t.Helper()
	s := &servingv1.Service{ObjectMeta: g.meta("hello")}
	if err := g.admin.Get(g.t.Context(), client.ObjectKeyFromObject(s), s); err != nil {
		g.t.Fatal(err)
	}
	return s
}

func (g *guard) allowed(c client.Client, what string, how func(*servingv1.Service)) {
	g.t.Helper()
	if err := change(g.t.Context(), c, g.service(), how); err != nil {
		g.t.Fatalf("%s: %v", what, err)
	}
}

func (g *guard) refused(c client.Client, says, what string, how func(*servingv1.Service)) {
	g.t.Helper()
	g.refusedError(says, what, func(ctx context.Context) error { return change(ctx, c, g.service(), how) })
}

// refusedError holds an error to being the guard's, and to what it says.
func (g *guard) refusedError(says, what string, try func(context.Context) error) {
	g.t.Helper()
	err := try(g.t.Context())
	if err == nil {
		g.t.Fatalf("%s: let in", what)
	}
	if !strings.Contains(err.Error(), "knative-guard") || !strings.Contains(err.Error(), says) {
		g.t.Fatalf("%s: got %v, want the guard to say %q", what, err, says)
	}
	g.t.Logf("%s: %v", what, err)
}

func must(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func (g *guard) eventually(what string, check func(context.Context) error) {
	g.t.Helper()
	if err := testenv.Eventually(g.t.Context(), 2*time.Minute, check); err != nil {
		g.t.Fatalf("%s: %v", what, err)
	}
}

// serves waits until Knative has carried out a split, and the guard has it on record.
func (g *guard) serves(split ...string) {
	g.t.Helper()
	g.eventually("serves "+strings.Join(split, ", "), func(ctx context.Context) error {
		s := g.service()
		now := shares(s)
		return must(slices.Equal(now, split) && s.IsReady(), "%v %v", now, s.Status.Conditions)
	})
	g.record(strings.Join(split, ", "), func(r v1alpha1.RolloutRecordStatus) bool {
		var asked, served []string
		for _, share := range r.Split {
			asked = append(asked, fmt.Sprint(share.Revision, " ", share.Percent))
		}
		for _, share := range r.Serving {
			served = append(served, fmt.Sprint(share.Revision, " ", share.Percent))
		}
		return slices.Equal(asked, split) && slices.Equal(served, split)
	})
}

func (g *guard) record(what string, check func(v1alpha1.RolloutRecordStatus) bool) {
	g.t.Helper()
	g.eventually("on record: "+what, func(ctx context.Context) error {
		r := &v1alpha1.RolloutRecord{ObjectMeta: g.meta("hello")}
		err := g.admin.Get(ctx, client.ObjectKeyFromObject(r), r)
		return must(err == nil && check(r.Status), "%v %+v", err, r.Status)
	})
}

// policy changes a policy, and waits until the guard has seen it.
func (g *guard) policy(p *v1alpha1.RolloutPolicy, how func(*v1alpha1.RolloutPolicySpec)) {
	g.t.Helper()
	if err := change(g.t.Context(), g.admin, p, func(p *v1alpha1.RolloutPolicy) { how(&p.Spec) }); err != nil {
		g.t.Fatal(err)
	}
	g.eventually("the guard sees the policy", func(ctx context.Context) error {
		err := g.admin.Get(ctx, client.ObjectKeyFromObject(p), p)
		return must(err == nil && p.Status.ObservedGeneration == p.Generation, "%v %+v", err, p.Status)
	})
}

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/canary"
	"github.com/knative-provider/terraform-provider-knative/internal/gate"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// heldBackError is why a step may not be left for the next one: a gate failed.
type heldBackError struct{ why string }

func (e *heldBackError) Error() string { return e.why }

// elsewhereError is what somebody else changed while a step was held.
type elsewhereError struct{ found string }

func (e *elsewhereError) Error() string { return e.found }

// watch waits until a step is carried out; with a pause, for as long as that lasts, and sees that it goes on being carried out.
func (c *climb) watch(ctx context.Context, pause time.Duration) error {
	watching, disturbed := ctx, ""
	if pause > 0 {
		var cancel context.CancelFunc
		watching, cancel = context.WithTimeout(ctx, pause)
		defer cancel()
	}
	routed := kube.Until(servingv1.ServiceConditionRoutesReady, c.seen.GetGeneration())
	look := func(u *unstructured.Unstructured) (kube.Progress, string) {
		if disturbed = c.disturbance(u); disturbed != "" {
			return kube.Failing, disturbed
		}
		progress, text := routed(u)
		if progress == kube.Done && pause > 0 {
			return kube.Pending, text
		}
		return progress, text
	}
	seen, err := c.run.client.Wait(watching, c.m.ref(), c.seen, look, progress(ctx, c.m.ref()))
	if seen != nil {
		c.see(ctx, seen)
	}
	var failed *kube.FailedError
	switch {
	case errors.As(err, &failed) && disturbed != "":
		return &elsewhereError{disturbed}
	case errors.As(err, &failed):
		return &heldBackError{"Knative does not carry the step out: " + failed.Reason}
	case errors.Is(watching.Err(), context.DeadlineExceeded) && ctx.Err() == nil:
		return nil // the pause is over
	}
	return err
}

// undisturbed makes sure, before the traffic moves on, that it still is where this step has put it.
func (c *climb) undisturbed(ctx context.Context) error {
	u, err := c.run.client.Get(ctx, c.m.ref())
	switch {
	case err != nil:
		return err
	case u == nil:
		return kube.ErrDeleted
	}
	c.see(ctx, u)
	if found := c.disturbance(u); found != "" {
		return &elsewhereError{found}
	}
	return nil
}

// disturbance is what somebody else has changed of the step that is held.
func (c *climb) disturbance(u *unstructured.Unstructured) string {
	if u == nil {
		return ""
	}
	s, err := kube.AsService(u)
	if err != nil {
		return err.Error()
	}
	latest := s.Status.LatestReadyRevisionName
	if now := targetsFrom(s.Spec.Traffic); !slices.Equal(now, c.stage.Split) {
		return "The split is now " + canary.Describe(canary.Pin(now, latest)) + "."
	}
	if was, _ := kube.AsService(c.began); c.followsLatest() && latest != was.Status.LatestReadyRevisionName {
		return fmt.Sprintf("The latest Ready Revision was %s and is now %s.", was.Status.LatestReadyRevisionName, latest)
	}
	return ""
}

// ready makes sure that each Revision that gets more traffic is Ready, and waits for one that is coming up.
func (c *climb) ready(ctx context.Context) error {
	for _, name := range c.move.Rising() {
		ref := kube.Ref{Kind: kube.Revision, Namespace: c.m.Namespace.ValueString(), Name: name}
		u, err := c.run.client.Get(ctx, ref)
		if err == nil && u == nil {
			err = &heldBackError{fmt.Sprintf("the Revision %s does not exist", name)}
		}
		if err != nil {
			return err
		}
		_, err = c.run.client.Wait(ctx, ref, u, kube.RevisionReady, progress(ctx, ref))
		if failed, ok := errors.AsType[*kube.FailedError](err); ok {
			err = &heldBackError{fmt.Sprintf("the Revision %s is not Ready: %s", name, failed.Reason)}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ask puts the gates' questions, one gate after the other.
func (c *climb) ask(ctx context.Context) error {
	for _, g := range c.config.gates {
		if g.tag != "" {
			u, err := c.tagURL(g.tag, g.path)
			if err != nil {
				return err
			}
			g.Check = g.Check.(*gate.HTTP).At(u)
		}
		var failed *gate.FailedError
		err := g.Pass(ctx, progress(ctx, c.m.ref()))
		switch {
		case errors.As(err, &failed):
			return &heldBackError{failed.Error()}
		case errors.Is(err, context.DeadlineExceeded):
			return &kube.TimeoutError{Last: fmt.Sprintf("asking the gate %q", g.Name)}
		case err != nil:
			return fmt.Errorf("%w while asking the gate %q", kube.ErrInterrupted, g.Name)
		}
	}
	return nil
}

// tagURL is a path under the URL that a tag has at this step.
func (c *climb) tagURL(tag, path string) (*url.URL, error) {
	s, err := kube.AsService(c.seen)
	if err != nil {
		return nil, err
	}
	for _, t := range s.Status.Traffic {
		if t.Tag == tag && t.URL != nil {
			return url.Parse(strings.TrimSuffix(t.URL.String(), "/") + path)
		}
	}
	return nil, &heldBackError{fmt.Sprintf("Knative gives the tag %q no URL", tag)}
}

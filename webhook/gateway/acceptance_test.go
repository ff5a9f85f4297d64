package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// TestAccEvents sends ten events at once to a Service without a Pod, through two replicas: ten Pods, each event alone in one. Then
// the Pods go again.
func TestAccEvents(t *testing.T) {
	b := newBed(t)
	b.guard()
	one, two := b.gateway("one"), b.gateway("two")
	b.service("work", b.Image, 1)
	b.policy("work", v1alpha1.ScalingPolicySpec{Max: new(int32(20)), Event: &v1alpha1.EventScaling{IdleTime: &metav1.Duration{Duration: 5 * time.Second}}})
	b.toZero("work")

	const work = 25 * time.Second // longer than it takes until the last Pod is there, so that none is used twice
	counted := make(chan int32, 1)
	go func() {
		var most int32
		for range 50 {
			time.Sleep(100 * time.Millisecond)
			var sum int32
			for _, g := range b.status("work").Gateways {
				sum += g.InFlight
			}
			most = max(most, sum)
		}
		counted <- most
	}()
	path := "/" + b.namespace + "/work"
	outcomes := burst(t.Context(), 10, work, one.URL+path, two.URL+path)
	pods := answered(t, work, outcomes)
	if len(pods) != 10 {
		t.Errorf("10 events were given to %d Pods: %v", len(pods), pods)
	}
	if n := len(b.pods("work")); n > 10 { // fewer, where the first are idle for their time before the last event has its Pod
		t.Errorf("there are %d Pods for 10 events", n)
	}
	if n := <-counted; n != 10 {
		t.Errorf("the replicas counted %d events together, of 10", n)
	}
	b.toZero("work")
	s := b.status("work")
	if s.Floor != 0 || len(s.Gateways) != 0 {
		t.Errorf("after all is over: %+v", s)
	}
	if s.EventAddress != one.URL+path && s.EventAddress != two.URL+path { // the bed's gateway serves other namespaces
		t.Errorf("events go to %s", s.EventAddress)
	}
}

// TestAccEventsMax holds events back at max, and refuses those beyond maxQueue.
func TestAccEventsMax(t *testing.T) {
	b := newBed(t)
	b.guard()
	g := b.gateway("one")
	b.service("work", b.Image, 1)
	b.policy("work", v1alpha1.ScalingPolicySpec{Max: new(int32(2)), Event: &v1alpha1.EventScaling{MaxQueue: new(int32(3))}})

	const work = 2 * time.Second
	var taken, refused []outcome
	for _, o := range burst(t.Context(), 8, work, g.URL+"/"+b.namespace+"/work") {
		if o.status == http.StatusServiceUnavailable {
			refused = append(refused, o)
		} else {
			taken = append(taken, o)
		}
	}
	if len(refused) != 3 {
		t.Errorf("%d of 8 events were refused, want 3", len(refused))
	}
	for _, o := range refused {
		if o.reason != reasonFull || o.retryAfter == "" || !strings.Contains(o.body, "spec.event.maxQueue (3)") {
			t.Errorf("%+v", o)
		}
	}
	answered(t, work, taken) // and sorts them by when they ended
	for i := 2; i < len(taken); i++ {
		if after := taken[i].done.Sub(taken[i-2].done); after < work-200*time.Millisecond {
			t.Errorf("max is 2, and three events of %s ended within %s", work, after)
		}
	}
}

// TestAccEventsUnchanged sends CloudEvents in both modes to a Pod that answers with what it got.
func TestAccEventsUnchanged(t *testing.T) {
	b := newBed(t)
	b.guard()
	g := b.gateway("one")
	image, err := b.BuildImage(t.Context(), "./internal/testenv/echo", "gateway-echo")
	if err != nil {
		t.Fatal(err)
	}
	b.service("echo", image, 1)
	b.policy("echo", v1alpha1.ScalingPolicySpec{Event: &v1alpha1.EventScaling{}})
	big := bytes.Repeat([]byte{0, 1, 254, 255, '\r', '\n'}, 200_000)
	for name, c := range map[string]struct {
		header http.Header
		body   []byte
	}{
		"binary": {http.Header{
			"Ce-Specversion": {"1.0"}, "Ce-Id": {"A234-1234"}, "Ce-Source": {"/mycontext"}, "Ce-Type": {"com.example"}, "Ce-Subject": {"Euro%20%E2%82%AC"},
			"Ce-Extension": {" \"quoted\" "}, "Content-Type": {"application/octet-stream"}, "Accept-Encoding": {"br"}, "User-Agent": {"sender/1"},
		}, big},
		"structured": {http.Header{"Content-Type": {"application/cloudevents+json; charset=UTF-8"}, "User-Agent": {"sender/1"}, "Accept-Encoding": {"br"}},
			[]byte("{ \"specversion\" : \"1.0\", \"id\":\"1\", \"source\": \"/s\", \"type\":\"t\",\r\n\t\"data\": \"\u20ac\" }")},
		"empty": {http.Header{"Ce-Id": {"1"}, "User-Agent": {"sender/1"}, "Accept-Encoding": {"br"}}, nil},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL+"/"+b.namespace+"/echo/in%2Fbox?a=b;c&d=%20", bytes.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = c.header.Clone()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		echo, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusAccepted || resp.Header.Get("Ce-Id") != "answer" {
			t.Errorf("%s: %v, %v, %q", name, err, resp, echo[:min(len(echo), 300)])
			continue
		}
		head, body, _ := bytes.Cut(echo, []byte("\r\n\r\n"))
		if !bytes.Equal(body, c.body) {
			t.Errorf("%s: the body has %d bytes, sent were %d; or others", name, len(body), len(c.body))
		}
		if !strings.HasPrefix(string(head), "POST /in%2Fbox?a=b;c&d=%20 HTTP/1.1\r\n") {
			t.Errorf("%s: %q", name, head)
		}
		for key, values := range c.header {
			if !strings.Contains(string(head)+"\r\n", fmt.Sprintf("\r\n%s: %s\r\n", key, strings.TrimSpace(values[0]))) {
				t.Errorf("%s: no %s: %s in\n%s", name, key, values[0], head)
			}
		}
	}
}

// TestAccEventsKilled kills the replica that dispatches, with events in Pods, waiting, and sent by way of another replica: each is
// answered or fails, once, and what comes after is served by the other.
func TestAccEventsKilled(t *testing.T) {
	b := newBed(t)
	b.guard()
	one := b.gateway("one")
	two := b.gateway("two")
	b.service("work", b.Image, 1)
	b.policy("work", v1alpha1.ScalingPolicySpec{Max: new(int32(2)), Event: &v1alpha1.EventScaling{}})
	path := "/" + b.namespace + "/work"
	answered(t, time.Second, burst(t.Context(), 2, time.Second, two.URL+path)) // two Pods are there, and replica one dispatches

	done := make(chan []outcome, 1)
	go func() { done <- burst(t.Context(), 6, 4*time.Second, one.URL+path, two.URL+path) }()
	b.eventually(30*time.Second, func(context.Context) error {
		for _, g := range b.status("work").Gateways {
			if g.Name == "one" && g.InFlight >= 6 {
				return nil
			}
		}
		return errors.New("replica one does not say that it has the events")
	})
	if err := one.Kill(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for _, o := range <-done {
		switch {
		case o.err != nil: // sent to the dead one
		case o.status == http.StatusBadGateway && o.reason == reasonCut: // sent on to the dead one
		case o.status == http.StatusOK && o.pod != "": // ended before, or never sent on
		default:
			t.Errorf("%+v", o)
		}
	}
	answered(t, time.Second, burst(t.Context(), 4, time.Second, two.URL+path))
	t.Logf("after a kill the other replica had served 4 events within %s", time.Since(start))
}

// TestAccEventsStopped asks the replica that dispatches to stop: nothing fails.
func TestAccEventsStopped(t *testing.T) {
	b := newBed(t)
	b.guard()
	one := b.gateway("one")
	two := b.gateway("two")
	b.service("work", b.Image, 1)
	b.policy("work", v1alpha1.ScalingPolicySpec{Max: new(int32(2)), Event: &v1alpha1.EventScaling{}})
	path := "/" + b.namespace + "/work"
	done := make(chan []outcome, 1)
	const work = 3 * time.Second
	go func() { done <- burst(t.Context(), 6, work, one.URL+path, two.URL+path) }()
	b.eventually(30*time.Second, func(context.Context) error {
		if s := b.status("work"); s.Floor != 2 {
			return fmt.Errorf("the floor is %d", s.Floor)
		}
		return nil
	})
	if err := one.Stop(); err != nil {
		t.Error(err)
	}
	answered(t, work, <-done)
}

// TestAccEventsConcurrency refuses events for a target whose Pods may have two at once, and says so in the status.
func TestAccEventsConcurrency(t *testing.T) {
	b := newBed(t)
	b.guard()
	g := b.gateway("one")
	b.service("work", b.Image, 2)
	b.policy("work", v1alpha1.ScalingPolicySpec{Event: &v1alpha1.EventScaling{}})
	b.eventually(30*time.Second, func(context.Context) error {
		c := meta.FindStatusCondition(b.status("work").Conditions, ConditionEvents)
		if c == nil || c.Status != metav1.ConditionFalse || c.Reason != "ConcurrencyNotOne" {
			return fmt.Errorf("the condition is %+v", c)
		}
		return nil
	})
	for _, o := range burst(t.Context(), 1, 0, g.URL+"/"+b.namespace+"/work") {
		if o.status != http.StatusServiceUnavailable || o.reason != reasonRefused || !strings.Contains(o.body, "containerConcurrency 2") {
			t.Errorf("%+v", o)
		}
	}
}

// TestAccEventsSplit deals ten events out to two Revisions as the traffic is split, and each Revision gets as many Pods as it has
// events.
func TestAccEventsSplit(t *testing.T) {
	b := newBed(t)
	b.guard()
	g := b.gateway("one")
	s := b.service("work", b.Image, 1)
	first := s.Status.LatestReadyRevisionName
	s.Spec.Template.Annotations["autoscaling.knative.dev/initial-scale"] = "1"
	s.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "TARGET", Value: "v2"}}
	s.Spec.Traffic = []servingv1.TrafficTarget{{RevisionName: first, Percent: new(int64(70))}, {LatestRevision: new(true), Percent: new(int64(30))}}
	if err := b.client.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	b.ready(s)
	b.policy("work", v1alpha1.ScalingPolicySpec{Event: &v1alpha1.EventScaling{}})
	b.toZero("work")

	const work = 10 * time.Second
	outcomes := burst(t.Context(), 10, work, g.URL+"/"+b.namespace+"/work")
	if pods := answered(t, work, outcomes); len(pods) != 10 || len(b.pods("work")) != 10 {
		t.Errorf("10 events were given to %d Pods, of %d", len(pods), len(b.pods("work")))
	}
	old := 0
	for _, o := range outcomes {
		if o.revision == first {
			old++
		}
	}
	if old != 7 {
		t.Errorf("%d of 10 events went to the Revision with 70 %%", old)
	}
}

// TestAccEventsWithoutGuard has nobody carry floors out: Knative's activator is told, and the event gets its Pod all the same.
func TestAccEventsWithoutGuard(t *testing.T) {
	b := newBed(t)
	g := b.gateway("one")
	b.service("work", b.Image, 1)
	b.policy("work", v1alpha1.ScalingPolicySpec{Event: &v1alpha1.EventScaling{}})
	b.toZero("work")
	answered(t, time.Second, burst(t.Context(), 1, time.Second, g.URL+"/"+b.namespace+"/work"))
	if log := g.Log(); !strings.Contains(log, "told the activator") {
		t.Errorf("the activator was not told:\n%s", log)
	}
}

// TestAccEventsScaleIn has the floor fall while an event is in a Pod that may be one of those that go: it is answered all the same.
func TestAccEventsScaleIn(t *testing.T) {
	b := newBed(t)
	b.guard()
	g := b.gateway("one")
	b.service("work", b.Image, 1)
	b.policy("work", v1alpha1.ScalingPolicySpec{Event: &v1alpha1.EventScaling{IdleTime: &metav1.Duration{Duration: time.Second}}})
	url := g.URL + "/" + b.namespace + "/work"
	long := make(chan []outcome, 1)
	go func() { long <- burst(t.Context(), 1, 50*time.Second, url) }()
	const work = 10 * time.Second
	if pods := answered(t, work, burst(t.Context(), 3, work, url)); len(pods) != 3 {
		t.Errorf("3 events were given to %d Pods", len(pods))
	}
	b.eventually(40*time.Second, func(context.Context) error {
		if n := len(b.pods("work")); n != 1 {
			return fmt.Errorf("there are %d Pods, for one event", n)
		}
		return nil
	})
	select {
	case o := <-long:
		t.Errorf("the long event was over before the Pods had gone: %+v", o)
	default:
	}
	answered(t, 50*time.Second, <-long)
}

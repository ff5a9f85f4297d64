package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/serving/pkg/apis/serving"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

const (
	// eventTakes is what an event takes in its Pod.
	eventTakes = 2 * time.Second
	// eventSlack is what the gateway may add to the time of the Pods.
	eventSlack = 500 * time.Millisecond
	// eventNotice is how long an event may wait beside an idle Pod before it is counted: Ready has to be noticed.
	eventNotice = 250 * time.Millisecond
)

// measureEvents sends n events at once to a Service without a Pod: by the gateway, and by plain Knative. Beside it stands how long n
// Pods take to Ready by a plain scale to n.
func measureEvents(ctx context.Context, cluster *testenv.Cluster, sizes []int) error {
	namespace, remove, err := cluster.Namespace(ctx, "bench-")
	if err != nil {
		return err
	}
	defer func() { _ = remove(context.WithoutCancel(ctx)) }()
	dir, err := os.MkdirTemp("", "knative-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	guard, err := cluster.StartGuard(ctx, namespace, dir)
	defer func() { _ = guard.Stop(context.WithoutCancel(ctx)) }()
	if err != nil {
		return err
	}
	gateway, err := cluster.StartGateway(ctx, namespace, dir, "gateway")
	defer func() { _ = gateway.Stop() }()
	if err != nil {
		return err
	}
	b := &eventBench{cluster: cluster, namespace: namespace}
	for _, name := range []string{"plain", "events"} {
		if err := b.service(ctx, name); err != nil {
			return err
		}
	}
	policies := cluster.Dynamic.Resource(v1alpha1.GroupVersion.WithResource("scalingpolicies")).Namespace(namespace)
	if _, err := policies.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "ScalingPolicy", "metadata": map[string]any{"name": "events"},
		"spec": map[string]any{"target": map[string]any{"kind": "Service", "name": "events"}, "event": map[string]any{"idleTime": "5s"}},
	}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	fmt.Printf("\n### %s events at once, from no Pod\n\n| events | | Pods | used | all done after | reach | share a Pod | wait beside an idle Pod | lost |\n|---|---|---|---|---|---|---|---|---|\n", eventTakes)
	for _, n := range sizes {
		scaled, err := b.plainScale(ctx, n)
		if err != nil {
			return fmt.Errorf("plain scale to %d: %w", n, err)
		}
		fmt.Printf("| %d | a plain scale, to Ready | %d | | %s | | | | |\n", n, n, seconds(scaled))
		for _, way := range []struct {
			name, service, url string
			client             *http.Client
		}{
			{"the gateway", "events", gateway.URL + "/" + namespace + "/events/", &http.Client{Transport: &http.Transport{}}},
			{"plain Knative", "plain", "http://plain." + namespace + ".localhost/", testenv.Client()},
		} {
			o, err := b.burst(ctx, way.client, way.service, way.url, n)
			if err != nil {
				return fmt.Errorf("%d events by %s: %w", n, way.name, err)
			}
			fmt.Printf("| %d | %s | %d | %d | %s | %s | %d | %d | %d |\n", n, way.name, o.most, o.used, seconds(o.took), seconds(scaled+eventTakes+eventSlack), o.shared, o.beside, o.lost)
		}
	}
	return nil
}

type eventBench struct {
	cluster   *testenv.Cluster
	namespace string
}

// service makes a Service of one event a Pod, and waits until it is Ready.
func (b *eventBench) service(ctx context.Context, name string) error {
	services := b.cluster.Dynamic.Resource(kube.Service.GroupVersionResource).Namespace(b.namespace)
	if _, err := services.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"template": map[string]any{
			"metadata": map[string]any{"annotations": map[string]any{
				"autoscaling.knative.dev/target-utilization-percentage": "100", "autoscaling.knative.dev/target-burst-capacity": "-1",
				serving.QueueSidecarCPUResourceRequestAnnotationKey: "5m", // with Knative's 25m, two cores have no room for 50 Pods
			}},
			"spec": map[string]any{"containerConcurrency": int64(1), "containers": []any{map[string]any{"image": b.cluster.Image}}},
		}},
	}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	return testenv.Eventually(ctx, 2*time.Minute, func(ctx context.Context) error {
		u, err := services.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
		for _, c := range conditions {
			if m, ok := c.(map[string]any); ok && m["type"] == "Ready" && m["status"] == "True" {
				return nil
			}
		}
		return fmt.Errorf("the Service %s is not Ready", name)
	})
}

// gone waits until no Service of the bench has a Pod, those on their way out included: they would take their part of the machine.
func (b *eventBench) gone(ctx context.Context) error {
	return testenv.Eventually(ctx, 4*time.Minute, func(ctx context.Context) error {
		pods, err := b.cluster.Kube.CoreV1().Pods(b.namespace).List(ctx, metav1.ListOptions{})
		if err == nil && len(pods.Items) > 0 {
			err = fmt.Errorf("%d Pods are still there", len(pods.Items))
		}
		return err
	})
}

// plainScale measures how long n Pods take to Ready, when nothing but the floor of a Revision asks for them.
func (b *eventBench) plainScale(ctx context.Context, n int) (time.Duration, error) {
	if err := b.gone(ctx); err != nil {
		return 0, err
	}
	w := b.watch(ctx, "plain")
	defer w.stop()
	revisions := b.cluster.Dynamic.Resource(schema.GroupVersionResource{Group: "serving.knative.dev", Version: "v1", Resource: "revisions"}).Namespace(b.namespace)
	floor := func(ctx context.Context, value string) error {
		_, err := revisions.Patch(ctx, "plain-00001", types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"annotations":{"autoscaling.knative.dev/min-scale":%s}}}`, value), metav1.PatchOptions{})
		return err
	}
	start := time.Now()
	if err := floor(ctx, fmt.Sprintf("%q", fmt.Sprint(n))); err != nil {
		return 0, err
	}
	err := testenv.Eventually(ctx, 3*time.Minute, func(context.Context) error {
		if ready := len(w.ready()); ready < n {
			return fmt.Errorf("%d of %d Pods are Ready", ready, n)
		}
		return nil
	})
	var last time.Time
	for _, at := range w.ready() {
		if at.After(last) {
			last = at
		}
	}
	return last.Sub(start), errors.Join(err, floor(context.WithoutCancel(ctx), "null"))
}

// eventsOutcome is what became of a burst.
type eventsOutcome struct {
	most, used, shared, beside, lost int
	took                             time.Duration
}

// eventAnswer is what became of one event.
type eventAnswer struct {
	pod        string
	sent, done time.Time
	err        error
}

// burst sends n events at once.
func (b *eventBench) burst(ctx context.Context, client *http.Client, service, url string, n int) (eventsOutcome, error) {
	if err := b.gone(ctx); err != nil {
		return eventsOutcome{}, err
	}
	w := b.watch(ctx, service)
	defer w.stop()
	client.Timeout = 2 * time.Minute
	defer client.CloseIdleConnections()
	answers := make([]eventAnswer, n)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = oneEvent(ctx, client, url) })
	}
	wg.Wait()
	took := time.Since(start)
	time.Sleep(2 * time.Second) // for Pods that were asked for and come late
	out := weigh(answers, w.ready())
	out.took, out.most = took, w.most()
	for _, a := range answers {
		if a.err != nil {
			fmt.Fprintln(os.Stderr, "bench:", a.err)
		}
	}
	return out, nil
}

func oneEvent(ctx context.Context, client *http.Client, url string) eventAnswer {
	a := eventAnswer{sent: time.Now()}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"?sleep="+eventTakes.String(), strings.NewReader("{}"))
	if err != nil {
		a.err = err
		return a
	}
	resp, err := client.Do(req)
	a.done = time.Now()
	if err != nil {
		a.err = err
		return a
	}
	_ = resp.Body.Close()
	a.pod = resp.Header.Get("App-Host")
	if resp.StatusCode != http.StatusOK || a.pod == "" {
		a.err = fmt.Errorf("%s, %s", resp.Status, resp.Header.Get("Knative-Guard-Gateway"))
	}
	return a
}

// span is a time from one moment to another.
type span struct{ from, to time.Time }

// weigh finds what events had to put up with. An event was in its Pod for the time that it takes before its answer.
func weigh(answers []eventAnswer, ready map[string]time.Time) eventsOutcome {
	var out eventsOutcome
	busy := map[string][]span{}
	end := time.Time{}
	for _, a := range answers {
		if a.err != nil {
			out.lost++
			continue
		}
		busy[a.pod] = append(busy[a.pod], span{a.done.Add(-eventTakes), a.done})
		if a.done.After(end) {
			end = a.done
		}
	}
	out.used = len(busy)
	var idle []span
	for pod, at := range ready {
		from, last := at, time.Time{}
		spans := busy[pod]
		slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
		for _, s := range spans {
			if s.from.Before(last.Add(-eventNotice)) {
				out.shared++
			}
			idle = append(idle, span{from, s.from})
			from, last = s.to, s.to
		}
		idle = append(idle, span{from, end})
	}
	for _, a := range answers {
		if a.err == nil && slices.ContainsFunc(idle, func(s span) bool { return overlap(s, span{a.sent, a.done.Add(-eventTakes)}) > eventNotice }) {
			out.beside++
		}
	}
	return out
}

func overlap(a, b span) time.Duration {
	from, to := a.from, a.to
	if b.from.After(from) {
		from = b.from
	}
	if b.to.Before(to) {
		to = b.to
	}
	return to.Sub(from)
}

// podWatch sees when Pods of a Service get Ready, and how many there are at most.
type podWatch struct {
	stop func()

	mu    sync.Mutex
	at    map[string]time.Time
	there map[string]bool
	top   int
}

func (b *eventBench) watch(ctx context.Context, service string) *podWatch {
	ctx, cancel := context.WithCancel(ctx)
	w := &podWatch{stop: cancel, at: map[string]time.Time{}, there: map[string]bool{}}
	events, err := b.cluster.Kube.CoreV1().Pods(b.namespace).Watch(ctx, metav1.ListOptions{LabelSelector: "serving.knative.dev/service=" + service})
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: watching Pods:", err)
		return w
	}
	go func() {
		for e := range events.ResultChan() {
			if pod, ok := e.Object.(*corev1.Pod); ok {
				w.see(pod)
			}
		}
	}()
	return w
}

func (w *podWatch) see(pod *corev1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.there[pod.Name] = pod.DeletionTimestamp == nil
	n := 0
	for _, there := range w.there {
		if there {
			n++
		}
	}
	w.top = max(w.top, n)
	for _, c := range pod.Status.Conditions {
		if _, seen := w.at[pod.Name]; !seen && c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			w.at[pod.Name] = time.Now()
		}
	}
}

func (w *podWatch) ready() map[string]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.at)
}

func (w *podWatch) most() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.top
}

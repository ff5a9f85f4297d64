//go:build cluster

// The tests in this file need the cluster to be up, and fail when it is not:
//
//	go -C internal/devcluster run . up && go -C internal/devcluster test -tags cluster .
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var services = schema.GroupVersionResource{Group: "serving.knative.dev", Version: "v1", Resource: "services"}

// bench is a namespace of the running cluster for one test.
type bench struct {
	*testing.T
	*api
	namespace string
	ingress   string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	st, err := loadState()
	if err != nil {
		t.Fatal(err)
	}
	if !st.running() {
		t.Fatal(errNotUp)
	}
	cfg, err := clientConfig()
	if err != nil {
		t.Fatal(err)
	}
	a, err := newAPI(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ns, err := a.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "smoke-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.client.CoreV1().Namespaces().Delete(context.Background(), ns.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return &bench{t, a, ns.Name, config{HTTPPort: st.HTTPPort}.ingressHost()}
}

// eventually waits for f to be well.
func (b *bench) eventually(limit time.Duration, what string, f func(context.Context) error) {
	b.Helper()
	t := time.Now()
	if err := poll(b.Context(), limit, f); err != nil {
		b.Fatalf("%s: %v", what, err)
	}
	b.Logf("%s after %s", what, seconds(time.Since(t)))
}

// service applies a Knative Service; template and traffic are JSON.
func (b *bench) service(name, annotations, image, target, traffic string) {
	b.Helper()
	text := fmt.Sprintf(`{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": %q, "namespace": %q},
		"spec": {"template": {"metadata": {"annotations": {%s}}, "spec": {"containers": [{"image": %q, "env": [{"name": "TARGET", "value": %q}],
			"resources": {"requests": {"cpu": "25m"}}}]}}, "traffic": %s}}`,
		name, b.namespace, annotations, image, target, traffic)
	o := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &o.Object); err != nil {
		b.Fatal(err)
	}
	if err := b.applyOne(b.Context(), o, false); err != nil {
		b.Fatal(err)
	}
	b.eventually(time.Minute, name+" Ready", func(ctx context.Context) error { return b.ready(ctx, name) })
}

func (b *bench) ready(ctx context.Context, name string) error {
	o, err := b.dynamic.Resource(services).Namespace(b.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	observed, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		c, ok := c.(map[string]any)
		if ok && c["type"] == "Ready" && c["status"] == "True" && observed == o.GetGeneration() {
			return nil
		}
	}
	return fmt.Errorf("not Ready: %v", conditions)
}

func (b *bench) latestRevision(name string) string {
	b.Helper()
	o, err := b.dynamic.Resource(services).Namespace(b.namespace).Get(b.Context(), name, metav1.GetOptions{})
	if err != nil {
		b.Fatal(err)
	}
	rev, _, _ := unstructured.NestedString(o.Object, "status", "latestReadyRevisionName")
	return rev
}

// get calls a Service by its public name, through the ingress on loopback.
func (b *bench) get(ctx context.Context, host, query string) (string, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", b.ingress)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"."+b.namespace+"."+ingressDomain+"/"+query, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return string(body), err
}

func (b *bench) answers(ctx context.Context, host, query, want string) error {
	body, err := b.get(ctx, host, query)
	if err == nil && !strings.Contains(body, want) {
		err = fmt.Errorf("answer %q, want %q", body, want)
	}
	return err
}

const allLatest = `[{"latestRevision": true, "percent": 100}]`

func TestSplitTagsAndClusterLocal(t *testing.T) {
	b := newBench(t)
	b.service("greet", "", testImage, "one", allLatest)
	v1 := b.latestRevision("greet")
	b.eventually(10*time.Second, "public address", func(ctx context.Context) error { return b.answers(ctx, "greet", "", "Hello one!") })

	b.Run("digest", func(t *testing.T) {
		rev := services.GroupVersion().WithResource("revisions")
		o, err := b.dynamic.Resource(rev).Namespace(b.namespace).Get(t.Context(), v1, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(o.Object["status"])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), registryAddr+"/app@sha256:") {
			t.Errorf("tag v1 was not resolved: %s", text)
		}
	})

	b.Run("quick readiness", func(t *testing.T) {
		pods, err := b.client.CoreV1().Pods(b.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "serving.knative.dev/revision=" + v1})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range pods.Items[0].Spec.Containers {
			if p := c.ReadinessProbe; c.Name == "queue-proxy" && (p.PeriodSeconds != 1 || p.HTTPGet == nil) {
				t.Errorf("the queue-proxy's readiness probe: %v", p)
			}
		}
	})

	v2Image := registryAddr + "/app:v2"
	b.service("greet", "", v2Image, "two", `[{"revisionName": "`+v1+`", "percent": 100}, {"latestRevision": true, "percent": 0, "tag": "new"}]`)
	v2 := b.latestRevision("greet")
	b.eventually(10*time.Second, "tag's address", func(ctx context.Context) error { return b.answers(ctx, "new-greet", "", "Hello two!") })

	split := func(one, two int) string {
		return fmt.Sprintf(`[{"revisionName": %q, "percent": %d}, {"revisionName": %q, "percent": %d, "tag": "new"}]`, v1, one, v2, two)
	}
	b.service("greet", "", v2Image, "two", split(70, 30))
	b.eventually(5*time.Second, "split", func(context.Context) error { return b.countSplit(200, 60, 5) })

	b.service("greet", "", v2Image, "two", split(0, 100))
	b.eventually(2*time.Second, "all on two", func(context.Context) error { return b.countSplit(20, 20, 0) })

	local := "?get=http://greet." + b.namespace + ".svc.cluster.local/"
	b.eventually(20*time.Second, "cluster-local address, from a Pod", func(ctx context.Context) error {
		body, err := b.get(ctx, "greet", local)
		if err == nil && strings.Count(body, "Hello two!") != 2 {
			err = fmt.Errorf("answer %q", body)
		}
		return err
	})
}

// countSplit makes n requests and wants the given number of answers from two, give or take a few.
func (b *bench) countSplit(n, want, off int) error {
	two := 0
	for range n {
		body, err := b.get(b.Context(), "greet", "")
		if err != nil {
			return err
		}
		if strings.Contains(body, "Hello two!") {
			two++
		}
	}
	if two < want-off || two > want+off {
		return fmt.Errorf("%d of %d from two, want %d", two, n, want)
	}
	b.Logf("%d of %d answers from two", two, n)
	return nil
}

func TestScaleToZeroAndBack(t *testing.T) {
	b := newBench(t)
	b.service("idle", "", testImage, "idle", allLatest)
	b.eventually(30*time.Second, "scaled to zero", func(ctx context.Context) error {
		list, err := b.client.AppsV1().Deployments(b.namespace).List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) != 1 {
			return errors.Join(err, fmt.Errorf("%d deployments", len(list.Items)))
		}
		if n := *list.Items[0].Spec.Replicas; n != 0 {
			return fmt.Errorf("%d replicas", n)
		}
		return nil
	})
	b.eventually(10*time.Second, "answer from zero", func(ctx context.Context) error { return b.answers(ctx, "idle", "", "Hello idle!") })
}

func TestHPAMetrics(t *testing.T) {
	b := newBench(t)
	b.service("burn", `"autoscaling.knative.dev/class": "hpa.autoscaling.knative.dev", "autoscaling.knative.dev/metric": "cpu", "autoscaling.knative.dev/target": "50"`, testImage, "burn", allLatest)
	b.eventually(90*time.Second, "HPA has metrics", func(ctx context.Context) error {
		list, err := b.client.AutoscalingV2().HorizontalPodAutoscalers(b.namespace).List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) != 1 {
			return errors.Join(err, fmt.Errorf("%d HPAs", len(list.Items)))
		}
		for _, m := range list.Items[0].Status.CurrentMetrics {
			if m.Resource != nil && m.Resource.Current.AverageUtilization != nil {
				return nil
			}
		}
		return fmt.Errorf("no CPU metric: %v", list.Items[0].Status.Conditions)
	})
}

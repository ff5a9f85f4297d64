package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// bed is a namespace of the bed, for the guard and the gateway of this checkout to work in.
type bed struct {
	*testenv.Cluster
	t         *testing.T
	client    client.Client
	namespace string
	work      string
}

// logging is set once for the process, and not to a test: controller-runtime keeps the first logger that it is given.
var logging = sync.OnceFunc(func() { ctrl.SetLogger(zap.New(zap.UseDevMode(true))) })

// newBed skips without TF_ACC, as all acceptance tests do; `make test` sets it.
func newBed(t *testing.T) *bed {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1 and a cluster: make test")
	}
	logging()
	c, err := testenv.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !c.OnBed {
		t.Skip("the gateway on this machine must reach Pods, as it does those of the bed: make test without KUBECONFIG")
	}
	scheme, err := facts.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{Cluster: c, t: t, work: workDir(t)}
	if b.client, err = client.New(c.Config, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	var remove func(context.Context) error
	if b.namespace, remove, err = c.Namespace(t.Context(), "events-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remove(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

// program is the guard's and the gateway's, which are one, built once for all tests.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "gateway-test-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", dir+"/webhook", "..").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return dir + "/webhook", nil
})

// TestMain removes what is built once.
func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("TF_ACC") != "" {
		if path, err := program(); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

// workDir is a folder with the program under both its names: go build finds that there is nothing to do.
func workDir(t *testing.T) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"guard", "gateway"} {
		if err := os.Link(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// guard runs the guard, which carries floors out.
func (b *bed) guard() {
	b.t.Helper()
	g, err := b.StartGuard(b.t.Context(), b.namespace, b.work)
	b.t.Cleanup(func() {
		if err := g.Stop(context.Background()); err != nil {
			b.t.Error(err)
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// gateway starts a replica.
func (b *bed) gateway(name string) *testenv.Gateway {
	b.t.Helper()
	g, err := b.StartGateway(b.t.Context(), b.namespace, b.work, name)
	b.t.Cleanup(func() {
		if err := g.Stop(); err != nil {
			b.t.Errorf("replica %s: %v", name, err)
		}
		if b.t.Failed() {
			b.t.Logf("replica %s:\n%s", name, g.Log())
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return g
}

func (b *bed) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: b.namespace, Name: name}
}

// service makes a Knative Service, and waits until it is Ready.
func (b *bed) service(name, image string, concurrency int64) *servingv1.Service {
	b.t.Helper()
	s := &servingv1.Service{ObjectMeta: b.meta(name)}
	s.Spec.Template.Annotations = map[string]string{"autoscaling.knative.dev/initial-scale": "1"}
	s.Spec.Template.Spec.ContainerConcurrency = &concurrency
	s.Spec.Template.Spec.PodSpec.Containers = []corev1.Container{{Image: image, ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{}}}}}
	if err := b.client.Create(b.t.Context(), s); err != nil {
		b.t.Fatal(err)
	}
	b.ready(s)
	return s
}

// ready waits until a Service is.
func (b *bed) ready(s *servingv1.Service) {
	b.t.Helper()
	b.eventually(2*time.Minute, func(ctx context.Context) error {
		if err := b.client.Get(ctx, client.ObjectKeyFromObject(s), s); err != nil {
			return err
		}
		if !s.IsReady() || s.Status.ObservedGeneration != s.Generation {
			return fmt.Errorf("the Service %s is not Ready: %v", s.Name, s.Status.Conditions)
		}
		return nil
	})
}

// policy makes a policy with an event for a Service, and waits until the gateway takes events for it.
func (b *bed) policy(name string, spec v1alpha1.ScalingPolicySpec) {
	b.t.Helper()
	spec.Target = v1alpha1.ScalingTarget{Kind: v1alpha1.TargetService, Name: name}
	if err := b.client.Create(b.t.Context(), &v1alpha1.ScalingPolicy{ObjectMeta: b.meta(name), Spec: spec}); err != nil {
		b.t.Fatal(err)
	}
	b.eventually(time.Minute, func(context.Context) error {
		if s := b.status(name); s.EventAddress == "" {
			return fmt.Errorf("the gateway takes no events: %+v", s)
		}
		return nil
	})
}

func (b *bed) status(name string) v1alpha1.ScalingPolicyStatus {
	b.t.Helper()
	p := &v1alpha1.ScalingPolicy{}
	if err := b.client.Get(b.t.Context(), types.NamespacedName{Namespace: b.namespace, Name: name}, p); err != nil {
		b.t.Fatal(err)
	}
	return p.Status
}

func (b *bed) eventually(limit time.Duration, check func(context.Context) error) {
	b.t.Helper()
	if err := testenv.Eventually(b.t.Context(), limit, check); err != nil {
		b.t.Fatal(err)
	}
}

// pods are those of a Service that are not on their way out.
func (b *bed) pods(service string) []corev1.Pod {
	b.t.Helper()
	var list corev1.PodList
	if err := b.client.List(b.t.Context(), &list, client.InNamespace(b.namespace), client.MatchingLabels{serving.ServiceLabelKey: service}); err != nil {
		b.t.Fatal(err)
	}
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil })
}

// toZero waits until a Service has no Pod that is not on its way out.
func (b *bed) toZero(service string) {
	b.t.Helper()
	b.eventually(2*time.Minute, func(context.Context) error {
		if n := len(b.pods(service)); n > 0 {
			return fmt.Errorf("the Service %s still has %d Pods", service, n)
		}
		return nil
	})
}

// outcome is what became of an event.
type outcome struct {
	status     int
	reason     string // of the gateway's own answer
	pod, body  string
	revision   string
	retryAfter string
	sent, done time.Time
	err        error
}

// burst sends n events at once that each take a time, to the URLs in turn.
func burst(ctx context.Context, n int, work time.Duration, urls ...string) []outcome {
	out := make([]outcome, n)
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var wg sync.WaitGroup
	for i := range out {
		wg.Go(func() { out[i] = sendEvent(ctx, c, fmt.Sprintf("%s/?sleep=%s", urls[i%len(urls)], work)) })
	}
	wg.Wait()
	return out
}

func sendEvent(ctx context.Context, c *http.Client, url string) outcome {
	o := outcome{sent: time.Now()}
	defer func() { o.done = time.Now() }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"event":1}`))
	if err != nil {
		return outcome{err: err}
	}
	req.Header.Set("Ce-Id", "1")
	resp, err := c.Do(req)
	if err != nil {
		o.err = err
		return o
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	o.status, o.reason, o.retryAfter, o.pod, o.body, o.err, o.done = resp.StatusCode, resp.Header.Get(AnswerHeader), resp.Header.Get("Retry-After"), resp.Header.Get("App-Host"), string(body), err, time.Now()
	o.revision = resp.Header.Get("K-Revision")
	return o
}

// answered holds outcomes to having been answered by Pods, none of which had two at a time.
func answered(t *testing.T, work time.Duration, outcomes []outcome) (pods map[string]int) {
	t.Helper()
	pods = map[string]int{}
	last := map[string]time.Time{}
	slices.SortFunc(outcomes, func(a, b outcome) int { return a.done.Compare(b.done) })
	for i, o := range outcomes {
		if o.err != nil || o.status != http.StatusOK || o.pod == "" {
			t.Errorf("event %d: %+v", i, o)
			continue
		}
		pods[o.pod]++
		// A Pod ends an event before its sender knows; so the next one in it ends at least its time after.
		if before, ok := last[o.pod]; ok && o.done.Sub(before) < work-200*time.Millisecond {
			t.Errorf("Pod %s ended two events of %s within %s", o.pod, work, o.done.Sub(before))
		}
		last[o.pod] = o.done
	}
	return pods
}

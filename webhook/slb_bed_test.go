package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// balanced is a guard on the bed with the emulated cloud, and a load balancer of it.
type balanced struct {
	*guard
	cloud *slbtest.Bed
	idle  string // how long after the last request Pods go; 60s where it is empty, which is Knative's default but not the bed's
}

func newBalanced(t *testing.T, o slbsim.Options, args ...string) *balanced {
	t.Helper()
	o.Second = 300 * time.Millisecond // checks and timeouts must not be too short for a busy machine
	b := &balanced{guard: connect(t), cloud: slbtest.New(t, o)}
	b.process = b.NewGuard(b.namespace, t.TempDir())
	b.process.Args = append([]string{"-slb-drift=5s"}, args...) // how often it looks for changes made by hand
	b.process.Env = testenv.GuardCloud(b.cloud.Sim, b.cloud.URL)
	b.run(b.process)
	return b
}

// alb makes an ALB with a listener of HTTP, and binds it.
func (b *balanced) alb(name string, with ...func(*v1alpha1.SLBIngressSpec)) *balancer {
	b.t.Helper()
	id := b.cloud.ALB(name, "Standard")
	return b.bind(name, id, v1alpha1.ALB, b.cloud.ALBListener(id, 80), with)
}

// clb makes a CLB likewise.
func (b *balanced) clb(name string, with ...func(*v1alpha1.SLBIngressSpec)) *balancer {
	b.t.Helper()
	id := b.cloud.CLB(name)
	b.cloud.CLBListener(id, 80)
	return b.bind(name, id, v1alpha1.CLB, "", with)
}

func (b *balanced) bind(name, id string, of v1alpha1.LoadBalancerType, listener string, with []func(*v1alpha1.SLBIngressSpec)) *balancer {
	b.t.Helper()
	at := b.cloud.Endpoint(id, 80)
	address, _, err := net.SplitHostPort(at)
	if err != nil {
		b.t.Fatal(err)
	}
	binding := &v1alpha1.SLBIngress{
		ObjectMeta: metav1.ObjectMeta{Name: b.namespace + "-" + name, Labels: map[string]string{v1alpha1.GuardLabel: b.namespace}},
		Spec: v1alpha1.SLBIngressSpec{
			LoadBalancerType: of, LoadBalancerID: id, VPCID: slbsim.FirstVPC, Address: address,
			Listeners: []v1alpha1.SLBListener{{ID: listener, Port: 80, Protocol: "HTTP"}},
		},
	}
	for _, w := range with {
		w(&binding.Spec)
	}
	if err := b.admin.Create(b.t.Context(), binding); err != nil {
		b.t.Fatal(err)
	}
	out := &balancer{b, binding, id, &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		MaxIdleConnsPerHost: 64,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", at)
		},
	}}}
	b.t.Cleanup(out.unbind)
	return out
}

// balancer is a load balancer, and the SLBIngress that binds it.
type balancer struct {
	*balanced
	binding *v1alpha1.SLBIngress
	id      string
	http    *http.Client
}

// unbind deletes the SLBIngress, and waits until the guard has taken away what it made.
func (l *balancer) unbind() {
	l.http.CloseIdleConnections()
	ctx := context.Background()
	if err := client.IgnoreNotFound(l.admin.Delete(ctx, l.binding)); err != nil {
		l.t.Error(err)
	}
	if err := testenv.Eventually(ctx, time.Minute, func(ctx context.Context) error {
		left := &v1alpha1.SLBIngress{}
		err := l.admin.Get(ctx, client.ObjectKeyFromObject(l.binding), left)
		return must(apierrors.IsNotFound(err), "it is still there: %v %+v", err, left.Status.Conditions)
	}); err != nil {
		l.t.Errorf("SLBIngress %s: %v", l.binding.Name, err)
		l.binding.SetFinalizers(nil)
		_ = l.admin.Patch(ctx, l.binding, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`)))
	}
}

// status waits until the SLBIngress says something.
func (l *balancer) status(what string, check func(v1alpha1.SLBIngressStatus, metav1.Condition) bool) {
	l.t.Helper()
	l.eventually(what, func(ctx context.Context) error {
		now := &v1alpha1.SLBIngress{}
		if err := l.admin.Get(ctx, client.ObjectKeyFromObject(l.binding), now); err != nil {
			return err
		}
		ready := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady)
		return must(ready != nil && check(now.Status, *ready), "%+v", now.Status)
	})
}

// get asks a host for its greeting.
func (l *balancer) get(ctx context.Context, host string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host, http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := l.http.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s %.200q", host, resp.Status, body)
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(body)), "Hello "), "!"), nil
}

// count sends n requests, many at a time, and counts who answers. None may fail.
func (l *balancer) count(host string, n int) map[string]int {
	l.t.Helper()
	var mu sync.Mutex
	var left atomic.Int64
	left.Store(int64(n))
	counts := map[string]int{}
	var wait sync.WaitGroup
	for range 24 {
		wait.Go(func() {
			own := map[string]int{}
			for left.Add(-1) >= 0 {
				answer, err := l.get(l.t.Context(), host)
				if err != nil {
					answer = "failed: " + err.Error()
				}
				own[answer]++
			}
			mu.Lock()
			defer mu.Unlock()
			for answer, times := range own {
				counts[answer] += times
			}
		})
	}
	wait.Wait()
	return counts
}

// load asks a host without end until it is stopped, and gives how many requests there were and those that failed.
func (l *balancer) load(host string) (stop func() (int, []string)) {
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var failures []string
	total := 0
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for ctx.Err() == nil {
				_, err := l.get(context.Background(), host)
				mu.Lock()
				total++
				if err != nil {
					failures = append(failures, time.Now().Format("15:04:05.000 ")+err.Error())
				}
				mu.Unlock()
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	return func() (int, []string) {
		cancel()
		wait.Wait()
		return total, failures
	}
}

// serviceOf makes a Service of the class.
func (b *balanced) serviceOf(name string) *servingv1.Service {
	b.t.Helper()
	s := &servingv1.Service{ObjectMeta: b.meta(name)}
	s.Annotations = map[string]string{"networking.knative.dev/ingress.class": wanted.Class}
	b.version(s, "v1")
	if err := b.admin.Create(b.t.Context(), s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// staged makes one whose second version has a tag, and no share yet.
func (b *balanced) staged(name string) *servingv1.Service {
	b.t.Helper()
	s := b.serviceOf(name)
	b.ready(s)
	b.move(s, func(s *servingv1.Service) {
		b.version(s, "v2")
		split(s, name+"-v1 100", "latest 0 canary")
	})
	return s
}

// version gives a Service a template that answers with its name.
func (b *balanced) version(s *servingv1.Service, version string) {
	template(s, version, b.Image)
	s.Spec.Template.Name = s.Name + "-" + version
	s.Spec.Template.Spec.TimeoutSeconds = new(int64(15)) // the first Pod may take a while
	s.Spec.Template.Annotations = map[string]string{"autoscaling.knative.dev/window": cmp.Or(b.idle, "60s")}
}

// move changes a Service, and waits until Knative says that it is as asked.
func (b *balanced) move(s *servingv1.Service, how func(*servingv1.Service)) {
	b.t.Helper()
	if err := change(b.t.Context(), b.admin, s, how); err != nil {
		b.t.Fatal(err)
	}
	b.ready(s)
}

func (b *balanced) ready(s *servingv1.Service) {
	b.t.Helper()
	b.eventually(s.Name+" is Ready", func(ctx context.Context) error {
		err := b.admin.Get(ctx, client.ObjectKeyFromObject(s), s)
		return must(err == nil && s.IsReady() && s.Status.ObservedGeneration == s.Generation, "%v %v", err, s.Status.Conditions)
	})
}

// near holds counts to percents, within a tolerance in percent.
func near(t *testing.T, counts map[string]int, tolerance float64, percents map[string]float64) {
	t.Helper()
	total := 0
	for _, n := range counts {
		total += n
	}
	for who, percent := range percents {
		if share := 100 * float64(counts[who]) / float64(total); share < percent-tolerance || share > percent+tolerance {
			t.Errorf("%s answered %.2f %% of %d, want %g ± %g: %v", who, share, total, percent, tolerance, counts)
		}
	}
	for who := range counts {
		if _, asked := percents[who]; !asked {
			t.Errorf("%q answered %d times", who, counts[who])
		}
	}
	t.Logf("asked for %v, counted %v", percents, counts)
}

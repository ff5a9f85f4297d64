package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// TestAccScalingStrategies is each strategy of scaling through Terraform, on real Pods, with the guard as a process of its own. The plugin
// is TestAccScalingPlugin.
func TestAccScalingStrategies(t *testing.T) {
	c, ns := accept(t)
	needGuardCRDs(t, c)
	startGuard(t, c, ns)
	for name, test := range map[string]func(*testing.T, *testenv.Cluster, string){
		"concurrency": zeroToManyToZero, "cpu and schedule": scheduleAndCPU, "deployment": scheduledDeployment, "events": oneEventAPod,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, c, ns)
		})
	}
}

// strategyConfig renders a Service and the policy of the same name.
func strategyConfig(c *testenv.Cluster, namespace, name, template string, policy ...string) string {
	return config(
		serviceConfig{Namespace: namespace, Name: name, Image: c.Image, Template: template, Container: "resources {\n  requests = { cpu = \"50m\" }\n}"},
		hcl(fmt.Sprintf("resource \"knative_scaling_policy\" %q {\n  namespace = %q\n  name = %q\n  target {\n    kind = \"Service\"\n    name = knative_service.%s.name\n  }\n  %s\n}\n",
			name, namespace, name, name, strings.Join(policy, "\n  "))))
}

// KPA: no Pod without requests, as many as there are requests at once, up to max, and none again.
func zeroToManyToZero(t *testing.T, c *testenv.Cluster, ns string) {
	t.Helper()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: strategyConfig(c, ns, "kpa", "scaling {\n  window = \"6s\"\n}", "min = 0", "max = 3", "metric {\n    type = \"concurrency\"\n    target = 1\n  }"),
			Check: resource.ComposeTestCheckFunc(
				podsOf(c, ns, "serving.knative.dev/service=kpa", "none", func(n int) bool { return n == 0 }),
				during("kpa", 6, "?sleep=1s", podsOf(c, ns, "serving.knative.dev/service=kpa", "3", func(n int) bool { return n == 3 })),
				podsOf(c, ns, "serving.knative.dev/service=kpa", "none again", func(n int) bool { return n == 0 }),
			),
		}},
	})
}

// Schedule + HPA: the schedule has two Pods with no load; the CPU takes it higher; when the window is taken away the floor is min again.
func scheduleAndCPU(t *testing.T, c *testenv.Cluster, ns string) {
	t.Helper()
	now := time.Now().UTC()
	window := fmt.Sprintf("schedules {\n    name = \"now\"\n    replicas = 2\n    one_offs {\n      start = %q\n      end = %q\n    }\n  }",
		now.Add(-time.Hour).Format("2006-01-02T15:04"), now.Add(time.Hour).Format("2006-01-02T15:04"))
	policy := func(more ...string) string {
		return strategyConfig(c, ns, "hpa", "scaling {\n  class = \"hpa.autoscaling.knative.dev\"\n  metric = \"cpu\"\n}", append([]string{"min = 1", "max = 4", "metric {\n    type = \"cpu\"\n    target = 50\n  }"}, more...)...)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: policy(window),
				Check: resource.ComposeTestCheckFunc(
					floorIs(c, ns, "hpa", "2 schedule/now"),
					podsOf(c, ns, "serving.knative.dev/service=hpa", "2, by the schedule", func(n int) bool { return n == 2 }),
					during("hpa", 4, "?burn=200ms", podsOf(c, ns, "serving.knative.dev/service=hpa", "more than 2, by the CPU", func(n int) bool { return n > 2 })),
				),
			},
			{Config: policy(), Check: floorIs(c, ns, "hpa", "1 min")},
		},
	})
}

// A plain Deployment: its floor is the schedule's, and what it had before when the policy is gone.
func scheduledDeployment(t *testing.T, c *testenv.Cluster, ns string) {
	t.Helper()
	deploy(t, c, ns, "plain")
	now := time.Now().UTC()
	policy := fmt.Sprintf("resource \"knative_scaling_policy\" \"plain\" {\n  namespace = %q\n  name = \"plain\"\n  target {\n    kind = \"Deployment\"\n    name = \"plain\"\n  }\n  schedules {\n    name = \"now\"\n    replicas = 3\n    one_offs {\n      start = %q\n      end = %q\n    }\n  }\n}\n",
		ns, now.Add(-time.Hour).Format("2006-01-02T15:04"), now.Add(time.Hour).Format("2006-01-02T15:04"))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: policy, Check: podsOf(c, ns, "app=plain", "3, by the schedule", func(n int) bool { return n == 3 })},
			{Config: policy, Destroy: true},
			{Config: "locals {}", Check: podsOf(c, ns, "app=plain", "1, as before", func(n int) bool { return n == 1 })},
		},
	})
}

// Events: each in flight has a Pod of its own, and there are none without.
func oneEventAPod(t *testing.T, c *testenv.Cluster, ns string) {
	t.Helper()
	gateway, err := c.StartGateway(t.Context(), ns, t.TempDir(), "one")
	t.Cleanup(func() {
		if err := gateway.Stop(); err != nil {
			t.Errorf("stopping the gateway: %v\n%s", err, gateway.Log())
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	pods := func(what string, enough func(int) bool) resource.TestCheckFunc {
		return podsOf(c, ns, "serving.knative.dev/service=events", what, enough)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: strategyConfig(c, ns, "events", "timeout_seconds = 30\ncontainer_concurrency = 1\nscaling {\n  window = \"6s\"\n}", "max = 5", "event {\n    idle_time = \"5s\"\n  }"),
			Check: resource.ComposeTestCheckFunc(
				pods("none", func(n int) bool { return n == 0 }),
				eachInItsOwnPod(gateway.URL+"/"+ns+"/events?sleep=15s", 3),
				pods("none again", func(n int) bool { return n == 0 }),
			),
		}},
	})
}

// eachInItsOwnPod sends events at once, and wants each to be answered by a Pod of its own.
func eachInItsOwnPod(url string, events int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		answers := make([]string, events)
		errs := make([]error, events)
		var wg sync.WaitGroup
		for i := range events {
			wg.Go(func() { answers[i], errs[i] = post(url) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		pods := map[string]bool{}
		for _, pod := range answers {
			pods[pod] = true
		}
		if len(pods) != events {
			return fmt.Errorf("%d events were answered by %v", events, answers)
		}
		return nil
	}
}

// post sends an event, and gives the Pod that answered.
func post(url string) (string, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		return "", err
	}
	for key, value := range map[string]string{"Ce-Id": "1", "Ce-Source": "test", "Ce-Type": "test", "Ce-Specversion": "1.0", "Content-Type": "application/json"} {
		req.Header.Set(key, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("App-Host") == "" {
		return "", fmt.Errorf("an event was answered %s by %q", resp.Status, resp.Header.Get("App-Host"))
	}
	return resp.Header.Get("App-Host"), nil
}

// deploy makes a plain Deployment of one Pod.
func deploy(t *testing.T, c *testenv.Cluster, namespace, name string) {
	t.Helper()
	labels := map[string]string{"app": name}
	_, err := c.Kube.AppsV1().Deployments(namespace).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: c.Image}}, TerminationGracePeriodSeconds: new(int64(1))},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// podsOf waits until so many Pods run that are not on their way out.
func podsOf(c *testenv.Cluster, namespace, selector, what string, enough func(int) bool) resource.TestCheckFunc {
	return func(*terraform.State) error {
		return testenv.Eventually(context.Background(), 3*time.Minute, func(ctx context.Context) error {
			list, err := c.Kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
			if err != nil {
				return err
			}
			n := 0
			for i := range list.Items {
				if p := &list.Items[i]; p.DeletionTimestamp == nil && p.Status.Phase == corev1.PodRunning {
					n++
				}
			}
			if !enough(n) {
				return fmt.Errorf("%d Pods of %s run, want %s", n, selector, what)
			}
			return nil
		})
	}
}

// floorIs waits until the status of a policy says what the floor is and where it comes from.
func floorIs(c *testenv.Cluster, namespace, name, want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		return testenv.Eventually(context.Background(), time.Minute, func(ctx context.Context) error {
			u, err := c.Dynamic.Resource(kube.ScalingPolicy.GroupVersionResource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			status, _ := u.Object["status"].(map[string]any)
			if got := fmt.Sprint(status["floor"], " ", status["floorFrom"]); got != want {
				return fmt.Errorf("the floor is %s, want %s: %v", got, want, status)
			}
			return nil
		})
	}
}

// during keeps so many requests at a time going while it checks, and wants all of them to be answered.
func during(service string, atOnce int, query string, check resource.TestCheckFunc) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		url := s.RootModule().Resources["knative_service."+service].Primary.Attributes["url"]
		ctx, cancel := context.WithCancel(context.Background())
		client := testenv.Client()
		var mu sync.Mutex
		var failed []error
		var wg sync.WaitGroup
		for range atOnce {
			wg.Go(func() {
				for ctx.Err() == nil {
					if _, err := testenv.Answer(context.Background(), client, url+query); err != nil {
						mu.Lock()
						failed = append(failed, err)
						mu.Unlock()
						time.Sleep(time.Second)
					}
				}
			})
		}
		err := check(s)
		cancel()
		wg.Wait()
		if len(failed) > 0 {
			err = errors.Join(err, fmt.Errorf("%d requests failed, first: %w", len(failed), failed[0]))
		}
		return err
	}
}

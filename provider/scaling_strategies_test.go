package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// TestAccScalingStrategies is each strategy of scaling through Terraform, on real Pods, with the guard as a process of its own. The plugin
// is TestAccScalingPlugin.
func TestAccScalingStrategies(t *testing.T) {
	c, ns := acceptOnBed(t)
	needGuardCRDs(t, c)
	startGuard(t, c, ns)
	for name, test := range map[string]func(*testing.T, *testenv.Cluster, string){
		"concurrency": zeroToManyToZero, "cpu and schedule": scheduleAndCPU, "deployment": scheduledDeployment,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, c, ns)
		})
	}
}

// strategyConfig renders a Service and the policy of the same name.
func strategyConfig(c *testenv.Cluster, namespace, name, scaling string, policy ...string) string {
	return config(
		serviceConfig{Namespace: namespace, Name: name, Image: c.Image, Template: "scaling {\n" + scaling + "\n}", Container: "resources {\n  requests = { cpu = \"50m\" }\n}"},
		hcl(fmt.Sprintf("resource \"knative_scaling_policy\" %q {\n  namespace = %q\n  name = %q\n  target {\n    kind = \"Service\"\n    name = knative_service.%s.name\n  }\n  %s\n}\n",
			name, namespace, name, name, strings.Join(policy, "\n  "))))
}

// KPA: no Pod without requests, as many as there are requests at once, up to max, and none again.
func zeroToManyToZero(t *testing.T, c *testenv.Cluster, ns string) {
	t.Helper()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: strategyConfig(c, ns, "kpa", "window = \"6s\"", "min = 0", "max = 3", "metric {\n    type = \"concurrency\"\n    target = 1\n  }"),
			Check: resource.ComposeTestCheckFunc(
				podsOf(c, ns, "serving.knative.dev/service=kpa", "none", func(n int) bool { return n == 0 }),
				during(c, ns, "kpa", 6, "?sleep=1s", podsOf(c, ns, "serving.knative.dev/service=kpa", "3", func(n int) bool { return n == 3 })),
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
		return strategyConfig(c, ns, "hpa", "class = \"hpa.autoscaling.knative.dev\"\nmetric = \"cpu\"", append([]string{"min = 1", "max = 4", "metric {\n    type = \"cpu\"\n    target = 50\n  }"}, more...)...)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: policy(window),
				Check: resource.ComposeTestCheckFunc(
					floorIs(c, ns, "hpa", "2 schedule/now"),
					podsOf(c, ns, "serving.knative.dev/service=hpa", "2, by the schedule", func(n int) bool { return n == 2 }),
					during(c, ns, "hpa", 4, "?burn=200ms", podsOf(c, ns, "serving.knative.dev/service=hpa", "more than 2, by the CPU", func(n int) bool { return n > 2 })),
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
func during(c *testenv.Cluster, namespace, service string, atOnce int, query string, check resource.TestCheckFunc) resource.TestCheckFunc {
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


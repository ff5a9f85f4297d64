package provider

import (
	"net/http"
	"regexp"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	corev1 "k8s.io/api/core/v1"
	kresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// A permanent failure ends the wait at once, and not by the ten minutes that a Service may take: then the error would be that it
// was not ready in time. The cause is that of the Pod, or of what kept it from being made.
func TestAccComplaint07PermanentFailureEndsTheWait(t *testing.T) { //nolint:tparallel // acceptOnBed makes its subtests so
	t.Parallel()
	for name, tc := range map[string]struct {
		service serviceConfig
		prepare func(*testing.T, *testenv.Cluster, string) // between the plan and the write
		says    string
	}{
		"a probe that never passes": {
			serviceConfig{
				Env:       map[string]string{"FAIL_READY": "true"},
				Template:  `annotations = { "serving.knative.dev/progress-deadline" = "30s" }`, // time for a Pod to start on a busy node, and to be probed
				Container: "readiness_probe {\n  http_get {\n    path = \"/healthz\"\n  }\n}",
			},
			nothing, "HTTP probe did not respond Ready, got status code: 503",
		},
		"a quota that is used up": {serviceConfig{}, noPods, "exceeded quota: none, requested: pods=1"},
		"a Pod refused at admission": {
			serviceConfig{Container: "resources {\n  limits = { memory = \"64Mi\" }\n}"}, smallContainers, "maximum memory usage per Container is 16Mi",
		},
		"a service account that is not there": {
			serviceConfig{Template: `service_account_name = "nobody"`}, nothing, `serviceaccount "nobody" not found`,
		},
		"no node with room": { // an autoscaler has a minute to say that it adds one
			serviceConfig{Container: "resources {\n  requests = { cpu = \"1000\" }\n}"}, nothing, "cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, ns := acceptOnBed(t)
			proxy, through := proxied(t, c)
			tc.service.Namespace, tc.service.Name, tc.service.Image = ns, "hello", c.Image
			failed := says("Service " + ns + "/hello failed").String()
			steps(t, resource.TestStep{PreConfig: func() { atWrite(proxy, func() { tc.prepare(t, c, ns) }) }, Config: config(through, tc.service), ExpectError: regexp.MustCompile(failed + `[\s\S]*` + says(tc.says).String())})
		})
	}
}

// What the namespace would refuse is said at plan: Knative makes a Pod for it, in a dry run of its own.
func TestAccRefusedByTheNamespace(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		service serviceConfig
		prepare func(*testing.T, *testenv.Cluster, string)
		says    string
	}{
		"quota":      {serviceConfig{}, noPods, "exceeded quota: none, requested: pods=1"},
		"LimitRange": {serviceConfig{Container: "resources {\n  limits = { memory = \"64Mi\" }\n}"}, smallContainers, "maximum memory usage per Container is 16Mi"},
	} {
		t.Run(name, func(t *testing.T) {
			c, ns := accept(t)
			tc.prepare(t, c, ns)
			tc.service.Namespace, tc.service.Name, tc.service.Image = ns, "hello", c.Image
			steps(t, resource.TestStep{Config: config(tc.service), PlanOnly: true, ExpectError: says(tc.says)})
		})
	}
}

// atWrite does something once, before the first write of an apply reaches the API server.
func atWrite(proxy *testenv.Proxy, do func()) {
	var once sync.Once
	proxy.Before(func(_ int, r *http.Request) {
		if r.Method == http.MethodPatch && r.URL.Query().Get("dryRun") == "" {
			once.Do(do)
		}
	})
}

func nothing(*testing.T, *testenv.Cluster, string) {}

// noPods lets no Pod into a namespace.
func noPods(t *testing.T, c *testenv.Cluster, namespace string) {
	t.Helper()
	_, err := c.Kube.CoreV1().ResourceQuotas(namespace).Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "none"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: kresource.MustParse("0")}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// smallContainers lets containers of at most 16Mi into a namespace.
func smallContainers(t *testing.T, c *testenv.Cluster, namespace string) {
	t.Helper()
	_, err := c.Kube.CoreV1().LimitRanges(namespace).Create(t.Context(), &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Name: "small"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type: corev1.LimitTypeContainer, Max: corev1.ResourceList{corev1.ResourceMemory: kresource.MustParse("16Mi")},
		}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

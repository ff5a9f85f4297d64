package scaling

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// TestOldKnative: before release 1.21 the PodAutoscaler has to be told, and is told first.
func TestOldKnative(t *testing.T) {
	for version, told := range map[string]bool{
		"1.20.3": true, "v1.9.0-aliyun.1": true, "0.26.0": true, "0.47.0": true,
		"1.21.0": false, "v1.23.1": false, "0.48.0": false, "2.0.0": false, "devel": false, "": false,
	} {
		t.Run(version, func(t *testing.T) {
			r := revision("hello-v1", "active", "min-scale=1")
			pa := &autoscalingv1alpha1.PodAutoscaler{ObjectMeta: named("hello-v1")}
			pa.Annotations = map[string]string{group + "min-scale": "1", group + "metric": "concurrency"}
			b := newBench(t, hello(), r, pa, policy("day", v1alpha1.TargetService),
				&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "knative-serving", Name: "config-autoscaler", Labels: map[string]string{"app.kubernetes.io/version": version}}})
			step := func(at time.Time, revision, autoscaler string) {
				t.Helper()
				b.now = at
				b.reconcile(service)
				if !told {
					autoscaler = "metric=concurrency min-scale=1"
				}
				if got := b.annotations(r) + ", " + b.annotations(pa); got != revision+", "+autoscaler {
					t.Errorf("got %q", got)
				}
			}
			step(nine, "min-scale=3", "metric=concurrency min-scale=3")
			delete(pa.Annotations, group+"min-scale") // somebody takes it away; Knative does not put it back
			if told {
				if err := b.Client.Update(t.Context(), pa); err != nil {
					t.Fatal(err)
				}
			}
			step(nine.Add(time.Second), "min-scale=3", "metric=concurrency min-scale=3")
			step(nine.Add(9*time.Hour), "min-scale=1", "metric=concurrency min-scale=1")
		})
	}
}

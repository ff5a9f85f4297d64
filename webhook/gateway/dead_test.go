package gateway

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

func TestDeadReplicas(t *testing.T) {
	now := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	replica := func(name string, ago time.Duration) v1alpha1.GatewayStatus {
		return v1alpha1.GatewayStatus{Name: name, Renewed: metav1.NewMicroTime(now.Add(-ago))}
	}
	for name, c := range map[string]struct {
		of    []v1alpha1.GatewayStatus
		dead  []string
		again time.Duration
	}{
		"none":                      {},
		"one lives":                 {of: []v1alpha1.GatewayStatus{replica("a", time.Second)}, again: deadAfter - time.Second},
		"one is dead":               {of: []v1alpha1.GatewayStatus{replica("a", deadAfter)}, dead: []string{"a"}},
		"the first to be dead next": {of: []v1alpha1.GatewayStatus{replica("a", 0), replica("b", time.Minute), replica("c", time.Hour)}, dead: []string{"c"}, again: deadAfter - time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			if names, again := deadReplicas(c.of, now); !slices.Equal(names, c.dead) || again != c.again {
				t.Errorf("got %v and %s, want %v and %s", names, again, c.dead, c.again)
			}
		})
	}
}

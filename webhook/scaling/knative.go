package scaling

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	autoscalerconfig "knative.dev/serving/pkg/autoscaler/config"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
)

// Knative is what the cluster's Knative makes of annotations, read from a cache and parsed when it has changed. It is safe for use by
// many at once.
type Knative struct {
	// Cache has the ConfigMaps of Knative's namespace.
	Cache client.Reader
	// Namespace is Knative's.
	Namespace string

	mu      sync.Mutex
	parsed  string // the ConfigMap last parsed
	cluster scaling.Cluster
	stale   bool
}

// Read gives what targets without annotations get, and whether this Knative does not carry annotations of a Revision over to the
// PodAutoscaler that is there already.
func (k *Knative) Read(ctx context.Context) (scaling.Cluster, bool, error) {
	m := &corev1.ConfigMap{}
	if err := client.IgnoreNotFound(k.Cache.Get(ctx, client.ObjectKey{Namespace: k.Namespace, Name: autoscalerconfig.ConfigName}, m)); err != nil {
		return scaling.Cluster{}, false, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	version := fmt.Sprintf("%s/%s", m.UID, m.ResourceVersion)
	if version == k.parsed {
		return k.cluster, k.stale, nil
	}
	c, err := autoscalerconfig.NewConfigFromConfigMap(m)
	switch {
	case err == nil:
		k.cluster = scaling.Cluster{Bounds: scaling.Bounds{Min: c.MinScale, Max: c.MaxScale}, Limit: c.MaxScaleLimit, Class: c.PodAutoscalerClass}
	case k.parsed == "":
		return scaling.Cluster{}, false, fmt.Errorf("the ConfigMap %s/%s cannot be read: %w. Correct it as its _example says", m.Namespace, m.Name, err)
	default: // the last good one counts, as for Knative itself
		log.FromContext(ctx).Error(err, "config-autoscaler cannot be read: the last good one counts")
	}
	k.parsed, k.stale = version, keepsPodAutoscalers(m.Labels)
	return k.cluster, k.stale, nil
}

var numbers = regexp.MustCompile(`^v?(\d+)\.(\d+)`)

// keepsPodAutoscalers tells by its labels whether a Knative keeps a PodAutoscaler's annotations as they were when it was made: the
// Revision's reach it since 0.48, which is release 1.21.
//
//	release           of serving    keeps
//	0.x               0.x           below 0.48
//	1.x               0.(x + 27)    below 1.21
//	none, or devel    unknown       no: it was built from source, of late
//
// Source: serving v0.48.0, pkg/reconciler/revision/reconcile_resources.go, syncAnnotationsForKPA.
func keepsPodAutoscalers(labels map[string]string) bool {
	for _, key := range []string{"app.kubernetes.io/version", "serving.knative.dev/release"} {
		m := numbers.FindStringSubmatch(labels[key])
		if m == nil {
			continue
		}
		major, _ := strconv.Atoi(m[1]) // digits
		minor, _ := strconv.Atoi(m[2])
		return major == 0 && minor < 48 || major == 1 && minor < 21
	}
	return false
}

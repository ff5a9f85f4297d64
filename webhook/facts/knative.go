package facts

import (
	"context"
	"errors"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
)

var configurationValid = promauto.With(metrics.Registry).NewGauge(prometheus.GaugeOpts{
	Name: "knative_guard_knative_configuration_valid",
	Help: "1 where Knative's ConfigMaps, as last read, can be used for queue-proxies; 0 where those before are used, or none.",
})

// Knative is the configuration of the cluster's Knative, read from a cache when it is asked for and parsed when it has changed. It
// is safe for use by many at once.
type Knative struct {
	cache     client.Reader
	namespace string
	events    events.EventRecorder

	mu       sync.Mutex
	version  string // of the ConfigMaps last parsed
	injector *sidecar.Injector
	err      error // of the last parse
}

// NewKnative reads the ConfigMaps of Knative's namespace. Events about those that cannot be used go to the recorder.
func NewKnative(cache client.Reader, namespace string, recorder events.EventRecorder) *Knative {
	return &Knative{cache: cache, namespace: namespace, events: recorder, err: errors.New("knative's ConfigMaps have not been read yet")}
}

// Injector injects as the cluster's ConfigMaps say:
//
//	the ConfigMaps              before             gives
//	are as before               whatever           the same
//	changed, and can be used    whatever           a new one
//	changed, and cannot         there was one      the last good one; an Event on the ConfigMap and the metric tell of it
//	changed, and cannot         there was none     the error, and what to do
func (k *Knative) Injector(ctx context.Context) (*sidecar.Injector, error) {
	var list corev1.ConfigMapList
	if err := k.cache.List(ctx, &list, client.InNamespace(k.namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	maps := configMaps{namespace: k.namespace, byName: make(map[string]*corev1.ConfigMap, len(list.Items))}
	for i := range list.Items {
		maps.byName[list.Items[i].Name] = &list.Items[i]
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if version := maps.version(); version != k.version {
		k.version = version
		var injector *sidecar.Injector
		if injector, k.err = maps.injector(); k.err == nil {
			k.injector = injector
		}
		k.tell(ctx)
	}
	if k.injector == nil {
		return nil, k.err
	}
	return k.injector, nil
}

func (k *Knative) tell(ctx context.Context) {
	if k.err == nil {
		configurationValid.Set(1)
		return
	}
	configurationValid.Set(0)
	log.FromContext(ctx).Error(k.err, "Knative's configuration cannot be used for queue-proxies", "usesTheOneBefore", k.injector != nil)
	if bad, ok := errors.AsType[*configMapError](k.err); ok {
		k.events.Eventf(&corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: bad.namespace, Name: bad.name, UID: bad.uid}, nil,
			corev1.EventTypeWarning, "InvalidConfiguration", "Read", "%s", Note(k.err.Error()))
	}
}

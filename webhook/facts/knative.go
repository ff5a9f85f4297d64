package facts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	netcfg "knative.dev/networking/pkg/config"
	"knative.dev/pkg/logging"
	apiconfig "knative.dev/serving/pkg/apis/config"
	autoscalerconfig "knative.dev/serving/pkg/autoscaler/config"
	"knative.dev/serving/pkg/deployment"
	o11yconfigmap "knative.dev/serving/pkg/observability/configmap"
	"knative.dev/serving/pkg/reconciler/revision/config"
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
	if err := k.cache.List(ctx, &list, client.InNamespace(k.namespace), shared); err != nil {
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

// noteLimit is what the API server takes for the note of an Event (k8s.io/kubernetes pkg/apis/core/validation/events.go).
const noteLimit = 1024

// Note is a text, cut to what an Event may say.
func Note(text string) string {
	if len(text) <= noteLimit {
		return text
	}
	const more = "…"
	return strings.ToValidUTF8(text[:noteLimit-len(more)], "") + more
}

// names are the ConfigMaps that a queue-proxy is made from.
func names() []string {
	return []string{
		deployment.ConfigName, apiconfig.DefaultsConfigName, apiconfig.FeaturesConfigName, autoscalerconfig.ConfigName,
		netcfg.ConfigMapName, logging.ConfigMapName(), o11yconfigmap.Name(),
	}
}

type configMaps struct {
	namespace string
	byName    map[string]*corev1.ConfigMap
}

func (c configMaps) version() string {
	var b strings.Builder
	for _, name := range names() {
		if m := c.byName[name]; m != nil {
			fmt.Fprintf(&b, "%s/%s ", m.UID, m.ResourceVersion)
		} else {
			b.WriteString("- ")
		}
	}
	return b.String()
}

// injector parses as Knative's own revision/config.Store does, which ends the process at the first ConfigMap that it cannot read.
func (c configMaps) injector() (*sidecar.Injector, error) {
	out := &config.Config{Config: &apiconfig.Config{}}
	if err := errors.Join(
		parse(c, deployment.ConfigName, deployment.NewConfigFromConfigMap, &out.Deployment),
		parse(c, apiconfig.DefaultsConfigName, apiconfig.NewDefaultsConfigFromConfigMap, &out.Defaults),
		parse(c, apiconfig.FeaturesConfigName, apiconfig.NewFeaturesConfigFromConfigMap, &out.Features),
		parse(c, autoscalerconfig.ConfigName, autoscalerconfig.NewConfigFromConfigMap, &out.Autoscaler),
		parse(c, netcfg.ConfigMapName, netcfg.NewConfigFromConfigMap, &out.Network),
		parse(c, logging.ConfigMapName(), logging.NewConfigFromConfigMap, &out.Logging),
		parse(c, o11yconfigmap.Name(), o11yconfigmap.Parse, &out.Observability),
	); err != nil {
		return nil, err
	}
	return sidecar.New(out)
}

func parse[T any](c configMaps, name string, read func(*corev1.ConfigMap) (T, error), into *T) error {
	m := c.byName[name]
	if m == nil {
		return fmt.Errorf("the ConfigMap %s/%s is not there: install Knative Serving, or name its namespace by -knative-namespace", c.namespace, name)
	}
	var err error
	if *into, err = read(m); err != nil {
		return &configMapError{m.Namespace, name, m.UID, err}
	}
	return nil
}

// configMapError is one that Knative's own code cannot read.
type configMapError struct {
	namespace, name string
	uid             types.UID
	err             error
}

func (b *configMapError) Error() string {
	return fmt.Sprintf("the ConfigMap %s/%s cannot be read, so the last good one counts, where there was one: %v. Correct it as its _example says", b.namespace, b.name, b.err)
}

func (b *configMapError) Unwrap() error { return b.err }

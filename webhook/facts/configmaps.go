package facts

import (
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	netcfg "knative.dev/networking/pkg/config"
	"knative.dev/pkg/logging"
	apiconfig "knative.dev/serving/pkg/apis/config"
	autoscalerconfig "knative.dev/serving/pkg/autoscaler/config"
	"knative.dev/serving/pkg/deployment"
	o11yconfigmap "knative.dev/serving/pkg/observability/configmap"
	"knative.dev/serving/pkg/reconciler/revision/config"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
)

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

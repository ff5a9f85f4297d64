package kube

import (
	"context"
	"math"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"knative.dev/pkg/apis"
	"knative.dev/serving/pkg/apis/config"
)

// Invalid is what Knative would refuse in an object, and where.
type Invalid struct {
	// Path is the field in the API object, such as spec.template.spec.containers[0].image.
	Path string
	// Message says what is wrong with it.
	Message string
}

// ValidateService runs Knative's own defaulting and validation on a Service, with no cluster. What only the cluster's
// feature flags decide is let through: its webhook says so at the dry run. Traffic has rules of its own and is left out.
func ValidateService(object map[string]any) []Invalid {
	s, err := AsService(&unstructured.Unstructured{Object: object})
	if err != nil {
		return nil // a malformed quantity, which the schema reports where it stands
	}
	s.Spec.Traffic = nil
	ctx := config.ToContext(context.Background(), permissive())
	s.SetDefaults(ctx)
	var out []Invalid
	for _, e := range s.Validate(ctx).Filter(apis.ErrorLevel).WrappedErrors() {
		message := e.Message
		if e.Details != "" {
			message += ": " + e.Details
		}
		for _, p := range e.Paths {
			out = append(out, Invalid{p, message})
		}
	}
	return out
}

// permissive is Knative's configuration with every feature on and no limit: what a cluster may allow is not refused here.
func permissive() *config.Config {
	cfg := config.FromContextOrDefaults(context.Background())
	cfg.Defaults.MaxRevisionTimeoutSeconds = math.MaxInt32
	cfg.Defaults.ContainerConcurrencyMaxLimit = math.MaxInt32
	cfg.Autoscaler.AllowZeroInitialScale = true
	features := reflect.ValueOf(cfg.Features).Elem()
	for _, flag := range features.Fields() {
		flag.Set(reflect.ValueOf(config.Enabled))
	}
	cfg.Features.SecurePodDefaults = config.Disabled // it changes defaults, it permits nothing
	return cfg
}

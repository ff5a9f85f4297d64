package main

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	floors "github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling/plugin"
	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
	"github.com/knative-provider/terraform-provider-knative/webhook/controller"
	"github.com/knative-provider/terraform-provider-knative/webhook/scaling"
)

// newScaling makes what carries ScalingPolicies out, and has the handler refuse a second owner of a target.
func newScaling(m manager.Manager, s settings, h *admission.Handler, recorder events.EventRecorder, scope controller.Scope, autoscale func(types.NamespacedName)) (*scaling.Keeper, *scaling.ForeignWatcher) {
	owners := &scaling.Owners{Cache: m.GetCache()}
	h.Scaling = &admission.Scaling{Cache: m.GetCache(), Owners: owners}
	return &scaling.Keeper{
		Client: m.GetClient(), Live: m.GetAPIReader(), Knative: &scaling.Knative{Cache: m.GetCache(), Namespace: s.knative}, Owners: owners,
		Reservations: &floors.Reservations{}, Autoscale: autoscale, Now: time.Now, Events: recorder, InScope: scope.Holds,
	}, &scaling.ForeignWatcher{Cache: m.GetCache(), Owners: owners}
}

// newPlugins makes what asks the plugins of ScalingPolicies, and writes what they say.
func newPlugins(m manager.Manager, recorder events.EventRecorder, scope controller.Scope) (*scaling.PluginKeeper, error) {
	runner := &plugin.Runner{
		Lookup: func(name types.NamespacedName) *v1alpha1.ScalingPolicy {
			policy := &v1alpha1.ScalingPolicy{}
			if err := m.GetCache().Get(context.Background(), name, policy); err != nil {
				return nil
			}
			return policy
		},
		Connections: &plugin.Connections{Secrets: func(ctx context.Context, name types.NamespacedName) (map[string][]byte, error) {
			secret := &corev1.Secret{}
			err := m.GetAPIReader().Get(ctx, name, secret)
			if apierrors.IsForbidden(err) {
				err = errors.New("the guard may not read it: its chart allows that with plugins.secrets=true")
			}
			return secret.Data, err
		}},
	}
	if err := metrics.Registry.Register(runner); err != nil && !errors.As(err, &prometheus.AlreadyRegisteredError{}) {
		return nil, err
	}
	return &scaling.PluginKeeper{Client: m.GetClient(), Runner: runner, InScope: scope.Holds, Now: time.Now, Events: recorder}, m.Add(runner)
}

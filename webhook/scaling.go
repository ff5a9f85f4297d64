package main

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	floors "github.com/knative-provider/terraform-provider-knative/internal/scaling"
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

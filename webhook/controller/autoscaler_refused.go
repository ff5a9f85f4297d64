package controller

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// takenAgain is when to look again for a name that is not ours to take: nobody tells when it is free.
const takenAgain = time.Minute

// taken tells of a name that somebody else's PodAutoscaler has.
func (k *AutoscalerKeeper) taken(ctx context.Context, d *appsv1.Deployment, wanted *autoscalingv1alpha1.PodAutoscaler) (ctrl.Result, error) {
	var there autoscalingv1alpha1.PodAutoscaler
	if err := k.Live.Get(ctx, client.ObjectKeyFromObject(wanted), &there); err != nil {
		return ctrl.Result{}, err
	}
	if metav1.IsControlledBy(&there, d) && there.Labels[facts.ManagedKey] == facts.ManagedValue {
		return ctrl.Result{}, nil // made a moment ago: the cache will say so
	}
	k.Events.Eventf(d, &there, corev1.EventTypeWarning, "AutoscalerTaken", "Autoscale",
		"The PodAutoscaler %s is not the guard's, so it is left alone and nothing scales this Deployment. Delete it, or name another by the annotation %s on the Pod template", there.Name, sidecar.AnnotationAutoscaler)
	return ctrl.Result{RequeueAfter: takenAgain}, nil
}

// refused tells what Knative's own webhook says of the annotations for its autoscaler; trying again would not change it.
func (k *AutoscalerKeeper) refused(d *appsv1.Deployment, err error) error {
	if err == nil || !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) && !apierrors.IsForbidden(err) {
		return err
	}
	k.Events.Eventf(d, nil, corev1.EventTypeWarning, "AutoscalerRefused", "Autoscale", "%s", facts.Note(fmt.Sprintf("The PodAutoscaler is refused: %v. Its annotations are those of the Pod template", err)))
	return reconcile.TerminalError(err)
}

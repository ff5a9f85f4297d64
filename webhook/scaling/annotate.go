package scaling

import (
	"context"
	"encoding/json"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
)

// annotate writes what is wanted on a Revision as it was read, and says whether that was something else. Where somebody else has written it since, it is read again, past the
// cache: that may be behind for half a minute, when the API server was away.
func (k *Keeper) annotate(ctx context.Context, r *servingv1.Revision, wanted map[string]*string, class string, keeps bool) (bool, error) {
	wrote, err := k.write(ctx, r, wanted, class, keeps)
	if !apierrors.IsConflict(err) {
		return wrote, client.IgnoreNotFound(err)
	}
	live := &servingv1.Revision{}
	if err := k.Live.Get(ctx, client.ObjectKeyFromObject(r), live); err != nil || live.UID != r.UID {
		return false, client.IgnoreNotFound(err)
	}
	wrote, err = k.write(ctx, live, wanted, class, keeps)
	return wrote, client.IgnoreNotFound(err)
}

// write is the one write. Where Knative keeps PodAutoscalers as they are, the PodAutoscaler is written first: the Revision's annotation
// tells what to undo.
func (k *Keeper) write(ctx context.Context, r *servingv1.Revision, wanted map[string]*string, class string, keeps bool) (bool, error) {
	change := scaling.Change(r.Annotations, wanted)
	scaling.Settle(change, class)
	_, held := r.Annotations[scaling.Annotation]
	if keeps && (held || len(change) > 0) {
		if err := k.copyOver(ctx, r, change); err != nil {
			return false, err
		}
	}
	if len(change) == 0 {
		return false, nil
	}
	err := k.patch(ctx, servingv1.SchemeGroupVersion.WithKind("Revision"), r, change)
	return err == nil, err
}

// copyOver brings the PodAutoscaler of a Revision to what the Revision is about to say. One that is not there yet is made of that.
func (k *Keeper) copyOver(ctx context.Context, r *servingv1.Revision, change map[string]*string) error {
	pa := &autoscalingv1alpha1.PodAutoscaler{}
	if err := k.Live.Get(ctx, client.ObjectKeyFromObject(r), pa); err != nil {
		return client.IgnoreNotFound(err)
	}
	if differs := scaling.Differences(pa.Annotations, r.Annotations, change); len(differs) > 0 {
		return client.IgnoreNotFound(k.patch(ctx, autoscalingv1alpha1.SchemeGroupVersion.WithKind("PodAutoscaler"), pa, differs))
	}
	return nil
}

// patch changes annotations of an object that is as it was read.
func (k *Keeper) patch(ctx context.Context, kind schema.GroupVersionKind, o client.Object, annotations map[string]*string) error {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": o.GetUID(), "resourceVersion": o.GetResourceVersion(), "annotations": annotations,
	}})
	if err != nil {
		return err
	}
	to := &metav1.PartialObjectMetadata{}
	to.SetGroupVersionKind(kind)
	to.Namespace, to.Name = o.GetNamespace(), o.GetName()
	return k.Client.Patch(ctx, to, client.RawPatch(types.MergePatchType, body), fieldOwner)
}

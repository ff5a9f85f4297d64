package facts

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// Index is the part of an informer's store that facts are read from. What it gives is the cache's own, and nobody may change it.
type Index interface {
	GetByKey(key string) (item any, exists bool, err error)
	ByIndex(name, value string) ([]any, error)
}

// Indexes are those of the kinds that a decision goes by.
type Indexes struct{ services, revisions, records, policies Index }

// Informer makes the informers of a cache, as cache.Options.NewInformer, and keeps hold of the indexes: to list from
// controller-runtime's own reader is to copy each object.
func (x *Indexes) Informer(lw toolscache.ListerWatcher, kind runtime.Object, resync time.Duration, by toolscache.Indexers) toolscache.SharedIndexInformer {
	if _, ok := kind.(*servingv1.Revision); ok {
		by[ofService] = revisionsService
	}
	informer := toolscache.NewSharedIndexInformer(lw, kind, resync, by)
	switch index := informer.GetIndexer(); kind.(type) {
	case *servingv1.Service:
		x.services = index
	case *servingv1.Revision:
		x.revisions = index
	case *v1alpha1.RolloutRecord:
		x.records = index
	case *v1alpha1.RolloutPolicy:
		x.policies = index
	}
	return informer
}

// ofService is the index of Revisions by namespace and Service, for Reader; byService is the same for lists by a client.
const ofService = "of-service"

func revisionsService(o any) ([]string, error) {
	r, ok := o.(*servingv1.Revision)
	if !ok {
		return nil, errors.New("a cache of Revisions holds something else")
	}
	return []string{r.Namespace + "/" + r.Labels[serving.ServiceLabelKey]}, nil
}

// clientIndex reads by way of a client: slower than an informer's own, for what has no informers.
type clientIndex struct {
	client client.Reader
	kind   client.Object
	list   client.ObjectList
}

// overClient are indexes of what a client reads.
func overClient(c client.Reader) Indexes {
	return Indexes{
		services: clientIndex{c, &servingv1.Service{}, &servingv1.ServiceList{}}, revisions: clientIndex{c, &servingv1.Revision{}, &servingv1.RevisionList{}},
		records: clientIndex{c, &v1alpha1.RolloutRecord{}, &v1alpha1.RolloutRecordList{}}, policies: clientIndex{c, &v1alpha1.RolloutPolicy{}, &v1alpha1.RolloutPolicyList{}},
	}
}

// GetByKey reads one object.
func (x clientIndex) GetByKey(key string) (any, bool, error) {
	namespace, name, err := toolscache.SplitMetaNamespaceKey(key)
	if err != nil {
		return nil, false, err
	}
	o := x.kind.DeepCopyObject().(client.Object)
	err = x.client.Get(context.TODO(), client.ObjectKey{Namespace: namespace, Name: name}, o)
	return o, err == nil, ignoreNotFound(err)
}

// ByIndex lists those of a namespace, or of a Service.
func (x clientIndex) ByIndex(name, value string) ([]any, error) {
	in := []client.ListOption{client.InNamespace(value)}
	if name == ofService {
		namespace, service, err := toolscache.SplitMetaNamespaceKey(value)
		if err != nil {
			return nil, err
		}
		in = []client.ListOption{client.InNamespace(namespace), OfService(service)}
	}
	list := x.list.DeepCopyObject().(client.ObjectList)
	if err := x.client.List(context.TODO(), list, in...); err != nil {
		return nil, err
	}
	var out []any
	err := meta.EachListItem(list, func(o runtime.Object) error { out = append(out, o); return nil })
	return out, err
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

package facts

import (
	"context"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// Reader gathers facts from caches; it makes no API request. What it reads is shared with the cache: nothing here changes it.
type Reader struct {
	cache    client.Reader
	compiled sync.Map // types.UID → compiled
}

type compiled struct {
	generation int64
	selector   labels.Selector
	policy     rollout.Policy
	err        error
}

// NewReader reads from a cache that Prepare has prepared.
func NewReader(cache client.Reader) *Reader { return &Reader{cache: cache} }

// shared lists without copying each object.
var shared = client.UnsafeDisableDeepCopy

// For gathers what a decision about a Service goes by: its Revisions and those that are named, its record, and the policies that
// govern any of these sets of labels.
func (r *Reader) For(ctx context.Context, service types.NamespacedName, uid types.UID, named []string, sets ...map[string]string) (rollout.Facts, error) {
	var f rollout.Facts
	var err error
	if f.Revisions, err = r.Revisions(ctx, service, uid); err != nil {
		return f, err
	}
	for _, name := range named {
		if err := r.addRevision(ctx, f.Revisions, types.NamespacedName{Namespace: service.Namespace, Name: name}, uid); err != nil {
			return f, err
		}
	}
	if f.Record, err = r.Record(ctx, service); err != nil {
		return f, err
	}
	f.Policies, err = r.Policies(ctx, service.Namespace, sets...)
	return f, err
}

// Revisions are those of a Service: of this one, not of one that had its name before.
func (r *Reader) Revisions(ctx context.Context, service types.NamespacedName, uid types.UID) (map[string]rollout.Revision, error) {
	var list servingv1.RevisionList
	if err := r.cache.List(ctx, &list, client.InNamespace(service.Namespace), OfService(service.Name), shared); err != nil {
		return nil, err
	}
	out := make(map[string]rollout.Revision, len(list.Items))
	for i := range list.Items {
		if revision := &list.Items[i]; of(revision, uid) {
			out[revision.Name] = value(revision)
		}
	}
	return out, nil
}

func (r *Reader) addRevision(ctx context.Context, to map[string]rollout.Revision, key types.NamespacedName, uid types.UID) error {
	if _, known := to[key.Name]; known || key.Name == "" {
		return nil
	}
	var revision servingv1.Revision
	err := r.cache.Get(ctx, key, &revision)
	if err == nil && of(&revision, uid) {
		to[key.Name] = value(&revision)
	}
	return client.IgnoreNotFound(err)
}

// of says that a Revision may be counted on: it is not on its way out, nor one of a Service of the same name that is.
func of(r *servingv1.Revision, service types.UID) bool {
	if r.DeletionTimestamp != nil {
		return false
	}
	owner := r.Labels[serving.ServiceUIDLabelKey]
	return owner == "" || owner == string(service) || r.Labels[serving.ServiceLabelKey] == ""
}

func value(r *servingv1.Revision) rollout.Revision {
	ready := r.Status.GetCondition(servingv1.RevisionConditionReady)
	return rollout.Revision{
		Service: r.Labels[serving.ServiceLabelKey], Ready: ready.IsTrue(),
		Created: r.CreationTimestamp.Time, Runs: r.Annotations[runsAnnotation],
	}
}

// Record is what the guard remembers of a Service; nothing, where it has no record.
func (r *Reader) Record(ctx context.Context, service types.NamespacedName) (v1alpha1.RolloutRecordStatus, error) {
	var record v1alpha1.RolloutRecord
	err := r.cache.Get(ctx, service, &record)
	if apierrors.IsNotFound(err) {
		return v1alpha1.RolloutRecordStatus{}, nil
	}
	return record.Status, err
}

// Service is a cached one, without its template; nil where it is not there, or on its way out.
func (r *Reader) Service(ctx context.Context, key types.NamespacedName) (*servingv1.Service, error) {
	var s servingv1.Service
	err := r.cache.Get(ctx, key, &s)
	if apierrors.IsNotFound(err) || err == nil && s.DeletionTimestamp != nil {
		return nil, nil //nolint:nilnil // no Service is an answer, not an error
	}
	return &s, err
}

// Policies are those that govern a Service with any of these sets of labels. One that cannot be read governs nothing; its
// condition says so.
func (r *Reader) Policies(ctx context.Context, namespace string, sets ...map[string]string) ([]rollout.Policy, error) {
	var list v1alpha1.RolloutPolicyList
	if err := r.cache.List(ctx, &list, client.InNamespace(namespace), shared); err != nil {
		return nil, err
	}
	var out []rollout.Policy
	for i := range list.Items {
		selector, policy, err := r.Compile(&list.Items[i])
		if err == nil && slices.ContainsFunc(sets, func(set map[string]string) bool { return selector.Matches(labels.Set(set)) }) {
			out = append(out, policy)
		}
	}
	return out, nil
}

// Compile reads a policy once for each generation: time zones and schedules take longer to read than a decision.
func (r *Reader) Compile(p *v1alpha1.RolloutPolicy) (labels.Selector, rollout.Policy, error) {
	if c, ok := r.compiled.Load(p.UID); ok && c.(compiled).generation == p.Generation {
		return c.(compiled).selector, c.(compiled).policy, c.(compiled).err
	}
	c := compiled{generation: p.Generation}
	if c.policy, c.err = rollout.NewPolicy(p.Name, p.Spec); c.err == nil {
		c.selector, c.err = metav1.LabelSelectorAsSelector(&p.Spec.Selector)
	}
	r.compiled.Store(p.UID, c)
	return c.selector, c.policy, c.err
}

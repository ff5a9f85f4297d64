package facts

import (
	"context"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"knative.dev/pkg/apis"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// Reader gathers facts from caches; it makes no API request. What it reads is shared with the cache: nothing here changes it, nor
// may whoever gets it.
type Reader struct {
	Indexes
	compiled sync.Map // types.UID → compiled
}

type compiled struct {
	generation int64
	selector   labels.Selector
	policy     rollout.Policy
	err        error
}

// NewReader reads by a client.
func NewReader(cache client.Reader) *Reader { return &Reader{Indexes: overClient(cache)} }

// NewIndexReader reads what informers keep, of a cache that Prepare has prepared.
func NewIndexReader(of Indexes) *Reader { return &Reader{Indexes: of} }

// For gathers what a decision about a Service goes by: its Revisions and those that are named, its record, and the policies that
// govern any of these sets of labels.
func (r *Reader) For(ctx context.Context, service types.NamespacedName, uid types.UID, named []rollout.Target, sets ...map[string]string) (rollout.Facts, error) {
	var f rollout.Facts
	var err error
	if f.Revisions, err = r.Revisions(ctx, service, uid); err != nil {
		return f, err
	}
	for _, t := range named {
		if err := r.addRevision(f.Revisions, service.Namespace, t.Revision, uid); err != nil {
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
func (r *Reader) Revisions(_ context.Context, service types.NamespacedName, uid types.UID) (map[string]rollout.Revision, error) {
	list, err := r.revisions.ByIndex(ofService, service.Namespace+"/"+service.Name)
	if err != nil {
		return nil, err
	}
	out := make(map[string]rollout.Revision, len(list))
	for _, o := range list {
		if revision := o.(*servingv1.Revision); of(revision, uid) {
			out[revision.Name] = value(revision)
		}
	}
	return out, nil
}

func (r *Reader) addRevision(to map[string]rollout.Revision, namespace, name string, uid types.UID) error {
	if _, known := to[name]; known || name == "" {
		return nil
	}
	o, exists, err := r.revisions.GetByKey(namespace + "/" + name)
	if exists && err == nil && of(o.(*servingv1.Revision), uid) {
		to[name] = value(o.(*servingv1.Revision))
	}
	return err
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
	return rollout.Revision{Service: r.Labels[serving.ServiceLabelKey], Ready: isReady(r), Created: r.CreationTimestamp.Time, Runs: runs(r)}
}

// isReady looks by itself, for Knative's own accessor takes longer than everything else about a Revision.
func isReady(r *servingv1.Revision) bool {
	return slices.ContainsFunc(r.Status.Conditions, func(c apis.Condition) bool { return c.Type == servingv1.RevisionConditionReady && c.IsTrue() })
}

// Record is what the guard remembers of a Service; nothing, where it has no record.
func (r *Reader) Record(_ context.Context, service types.NamespacedName) (v1alpha1.RolloutRecordStatus, error) {
	o, exists, err := r.records.GetByKey(service.Namespace + "/" + service.Name)
	if err != nil || !exists {
		return v1alpha1.RolloutRecordStatus{}, err
	}
	return o.(*v1alpha1.RolloutRecord).Status, nil
}

// Service is a cached one, without its template; nil where it is not there, or on its way out.
func (r *Reader) Service(_ context.Context, key types.NamespacedName) (*servingv1.Service, error) {
	o, exists, err := r.services.GetByKey(key.Namespace + "/" + key.Name)
	if err != nil || !exists || o.(*servingv1.Service).DeletionTimestamp != nil {
		return nil, err
	}
	return o.(*servingv1.Service), nil
}

// Policies are those that govern a Service with any of these sets of labels. One that cannot be read governs nothing; its
// condition says so.
func (r *Reader) Policies(_ context.Context, namespace string, sets ...map[string]string) ([]rollout.Policy, error) {
	list, err := r.policies.ByIndex(toolscache.NamespaceIndex, namespace)
	if err != nil {
		return nil, err
	}
	var out []rollout.Policy
	for _, o := range list {
		selector, policy, err := r.Compile(o.(*v1alpha1.RolloutPolicy))
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

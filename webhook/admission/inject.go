package admission

import (
	"context"
	"encoding/json"
	"fmt"

	"gomodules.xyz/jsonpatch/v2"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
)

// InjectPath is where the API server sends Pods that are made.
const InjectPath = "/inject"

// Injection gives a queue-proxy to the Pods that ask for one. It stops no Pod from being made.
type Injection struct {
	// Cache has namespaces and Deployments.
	Cache client.Reader
	// Injector is that of the cluster's configuration.
	Injector func(context.Context) (*sidecar.Injector, error)
	Events   events.EventRecorder
}

// Handle answers one review:
//
//	the Pod                          gets            warning, for who makes it    Event on its workload
//	can have a queue-proxy           a queue-proxy   no                           no
//	is not asked for                 nothing         no                           no: most Pods of a cluster are not
//	is skipped for another reason    nothing         no                           Normal
//	cannot have one                  nothing         yes                          Warning
//	could, but the guard fails       nothing         yes                          Warning
//
// The metric counts all of them, and the audit log has the reason. A dry run makes no Event.
func (i *Injection) Handle(ctx context.Context, req admission.Request) (resp admission.Response) {
	defer func() { // an error would keep the Pod from being made, whatever the failurePolicy
		if p := recover(); p != nil {
			log.FromContext(ctx).Error(fmt.Errorf("panic: %v", p), "injection", "pod", req.Namespace+"/"+req.Name)
			resp = answer(failure(fmt.Errorf("panic: %v", p)))
		}
	}()
	if req.Operation != admissionv1.Create || req.Resource.Resource != "pods" || req.SubResource != "" {
		return admission.Allowed("")
	}
	pod := &corev1.Pod{}
	if err := json.Unmarshal(req.Object.Raw, pod); err != nil {
		return answer(failure(err))
	}
	patch, refusal := i.inject(ctx, req.Namespace, pod)
	if refusal != nil {
		if dryRun := req.DryRun != nil && *req.DryRun; !dryRun {
			i.tell(ctx, req.Namespace, pod, refusal)
		}
		return answer(refusal)
	}
	injections.WithLabelValues(injected, "").Inc()
	return admission.Patched("", patch...)
}

// inject makes the patch. It compares two Pods that were encoded here: to compare with what was sent would take away each field
// that is newer than this program.
func (i *Injection) inject(ctx context.Context, namespace string, pod *corev1.Pod) ([]jsonpatch.Operation, *sidecar.Refusal) {
	ns := &corev1.Namespace{}
	if err := i.Cache.Get(ctx, client.ObjectKey{Name: namespace}, ns); err != nil && !apierrors.IsNotFound(err) {
		return nil, failure(err)
	}
	ns.Name = namespace // where it is so new that the cache has not heard of it, the Pod alone counts
	if r := sidecar.CheckAsked(ns, pod); r != nil {
		return nil, r
	}
	injector, err := i.Injector(ctx)
	if err != nil {
		return nil, failure(err)
	}
	got, refusal := injector.Inject(ns, pod)
	if refusal != nil {
		return nil, refusal
	}
	before, err := json.Marshal(pod)
	if err != nil {
		return nil, failure(err)
	}
	after, err := json.Marshal(got.Pod)
	if err != nil {
		return nil, failure(err)
	}
	patch, err := jsonpatch.CreatePatch(before, after)
	if err != nil {
		return nil, failure(err)
	}
	return patch, nil
}

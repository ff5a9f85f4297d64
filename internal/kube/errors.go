package kube

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// Problem is a failure told to a person: what went wrong in a few words, and in the detail what was asked, what was found
// and the way out.
type Problem struct { //nolint:errname // what a person is told, which happens to be an error
	Summary, Detail string
}

func (p *Problem) Error() string { return p.Summary + ": " + p.Detail }

// Conflict is a field that another manager owns with another value.
type Conflict struct {
	Field, Owner string
}

var conflictOwner = regexp.MustCompile(`conflict with "([^"]+)"`)

// Conflicts lists what a server-side apply was refused for, or nothing where the error is another one.
func Conflicts(err error) []Conflict {
	var status apierrors.APIStatus
	if !apierrors.IsConflict(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var out []Conflict
	for _, cause := range status.Status().Details.Causes {
		if m := conflictOwner.FindStringSubmatch(cause.Message); cause.Type == metav1.CauseTypeFieldManagerConflict && m != nil {
			out = append(out, Conflict{Field: strings.TrimPrefix(cause.Field, "."), Owner: m[1]})
		}
	}
	return out
}

// NoKind says whether the API server does not serve the kind at all: its CRD is not installed.
func NoKind(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return false
	}
	d := status.Status().Details
	return d == nil || d.Name == "" && d.Kind == "" || len(d.Causes) > 0 && d.Causes[0].Type == metav1.CauseTypeUnexpectedServerResponse
}

// NoNamespace says whether the namespace of the request does not exist.
func NoNamespace(err error) bool {
	var status apierrors.APIStatus
	return apierrors.IsNotFound(err) && errors.As(err, &status) && status.Status().Details != nil && status.Status().Details.Kind == "namespaces"
}

// NoServiceAccount says whether a Pod of the object would be refused because its service account does not exist.
func NoServiceAccount(err error) bool {
	return err != nil && strings.Contains(err.Error(), "error looking up service account")
}

// Unreachable says whether no answer of the API server came at all.
func Unreachable(err error) bool {
	var status apierrors.APIStatus
	return err != nil && !errors.As(err, &status)
}

// Describe tells the failure of a request about an object.
func Describe(verb string, ref Ref, err error) *Problem {
	if known, ok := errors.AsType[*Problem](err); ok {
		return known
	}
	asked := fmt.Sprintf("%s %s", verb, ref)
	if late, ok := errors.AsType[*TimeoutError](err); ok {
		return &Problem{"Not done in time", fmt.Sprintf("%s: %v. The cluster goes on with it: apply again to wait again, or raise timeouts.", asked, late)}
	}
	if denied := GuardDenial(err); denied != nil {
		return denied.problem()
	}
	switch conflicts := Conflicts(err); {
	case len(conflicts) > 0:
		return describeConflicts(ref, conflicts)
	case NoKind(err):
		return describeNoKind(asked, ref)
	case NoNamespace(err):
		return &Problem{"Namespace not found", fmt.Sprintf("%s: the namespace %q does not exist. Create it first, for example with kubernetes_namespace_v1 and a reference to it.", asked, ref.Namespace)}
	case NoServiceAccount(err):
		return &Problem{"Service account not found", fmt.Sprintf("%s: %s\nCreate the service account first, for example with kubernetes_service_account_v1 and a reference to it in template.service_account_name.", asked, message(err))}
	case apierrors.IsUnauthorized(err):
		return &Problem{"Not authenticated", fmt.Sprintf("%s: the API server does not accept the credentials: %v. Check the provider's token, certificate or exec settings; a token may have expired.", asked, err)}
	case NotAllowed(err):
		return &Problem{"Not allowed", fmt.Sprintf("%s: %v. Give this identity the verb in a Role or ClusterRole, or use another identity.", asked, err)}
	case strings.Contains(err.Error(), "without a name change"):
		return &Problem{"The Revision's name is taken", fmt.Sprintf("%s: the template changes, and template.name stays what it is. A Revision never changes: give template.name a new value, or leave it out for Knative to name each Revision.", asked)}
	case Denied(err), apierrors.IsForbidden(err):
		return &Problem{"Refused at admission", fmt.Sprintf("%s: %s\nChange what the message names, or ask whoever runs the policy.", asked, message(err))}
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return &Problem{"Refused as invalid", fmt.Sprintf("%s: %s\nChange the fields that the message names.", asked, message(err))}
	case errors.Is(err, ErrDeleted):
		return &Problem{"It was deleted", fmt.Sprintf("%s: somebody deleted it in the meantime. Apply again to make it anew.", asked)}
	case errors.Is(err, ErrInterrupted):
		return &Problem{"Interrupted", fmt.Sprintf("%s: %v. What was sent stays sent, and the cluster goes on with it: apply again to wait again.", asked, err)}
	case Unreachable(err):
		return &Problem{"Cluster unreachable", fmt.Sprintf("%s: %v. Check the provider's host or kubeconfig, the network, and that the API server is up.", asked, err)}
	}
	return &Problem{"Request failed", fmt.Sprintf("%s: %v", asked, err)}
}

func describeNoKind(asked string, ref Ref) *Problem {
	what, how := "Knative Serving", "Install Knative Serving"
	if ref.Group == v1alpha1.GroupVersion.Group {
		what, how = "The guard", "Install the guard with its chart (webhook/chart in the provider's repository); its CRDs alone with kubectl apply --server-side -f webhook/chart/crds"
	}
	return &Problem{what + " is not installed", fmt.Sprintf("%s: the cluster does not serve %s. %s, or point the provider at the cluster that has it.", asked, ref.GroupVersionResource.String(), how)}
}

func describeConflicts(ref Ref, conflicts []Conflict) *Problem {
	var lines []string
	for _, c := range conflicts {
		lines = append(lines, fmt.Sprintf("  %s is owned by %q", c.Field, c.Owner))
	}
	return &Problem{"Field owned by another manager", fmt.Sprintf("%s has fields that another writer set to other values:\n%s\nLet the other writer give them up, remove them from this configuration, or set force_conflicts = true to take them over.", ref, strings.Join(lines, "\n"))}
}

// roleMissing is how the API server says that no role gives the right.
var roleMissing = regexp.MustCompile(`User "[^"]*" cannot `)

// NotAllowed says whether the identity lacks the right, as opposed to a refusal that any identity would meet: by a webhook, a
// policy, a quota, or a namespace that is being deleted.
func NotAllowed(err error) bool {
	return apierrors.IsForbidden(err) && roleMissing.MatchString(err.Error())
}

// Denied says whether an admission webhook or policy refused the request.
func Denied(err error) bool {
	return strings.Contains(err.Error(), "admission webhook") || strings.Contains(err.Error(), "ValidatingAdmissionPolicy")
}

// message is the API server's own text, without the prefixes that say nothing to a user.
func message(err error) string {
	text := err.Error()
	for _, cut := range []string{"denied the request: ", "validation failed: "} {
		if _, rest, ok := strings.Cut(text, cut); ok {
			text = rest
		}
	}
	return text
}

// absent turns "not found" of an object into nil, and leaves a missing kind an error.
func absent(u *unstructured.Unstructured, err error) (*unstructured.Unstructured, error) {
	if apierrors.IsNotFound(err) && !NoKind(err) {
		return nil, nil
	}
	return u, err
}

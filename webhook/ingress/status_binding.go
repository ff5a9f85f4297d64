package ingress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

// Reasons of the condition Ready of an SLBIngress.
const (
	reasonServed   = "Served"
	reasonWaiting  = "Waiting"
	reasonLeftOut  = "HostsLeftOut"
	reasonConflict = "HostsClaimedTwice"
	reasonRemoving = "Removing"
)

// leftOutKept is how many hosts that are left out a status names.
const leftOutKept = 100

// bindingStatus is what an SLBIngress's status should say. Of several things the first is the condition's:
//
//	found                                   Ready
//	the cloud fails or refuses              False, by the kind of the error
//	hosts are left out                      False, HostsLeftOut
//	hosts are another SLBIngress's as well  False, HostsClaimedTwice
//	hosts wait                              Unknown, Waiting
//	all are served                          True
func bindingStatus(b *v1alpha1.SLBIngress, plan wanted.Plan, result slb.Result, failed error) v1alpha1.SLBIngressStatus {
	states := hostStates(plan, result, failed, nil) // what is served now, be it kept or not
	s := *b.Status.DeepCopy()
	s.ObservedGeneration = b.Generation
	var left, claimed []v1alpha1.LeftOutHost
	var waiting []string
	served := int32(0)
	for _, h := range plan.Hosts {
		switch state := states[h.HostOf]; {
		case state.leftOut != "":
			left = append(left, v1alpha1.LeftOutHost{Host: h.Host, Ingress: h.Ingress.String(), Reason: state.leftOut})
		case state.waiting != "":
			waiting = append(waiting, h.Host+": "+state.waiting)
		default:
			served++
		}
	}
	for _, c := range plan.Conflicts {
		claimed = append(claimed, v1alpha1.LeftOutHost{
			Host: c.Host, Ingress: c.Ingress.String(),
			Reason: fmt.Sprintf("the SLBIngress %s, which is older, claims it alike and has it: let one of the two name other hosts or namespaces", c.Has),
		})
	}
	s.LeftOut = kept(slices.Concat(left, claimed))
	s.Splits = splits(result.Splits)
	if failed == nil || len(result.Certificates) > 0 {
		s.Certificates = certificates(result.Certificates)
	}
	if failed == nil || result.RuleCount+result.GroupCount+result.ServerCount > 0 {
		s.Hosts, s.Rules, s.ServerGroups, s.Servers = served, int32(result.RuleCount), int32(result.GroupCount), int32(result.ServerCount) //nolint:gosec // quotas are far below
	}
	ready := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, ObservedGeneration: b.Generation}
	switch {
	case failed != nil:
		ready.Reason, ready.Message = reasonOf(failed), failed.Error()
	case len(left) > 0:
		ready.Reason, ready.Message = reasonLeftOut, named(left)
	case len(claimed) > 0:
		ready.Reason, ready.Message = reasonConflict, named(claimed)
	case len(waiting) > 0:
		ready.Status, ready.Reason, ready.Message = metav1.ConditionUnknown, reasonWaiting, some(waiting)
	default:
		ready.Status, ready.Reason, ready.Message = metav1.ConditionTrue, reasonServed, fmt.Sprintf("%d hosts are served", served)
		if plan.Unread > 0 {
			ready.Message += fmt.Sprintf("; %d of them ask for the certificate of a Secret and have the listener's own, for the guard does not read Secrets (slb.secrets in its chart)", plan.Unread)
		}
	}
	ready.Message = fit(ready.Message)
	meta.SetStatusCondition(&s.Conditions, ready)
	return s
}

// removalStatus is that of an SLBIngress that is being deleted.
func removalStatus(b *v1alpha1.SLBIngress, failed error) v1alpha1.SLBIngressStatus {
	s := *b.Status.DeepCopy()
	ready := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, ObservedGeneration: b.Generation,
		Reason: reasonRemoving, Message: "rules are gone; server groups go when their servers have ended what they had",
	}
	if failed != nil {
		ready.Reason = reasonOf(failed)
		ready.Message = "what the guard made cannot be taken away: " + failed.Error() + ". It is tried again; to leave it there, remove the finalizer " + v1alpha1.SLBFinalizer
	}
	ready.Message = fit(ready.Message)
	meta.SetStatusCondition(&s.Conditions, ready)
	return s
}

// kept is sorted, names each host once, and is not longer than a status should be.
func kept(list []v1alpha1.LeftOutHost) []v1alpha1.LeftOutHost {
	slices.SortStableFunc(list, func(a, b v1alpha1.LeftOutHost) int { return cmp.Compare(a.Host, b.Host) })
	list = slices.CompactFunc(list, func(a, b v1alpha1.LeftOutHost) bool { return a.Host == b.Host })
	return list[:min(len(list), leftOutKept)]
}

func named(list []v1alpha1.LeftOutHost) string {
	texts := make([]string, len(list))
	for i, l := range list {
		texts[i] = l.Host + ": " + l.Reason
	}
	return some(texts)
}

func splits(list []slb.Split) []v1alpha1.AchievedSplit {
	var out []v1alpha1.AchievedSplit
	for _, s := range list {
		achieved := v1alpha1.AchievedSplit{Host: s.Host, Shares: make([]string, len(s.Shares))}
		for i, share := range s.Shares {
			achieved.Shares[i] = fmt.Sprintf("%s %.2f→%.2f", revisionOf(share.Group), share.Wanted, share.Reached)
		}
		out = append(out, achieved)
	}
	return out
}

func certificates(list []slb.Uploaded) []v1alpha1.UploadedCertificate {
	var out []v1alpha1.UploadedCertificate
	for _, c := range list {
		out = append(out, v1alpha1.UploadedCertificate(c))
	}
	return out
}

// revisionOf is the name that people know a group by, whose key is namespace/service:port.
func revisionOf(key string) string {
	_, name, _ := strings.Cut(key, "/")
	name, _, _ = strings.Cut(name, ":")
	return strings.TrimSuffix(name, "-private")
}

// reasonOf is a condition's reason for an error.
func reasonOf(err error) string {
	switch cloud.KindOf(err) {
	case cloud.Gone:
		return "LoadBalancerGone"
	case cloud.Quota:
		return "QuotaReached"
	case cloud.Forbidden:
		return "Forbidden"
	case cloud.Credentials:
		return "CredentialsRefused"
	case cloud.Throttled, cloud.Unavailable, cloud.Lost:
		return "CloudUnavailable"
	case cloud.Conflict:
		return "Conflict"
	case cloud.Other:
	}
	return "Failed"
}

// conditionLength is how long a condition's message may be.
const conditionLength = 32768

func fit(message string) string { return message[:min(len(message), conditionLength)] }

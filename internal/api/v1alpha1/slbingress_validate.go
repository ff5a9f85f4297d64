package v1alpha1

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What a listener may be, beside its port.
const (
	ProtocolHTTP  = "HTTP"
	ProtocolHTTPS = "HTTPS"

	// VisibilityPublic serves hosts that are for everyone.
	VisibilityPublic = "Public"
	// VisibilityClusterLocal serves hosts that are for the cluster alone.
	VisibilityClusterLocal = "ClusterLocal"
)

// The rule priorities of an ALB listener.
const (
	FirstPriority = 1
	LastPriority  = 10000
)

// maxListeners is how many listeners an SLBIngress may name.
const maxListeners = 8

// Validate finds what the CRD's schema cannot: ports that stand twice, names and hosts that mean nothing, and settings that do not fit
// the type of load balancer. It repeats what the schema does check, for whoever has only the values: Terraform at plan.
func (s *SLBIngressSpec) Validate() field.ErrorList {
	spec := field.NewPath("spec")
	var errs field.ErrorList
	if s.LoadBalancerType != ALB && s.LoadBalancerType != CLB {
		errs = append(errs, field.NotSupported(spec.Child("loadBalancerType"), s.LoadBalancerType, []LoadBalancerType{ALB, CLB}))
	}
	if s.LoadBalancerID == "" {
		errs = append(errs, field.Required(spec.Child("loadBalancerID"), "an SLBIngress binds one load balancer"))
	}
	errs = append(errs, s.validateListeners(spec.Child("listeners"))...)
	errs = append(errs, eachOnce(spec.Child("namespaces"), s.Namespaces, validation.IsDNS1123Label)...)
	errs = append(errs, eachOnce(spec.Child("hosts"), s.Hosts, notHost)...)
	if s.Priorities != nil {
		errs = append(errs, s.validatePriorities(spec.Child("priorities"))...)
	}
	return errs
}

func (s *SLBIngressSpec) validateListeners(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch n := len(s.Listeners); {
	case n == 0:
		errs = append(errs, field.Required(path, "rules are written on a listener: name at least one"))
	case n > maxListeners:
		errs = append(errs, field.TooMany(path, n, maxListeners))
	}
	ports := map[int32]bool{}
	for i, l := range s.Listeners {
		at := path.Index(i)
		if l.Port < 1 || l.Port > 65535 {
			errs = append(errs, field.Invalid(at.Child("port"), l.Port, "a port is from 1 to 65535"))
		}
		if ports[l.Port] {
			errs = append(errs, field.Duplicate(at.Child("port"), l.Port))
		}
		ports[l.Port] = true
		if protocols := []string{ProtocolHTTP, ProtocolHTTPS}; !slices.Contains(protocols, l.Protocol) {
			errs = append(errs, field.NotSupported(at.Child("protocol"), l.Protocol, protocols))
		}
		if all := []string{VisibilityPublic, VisibilityClusterLocal}; l.Visibility != "" && !slices.Contains(all, l.Visibility) {
			errs = append(errs, field.NotSupported(at.Child("visibility"), l.Visibility, all))
		}
		if l.ID == "" && s.LoadBalancerType == ALB {
			errs = append(errs, field.Required(at.Child("id"), "the rules of an ALB are written by the ID of their listener"))
		}
	}
	return errs
}

func (s *SLBIngressSpec) validatePriorities(path *field.Path) field.ErrorList {
	p := s.Priorities
	var errs field.ErrorList
	if s.LoadBalancerType == CLB {
		return append(errs, field.Forbidden(path, "the rules of a CLB have no priorities"))
	}
	if p.From < FirstPriority {
		errs = append(errs, field.Invalid(path.Child("from"), p.From, "a priority is from 1 to 10000"))
	}
	if p.To > LastPriority {
		errs = append(errs, field.Invalid(path.Child("to"), p.To, "a priority is from 1 to 10000"))
	}
	if p.From > p.To {
		errs = append(errs, field.Invalid(path.Child("to"), p.To, "to must not be smaller than from"))
	}
	return errs
}

// eachOnce refuses what is malformed, and what stands twice.
func eachOnce(path *field.Path, values []string, malformed func(string) []string) field.ErrorList {
	var errs field.ErrorList
	seen := map[string]bool{}
	for i, v := range values {
		if problems := malformed(v); len(problems) > 0 {
			errs = append(errs, field.Invalid(path.Index(i), v, strings.Join(problems, "; ")))
		}
		if seen[v] {
			errs = append(errs, field.Duplicate(path.Index(i), v))
		}
		seen[v] = true
	}
	return errs
}

// notHost says what is wrong with a host: shop.example.com, or *.example.com.
func notHost(host string) []string {
	if rest, wild := strings.CutPrefix(host, "*."); wild {
		return validation.IsDNS1123Subdomain(rest)
	}
	if strings.Contains(host, ":") {
		return []string{"write the host without a port"}
	}
	return validation.IsDNS1123Subdomain(host)
}

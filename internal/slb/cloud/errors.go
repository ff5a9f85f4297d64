package cloud

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Kind is what an error means for whoever called.
type Kind int

// Kinds of errors.
const (
	Other       Kind = iota // refused for what was asked, or not understood
	Gone                    // what was asked about is not there
	Quota                   // a quota is used up: Error.Quota says which
	Conflict                // something else has the place, or is under way and did not end in time
	Forbidden               // the key has no right to the action
	Credentials             // there is no key, or it is not accepted, or no more
	Throttled               // too many calls, for longer than there was patience
	Unavailable             // the API cannot be reached, or fails
	Lost                    // it is not known whether the call was carried out
)

// Error is a call that did not succeed. It holds no secrets.
type Error struct {
	Kind    Kind
	Product Product
	Action  string
	// Code and Message are the API's own; empty where it did not answer.
	Code, Message string
	Status        int
	RequestID     string
	// Quota is the name of the quota that is used up, such as alb_quota_loadbalancer_rules_num.
	Quota string
	// Tries is how often the call was made.
	Tries int

	cause  error
	unsent bool // the call was not made
}

// Error says what was called, what was answered, and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%s ", e.Product.Name, e.Action)
	switch {
	case e.Code != "":
		fmt.Fprintf(&b, "was refused with %s: %s", e.Code, strings.TrimSuffix(e.Message, "."))
	case e.Kind == Lost:
		fmt.Fprintf(&b, "may or may not have been carried out: %v", e.cause)
	default:
		fmt.Fprintf(&b, "failed: %v", e.cause)
	}
	if e.Tries > 1 {
		fmt.Fprintf(&b, " (after %d tries)", e.Tries)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	if way := e.wayOut(); way != "" {
		b.WriteString(". " + way)
	}
	return b.String()
}

func (e *Error) wayOut() string {
	switch e.Kind {
	case Quota:
		return "Ask Alibaba Cloud for a larger quota (Quota Center), or use another load balancer"
	case Forbidden:
		return fmt.Sprintf("The credentials have no right to %s:%s: allow it in the RAM policy of their user or role", e.Product.ram(), e.Action)
	case Credentials:
		return "Give credentials that are valid: an access key, a role, or an OIDC token that has not expired"
	case Throttled:
		return "Others of the account call this API too often"
	default:
		return ""
	}
}

// Unwrap gives what went wrong below, if the API did not answer.
func (e *Error) Unwrap() error { return e.cause }

// KindOf gives an error's kind; Other for one that is not of this package.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Other
}

// IsGone says whether an error tells that what was asked about is not there.
func IsGone(err error) bool { return KindOf(err) == Gone }

// quotaName finds the name in "The quota of alb_quota_loadbalancer_rules_num is exceeded, usage 100/100."
var quotaName = regexp.MustCompile(`quota of (.+?) is exceeded`)

// kinds are by what a code begins with; the first that fits counts. From the error codes of ALB, CLB, ECS, VPC and STS.
var kinds = []struct {
	prefix string
	kind   Kind
}{
	{"Throttling", Throttled},
	{"InvalidAccessKeyId", Credentials},
	{"InvalidSecurityToken", Credentials},
	{"IncompleteSignature", Credentials},
	{"SignatureDoesNotMatch", Credentials},
	{"MissingSecurityToken", Credentials},
	{"AuthenticationFail", Credentials},
	{"InvalidTimeStamp.Expired", Credentials},
	{"NoPermission", Forbidden},
	{"Forbidden", Forbidden},
	{"UnauthorizedOperation", Forbidden},
	{"NotAuthorized", Forbidden},
	{"QuotaExceeded", Quota},
	{"OperationFailed.QuotaExceeded", Quota},
	{"TooManyRules", Quota},
	{"BackendServerNumOverLimit", Quota},
	{"VServerGroupNumOverLimit", Quota},
	{"ResourceNotFound", Gone},
	{"InvalidLoadBalancerId.NotFound", Gone},
	{"InvalidRuleId.NotFound", Gone},
	{"ListenerNotFound", Gone},
	{"InvalidVServerGroupId", Gone},
	{"The specified resource", Gone},
	{"CertificateNotExist", Gone},
	{"ResourceAlreadyExist", Conflict},
	{"ResourceAlreadyAssociated", Conflict}, // meanwhile: look again
	{"Conflict.", Conflict},
	{"DomainExist", Conflict},
	{"NameRepeat", Conflict}, // CAS: there is a certificate of this name
	{"ListenerAlreadyExists", Conflict},
	{"InternalError", Unavailable},
	{"ServiceUnavailable", Unavailable},
}

// kindOf gives the kind of a refusal.
func kindOf(code, message string, status int) Kind {
	for _, k := range kinds {
		if strings.HasPrefix(code, k.prefix) {
			return k.kind
		}
	}
	switch {
	case busy(code):
		return Conflict
	case strings.Contains(code, "NotFound") || strings.Contains(code, "NotExist"), status == 404:
		return Gone
	// CLB says of a server group that is gone, as of any wrong parameter, InvalidParameter.
	case code == "InvalidParameter" && strings.Contains(message, "does not exist"):
		return Gone
	case status >= 500:
		return Unavailable
	}
	return Other
}

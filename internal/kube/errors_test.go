package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const rbac = `User "system:serviceaccount:ci:terraform" cannot patch resource "services" in API group "serving.knative.dev" in the namespace "default"`

const guardWords = `this change of Service default/hello is refused. RolloutPolicy careful, rule max-step: This change gives hello-v2 80 % more of all requests than before. One change may move 20 %. Give hello-v2 40 % now, and leave the rest to the stable hello-v1. ` +
	`RolloutPolicy careful, rule freeze: The freeze "peak" is on until 2026-12-27T00:00:00Z. Inside a freeze, only the stable Revision or the one before it may be raised. Wait for its end, or keep the new Revision at 0 % behind a tag until then. ` +
	`In an emergency, whoever has the verb "bypass" on the policy can set the annotation knative-provider.dev/bypass on the Service to the reason.`

// The errors of an API server, each in its own words. The comment names who says it.
var (
	services = hello.GroupResource()

	// k8s.io/apimachinery pkg/util/managedfields: a server-side apply meets other managers.
	errConflict = apierrors.NewApplyConflict([]metav1.StatusCause{
		{Type: metav1.CauseTypeFieldManagerConflict, Field: ".spec.traffic", Message: `conflict with "kubectl-client-side-apply" using serving.knative.dev/v1`},
		{Type: metav1.CauseTypeFieldManagerConflict, Field: `.spec.template.spec.containers`, Message: `conflict with "pipeline" with subresource "scale" using serving.knative.dev/v1 at 2026-01-02T03:04:05Z`},
	}, `Apply failed with 2 conflicts: conflict with "kubectl-client-side-apply" using serving.knative.dev/v1: .spec.traffic`)
	// k8s.io/apiserver pkg/registry/generic: an update of an old resourceVersion, a delete of another UID.
	errStale = apierrors.NewConflict(services, "hello", errors.New("the object has been modified; please apply your changes to the latest version and try again"))
	// k8s.io/apiserver pkg/endpoints: the object is not there.
	errNotFound = apierrors.NewNotFound(services, "hello")
	// k8s.io/apiserver pkg/admission/plugin/namespace/lifecycle: the namespace is not there.
	errNoNamespace = apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "default")
	// Knative's webhook, of the Pod that it tries in a dry run: k8s.io/kubernetes plugin/pkg/admission/serviceaccount refuses it.
	errNoServiceAccount = apierrors.NewBadRequest(`admission webhook "validation.webhook.serving.knative.dev" denied the request: validation failed: dry run failed with pods "dry-run-validation" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found: spec.template`)
	// k8s.io/apiserver pkg/endpoints/handlers/responsewriters: RBAC says no.
	errForbidden = apierrors.NewForbidden(services, "hello", errors.New(rbac)) //nolint:staticcheck // RBAC begins with a capital
	// knative.dev/pkg webhook/resourcesemantics/validation, through k8s.io/apiserver pkg/admission/plugin/webhook/errors.
	errDenied = apierrors.NewBadRequest(`admission webhook "validation.webhook.serving.knative.dev" denied the request: validation failed: missing field(s): spec.template.spec.containers[0].image`)
	// knative.dev/serving pkg/apis/serving/v1/service_validation.go: another template under the Revision's old name.
	errNameTaken = apierrors.NewBadRequest("admission webhook \"validation.webhook.serving.knative.dev\" denied the request: validation failed: Saw the following changes without a name change (-old +new): spec.template.metadata.name\n{*v1.RevisionTemplateSpec}.Spec.TimeoutSeconds: -: \"300\" +: \"60\"")
	// The same from a webhook that answers with 403.
	errDeniedWith403 = &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: `admission webhook "guard.knative-provider.dev" denied the request: rule max-step: 30 points at once`}}
	// k8s.io/apiserver pkg/admission/plugin/policy/validating: a ValidatingAdmissionPolicy with its default reason.
	errDeniedByPolicy = &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid, Message: `services.serving.knative.dev "hello" is forbidden: ValidatingAdmissionPolicy 'sum' with binding 'sum' denied request: the percents add up to 99`}}
	// webhook/admission/judge.go: the guard, as the API server passes it on.
	errGuard = &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: `admission webhook "guard.knative-provider.dev" denied the request: knative-guard: ` + guardWords}}
	// k8s.io/apiserver pkg/admission/plugin/webhook/mutating: the webhook did not answer.
	errWebhookDown = apierrors.NewInternalError(errors.New(`failed calling webhook "webhook.serving.knative.dev": failed to call webhook: Post "https://webhook.knative-serving.svc:443/defaulting?timeout=10s": dial tcp 10.0.0.1:443: connect: connection refused`))
	// k8s.io/apiextensions-apiserver: the CRD's schema, or strict field validation.
	errInvalid    = apierrors.NewInvalid(schema.GroupKind{Group: "serving.knative.dev", Kind: "Service"}, "hello", nil)
	errBadRequest = apierrors.NewBadRequest(`Service in version "v1" cannot be handled as a Service: strict decoding error: unknown field "spec.colour"`)
	// k8s.io/apiserver pkg/endpoints/filters: no or a wrong token.
	errUnauthorized = apierrors.NewUnauthorized("Unauthorized")
)

// overHTTP is an error after its way over HTTP and through the client.
func overHTTP(t *testing.T, answer http.HandlerFunc) error {
	t.Helper()
	server := &api{answer: func(w http.ResponseWriter, r *http.Request, _ string) { answer(w, r) }}
	dyn := connect(t, server).dynamic
	_, err := dyn.Resource(hello.GroupVersionResource).Namespace("default").Apply(t.Context(), "hello", service(0, 0, 0, "", ""), metav1.ApplyOptions{FieldManager: "terraform"})
	if err == nil {
		t.Fatal("no error")
	}
	return err
}

func status(err *apierrors.StatusError) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { sendError(w, err) }
}

// unserved is what the API server's mux says to a path that it does not know.
func unserved(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "404 page not found", http.StatusNotFound)
}

// Which question is answered yes, for each error.
func TestKindsOfErrors(t *testing.T) {
	type answers struct{ NoKind, NoNamespace, Denied, Unreachable bool }
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   answers
	}{
		"conflict":           {status(errConflict), answers{}},
		"stale":              {status(errStale), answers{}},
		"not found":          {status(errNotFound), answers{}},
		"no namespace":       {status(errNoNamespace), answers{NoNamespace: true}},
		"unserved kind":      {unserved, answers{NoKind: true}},
		"forbidden":          {status(errForbidden), answers{}},
		"denied":             {status(errDenied), answers{Denied: true}},
		"denied with 403":    {status(errDeniedWith403), answers{Denied: true}},
		"denied by a policy": {status(errDeniedByPolicy), answers{Denied: true}},
		"the guard's":        {status(errGuard), answers{Denied: true}},
		"webhook down":       {status(errWebhookDown), answers{}},
		"invalid":            {status(errInvalid), answers{}},
		"bad request":        {status(errBadRequest), answers{}},
		"unauthorized":       {status(errUnauthorized), answers{}},
		"a proxy's page": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
		}, answers{}},
		"the connection breaks off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, answers{Unreachable: true}},
	} {
		t.Run(name, func(t *testing.T) {
			err := overHTTP(t, tc.answer)
			for form, err := range map[string]error{"plain": err, "wrapped": fmt.Errorf("reading: %w", err)} {
				if diff := cmp.Diff(tc.want, answers{NoKind(err), NoNamespace(err), Denied(err), Unreachable(err)}); diff != "" {
					t.Errorf("%s: %v: -want +got:\n%s", form, err, diff)
				}
			}
		})
	}
}

// A typed client says the same in other words: it knows what it asked for.
func TestNoKindOfATypedClient(t *testing.T) {
	unserved := apierrors.NewGenericServerResponse(http.StatusNotFound, "get", services, "hello", "404 page not found", 0, true)
	if !NoKind(unserved) || NoKind(errNotFound) {
		t.Errorf("got %v for %v, %v for %v", NoKind(unserved), unserved, NoKind(errNotFound), errNotFound)
	}
}

func TestNoErrorIsNoneOfThem(t *testing.T) {
	if NoKind(nil) || NoNamespace(nil) || Unreachable(nil) || Conflicts(nil) != nil {
		t.Errorf("NoKind %v, NoNamespace %v, Unreachable %v, Conflicts %v", NoKind(nil), NoNamespace(nil), Unreachable(nil), Conflicts(nil))
	}
}

func TestConflicts(t *testing.T) {
	for name, tc := range map[string]struct {
		err  *apierrors.StatusError
		want []Conflict
	}{
		"of an apply": {errConflict, []Conflict{
			{Field: "spec.traffic", Owner: "kubectl-client-side-apply"},
			{Field: "spec.template.spec.containers", Owner: "pipeline"},
		}},
		"of a resourceVersion": {errStale, nil},
		"another error":        {errForbidden, nil},
		"another cause": {apierrors.NewApplyConflict([]metav1.StatusCause{
			{Type: metav1.CauseTypeFieldValueInvalid, Field: ".a", Message: `conflict with "x"`},
			{Type: metav1.CauseTypeFieldManagerConflict, Field: ".b", Message: "no owner is named"},
		}, "Apply failed"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Conflicts(overHTTP(t, status(tc.err)))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Each description names the object, what the matter is, and, where we know one, the way out.
func TestDescribe(t *testing.T) {
	for name, tc := range map[string]struct {
		answer  http.HandlerFunc
		summary string
		says    []string
	}{
		"conflict":           {status(errConflict), "Field owned by another manager", []string{`spec.traffic is owned by "kubectl-client-side-apply"`, `spec.template.spec.containers is owned by "pipeline"`, "force_conflicts = true"}},
		"unserved kind":      {unserved, "Knative Serving is not installed", []string{"serving.knative.dev/v1", "services", "Install Knative Serving"}},
		"no namespace":       {status(errNoNamespace), "Namespace not found", []string{`"default" does not exist`, "Create it first"}},
		"no service account": {status(errNoServiceAccount), "Service account not found", []string{`serviceaccount "nobody" not found`, "template.service_account_name"}},
		"unauthorized":       {status(errUnauthorized), "Not authenticated", []string{"Unauthorized", "Check the provider's token"}},
		"forbidden":          {status(errForbidden), "Not allowed", []string{rbac, "Role or ClusterRole"}},
		"denied":             {status(errDenied), "Refused at admission", []string{": missing field(s): spec.template.spec.containers[0].image"}},
		"name taken":         {status(errNameTaken), "The Revision's name is taken", []string{"give template.name a new value"}},
		"denied with 403":    {status(errDeniedWith403), "Refused at admission", []string{": rule max-step: 30 points at once"}},
		"denied by a policy": {status(errDeniedByPolicy), "Refused at admission", []string{"'sum'", "the percents add up to 99"}},
		"bad request":        {status(errBadRequest), "Refused as invalid", []string{`unknown field "spec.colour"`}},
		"invalid":            {status(errInvalid), "Refused as invalid", []string{`Service.serving.knative.dev "hello" is invalid`}},
		"webhook down":       {status(errWebhookDown), "Request failed", []string{"failed calling webhook", "connection refused"}},
		"stale":              {status(errStale), "Request failed", []string{"the object has been modified"}},
		"breaks off":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "Cluster unreachable", []string{"EOF", "Check the provider's host or kubeconfig"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := Describe("Applying", hello, overHTTP(t, tc.answer))
			if p.Summary != tc.summary {
				t.Errorf("got %q, want %q", p.Summary, tc.summary)
			}
			for _, want := range append(tc.says, "Service default/hello") {
				if !strings.Contains(p.Detail, want) {
					t.Errorf("%q does not say %q", p.Detail, want)
				}
			}
			if strings.Contains(p.Detail, "denied the request") || strings.Contains(p.Detail, "validation failed") {
				t.Errorf("%q says what says nothing to a user", p.Detail)
			}
		})
	}
}

// A Problem that is told already is told as it is.
func TestDescribeAProblem(t *testing.T) {
	p := &Problem{Summary: "The Service exists already", Detail: "Import it."}
	if got := Describe("Creating", hello, fmt.Errorf("creating: %w", p)); got != p {
		t.Errorf("got %v", got)
	}
	if got := p.Error(); got != "The Service exists already: Import it." {
		t.Errorf("got %q", got)
	}
}

// What a URL or a header carries to log in is in no description.
func TestDescribeTellsNoSecret(t *testing.T) {
	const secret = "s3cret"
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close() // nobody listens there any more
	address := strings.TrimPrefix(closed.URL, "http://")
	for name, s := range map[string]Settings{
		"password of the host": {Host: "http://me:" + secret + "@" + address},
		"password of a proxy":  {Host: "http://api.invalid", ProxyURL: "http://me:" + secret + "@" + address},
		"token":                {Host: "http://" + address, Token: secret},
		"basic authentication": {Host: "http://" + address, Username: "me", Password: secret},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(s)
			if err == nil {
				_, err = c.Get(t.Context(), hello)
			}
			if err == nil {
				t.Fatal("no error")
			}
			if p := Describe("Reading", hello, err); strings.Contains(p.Error(), secret) || p.Summary != "Cluster unreachable" {
				t.Errorf("got %s", p)
			}
		})
	}
}

func TestPassing(t *testing.T) {
	dropped := func(err error) error {
		return &url.Error{Op: "Patch", URL: "https://api/", Err: &net.OpError{Op: "read", Net: "tcp", Err: err}}
	}
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"too many requests":              {apierrors.NewTooManyRequests("slow down", 1), true},
		"server timeout":                 {apierrors.NewServerTimeout(services, "patch", 1), true},
		"gateway timeout":                {apierrors.NewTimeoutError("request did not complete", 1), true},
		"unavailable":                    {apierrors.NewServiceUnavailable("apiserver is shutting down"), true},
		"webhook down":                   {errWebhookDown, true},
		"connection reset":               {dropped(syscall.ECONNRESET), true},
		"connection closed":              {&url.Error{Op: "Get", URL: "https://api/", Err: io.EOF}, true},
		"another internal error":         {apierrors.NewInternalError(errors.New("etcdserver: mvcc: database space exceeded")), false},
		"denied":                         {errDenied, false},
		"forbidden":                      {errForbidden, false},
		"unauthorized":                   {errUnauthorized, false},
		"conflict":                       {errConflict, false},
		"not found":                      {errNotFound, false},
		"invalid":                        {errInvalid, false},
		"connection refused":             {dropped(syscall.ECONNREFUSED), false},
		"no such host":                   {&url.Error{Op: "Get", URL: "https://api/", Err: &net.DNSError{Err: "no such host", Name: "api", IsNotFound: true}}, false},
		"the context ended":              {context.Canceled, false},
		"the deadline passed, in a dial": {&url.Error{Op: "Get", URL: "https://api/", Err: context.DeadlineExceeded}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := passing(tc.err); got != tc.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

package provider

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// What the guard says to a jump, as the API server passes it on: taken from the bed, save for the namespace.
const jump = `this change of Service default/hello is refused. RolloutPolicy careful, rule max-step: This change gives hello-v2 100 % more of all requests than before. One change may move 20 %. Give hello-v2 20 % now, and leave the rest to the stable hello-v1. In an emergency, whoever has the verb "bypass" on the policy can set the annotation knative-provider.dev/bypass on the Service to the reason.`

// A refusal of the guard's is shown in its own words, and at the traffic where it is about that.
func TestGuardDenialAtTheTraffic(t *testing.T) {
	service, policy := kube.Ref{Kind: kube.Service, Namespace: "default", Name: "hello"}, kube.Ref{Kind: kube.RolloutPolicy, Namespace: "default", Name: "careful"}
	traffic := path.Root("traffic")
	for name, tc := range map[string]struct {
		ref             kube.Ref
		says            string
		summary, detail string
		at              path.Path
	}{
		"a jump":          {service, "knative-guard: " + jump, "Refused by the guard: max-step", jump, traffic},
		"a deletion":      {service, "knative-guard: this is refused. RolloutPolicy careful, rule deletion: It is protected.", "Refused by the guard: deletion", "this is refused. RolloutPolicy careful, rule deletion: It is protected.", path.Empty()},
		"a policy":        {policy, "knative-guard: this RolloutPolicy cannot be decided by: x", "Refused by the guard", "this RolloutPolicy cannot be decided by: x", path.Empty()},
		"Knative's own":   {service, "validation failed: missing field(s): spec.template", "Refused at admission", "Planning Service default/hello: missing field(s): spec.template\nChange what the message names, or ask whoever runs the policy.", path.Empty()},
		"rules of others": {service, "rule max-step: 30 points at once", "Refused at admission", "Planning Service default/hello: rule max-step: 30 points at once\nChange what the message names, or ask whoever runs the policy.", path.Empty()},
	} {
		t.Run(name, func(t *testing.T) {
			var diags diag.Diagnostics
			addProblem(&diags, "Planning", tc.ref, apierrors.NewBadRequest(`admission webhook "guard.knative-provider.dev" denied the request: `+tc.says))
			if len(diags) != 1 || diags[0].Summary() != tc.summary || diags[0].Detail() != tc.detail {
				t.Fatalf("got %v", diags)
			}
			at := path.Empty()
			if d, ok := diags[0].(diag.DiagnosticWithPath); ok {
				at = d.Path()
			}
			if !at.Equal(tc.at) {
				t.Errorf("at %s, want %s", at, tc.at)
			}
		})
	}
}

// A plan is made where the cluster cannot give its verdict, and says what is missing.
func TestDryRunDegrades(t *testing.T) {
	ref := kube.Ref{Kind: kube.RolloutPolicy, Namespace: "default", Name: "careful"}
	forbidden := `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"rolloutpolicies.knative-provider.dev \"careful\" is forbidden: User \"ci\" cannot patch resource \"rolloutpolicies\"","reason":"Forbidden","code":403}`
	for name, tc := range map[string]struct {
		code       int
		body, says string
		isError    bool
	}{
		"no CRD":        {http.StatusNotFound, "404 page not found", "Install the guard with its chart", false},
		"no permission": {http.StatusForbidden, forbidden, "Give this identity the verb", false},
		"refused":       {http.StatusUnprocessableEntity, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"spec.freeze: Too many","reason":"Invalid","code":422}`, "spec.freeze: Too many", true},
		"warned of":     {http.StatusAccepted, `{"apiVersion":"knative-provider.dev/v1alpha1","kind":"RolloutPolicy","metadata":{"name":"careful"}}`, "RolloutPolicy careful, rule bake: x", false},
		"allowed":       {http.StatusOK, `{"apiVersion":"knative-provider.dev/v1alpha1","kind":"RolloutPolicy","metadata":{"name":"careful"}}`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			asked := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				asked = req.Method + " " + req.URL.Path + "?" + req.URL.RawQuery
				if strings.HasPrefix(tc.body, "{") {
					w.Header().Set("Content-Type", "application/json")
				}
				if tc.code == http.StatusAccepted {
					w.Header().Set("Warning", `299 - "knative-guard: RolloutPolicy careful, rule bake: x"`)
				}
				w.WriteHeader(tc.code)
				_, _ = w.Write([]byte(tc.body))
			}))
			defer server.Close()
			client, err := kube.New(kube.Settings{Host: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			r := newRun(types.StringValue("default"))
			r.client = client
			var diags diag.Diagnostics
			for range 2 { // what holds for every policy is said once
				dryRun(t.Context(), r, ref, map[string]any{"metadata": map[string]any{"name": "careful"}}, kube.ApplyOptions{Manager: policyManager}, &diags)
				if tc.isError {
					break
				}
			}
			if !strings.HasPrefix(asked, "PATCH /apis/knative-provider.dev/v1alpha1/namespaces/default/rolloutpolicies/careful?") || !strings.Contains(asked, "dryRun=All") || !strings.Contains(asked, "fieldManager="+policyManager) {
				t.Errorf("asked %s", asked)
			}
			switch {
			case tc.says == "" && len(diags) > 0, tc.says != "" && (len(diags) != 1 || !strings.Contains(diags[0].Detail(), tc.says)), diags.HasError() != tc.isError:
				t.Errorf("got %v", diags)
			}
		})
	}
}

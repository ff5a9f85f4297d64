package provider

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

const careful = "knative_rollout_policy.careful"

func policyConfig(namespace string, lines ...string) hcl {
	return hcl(fmt.Sprintf("resource \"knative_rollout_policy\" \"careful\" {\n  namespace = %q\n  name = \"careful\"\n  %s\n}\n", namespace, strings.Join(lines, "\n  ")))
}

func carefulRef(namespace string) kube.Ref {
	return kube.Ref{Kind: kube.RolloutPolicy, Namespace: namespace, Name: "careful"}
}

const everySetting = `enforcement = "Warn"
  require_ready = true
  max_step_percent = 20
  min_step_interval = "10m"
  bake_time = "1h"
  keep_rollback_target = true
  no_return = true
  protect_from_deletion = true
  labels = { team = "a" }
  selector {
    match_labels = { tier = "front" }
    match_expressions {
      key = "team"
      operator = "In"
      values = ["a", "b"]
    }
  }
  freeze {
    name = "weekend"
    schedule = "0 18 * * FRI"
    duration = "62h"
    time_zone = "Asia/Shanghai"
  }
  freeze {
    name = "sale"
    from = "2026-11-10T00:00:00+08:00"
    to = "2026-11-12T00:00:00+08:00"
  }`

// The life of a policy: made, imported, said in other words, changed by others, changed, and gone. After each step, Terraform plans
// nothing more.
func TestAccRolloutPolicy(t *testing.T) {
	c, ns := accept(t)
	needGuardCRDs(t, c)
	sameInOtherWords := strings.NewReplacer(`"10m"`, `"600s"`, `"62h"`, `"61h60m"`).Replace(everySetting)
	byHand := func(patch string) func() {
		return func() { patchObject(t, c, carefulRef(ns), patch) }
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: config(policyConfig(ns, everySetting)),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(careful, tfjsonpath.New("id"), knownvalue.StringExact(ns+"/careful")),
					statecheck.ExpectKnownValue(careful, tfjsonpath.New("uid"), knownvalue.NotNull()),
					statecheck.ExpectKnownValue(careful, tfjsonpath.New("force_conflicts"), knownvalue.Bool(false)),
					statecheck.ExpectKnownValue(careful, tfjsonpath.New("freeze"), knownvalue.ListSizeExact(2)),
				},
				Check: hasManager(t, c, carefulRef(ns), policyManager),
			},
			{ResourceName: careful, ImportState: true, ImportStateId: ns + "/careful", ImportStateVerify: true},
			{Config: config(policyConfig(ns, sameInOtherWords)), PlanOnly: true},
			{
				PreConfig: byHand(`{"metadata":{"labels":{"theirs":"x"}},"status":{"services":7}}`),
				Config:    config(policyConfig(ns, everySetting)), PlanOnly: true,
			},
			{
				PreConfig: byHand(`{"spec":{"enforcement":"Audit"}}`),
				Config:    config(policyConfig(ns, everySetting)), ExpectError: says(`spec.enforcement is owned by "kubectl-patch"`),
			},
			{
				Config: config(policyConfig(ns, everySetting, "force_conflicts = true")),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(careful, plancheck.ResourceActionUpdate),
				}},
			},
			{
				Config: config(policyConfig(ns)),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(careful, tfjsonpath.New("enforcement"), knownvalue.StringExact("Enforce")),
				},
				Check: hasSpec(t, c, carefulRef(ns), map[string]any{"enforcement": "Enforce"}),
			},
			{
				PreConfig: byHand(`{"spec":{"freeze":[{"name":"incident","from":"2026-11-10T00:00:00Z","to":"2026-11-12T00:00:00Z"}]}}`),
				Config:    config(policyConfig(ns)), PlanOnly: true, // an operator's own window is no drift
			},
		},
		CheckDestroy: isGone(t, c, carefulRef(ns)),
	})
}

// What somebody else made is not taken over in silence; what this configuration made and did not live to save, is.
func TestAccRolloutPolicyExistsAlready(t *testing.T) {
	c, ns := accept(t)
	needGuardCRDs(t, c)
	client, err := kube.New(kube.Settings{ConfigPaths: []string{c.Kubeconfig}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		manager string
		percent int64
		refused bool
	}{
		"kubectl": {"kubectl", 20, true},
		"another": {policyManager, 30, true},
		"crashed": {policyManager, 20, false},
	} {
		ref := kube.Ref{Kind: kube.RolloutPolicy, Namespace: ns, Name: name}
		object := map[string]any{"metadata": map[string]any{"name": name, "namespace": ns}, "spec": map[string]any{"enforcement": "Enforce", "maxStepPercent": tc.percent}}
		if _, err := client.Apply(t.Context(), ref, object, kube.ApplyOptions{Manager: tc.manager}); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := resource.TestStep{Config: fmt.Sprintf("resource \"knative_rollout_policy\" \"it\" {\n  namespace = %q\n  name = %q\n  max_step_percent = 20\n}\n", ns, name)}
			if tc.refused {
				step.ExpectError = says("The RolloutPolicy exists already")
			}
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: []resource.TestStep{step}})
		})
	}
}

// Without the guard's CRDs a plan is made, and the apply says what to install. A policy whose kind has gone is gone too.
func TestRolloutPolicyWithoutGuard(t *testing.T) {
	api := &policyAPI{}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	cfg := config(hcl(fmt.Sprintf("provider \"knative\" {\n  host = %q\n}\n", server.URL)), policyConfig("default"))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: cfg, PlanOnly: true, ExpectNonEmptyPlan: true},
			{Config: cfg, ExpectError: says("Install the guard with its chart")},
			{PreConfig: func() { api.installed.Store(true) }, Config: cfg},
			{PreConfig: func() { api.installed.Store(false) }, Config: cfg, PlanOnly: true, ExpectNonEmptyPlan: true},
		},
	})
}

// policyAPI is as much of an API server as one policy needs, with and without the CRD.
type policyAPI struct {
	installed, made atomic.Bool
}

func (a *policyAPI) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	const object = `{"apiVersion":"knative-provider.dev/v1alpha1","kind":"RolloutPolicy","metadata":{"namespace":"default","name":"careful","uid":"u-1"},"spec":{"enforcement":"Enforce"}}`
	one := strings.HasSuffix(req.URL.Path, "/careful")
	if !a.installed.Load() {
		http.Error(w, "404 page not found", http.StatusNotFound) // as an API server's mux says it
		return
	}
	if req.Method == http.MethodPatch && req.URL.Query().Get("dryRun") == "" {
		a.made.Store(true)
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case req.Method == http.MethodPatch, one && a.made.Load():
		_, _ = w.Write([]byte(object))
	case one:
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","details":{"name":"careful","kind":"rolloutpolicies"},"code":404}`))
	case a.made.Load():
		_, _ = w.Write([]byte(`{"metadata":{},"items":[` + object + `]}`))
	default:
		_, _ = w.Write([]byte(`{"metadata":{},"items":[]}`))
	}
}

// What can be known without a cluster is refused without one, at the attribute, by the functions that the guard's admission uses.
func TestRolloutPolicyRefusedAtPlan(t *testing.T) {
	freeze := func(lines ...string) string {
		return "freeze {\n  name = \"x\"\n  " + strings.Join(lines, "\n  ") + "\n}"
	}
	for name, tc := range map[string]struct{ lines, says string }{
		"an unknown enforcement":    {`enforcement = "Block"`, `Unsupported value: "Block": supported values: "Enforce", "Warn", "Audit" (in the API: spec.enforcement)`},
		"a step of 0":               {"max_step_percent = 0", "a step is 1 to 100 percent; for no step at all, freeze"},
		"a step of 101":             {"max_step_percent = 101", "a step is 1 to 100 percent"},
		"an interval below 0":       {`min_step_interval = "-1h"`, "write hours, minutes and seconds"},
		"a bake time of no sense":   {`bake_time = "an hour"`, "write hours, minutes and seconds"},
		"an operator that is not":   {"selector {\n  match_expressions {\n    key = \"a\"\n    operator = \"Like\"\n  }\n}", `"Like" is not a valid label selector operator`},
		"an operator without a key": {"selector {\n  match_expressions {\n    operator = \"Exists\"\n  }\n}", "Missing key"},
		"a freeze without a name":   {"freeze {\n  schedule = \"0 0 * * *\"\n  duration = \"1h\"\n}", "Missing name"},
		"a name twice":              {freeze(`schedule = "0 0 * * *"`, `duration = "1h"`) + "\n" + freeze(`schedule = "0 1 * * *"`, `duration = "1h"`), `freeze[1].name: Duplicate value: "x"`},
		"neither schedule nor from": {freeze(), "freeze[0]: Invalid value: \"x\": a window has either a schedule with a duration, or from and to"},
		"a schedule alone":          {freeze(`schedule = "0 0 * * *"`), "freeze[0].duration: Required value: a schedule says when a window starts"},
		"a schedule that is none":   {freeze(`schedule = "tomorrow"`, `duration = "1h"`), "five fields"},
		"a zone that is none":       {freeze(`schedule = "0 0 * * *"`, `duration = "1h"`, `time_zone = "Beijing"`), "freeze[0].time_zone"},
		"a freeze of a second":      {freeze(`schedule = "0 0 * * *"`, `duration = "1s"`), "it can be from 1m to"},
		"from after to":             {freeze(`from = "2026-12-02T00:00:00Z"`, `to = "2026-12-01T00:00:00Z"`), "freeze[0].to"},
		"a date alone":              {freeze(`from = "2026-12-01"`, `to = "2026-12-02"`), "write a date and a time with its offset from UTC"},
		"33 freezes":                {"dynamic \"freeze\" {\n  for_each = range(33)\n  content {\n    name = \"w${freeze.value}\"\n    schedule = \"0 0 * * *\"\n    duration = \"1h\"\n  }\n}", "at most 32"},
		"a misspelt setting":        {"max_step_percentage = 20", `An argument named "max_step_percentage" is not expected here.`},
	} {
		t.Run(name, func(t *testing.T) { refusedAtPlan(t, config(policyConfig("default", tc.lines)), tc.says) })
	}
	t.Run("a name that is none", func(t *testing.T) {
		refusedAtPlan(t, "resource \"knative_rollout_policy\" \"careful\" {\n  name = \"Careful!\"\n}\n", "Not a name")
	})
}

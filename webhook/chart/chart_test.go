// Package chart tests the guard's Helm chart.
package chart

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
)

var update = flag.Bool("update", false, "write the golden files")

// helm runs the Helm that internal/tools pins.
func helm(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	path, err := bin()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG=/dev/null")
	return cmd.CombinedOutput()
}

// bin finds Helm, and reads what it will: go test counts a result as still true while nothing that the test itself read changes.
var bin = sync.OnceValues(func() (string, error) {
	if err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_, err = os.ReadFile(path)
		}
		return err
	}); err != nil {
		return "", err
	}
	cmd := exec.Command("../../internal/tools/build", "helm")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
})

func template(t *testing.T, flags ...string) []byte {
	t.Helper()
	out, err := helm(t, append([]string{"template", "knative-guard", ".", "--namespace", "guard-system", "--kube-version", "1.33.0"}, flags...)...)
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, out)
	}
	return out
}

// objects are those of rendered YAML.
func objects(t *testing.T, raw []byte) []unstructured.Unstructured {
	t.Helper()
	var out []unstructured.Unstructured
	for doc := range bytes.SplitSeq(raw, []byte("\n---\n")) {
		var o unstructured.Unstructured
		if err := yaml.UnmarshalStrict(doc, &o.Object); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		if len(o.Object) > 0 {
			out = append(out, o)
		}
	}
	return out
}

// variants are values that change what is made.
var variants = map[string][]string{
	"default":      nil,
	"cert-manager": {"--set", "certificates.certManager.enabled=true", "--set", "fullnameOverride=guard"},
	"gateway":      {"--set", "gateway.enabled=true", "--set", "gateway.extraArgs={--zap-log-level=debug}"},
	"small": {
		"--set", "replicas=1", "--set", "plugins.secrets=true", "--set", "policies.enabled=false", "--set", "metrics.enabled=false", "--set", "serviceAccount.create=false", "--set", "serviceAccount.name=other",
		"--set", "image.digest=sha256:" + strings.Repeat("0", 64), "--set", "image.pullSecrets={registry}", "--set", "extraArgs={--zap-log-level=debug}",
		"--set", "namespaceSelector.matchLabels.guarded=yes", "--set", "namespaceSelector.matchExpressions[0].key=own-guard,namespaceSelector.matchExpressions[0].operator=DoesNotExist",
		"--set", "namespaceSelector.matchExpressions[1].key=tier,namespaceSelector.matchExpressions[1].operator=NotIn,namespaceSelector.matchExpressions[1].values={dev,test}", "--set", "podLabels.team=platform", "--set", "podAnnotations.note=x", "--set", "nodeSelector.pool=system",
		"--set", "tolerations[0].operator=Exists", "--set", "affinity.nodeAffinity.x=y", "--set", "priorityClassName=system-cluster-critical",
		"--set", "slb.region=cn-hangzhou", "--set", "slb.credentialsSecret=alibaba", "--set", "slb.endpoints.alb=alb.example.com", "--set", "slb.probeRules=true", "--set", "slb.secrets=true",
	},
}

// TestLint holds the chart to Helm's own rules, and to YAML that names no key twice.
func TestLint(t *testing.T) {
	for name, flags := range variants {
		if out, err := helm(t, append([]string{"lint", ".", "--strict"}, flags...)...); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		objects(t, template(t, flags...))
	}
}

// TestGolden shows what a change of the chart changes: go test ./webhook/chart -update.
func TestGolden(t *testing.T) {
	for name, flags := range variants {
		file := "testdata/" + name + ".yaml"
		got := template(t, flags...)
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-golden +chart):\n%s", name, diff)
		}
	}
}

// TestValues holds the schema to refusing what would not do what it says.
func TestValues(t *testing.T) {
	for _, wrong := range []string{
		"webhook.failurePolicy=Fail", "webhook.timeoutSeconds=30", "replicas=-1", "replica=2", "image.digest=latest", "certificates.validity=1y",
		"policies.validationActions={Refuse}", "namespaceSelector.matchExpressions[0].key=a,namespaceSelector.matchExpressions[0].operator=in", "webhook.port=443", "gateway.drainSeconds=0", "gateway.enable=true", "fullnameOverride=Guard",
	} {
		if out, err := helm(t, "template", ".", "--set", wrong); err == nil {
			t.Errorf("%s is let in", wrong)
		} else if !strings.Contains(string(out), "values.schema.json") && !strings.Contains(string(out), "values don't meet") {
			t.Errorf("%s: %s", wrong, out)
		}
	}
}

// TestNeverInTheWay goes through everything that the API server asks or evaluates, in each variant.
func TestNeverInTheWay(t *testing.T) {
	for name, flags := range variants {
		asked := 0
		for _, o := range objects(t, template(t, flags...)) {
			switch o.GetKind() {
			case "ValidatingWebhookConfiguration":
				hooks, _, _ := unstructured.NestedSlice(o.Object, "webhooks")
				for _, h := range hooks {
					hook := h.(map[string]any)
					if hook["failurePolicy"] != "Ignore" || hook["sideEffects"] != "None" || hook["timeoutSeconds"].(float64) > 5 {
						t.Errorf("%s: %v", name, hook)
					}
					leaves(t, hook, "namespaceSelector")
					exempts(t, hook, "matchConditions")
					asked++
				}
			case "ValidatingAdmissionPolicy":
				exempts(t, o.Object, "spec", "matchConditions")
				asked++
			case "ValidatingAdmissionPolicyBinding":
				leaves(t, o.Object, "spec", "matchResources", "namespaceSelector")
			}
		}
		if want := map[string]int{"default": 7, "cert-manager": 7, "gateway": 7, "small": 1}[name]; asked != want {
			t.Errorf("%s: %d, want %d", name, asked, want)
		}
	}
}

// leaves holds a selector to leaving alone kube-system and the guard's own namespace.
func leaves(t *testing.T, o map[string]any, path ...string) {
	t.Helper()
	expressions, _, _ := unstructured.NestedSlice(o, append(path, "matchExpressions")...)
	want := map[string]any{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": []any{"kube-system", "guard-system"}}
	if !slices.ContainsFunc(expressions, func(e any) bool { return cmp.Equal(e, any(want)) }) {
		t.Errorf("%v: %v", path, expressions)
	}
}

// exempts holds conditions to leaving out just those whom the guard does.
func exempts(t *testing.T, o map[string]any, path ...string) {
	t.Helper()
	conditions, _, _ := unstructured.NestedSlice(o, path...)
	want := `!(request.userInfo.username in [ "` + strings.Join(admission.ExemptUsers("knative-serving"), `", "`) + `"])`
	if !slices.ContainsFunc(conditions, func(c any) bool { return c.(map[string]any)["expression"] == want }) {
		t.Errorf("no condition %s in %v", want, conditions)
	}
}

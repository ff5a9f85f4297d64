package provider

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Import by resource identity gives an empty plan.
func TestAccImportByIdentity(t *testing.T) {
	c, ns := accept(t)
	service := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	split := splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin("hello-v1", 100)}}
	importsByIdentity(t, ns, map[string]string{"knative_service.hello": `name = "hello"`, "knative_traffic_split.hello": `service = "hello"`}, service, split)
}

func TestAccImportPoliciesByIdentity(t *testing.T) {
	c, ns := accept(t)
	needGuardCRDs(t, c)
	importsByIdentity(t, ns, map[string]string{careful: `name = "careful"`, shopPolicy: `name = "shop"`},
		policyConfig(ns, everySetting), scalingConfig(ns, everyScalingSetting))
}

// importsByIdentity makes what is configured, and imports it elsewhere: by resource and what its identity has beside the namespace.
// Identities are there from Terraform 1.12 on, so this runs the OpenTofu that internal/tools pins, whatever CLI the other tests run.
func importsByIdentity(t *testing.T, namespace string, identities map[string]string, parts ...fmt.Stringer) {
	t.Helper()
	owner := workspace(t, nil, parts...)
	if out, ok := output(t, owner, applyNow...); !ok {
		t.Fatal(out)
	}
	t.Cleanup(func() {
		if out, ok := output(t, owner, "destroy", "-auto-approve", "-no-color", "-input=false"); !ok {
			t.Error(out)
		}
	})
	importer := workspace(t, nil, parts...)
	importer.Bin = openTofu(t)
	var imports strings.Builder
	for resource, name := range identities {
		fmt.Fprintf(&imports, "import {\n  to = %s\n  identity = { namespace = %q, %s }\n}\n", resource, namespace, name)
	}
	if err := os.WriteFile(filepath.Join(importer.Dir, "import.tf"), []byte(imports.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-no-color", "-input=false"}, {"plan", "-no-color", "-input=false"}} {
		out, ok := output(t, importer, args...)
		if !ok {
			t.Fatal(out)
		}
		if args[0] == "plan" && !strings.Contains(out, fmt.Sprintf("%d to import, 0 to add, 0 to change, 0 to destroy", len(identities))) {
			t.Errorf("the plan:\n%s", out)
		}
	}
}

func openTofu(t *testing.T) string {
	t.Helper()
	build := exec.CommandContext(t.Context(), "../internal/tools/build", "opentofu")
	build.Stderr = os.Stderr
	path, err := build.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(path))
}

package provider

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Import by resource identity gives an empty plan. It is there from Terraform 1.12 on, so this runs the OpenTofu that
// internal/tools pins, whatever CLI the other tests run.
func TestAccImportByIdentity(t *testing.T) {
	c, ns := accept(t)
	service := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	split := splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin("hello-v1", 100)}}
	owner := workspace(t, nil, service, split)
	if out, ok := output(t, owner, applyNow...); !ok {
		t.Fatal(out)
	}
	t.Cleanup(func() {
		if out, ok := output(t, owner, "destroy", "-auto-approve", "-no-color", "-input=false"); !ok {
			t.Error(out)
		}
	})
	importer := workspace(t, nil, service, split)
	importer.Bin = openTofu(t)
	imports := `
import {
  to       = knative_service.hello
  identity = { namespace = "` + ns + `", name = "hello" }
}
import {
  to       = knative_traffic_split.hello
  identity = { namespace = "` + ns + `", service = "hello" }
}
`
	if err := os.WriteFile(filepath.Join(importer.Dir, "import.tf"), []byte(imports), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-no-color", "-input=false"}, {"plan", "-no-color", "-input=false"}} {
		out, ok := output(t, importer, args...)
		if !ok {
			t.Fatal(out)
		}
		if args[0] == "plan" && !strings.Contains(out, "2 to import, 0 to add, 0 to change, 0 to destroy") {
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

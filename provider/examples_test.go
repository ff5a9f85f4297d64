package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// TestAccExamples applies each example of the documentation as it is written, save for the image, which a cluster without a
// way to the internet cannot pull.
func TestAccExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../examples/*/knative_*/*.tf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		if strings.Contains(file, "slb_ingress") {
			continue // they need a cloud: TestAccSLBIngressExamples
		}
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			c, ns := accept(t)
			if strings.Contains(file, "_policy") {
				needGuardCRDs(t, c)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			example := strings.ReplaceAll(string(text), "ghcr.io/knative/helloworld-go:latest", c.Image)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories,
				Steps:                    []resource.TestStep{{Config: fmt.Sprintf("provider \"knative\" {\n  namespace = %q\n}\n%s", ns, example)}},
			})
		})
	}
}

// A plan is made while the connection settings are not known: the same run creates the cluster.
func TestComplaint02UnknownConnectionSettings(t *testing.T) {
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: `
resource "terraform_data" "cluster" {
  input = "https://cluster.example.com"
}
provider "knative" {
  host = terraform_data.cluster.output
}
` + config(serviceConfig{Namespace: "default", Name: "hello", Revision: "hello-v1", Image: "example.com/app"}, splitConfig{Namespace: "default", Service: "hello", Targets: []string{pin("hello-v1", 100)}}),
			PlanOnly: true, ExpectNonEmptyPlan: true,
		}},
	})
}

// Without settings nothing is changed anywhere, and the error says what to set.
func TestNoClusterConfigured(t *testing.T) {
	for _, name := range []string{"KUBE_CONFIG_PATH", "KUBE_CONFIG_PATHS", "KUBE_HOST", "KUBERNETES_SERVICE_HOST"} {
		t.Setenv(name, "")
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config:      config(serviceConfig{Namespace: "default", Name: "hello", Image: "example.com/app"}),
			ExpectError: says("set config_path (KUBE_CONFIG_PATH), or host (KUBE_HOST)"),
		}},
	})
}

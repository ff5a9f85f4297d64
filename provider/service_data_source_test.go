package provider

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func readService(namespace, name string) hcl {
	return hcl(fmt.Sprintf("data \"knative_service\" \"it\" {\n  namespace = %q\n  name = %q\n}\n", namespace, name))
}

// A Service that somebody else made, whole, with Knative's defaults.
func TestAccServiceDataSource(t *testing.T) {
	c, ns := accept(t)
	applied(t, c, ns, "theirs", "kubectl", "them")
	const it = "data.knative_service.it"
	container := func() tfjsonpath.Path { return tfjsonpath.New("template").AtMapKey("containers").AtSliceIndex(0) }
	made := hcl(fmt.Sprintf("data \"knative_service\" \"made\" {\n  namespace = %q\n  name = knative_service.hello.name\n}\n", ns))
	hello := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image, Template: "scaling {\n  max_scale = 3\n}"}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: config(hello, made, readService(ns, "theirs")),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(it, tfjsonpath.New("id"), knownvalue.StringExact(ns+"/theirs")),
					statecheck.ExpectKnownValue(it, container().AtMapKey("image"), knownvalue.StringExact(c.Image)),
					statecheck.ExpectKnownValue(it, container().AtMapKey("env").AtSliceIndex(0).AtMapKey("value"), knownvalue.StringExact("them")),
					statecheck.ExpectKnownValue(it, tfjsonpath.New("template").AtMapKey("timeout_seconds"), knownvalue.Int64Exact(10)),
					statecheck.ExpectKnownValue(it, tfjsonpath.New("traffic").AtSliceIndex(0).AtMapKey("latest_revision"), knownvalue.Bool(true)),
					statecheck.ExpectKnownValue(it, tfjsonpath.New("annotations").AtMapKey("serving.knative.dev/creator"), knownvalue.NotNull()),
					// One that this run makes is read after it, with what it then is.
					statecheck.ExpectKnownValue("data.knative_service.made", tfjsonpath.New("latest_ready_revision"), knownvalue.StringExact("hello-v1")),
					statecheck.ExpectKnownValue("data.knative_service.made", tfjsonpath.New("template").AtMapKey("scaling").AtMapKey("max_scale"), knownvalue.Int64Exact(3)),
					statecheck.ExpectKnownValue("data.knative_service.made", tfjsonpath.New("traffic_status").AtSliceIndex(0).AtMapKey("percent"), knownvalue.Int64Exact(100)),
					statecheck.ExpectKnownValue("data.knative_service.made", tfjsonpath.New("conditions").AtSliceIndex(0).AtMapKey("status"), knownvalue.StringExact("True")),
				},
			},
			{Config: config(hello, readService(ns, "nowhere")), ExpectError: says("Service " + ns + "/nowhere is not in the cluster. Check its name and its namespace")},
		},
	})
}

// Its schema and what it is filled with have to be of the same types, whatever a Service holds.
func TestServiceDataSourceFill(t *testing.T) {
	u := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": "default", "name": "hello", "uid": "u-1", "generation": int64(3)},
		"spec": map[string]any{"template": map[string]any{
			"metadata": map[string]any{"annotations": map[string]any{"autoscaling.knative.dev/min-scale": "2", "note": "x"}},
			"spec":     map[string]any{"containers": []any{map[string]any{"image": "app", "resources": map[string]any{"limits": map[string]any{"cpu": int64(1)}}}}},
		}},
		"status": map[string]any{"url": "http://hello.example.com"},
	}}
	m := serviceDataModel{}
	if err := m.fill(u); err != nil {
		t.Fatal(err)
	}
	if m.ID.ValueString() != "default/hello" || m.URL.ValueString() != "http://hello.example.com" || m.Generation.ValueInt64() != 3 || !m.Traffic.IsNull() {
		t.Errorf("got %+v", m)
	}
	if got := m.Template.Attributes()["scaling"].String(); !says(`"min_scale":2`).MatchString(got) {
		t.Errorf("scaling is %s", got)
	}
}

package provider

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/yaml"

	"github.com/knative-provider/terraform-provider-knative/internal/fields"
)

// TestSchemaIsTheAPIs walks the CRD that Knative ships and serviceField, and wants the same fields of the same kinds in both:
// a field of the API that cannot be written in Terraform fails it, and so does an attribute that the API does not have.
//
//	CRD                                   taken
//	properties, items, additional ones    as they are
//	preserve-unknown-fields               its properties, or where it names none: the Go type's fields
//	spec.template.metadata                name, labels, annotations: Knative refuses the rest
//	spec.template.spec.initContainers[]   the fields of containers[]: Knative's validation holds both to the same
//	spec.traffic[].url                    not: it belongs to the status
//
// The typed scaling is left out of the comparison: it is annotations.
func TestSchemaIsTheAPIs(t *testing.T) {
	api := apiFields{}
	api.object("spec", serviceCRD(t), reflect.TypeFor[servingv1.ServiceSpec]())
	api.sameAs(t, serviceField)
	if len(api) < 300 { // Knative v0.50.0: 656
		t.Errorf("the walk over the CRD found %d fields: it does not reach what it should", len(api))
	}
}

// sameAs compares with the spec of a tree.
func (a apiFields) sameAs(t *testing.T, root *fields.Field) {
	t.Helper()
	ours := ourFields{}
	for i := range root.Fields {
		if f := &root.Fields[i]; f.Key == "spec" {
			ours.object("spec", f)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(a)) {
		f, ok := ours[at]
		switch {
		case !ok:
			t.Errorf("%s: the API has it (%s), and no attribute stands for it", at, kindName[a[at]])
		case f.Kind != a[at]:
			t.Errorf("%s: the API takes %s, and the attribute is %s", at, kindName[a[at]], kindName[f.Kind])
		case f.Name != "" && strings.TrimSpace(f.Doc) == "":
			t.Errorf("%s: the attribute %s has no description", at, f.Name)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(ours)) {
		if _, ok := a[at]; !ok {
			t.Errorf("%s: the attribute %s stands for nothing in the API", at, ours[at].Name)
		}
	}
}

var kindName = map[fields.Kind]string{
	fields.String: "a string", fields.Bool: "a bool", fields.Int: "an integer", fields.Float: "a number", fields.Quantity: "a quantity",
	fields.Duration: "a duration", fields.IntOrString: "an integer or a string", fields.Object: "an object", fields.List: "a list", fields.Map: "a map",
}

// ourFields are the provider's fields by their path in the API; of a list's elements under [], of a map's under {}.
type ourFields map[string]*fields.Field

func (o ourFields) object(at string, f *fields.Field) {
	for i := range f.Fields {
		if sub := &f.Fields[i]; sub.Name != "scaling" {
			o.field(at+"."+sub.Key, sub)
		}
	}
}

func (o ourFields) field(at string, f *fields.Field) {
	o[at] = f
	switch f.Kind {
	case fields.Object:
		o.object(at, f)
	case fields.List:
		o.field(at+"[]", f.Elem)
	case fields.Map:
		o.field(at+"{}", f.Elem)
	default:
	}
}

// crdNode is what the walk reads of an OpenAPI schema.
type crdNode struct {
	Type        string              `json:"type"`
	Properties  map[string]*crdNode `json:"properties"`
	Additional  *crdNode            `json:"additionalProperties"`
	Items       *crdNode            `json:"items"`
	FreeForm    bool                `json:"x-kubernetes-preserve-unknown-fields"`
	IntOrString bool                `json:"x-kubernetes-int-or-string"`
	Pattern     string              `json:"pattern"`
	MinLength   int                 `json:"minLength"`
	MaxLength   int                 `json:"maxLength"`
	MaxItems    int                 `json:"maxItems"`
	Enum        []string            `json:"enum"`
	Minimum     *int64              `json:"minimum"`
	Maximum     *int64              `json:"maximum"`
}

// serviceCRD is the schema of a Service's spec.
func serviceCRD(t *testing.T) *crdNode {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "knative.dev/serving").Output()
	if err != nil {
		t.Fatalf("go list -m knative.dev/serving: %v", err)
	}
	return specOf(t, filepath.Join(strings.TrimSpace(string(dir)), "config/core/300-resources/service.yaml"), "v1")
}

// specOf is the schema of the spec in a CRD's version.
func specOf(t *testing.T, file, version string) *crdNode {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Name   string `json:"name"`
				Schema struct {
					OpenAPIV3Schema *crdNode `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(raw, &crd); err != nil {
		t.Fatal(err)
	}
	for _, v := range crd.Spec.Versions {
		if v.Name == version {
			return v.Schema.OpenAPIV3Schema.Properties["spec"]
		}
	}
	t.Fatalf("the CRD has no version %s", version)
	return nil
}

// apiFields are the kinds of the API's fields by path.
type apiFields map[string]fields.Kind

func (a apiFields) object(at string, n *crdNode, t reflect.Type) {
	for key, sub := range n.Properties {
		switch path := at + "." + key; path {
		case "spec.template.metadata":
			sub.Properties = map[string]*crdNode{"name": sub.Properties["name"], "labels": sub.Properties["labels"], "annotations": sub.Properties["annotations"]}
		case "spec.template.spec.initContainers":
			sub.Items = n.Properties["containers"].Items
		case "spec.traffic[].url":
			continue
		}
		a.node(at+"."+key, sub, goField(t, key))
	}
}

func (a apiFields) node(at string, n *crdNode, t reflect.Type) {
	t = deref(t)
	if n.FreeForm && len(n.Properties) == 0 {
		a.goType(at, t)
		return
	}
	switch {
	case n.IntOrString && t == reflect.TypeFor[resource.Quantity]():
		a[at] = fields.Quantity
	case n.IntOrString:
		a[at] = fields.IntOrString
	case n.Type == "string" && t == reflect.TypeFor[metav1.Duration]():
		a[at] = fields.Duration
	case n.Type == "string":
		a[at] = fields.String
	case n.Type == "boolean":
		a[at] = fields.Bool
	case n.Type == "integer":
		a[at] = fields.Int
	case n.Type == "number":
		a[at] = fields.Float
	case n.Type == "array":
		a[at] = fields.List
		a.node(at+"[]", n.Items, t.Elem())
	case n.Additional != nil:
		a[at] = fields.Map
		a.node(at+"{}", n.Additional, t.Elem())
	case n.Type == "object":
		a[at] = fields.Object
		a.object(at, n, t)
	default:
		panic(at + ": a type that this walk does not know: " + n.Type)
	}
}

// goType stands in for a node that the CRD leaves open.
func (a apiFields) goType(at string, t reflect.Type) {
	t = deref(t)
	switch {
	case t == reflect.TypeFor[resource.Quantity]():
		a[at] = fields.Quantity
	case t == reflect.TypeFor[intstr.IntOrString]():
		a[at] = fields.IntOrString
	case t.Kind() == reflect.String:
		a[at] = fields.String
	case t.Kind() == reflect.Bool:
		a[at] = fields.Bool
	case t.Kind() == reflect.Int32, t.Kind() == reflect.Int64:
		a[at] = fields.Int
	case t.Kind() == reflect.Slice:
		a[at] = fields.List
		a.goType(at+"[]", t.Elem())
	case t.Kind() == reflect.Map:
		a[at] = fields.Map
		a.goType(at+"{}", t.Elem())
	case t.Kind() == reflect.Struct:
		a[at] = fields.Object
		for key, sub := range goFields(t) {
			if t == reflect.TypeFor[metav1.ObjectMeta]() && key != "labels" && key != "annotations" {
				continue // of a template's metadata, Kubernetes takes these
			}
			a.goType(at+"."+key, sub)
		}
	default:
		panic(at + ": a Go type that this walk does not know: " + t.String())
	}
}

func goField(t reflect.Type, key string) reflect.Type {
	f, ok := goFields(deref(t))[key]
	if !ok {
		panic(t.String() + " has no field " + key)
	}
	return f
}

// goFields are the types of a struct's fields by JSON key, those of inlined structs included.
func goFields(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for f := range t.Fields() {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case key == "-":
		case key == "" && f.Anonymous:
			maps.Copy(out, goFields(deref(f.Type)))
		default:
			out[key] = f.Type
		}
	}
	return out
}

func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

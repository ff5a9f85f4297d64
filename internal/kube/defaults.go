package kube

import (
	"context"
	"maps"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"knative.dev/pkg/apis"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// WithoutDefaults is a Service without what Knative fills in by itself: what is left is what somebody decided. A field is a
// default if Knative's own defaulting puts it back when it is taken away; the names and values are Knative's, not ours.
func WithoutDefaults(u *unstructured.Unstructured) (map[string]any, error) {
	object := runtime.DeepCopyJSON(u.Object)
	delete(object, "status")
	if annotations, ok, _ := unstructured.NestedStringMap(object, "metadata", "annotations"); ok {
		delete(annotations, serving.CreatorAnnotation)
		delete(annotations, serving.UpdaterAnnotation)
		unstructured.RemoveNestedField(object, "metadata", "annotations")
		if len(annotations) > 0 {
			_ = unstructured.SetNestedStringMap(object, annotations, "metadata", "annotations")
		}
	}
	want, err := defaulted(object)
	if err != nil {
		return nil, err
	}
	spec, _ := object["spec"].(map[string]any)
	for _, part := range append(parts(spec["template"]), spec) {
		if err := dropDefaults(object, part, want); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// parts are all objects in a value, the innermost first.
func parts(v any) []map[string]any {
	var out []map[string]any
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			out = append(out, parts(x)...)
		}
		out = append(out, v)
	case []any:
		for _, x := range v {
			out = append(out, parts(x)...)
		}
	}
	return out
}

// dropDefaults takes out of one part of an object each key that defaulting the whole puts back as it was.
func dropDefaults(object, part map[string]any, want *servingv1.Service) error {
	for key, value := range maps.Clone(part) {
		delete(part, key)
		got, err := defaulted(object)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(got.Spec, want.Spec) {
			part[key] = value
		}
	}
	return nil
}

func defaulted(object map[string]any) (*servingv1.Service, error) {
	s, err := AsService(&unstructured.Unstructured{Object: object})
	if err != nil {
		return nil, err
	}
	s.SetDefaults(apis.WithinCreate(context.Background()))
	return s, nil
}

package kube

import (
	"context"
	"maps"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// WithoutDefaults is a Service without what Knative fills in by itself: what is left is what somebody decided. A field is a
// default if Knative's own defaulting puts it back when it is taken away; the names and values are Knative's, not ours.
func WithoutDefaults(u *unstructured.Unstructured) (map[string]any, error) {
	object := runtime.DeepCopyJSON(u.Object)
	delete(object, "status")
	if annotations, ok, _ := unstructured.NestedStringMap(object, "metadata", "annotations"); ok {
		maps.DeleteFunc(annotations, func(key, _ string) bool { return strings.HasPrefix(key, "serving.knative.dev/") })
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
	outer, _ := spec["template"].(map[string]any)
	template, _ := outer["spec"].(map[string]any)
	holders := []map[string]any{spec, template}
	for _, list := range []string{"containers", "initContainers"} {
		items, _ := template[list].([]any)
		for _, item := range items {
			if c, ok := item.(map[string]any); ok {
				holders = append(holders, c)
			}
		}
	}
	for _, h := range holders {
		if err := dropDefaults(object, h, want); err != nil {
			return nil, err
		}
	}
	return object, nil
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

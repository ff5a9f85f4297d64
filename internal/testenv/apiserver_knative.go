package testenv

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// CopyKnative gives it the kinds of Knative and its configuration, as the bed has them.
func (s *APIServer) CopyKnative(ctx context.Context, to *Cluster) error {
	if err := to.EnsureNamespace(ctx, "knative-serving"); err != nil {
		return err
	}
	for resource, namespace := range map[schema.GroupVersionResource]string{
		{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}: "",
		{Version: "v1", Resource: "configmaps"}:                                               "knative-serving",
	} {
		list, err := s.bed.Dynamic.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=knative-serving"})
		if err != nil {
			return err
		}
		for _, o := range list.Items {
			o.Object["metadata"] = map[string]any{"name": o.GetName(), "namespace": o.GetNamespace()}
			unstructured.RemoveNestedField(o.Object, "spec", "conversion") // asks Knative
			delete(o.Object, "status")
			if _, err := to.Dynamic.Resource(resource).Namespace(namespace).Create(ctx, &o, metav1.CreateOptions{}); err != nil {
				return fmt.Errorf("%s %s: %w", resource.Resource, o.GetName(), err)
			}
		}
	}
	services := to.Dynamic.Resource(schema.GroupVersionResource{Group: "serving.knative.dev", Version: "v1", Resource: "services"})
	return Eventually(ctx, time.Minute, func(ctx context.Context) error {
		_, err := services.List(ctx, metav1.ListOptions{Limit: 1})
		return err
	})
}

package controller

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func TestScope(t *testing.T) {
	namespace := func(name string, set map[string]string) client.Object {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: set}}
	}
	cache := fake.NewClientBuilder().WithObjects(namespace("ours", nil), namespace("theirs", map[string]string{"own-guard": "true"})).Build()
	selector, err := labels.Parse("!own-guard")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		selector  labels.Selector
		namespace string
		want      bool
	}{
		"selected":                     {selector, "ours", true},
		"not selected":                 {selector, "theirs", false},
		"not known":                    {selector, "new", false},
		"all are":                      {labels.Everything(), "theirs", true},
		"all are, one that is not yet": {nil, "new", true},
	} {
		t.Run(name, func(t *testing.T) {
			reconciled := false
			inner := reconcile.Func(func(context.Context, ctrl.Request) (ctrl.Result, error) {
				reconciled = true
				return ctrl.Result{}, nil
			})
			req := ctrl.Request{NamespacedName: client.ObjectKey{Namespace: tc.namespace, Name: "x"}}
			if _, err := (Scope{Cache: cache, Selector: tc.selector}).Of(inner).Reconcile(t.Context(), req); err != nil || reconciled != tc.want {
				t.Errorf("reconciled: %v, want %v, %v", reconciled, tc.want, err)
			}
		})
	}
}

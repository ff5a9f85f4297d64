package kube

import (
	"bytes"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// Applied says whether a manager holds fields of the object by server-side apply.
func Applied(o metav1.Object, manager string) bool {
	for _, m := range o.GetManagedFields() {
		if m.Manager == manager && m.Operation == metav1.ManagedFieldsOperationApply {
			return true
		}
	}
	return false
}

// Owners are the managers that hold a field, or any part of it, by server-side apply or by an update.
func Owners(o metav1.Object, path ...any) []string {
	var out []string
	prefix := fieldpath.MakePathOrDie(path...)
	for _, m := range o.GetManagedFields() {
		var set fieldpath.Set
		if m.Subresource != "" || m.FieldsV1 == nil || set.FromJSON(bytes.NewReader(m.FieldsV1.Raw)) != nil {
			continue
		}
		if holds(&set, prefix) {
			out = append(out, m.Manager)
		}
	}
	return out
}

func holds(set *fieldpath.Set, prefix fieldpath.Path) bool {
	if set.Has(prefix) {
		return true
	}
	for _, e := range prefix {
		set = set.WithPrefix(e)
	}
	return !set.Empty()
}

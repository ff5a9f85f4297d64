package provider

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// declaredModel is a declared resource as Terraform holds it: its attributes by name. Those of field are applied; the others are
// namespace, name, force_conflicts, id and uid.
type declaredModel struct {
	*declared
	attrs map[string]attr.Value
}

// getter is a plan, a state or a configuration.
type getter interface {
	Get(ctx context.Context, target any) diag.Diagnostics
}

func (r *declared) model(ctx context.Context, from getter, diags *diag.Diagnostics) *declaredModel {
	var whole types.Object
	diags.Append(from.Get(ctx, &whole)...)
	return &declaredModel{r, whole.Attributes()}
}

// whole is all of it, as a plan or a state takes it.
func (m *declaredModel) whole() types.Object {
	kinds := maps.Clone(m.field.AttrTypes())
	for name, v := range m.attrs {
		if _, ok := kinds[name]; !ok {
			kinds[name] = v.Type(context.Background())
		}
	}
	return types.ObjectValueMust(kinds, m.attrs)
}

func (m *declaredModel) text(name string) types.String {
	s, _ := m.attrs[name].(types.String)
	return s
}

func (m *declaredModel) force() bool {
	b, _ := m.attrs["force_conflicts"].(types.Bool)
	return b.ValueBool()
}

func (m *declaredModel) ref() kube.Ref {
	return kube.Ref{Kind: m.kind, Namespace: m.text("namespace").ValueString(), Name: m.text("name").ValueString()}
}

// object is what to apply: what is configured and nothing else, so that nothing else is owned.
func (m *declaredModel) object() map[string]any {
	encoded, _ := m.field.Encode(m.configured())
	out := encoded.(map[string]any)
	metadata, _ := out["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		out["metadata"] = metadata
	}
	metadata["name"], metadata["namespace"] = m.text("name").ValueString(), m.text("namespace").ValueString()
	if out["spec"] == nil {
		out["spec"] = map[string]any{} // the API wants one
	}
	return out
}

// spec is the specification as the guard reads it.
func (m *declaredModel) spec() ([]byte, error) { return json.Marshal(m.object()["spec"]) }

func (m *declaredModel) configured() types.Object {
	kinds := m.field.AttrTypes()
	values := make(map[string]attr.Value, len(kinds))
	for name := range kinds {
		values[name] = m.attrs[name]
	}
	return types.ObjectValueMust(kinds, values)
}

func (m *declaredModel) setConfigured(v attr.Value) {
	maps.Copy(m.attrs, v.(types.Object).Attributes())
}

// read takes over what the cluster holds of the configured fields: a change made by others shows there.
func (m *declaredModel) read(u *unstructured.Unstructured) error {
	v, err := m.field.Decode(u.Object, m.configured())
	if err == nil {
		m.setConfigured(v)
	}
	return err
}

// adopt takes over all that the cluster holds, save for the notes of kubectl: the state of what was imported.
func (m *declaredModel) adopt(u *unstructured.Unstructured) error {
	u = u.DeepCopy()
	unstructured.RemoveNestedField(u.Object, "metadata", "annotations", corev1.LastAppliedConfigAnnotation)
	v, err := m.field.Adopt(u.Object)
	if err == nil {
		m.setConfigured(v)
	}
	return err
}

// observe fills the computed attributes. What the guard writes into the status is not among them: it comes later than an apply ends,
// and changes without one.
func (m *declaredModel) observe(u *unstructured.Unstructured) {
	m.attrs["id"], m.attrs["uid"] = types.StringValue(u.GetNamespace()+"/"+u.GetName()), types.StringValue(string(u.GetUID()))
}

// foretell fills the computed attributes of a plan, and keeps what means the same as before as it was written.
func (m *declaredModel) foretell(prior *declaredModel) {
	m.attrs["id"], m.attrs["uid"] = types.StringUnknown(), types.StringUnknown()
	if fullyKnown(m.text("namespace"), m.text("name")) {
		m.attrs["id"] = types.StringValue(m.text("namespace").ValueString() + "/" + m.text("name").ValueString())
	}
	if prior != nil {
		m.attrs["uid"] = prior.attrs["uid"]
		m.setConfigured(m.field.Settle(m.configured(), prior.configured()))
	}
}

// sameObject says whether both are one and the same object to apply.
func (m *declaredModel) sameObject(o *declaredModel) bool {
	return m.ref() == o.ref() && m.configured().Equal(o.configured())
}

// isAlready says whether an object that is there is to the letter what an earlier run made and did not live to save.
func (m *declaredModel) isAlready(existing *unstructured.Unstructured) bool {
	switch {
	case !kube.Applied(existing, m.manager):
		return false
	case !fullyKnown(m.configured()):
		return true // a plan cannot tell yet; the apply can
	}
	there := &declaredModel{m.declared, maps.Clone(m.attrs)}
	return there.read(existing) == nil && there.sameObject(m)
}

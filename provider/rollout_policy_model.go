package provider

import (
	"encoding/json"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// rolloutPolicyModel is a knative_rollout_policy as Terraform holds it.
type rolloutPolicyModel struct {
	ID          types.String `tfsdk:"id"`
	Namespace   types.String `tfsdk:"namespace"`
	Name        types.String `tfsdk:"name"`
	Labels      types.Map    `tfsdk:"labels"`
	Annotations types.Map    `tfsdk:"annotations"`

	Selector            types.Object `tfsdk:"selector"`
	Enforcement         types.String `tfsdk:"enforcement"`
	RequireReady        types.Bool   `tfsdk:"require_ready"`
	MaxStepPercent      types.Int64  `tfsdk:"max_step_percent"`
	MinStepInterval     types.String `tfsdk:"min_step_interval"`
	BakeTime            types.String `tfsdk:"bake_time"`
	Freeze              types.List   `tfsdk:"freeze"`
	KeepRollbackTarget  types.Bool   `tfsdk:"keep_rollback_target"`
	NoReturn            types.Bool   `tfsdk:"no_return"`
	ProtectFromDeletion types.Bool   `tfsdk:"protect_from_deletion"`

	ForceConflicts types.Bool   `tfsdk:"force_conflicts"`
	UID            types.String `tfsdk:"uid"`
}

func (m *rolloutPolicyModel) ref() kube.Ref {
	return kube.Ref{Kind: kube.RolloutPolicy, Namespace: m.Namespace.ValueString(), Name: m.Name.ValueString()}
}

// object is the RolloutPolicy to apply: what is configured and nothing else, so that nothing else is owned.
func (m *rolloutPolicyModel) object() map[string]any {
	encoded, _ := policyField.Encode(m.value())
	out := encoded.(map[string]any)
	metadata, _ := out["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		out["metadata"] = metadata
	}
	metadata["name"], metadata["namespace"] = m.Name.ValueString(), m.Namespace.ValueString()
	if out["spec"] == nil {
		out["spec"] = map[string]any{} // the API wants one
	}
	return out
}

// spec is the specification as the guard reads it.
func (m *rolloutPolicyModel) spec() (*v1alpha1.RolloutPolicySpec, error) {
	data, err := json.Marshal(m.object()["spec"])
	if err != nil {
		return nil, err
	}
	var s v1alpha1.RolloutPolicySpec
	return &s, json.Unmarshal(data, &s)
}

func (m *rolloutPolicyModel) value() types.Object {
	return types.ObjectValueMust(policyField.AttrTypes(), m.configured())
}

func (m *rolloutPolicyModel) configured() map[string]attr.Value {
	return map[string]attr.Value{
		"labels": m.Labels, "annotations": m.Annotations, "selector": m.Selector, "enforcement": m.Enforcement,
		"require_ready": m.RequireReady, "max_step_percent": m.MaxStepPercent, "min_step_interval": m.MinStepInterval, "bake_time": m.BakeTime,
		"freeze": m.Freeze, "keep_rollback_target": m.KeepRollbackTarget, "no_return": m.NoReturn, "protect_from_deletion": m.ProtectFromDeletion,
	}
}

func (m *rolloutPolicyModel) setConfigured(v attr.Value) {
	a := v.(types.Object).Attributes()
	m.Labels, m.Annotations = a["labels"].(types.Map), a["annotations"].(types.Map)
	m.Selector, m.Enforcement = a["selector"].(types.Object), a["enforcement"].(types.String)
	m.RequireReady, m.MaxStepPercent = a["require_ready"].(types.Bool), a["max_step_percent"].(types.Int64)
	m.MinStepInterval, m.BakeTime = a["min_step_interval"].(types.String), a["bake_time"].(types.String)
	m.Freeze, m.KeepRollbackTarget = a["freeze"].(types.List), a["keep_rollback_target"].(types.Bool)
	m.NoReturn, m.ProtectFromDeletion = a["no_return"].(types.Bool), a["protect_from_deletion"].(types.Bool)
}

// read takes over what the cluster holds of the configured fields: a change made by others shows there.
func (m *rolloutPolicyModel) read(u *unstructured.Unstructured) error {
	v, err := policyField.Decode(u.Object, m.value())
	if err == nil {
		m.setConfigured(v)
	}
	return err
}

// adopt takes over all that the cluster holds, save for the notes of kubectl: the state of an imported policy.
func (m *rolloutPolicyModel) adopt(u *unstructured.Unstructured) error {
	u = u.DeepCopy()
	unstructured.RemoveNestedField(u.Object, "metadata", "annotations", corev1.LastAppliedConfigAnnotation)
	v, err := policyField.Adopt(u.Object)
	if err == nil {
		m.setConfigured(v)
	}
	return err
}

// observe fills the computed attributes. How many Services the policy governs is not among them: the guard counts later than an
// apply ends, and each Service that comes or goes would change the state.
func (m *rolloutPolicyModel) observe(u *unstructured.Unstructured) {
	m.ID, m.UID = types.StringValue(u.GetNamespace()+"/"+u.GetName()), types.StringValue(string(u.GetUID()))
}

// foretell fills the computed attributes of a plan, and keeps what means the same as before as it was written.
func (m *rolloutPolicyModel) foretell(prior *rolloutPolicyModel) {
	m.ID, m.UID = types.StringUnknown(), types.StringUnknown()
	if fullyKnown(m.Namespace, m.Name) {
		m.ID = types.StringValue(m.Namespace.ValueString() + "/" + m.Name.ValueString())
	}
	if prior != nil {
		m.UID = prior.UID
		m.setConfigured(policyField.Settle(m.value(), prior.value()))
	}
}

// sameObject says whether both are one and the same policy to apply.
func (m *rolloutPolicyModel) sameObject(o *rolloutPolicyModel) bool {
	return m.ref() == o.ref() && maps.EqualFunc(m.configured(), o.configured(), attr.Value.Equal)
}

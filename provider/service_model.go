package provider

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/wire"
)

// serviceModel is a knative_service as Terraform holds it.
type serviceModel struct {
	ID          types.String `tfsdk:"id"`
	Namespace   types.String `tfsdk:"namespace"`
	Name        types.String `tfsdk:"name"`
	Labels      types.Map    `tfsdk:"labels"`
	Annotations types.Map    `tfsdk:"annotations"`
	Template    types.Object `tfsdk:"-"`
	Traffic     types.List   `tfsdk:"-"`

	DeletionProtection types.Bool     `tfsdk:"deletion_protection"`
	ForceConflicts     types.Bool     `tfsdk:"force_conflicts"`
	WaitForReady       types.Bool     `tfsdk:"wait_for_ready"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`

	UID                   types.String `tfsdk:"uid"`
	Generation            types.Int64  `tfsdk:"generation"`
	URL                   types.String `tfsdk:"url"`
	LatestCreatedRevision types.String `tfsdk:"latest_created_revision"`
	LatestReadyRevision   types.String `tfsdk:"latest_ready_revision"`
	Conditions            types.List   `tfsdk:"-"`
	TrafficStatus         types.List   `tfsdk:"-"`

	packedService
}

var conditionType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"type": types.StringType, "status": types.StringType, "reason": types.StringType, "message": types.StringType,
}}

var trafficStatusType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"revision_name": types.StringType, "latest_revision": types.BoolType, "percent": types.Int64Type, "tag": types.StringType, "url": types.StringType,
}}

// packedService are the attributes that the framework has as one text each: the bytes of their values, which from and into read
// and write. See server.
type packedService struct {
	Template      types.String `tfsdk:"template"`
	Traffic       types.String `tfsdk:"traffic"`
	Conditions    types.String `tfsdk:"conditions"`
	TrafficStatus types.String `tfsdk:"traffic_status"`
}

// from reads a configuration, plan or state.
func (m *serviceModel) from(ctx context.Context, data interface {
	Get(ctx context.Context, target any) diag.Diagnostics
}) diag.Diagnostics {
	diags := data.Get(ctx, m)
	unpack(&diags, wire.Blocks, m.packedService.Template, &m.Template, templateField.Type())
	unpack(&diags, wire.Blocks, m.packedService.Traffic, &m.Traffic, trafficField.Type())
	unpack(&diags, wire.Attributes, m.packedService.Conditions, &m.Conditions, types.ListType{ElemType: conditionType})
	unpack(&diags, wire.Attributes, m.packedService.TrafficStatus, &m.TrafficStatus, types.ListType{ElemType: trafficStatusType})
	return diags
}

// into writes a plan or state.
func (m *serviceModel) into(ctx context.Context, data interface {
	Set(ctx context.Context, val any) diag.Diagnostics
}) diag.Diagnostics {
	var diags diag.Diagnostics
	pack(&diags, wire.Blocks, m.Template, &m.packedService.Template)
	pack(&diags, wire.Blocks, m.Traffic, &m.packedService.Traffic)
	pack(&diags, wire.Attributes, m.Conditions, &m.packedService.Conditions)
	pack(&diags, wire.Attributes, m.TrafficStatus, &m.packedService.TrafficStatus)
	diags.Append(data.Set(ctx, m)...)
	return diags
}

func (m *serviceModel) ref() kube.Ref {
	return kube.Ref{Kind: kube.Service, Namespace: m.Namespace.ValueString(), Name: m.Name.ValueString()}
}

// object is the Service to apply: what is configured and nothing else, so that nothing else is owned. Annotations are always in
// it, if none: splitObject says why.
func (m *serviceModel) object() map[string]any {
	config := types.ObjectValueMust(serviceField.AttrTypes(), m.configured())
	encoded, _ := serviceField.Encode(config)
	out := encoded.(map[string]any)
	metadata, _ := out["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		out["metadata"] = metadata
	}
	if metadata["annotations"] == nil {
		metadata["annotations"] = map[string]any{}
	}
	metadata["name"], metadata["namespace"] = m.Name.ValueString(), m.Namespace.ValueString()
	return out
}

// objectOver is the Service to apply over the one that is there. Knative does not default a template that keeps its name, and
// refuses any difference in it, missing defaults included: so a template that is unchanged goes with its containers as they
// are. Containers are an atomic list and all ours; what others set elsewhere is not touched.
// Source: knative.dev/serving v0.50.0, pkg/apis/serving/v1/configuration_defaults.go.
func (m *serviceModel) objectOver(live *unstructured.Unstructured) map[string]any {
	out := m.object()
	if live == nil || m.revisionName() == "" {
		return out
	}
	template, _, _ := unstructured.NestedMap(live.Object, "spec", "template")
	same, err := templateField.Decode(template, m.Template)
	if err != nil || !same.Equal(m.Template) {
		return out
	}
	spec, _, _ := unstructured.NestedMap(template, "spec")
	for _, list := range []string{"containers", "initContainers"} {
		if containers, ok := spec[list]; ok {
			_ = unstructured.SetNestedField(out, containers, "spec", "template", "spec", list)
		}
	}
	return out
}

func (m *serviceModel) configured() map[string]attr.Value {
	return map[string]attr.Value{"labels": m.Labels, "annotations": m.Annotations, "template": m.Template, "traffic": m.Traffic}
}

func (m *serviceModel) setConfigured(attrs map[string]attr.Value) {
	m.Labels, m.Annotations = attrs["labels"].(types.Map), attrs["annotations"].(types.Map)
	m.Template, m.Traffic = attrs["template"].(types.Object), attrs["traffic"].(types.List)
}

// read takes over what the cluster holds of the configured fields: a change made by others shows there.
func (m *serviceModel) read(u *unstructured.Unstructured) error {
	prior := types.ObjectValueMust(serviceField.AttrTypes(), m.configured())
	live, err := serviceField.Decode(u.Object, prior)
	if err != nil {
		return err
	}
	before := m.Traffic
	m.setConfigured(live.(types.Object).Attributes())
	if !before.IsNull() {
		m.Traffic, err = readTraffic(u, before)
	}
	return err
}

// adopt takes over all that the cluster holds, save what is Knative's own default: the state of an imported Service.
func (m *serviceModel) adopt(u *unstructured.Unstructured) error {
	object, err := kube.WithoutDefaults(u)
	if err != nil {
		return err
	}
	live, err := serviceField.Adopt(object)
	if err != nil {
		return err
	}
	m.setConfigured(live.(types.Object).Attributes())
	if slices.Contains(kube.Owners(u, "spec", "traffic"), splitManager) {
		m.Traffic = wire.Null(trafficField.Type()).(types.List) // a knative_traffic_split has it
	}
	return nil
}

// observe fills the computed attributes from the status.
func (m *serviceModel) observe(u *unstructured.Unstructured) error {
	s, err := kube.Observed(u)
	if err != nil {
		return err
	}
	m.ID = types.StringValue(s.Namespace + "/" + s.Name)
	m.UID = types.StringValue(string(s.UID))
	m.Generation = types.Int64Value(s.Generation)
	m.URL = optional(s.Status.URL.String())
	if planned := m.LatestCreatedRevision; s.Status.ObservedGeneration >= s.Generation || planned.IsUnknown() || planned.IsNull() {
		m.LatestCreatedRevision = optional(s.Status.LatestCreatedRevisionName)
	} // else the name that the template gives is truer than a status that has not seen it
	m.LatestReadyRevision = optional(s.Status.LatestReadyRevisionName)
	m.Conditions = conditionsOf(s)
	m.TrafficStatus = trafficStatusOf(s)
	return nil
}

// missed says whether a wait is still to be done, be it that of an apply that did not live to save its state: what is configured
// is another than in the state before, and the Service is not Ready. What others deploy is theirs to wait for.
func (m *serviceModel) missed(before *serviceModel, u *unstructured.Unstructured) bool {
	return m.WaitForReady.ValueBool() && !before.Template.IsNull() && !m.sameObject(before) && !kube.Ready(u)
}

// revisionName is the name that the template gives to its Revision: empty where Knative names it, or where it is unknown.
func (m *serviceModel) revisionName() string {
	name, _ := m.Template.Attributes()["name"].(types.String)
	return name.ValueString()
}

// forget marks what the cluster fills in as unknown.
func (m *serviceModel) forget() {
	m.UID, m.URL = types.StringUnknown(), types.StringUnknown()
	m.forgetStatus()
	m.forgetRevision()
}

func (m *serviceModel) forgetStatus() {
	m.Generation = types.Int64Unknown()
	m.Conditions = types.ListUnknown(conditionType)
	m.TrafficStatus = types.ListUnknown(trafficStatusType)
}

// forgetRevision plans the next Revision: known by name where the template names it.
func (m *serviceModel) forgetRevision() {
	m.LatestCreatedRevision, m.LatestReadyRevision = types.StringUnknown(), types.StringUnknown()
	if name := m.revisionName(); name != "" {
		m.LatestCreatedRevision = types.StringValue(name)
		if m.WaitForReady.ValueBool() {
			m.LatestReadyRevision = m.LatestCreatedRevision
		}
	}
}

// keepStatus takes the computed attributes of the prior state.
func (m *serviceModel) keepStatus(prior *serviceModel) {
	m.ID, m.UID, m.Generation, m.URL = prior.ID, prior.UID, prior.Generation, prior.URL
	m.LatestCreatedRevision, m.LatestReadyRevision = prior.LatestCreatedRevision, prior.LatestReadyRevision
	m.Conditions, m.TrafficStatus = prior.Conditions, prior.TrafficStatus
}

// sameObject says whether both are one and the same Service to apply.
func (m *serviceModel) sameObject(o *serviceModel) bool {
	return maps.EqualFunc(m.configured(), o.configured(), attr.Value.Equal)
}

func conditionsOf(s *servingv1.Service) types.List {
	out := make([]attr.Value, 0, len(s.Status.Conditions))
	for _, c := range s.Status.Conditions {
		out = append(out, types.ObjectValueMust(conditionType.AttrTypes, map[string]attr.Value{
			"type": types.StringValue(string(c.Type)), "status": types.StringValue(string(c.Status)),
			"reason": optional(c.Reason), "message": optional(c.Message),
		}))
	}
	return types.ListValueMust(conditionType, out)
}

// trafficStatusOf is the split as Knative carries it out.
func trafficStatusOf(s *servingv1.Service) types.List {
	out := make([]attr.Value, 0, len(s.Status.Traffic))
	for _, t := range s.Status.Traffic {
		percent := types.Int64Value(0)
		if t.Percent != nil {
			percent = types.Int64Value(*t.Percent)
		}
		out = append(out, types.ObjectValueMust(trafficStatusType.AttrTypes, map[string]attr.Value{
			"revision_name": optional(t.RevisionName), "latest_revision": types.BoolValue(t.LatestRevision != nil && *t.LatestRevision),
			"percent": percent, "tag": optional(t.Tag), "url": optional(t.URL.String()),
		}))
	}
	return types.ListValueMust(trafficStatusType, out)
}

// optional is null for what the API leaves empty.
func optional(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// splitID reads an import id, namespace/name.
func splitID(id string) (namespace, name string, ok bool) {
	namespace, name, ok = strings.Cut(id, "/")
	return namespace, name, ok && namespace != "" && name != "" && !strings.Contains(name, "/")
}

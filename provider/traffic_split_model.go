package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// trafficSplitModel is a knative_traffic_split as Terraform holds it.
type trafficSplitModel struct {
	ID        types.String `tfsdk:"id"`
	Namespace types.String `tfsdk:"namespace"`
	Service   types.String `tfsdk:"service"`
	Traffic   types.List   `tfsdk:"traffic"`
	Progress  types.Object `tfsdk:"progress"`

	OnDestroy      types.String   `tfsdk:"on_destroy"`
	ForceConflicts types.Bool     `tfsdk:"force_conflicts"`
	WaitForReady   types.Bool     `tfsdk:"wait_for_ready"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`

	ServiceUID    types.String `tfsdk:"service_uid"`
	TagURLs       types.Map    `tfsdk:"tag_urls"`
	TrafficStatus types.List   `tfsdk:"traffic_status"`
}

func (m *trafficSplitModel) ref() kube.Ref {
	return kube.Ref{Kind: kube.Service, Namespace: m.Namespace.ValueString(), Name: m.Service.ValueString()}
}

// object is the part of the Service that a split owns. The UID keeps the apply from creating a Service, and from reaching
// another one of the same name.
func (m *trafficSplitModel) object(live *unstructured.Unstructured) map[string]any {
	traffic, _ := trafficField.Encode(m.Traffic)
	return splitObject(live, traffic)
}

// splitObject always writes the annotations, even where it has none: a manager that gives up its last one takes along all that
// no manager owns, for structured-merge-diff prunes the parent that is no longer applied. Knative's webhook writes such, and
// refuses a Service without them.
func splitObject(live *unstructured.Unstructured, traffic any) map[string]any {
	out := map[string]any{"metadata": map[string]any{
		"name": live.GetName(), "namespace": live.GetNamespace(), "uid": string(live.GetUID()), "annotations": map[string]any{},
	}}
	if traffic != nil {
		out["spec"] = map[string]any{"traffic": traffic}
	}
	return out
}

// read takes over the split that the cluster holds.
func (m *trafficSplitModel) read(u *unstructured.Unstructured) error {
	before := m.Traffic
	if before.IsNull() {
		before = types.ListValueMust(trafficField.Elem.Type(), nil)
	}
	traffic, err := readTraffic(u, before)
	m.Traffic = traffic
	return err
}

// observe fills the computed attributes from the Service's status.
func (m *trafficSplitModel) observe(u *unstructured.Unstructured) error {
	s, err := kube.Observed(u)
	if err != nil {
		return err
	}
	m.ID = types.StringValue(s.Namespace + "/" + s.Name)
	m.ServiceUID = types.StringValue(string(s.UID))
	m.TrafficStatus = trafficStatusOf(s)
	urls := map[string]attr.Value{}
	for _, t := range s.Status.Traffic {
		if t.Tag != "" && t.URL != nil {
			urls[t.Tag] = types.StringValue(t.URL.String())
		}
	}
	m.TagURLs = types.MapValueMust(types.StringType, urls)
	return nil
}

// foretell fills the computed attributes of a plan: what the cluster answers is unknown where the split changes.
func (m *trafficSplitModel) foretell(prior *trafficSplitModel, unfinished bool) {
	m.ID, m.ServiceUID = types.StringUnknown(), types.StringUnknown()
	m.TagURLs, m.TrafficStatus = types.MapUnknown(types.StringType), types.ListUnknown(trafficStatusType)
	if !m.Namespace.IsUnknown() && !m.Service.IsUnknown() {
		m.ID = types.StringValue(m.Namespace.ValueString() + "/" + m.Service.ValueString())
	}
	if prior == nil {
		return
	}
	m.ServiceUID = prior.ServiceUID
	if unfinished || !m.Traffic.Equal(prior.Traffic) {
		return
	}
	m.TagURLs, m.TrafficStatus = prior.TagURLs, prior.TrafficStatus
}

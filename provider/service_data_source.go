package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

var _ datasource.DataSourceWithConfigure = &serviceDataSource{}

type serviceDataSource struct {
	run *run
}

// serviceDataModel is the data source as Terraform holds it.
type serviceDataModel struct {
	ID          types.String `tfsdk:"id"`
	Namespace   types.String `tfsdk:"namespace"`
	Name        types.String `tfsdk:"name"`
	Labels      types.Map    `tfsdk:"labels"`
	Annotations types.Map    `tfsdk:"annotations"`
	Template    types.Object `tfsdk:"template"`
	Traffic     types.List   `tfsdk:"traffic"`

	UID                   types.String `tfsdk:"uid"`
	Generation            types.Int64  `tfsdk:"generation"`
	URL                   types.String `tfsdk:"url"`
	LatestCreatedRevision types.String `tfsdk:"latest_created_revision"`
	LatestReadyRevision   types.String `tfsdk:"latest_ready_revision"`
	Conditions            types.List   `tfsdk:"conditions"`
	TrafficStatus         types.List   `tfsdk:"traffic_status"`
}

func newServiceDataSource() datasource.DataSource { return &serviceDataSource{} }

func (d *serviceDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service"
}

func (d *serviceDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := serviceField.DataSourceAttributes()
	attributes["name"] = schema.StringAttribute{Required: true, MarkdownDescription: "The Service's name."}
	attributes["namespace"] = schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: "Its namespace. Default: the provider's `namespace`."}
	attributes["id"] = schema.StringAttribute{Computed: true, MarkdownDescription: serviceDocs["id"]}
	attributes["uid"] = schema.StringAttribute{Computed: true, MarkdownDescription: serviceDocs["uid"]}
	attributes["generation"] = schema.Int64Attribute{Computed: true, MarkdownDescription: serviceDocs["generation"]}
	attributes["url"] = schema.StringAttribute{Computed: true, MarkdownDescription: serviceDocs["url"]}
	attributes["latest_created_revision"] = schema.StringAttribute{Computed: true, MarkdownDescription: serviceDocs["latest_created_revision"]}
	attributes["latest_ready_revision"] = schema.StringAttribute{Computed: true, MarkdownDescription: serviceDocs["latest_ready_revision"]}
	attributes["conditions"] = schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: serviceDocs["conditions"],
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"type":    schema.StringAttribute{Computed: true, MarkdownDescription: conditionDocs["type"]},
			"status":  schema.StringAttribute{Computed: true, MarkdownDescription: conditionDocs["status"]},
			"reason":  schema.StringAttribute{Computed: true, MarkdownDescription: conditionDocs["reason"]},
			"message": schema.StringAttribute{Computed: true, MarkdownDescription: conditionDocs["message"]},
		}},
	}
	attributes["traffic_status"] = schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: serviceDocs["traffic_status"],
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"revision_name":   schema.StringAttribute{Computed: true, MarkdownDescription: targetDocs["revision_name"]},
			"latest_revision": schema.BoolAttribute{Computed: true, MarkdownDescription: targetDocs["latest_revision"]},
			"percent":         schema.Int64Attribute{Computed: true, MarkdownDescription: targetDocs["percent"]},
			"tag":             schema.StringAttribute{Computed: true, MarkdownDescription: targetDocs["tag"]},
			"url":             schema.StringAttribute{Computed: true, MarkdownDescription: targetDocs["url"]},
		}},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A Knative Service that is managed elsewhere: its URL, its state, and every field of it, as the cluster holds it with Knative's defaults.",
		Attributes:          attributes,
	}
}

func (d *serviceDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.run = runOf(req.ProviderData, &resp.Diagnostics)
}

func (d *serviceDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m serviceDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !d.run.connected(&resp.Diagnostics) {
		return
	}
	if m.Namespace.IsNull() {
		m.Namespace = d.run.namespace
	}
	ref := kube.Ref{Kind: kube.Service, Namespace: m.Namespace.ValueString(), Name: m.Name.ValueString()}
	u, err := d.run.client.Read(ctx, ref)
	if err == nil && u == nil {
		err = notThere(ref)
	}
	if err == nil {
		err = m.fill(u)
	}
	if err != nil {
		addProblem(&resp.Diagnostics, "Reading", ref, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// fill takes over all that the cluster holds.
func (m *serviceDataModel) fill(u *unstructured.Unstructured) error {
	whole, err := serviceField.Adopt(u.Object)
	if err != nil {
		return err
	}
	var s serviceModel
	s.setConfigured(whole.(types.Object).Attributes())
	if err := s.observe(u); err != nil {
		return err
	}
	*m = serviceDataModel{
		ID: s.ID, Namespace: m.Namespace, Name: m.Name, Labels: s.Labels, Annotations: s.Annotations, Template: s.Template, Traffic: s.Traffic,
		UID: s.UID, Generation: s.Generation, URL: s.URL, LatestCreatedRevision: s.LatestCreatedRevision, LatestReadyRevision: s.LatestReadyRevision,
		Conditions: s.Conditions, TrafficStatus: s.TrafficStatus,
	}
	return nil
}

func notThere(ref kube.Ref) error {
	return &kube.Problem{
		Summary: "The Service does not exist",
		Detail:  ref.String() + " is not in the cluster. Check its name and its namespace; where this configuration makes it, refer to knative_service.….name, so that it is read after it is made.",
	}
}

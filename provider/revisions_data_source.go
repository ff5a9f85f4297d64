package provider

import (
	"context"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

var _ datasource.DataSourceWithConfigure = &revisionsDataSource{}

type revisionsDataSource struct {
	run *run
}

// revisionsModel is the data source as Terraform holds it.
type revisionsModel struct {
	Namespace types.String    `tfsdk:"namespace"`
	Service   types.String    `tfsdk:"service"`
	Ready     types.Bool      `tfsdk:"ready"`
	Names     []string        `tfsdk:"names"`
	Revisions []revisionModel `tfsdk:"revisions"`
}

type revisionModel struct {
	Name       types.String      `tfsdk:"name"`
	Generation types.Int64       `tfsdk:"generation"`
	Ready      types.Bool        `tfsdk:"ready"`
	Reason     types.String      `tfsdk:"reason"`
	Percent    types.Int64       `tfsdk:"percent"`
	Tags       []string          `tfsdk:"tags"`
	Images     []imageModel      `tfsdk:"images"`
	Created    types.String      `tfsdk:"created"`
	Labels     map[string]string `tfsdk:"labels"`
}

type imageModel struct {
	Container types.String `tfsdk:"container"`
	Image     types.String `tfsdk:"image"`
	Digest    types.String `tfsdk:"digest"`
}

func newRevisionsDataSource() datasource.DataSource { return &revisionsDataSource{} }

func (d *revisionsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_revisions"
}

func (d *revisionsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The Revisions of a Knative Service, the newest first: which are Ready, which get traffic, and which image each one runs.",
		Attributes: map[string]schema.Attribute{
			"service":   schema.StringAttribute{Required: true, MarkdownDescription: "The name of the Service."},
			"namespace": schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: "Its namespace. Default: the provider's `namespace`."},
			"ready":     schema.BoolAttribute{Optional: true, MarkdownDescription: "Only Revisions that are Ready (`true`), or only those that are not (`false`). Default: all."},
			"names":     schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The names alone, the newest first."},
			"revisions": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The Revisions, the newest first.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":       schema.StringAttribute{Computed: true, MarkdownDescription: "The Revision's name."},
					"generation": schema.Int64Attribute{Computed: true, MarkdownDescription: "The generation of the template that made it. It grows."},
					"ready":      schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it can take requests; a Revision at zero can."},
					"reason":     schema.StringAttribute{Computed: true, MarkdownDescription: "Why it is not Ready."},
					"percent":    schema.Int64Attribute{Computed: true, MarkdownDescription: "The share of requests it gets, 0–100."},
					"tags":       schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The tags that lead to it."},
					"created":    schema.StringAttribute{Computed: true, MarkdownDescription: "When it was made, RFC 3339."},
					"labels":     schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Its labels."},
					"images": schema.ListNestedAttribute{
						Computed: true, MarkdownDescription: "What each of its containers runs.",
						NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
							"container": schema.StringAttribute{Computed: true, MarkdownDescription: "The container's name."},
							"image":     schema.StringAttribute{Computed: true, MarkdownDescription: "The image as it was written."},
							"digest":    schema.StringAttribute{Computed: true, MarkdownDescription: "The image by digest, as Knative resolved it; null where it did not."},
						}},
					},
				}},
			},
		},
	}
}

func (d *revisionsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.run = runOf(req.ProviderData, &resp.Diagnostics)
}

func (d *revisionsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m revisionsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !d.run.connected(&resp.Diagnostics) {
		return
	}
	if m.Namespace.IsNull() {
		m.Namespace = d.run.namespace
	}
	service := kube.Ref{Kind: kube.Service, Namespace: m.Namespace.ValueString(), Name: m.Service.ValueString()}
	u, err := d.run.client.Read(ctx, service)
	if err == nil && u == nil {
		err = noService(service)
	}
	var owner *servingv1.Service
	if err == nil {
		owner, err = kube.AsService(u)
	}
	var all map[string]*unstructured.Unstructured
	if err == nil {
		all, err = d.run.client.List(ctx, kube.Revision, service.Namespace)
	}
	if err == nil {
		err = m.fill(owner, all)
	}
	if err != nil {
		addProblem(&resp.Diagnostics, "Reading the Revisions of", service, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// fill takes the Service's own Revisions out of those of its namespace.
func (m *revisionsModel) fill(owner *servingv1.Service, all map[string]*unstructured.Unstructured) error {
	var revisions []*servingv1.Revision
	for _, u := range all {
		if u.GetLabels()[serving.ServiceLabelKey] != owner.Name {
			continue
		}
		rev, err := kube.AsRevision(u)
		if err != nil {
			return err
		}
		if m.Ready.IsNull() || m.Ready.ValueBool() == rev.IsReady() {
			revisions = append(revisions, rev)
		}
	}
	sort.Slice(revisions, func(i, j int) bool { return generationOf(revisions[i]) > generationOf(revisions[j]) })
	m.Names, m.Revisions = []string{}, []revisionModel{}
	for _, rev := range revisions {
		m.Names = append(m.Names, rev.Name)
		m.Revisions = append(m.Revisions, revisionOf(rev, owner.Status.Traffic))
	}
	return nil
}

func revisionOf(rev *servingv1.Revision, traffic []servingv1.TrafficTarget) revisionModel {
	out := revisionModel{
		Name:       types.StringValue(rev.Name),
		Generation: types.Int64Value(generationOf(rev)),
		Ready:      types.BoolValue(rev.IsReady()),
		Created:    types.StringValue(rev.CreationTimestamp.UTC().Format(time.RFC3339)),
		Labels:     rev.Labels,
		Tags:       []string{},
		Images:     []imageModel{},
	}
	if c := rev.Status.GetCondition(servingv1.RevisionConditionReady); c != nil && !c.IsTrue() {
		out.Reason = optional(c.Message)
	}
	var percent int64
	for _, t := range traffic {
		if t.RevisionName != rev.Name {
			continue
		}
		if t.Percent != nil {
			percent += *t.Percent
		}
		if t.Tag != "" {
			out.Tags = append(out.Tags, t.Tag)
		}
	}
	slices.Sort(out.Tags)
	out.Percent = types.Int64Value(percent)
	for _, c := range rev.Spec.Containers {
		image := imageModel{Container: types.StringValue(c.Name), Image: types.StringValue(c.Image)}
		for _, st := range rev.Status.ContainerStatuses {
			if st.Name == c.Name {
				image.Digest = optional(st.ImageDigest)
			}
		}
		out.Images = append(out.Images, image)
	}
	return out
}

// generationOf is the generation of the template that made a Revision: its age among its siblings, exact where creation
// times, in whole seconds, are not.
func generationOf(rev *servingv1.Revision) int64 {
	n, _ := strconv.ParseInt(rev.Labels[serving.ConfigurationGenerationLabelKey], 10, 64)
	return n
}

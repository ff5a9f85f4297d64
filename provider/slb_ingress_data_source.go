package provider

import (
	"context"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

var _ datasource.DataSourceWithConfigure = &slbIngressDataSource{}

type slbIngressDataSource struct {
	run *run
}

// slbIngressDataModel is the data source as Terraform holds it.
type slbIngressDataModel struct {
	ID               types.String           `tfsdk:"id"`
	Name             types.String           `tfsdk:"name"`
	UID              types.String           `tfsdk:"uid"`
	Generation       types.Int64            `tfsdk:"generation"`
	LoadBalancerType types.String           `tfsdk:"load_balancer_type"`
	LoadBalancerID   types.String           `tfsdk:"load_balancer_id"`
	Region           types.String           `tfsdk:"region"`
	VPCID            types.String           `tfsdk:"vpc_id"`
	Address          types.String           `tfsdk:"address"`
	Listeners        []slbListenerDataModel `tfsdk:"listeners"`
	ListenerIDs      map[string]string      `tfsdk:"listener_ids"`
	Namespaces       []string               `tfsdk:"namespaces"`
	Hosts            []string               `tfsdk:"hosts"`
	Default          types.Bool             `tfsdk:"default"`
	Priorities       *prioritiesModel       `tfsdk:"priorities"`
	Ready            types.Bool             `tfsdk:"ready"`
	Reason           types.String           `tfsdk:"reason"`
	HostCount        types.Int64            `tfsdk:"host_count"`
	RuleCount        types.Int64            `tfsdk:"rule_count"`
	LeftOut          []leftOutModel         `tfsdk:"left_out"`
}

type slbListenerDataModel struct {
	ID         types.String `tfsdk:"id"`
	Port       types.Int64  `tfsdk:"port"`
	Protocol   types.String `tfsdk:"protocol"`
	Visibility types.String `tfsdk:"visibility"`
}

type leftOutModel struct {
	Host    types.String `tfsdk:"host"`
	Ingress types.String `tfsdk:"ingress"`
	Reason  types.String `tfsdk:"reason"`
}

func newSLBIngressDataSource() datasource.DataSource { return &slbIngressDataSource{} }

func (d *slbIngressDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_slb_ingress"
}

func (d *slbIngressDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(doc string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: doc}
	}
	number := func(doc string) schema.Int64Attribute {
		return schema.Int64Attribute{Computed: true, MarkdownDescription: doc}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A load balancer that is bound to the cluster by an `SLBIngress`, wherever that is managed: what leads to it, what may be served through it, and what the guard makes of it. It reads the cluster only: Alibaba Cloud is not called.",
		Attributes: map[string]schema.Attribute{
			"name":               schema.StringAttribute{Required: true, MarkdownDescription: "The name of the `SLBIngress`."},
			"id":                 text("The same."),
			"uid":                text("The object's unique ID."),
			"generation":         number("Counts the changes of its specification."),
			"load_balancer_type": text("`ALB` or `CLB`."),
			"load_balancer_id":   text("The load balancer's ID."),
			"region":             text("Its region."),
			"vpc_id":             text("Its VPC."),
			"address":            text("What leads to it: an ALB's DNS name, for a CNAME record, or a CLB's IP address, for an A record."),
			"listener_ids":       schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The ID of each listener of an ALB, by its port."},
			"namespaces":         schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Namespaces whose Services may be served; none: all of them."},
			"hosts":              schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Hosts that may be served; none: all of them."},
			"default":            schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it serves what no other `SLBIngress` names."},
			"ready":              schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether all is served; null while no guard has looked."},
			"reason":             text("Why not."),
			"host_count":         number("How many hosts it serves."),
			"rule_count":         number("How many rules the guard has on it."),
			"priorities": schema.SingleNestedAttribute{
				Computed: true, MarkdownDescription: "The priorities of the rules that are the guard's; null: all of them.",
				Attributes: map[string]schema.Attribute{"from": number("The first."), "to": number("The last.")},
			},
			"listeners": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The listeners that rules are written on.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id": text("The ID, of an ALB's."), "port": number("The port."), "protocol": text("`HTTP` or `HTTPS`."), "visibility": text("`Public` or `ClusterLocal`."),
				}},
			},
			"left_out": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "Hosts that are not served, each with why.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"host": text("The host."), "ingress": text("Whose it is, as namespace/name of the KIngress."), "reason": text("Why, and what to do."),
				}},
			},
		},
	}
}

func (d *slbIngressDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.run = runOf(req.ProviderData, &resp.Diagnostics)
}

func (d *slbIngressDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m slbIngressDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !d.run.connected(&resp.Diagnostics) {
		return
	}
	ref := kube.Ref{Kind: kube.SLBIngress, Name: m.Name.ValueString()}
	u, err := d.run.client.Get(ctx, ref)
	if err == nil && u == nil {
		err = &kube.Problem{
			Summary: "The SLBIngress does not exist",
			Detail:  ref.String() + " is not in the cluster. Check its name; where this configuration makes it, refer to knative_slb_ingress.….name, so that it is read after it is made.",
		}
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

func (m *slbIngressDataModel) fill(u *unstructured.Unstructured) error {
	o, err := asSLBIngress(u)
	if err != nil {
		return err
	}
	s := o.Spec
	m.ID, m.UID, m.Generation = m.Name, types.StringValue(string(o.UID)), types.Int64Value(o.Generation)
	m.LoadBalancerType, m.LoadBalancerID = types.StringValue(string(s.LoadBalancerType)), types.StringValue(s.LoadBalancerID)
	m.Region, m.VPCID, m.Address = optional(s.Region), optional(s.VPCID), optional(s.Address)
	m.Namespaces, m.Hosts, m.Default = append([]string{}, s.Namespaces...), append([]string{}, s.Hosts...), types.BoolValue(s.Default)
	if s.Priorities != nil {
		m.Priorities = &prioritiesModel{From: types.Int64Value(int64(s.Priorities.From)), To: types.Int64Value(int64(s.Priorities.To))}
	}
	m.Listeners, m.ListenerIDs = []slbListenerDataModel{}, map[string]string{}
	for _, l := range s.Listeners {
		m.Listeners = append(m.Listeners, slbListenerDataModel{optional(l.ID), types.Int64Value(int64(l.Port)), types.StringValue(l.Protocol), types.StringValue(l.Visibility)})
		if l.ID != "" {
			m.ListenerIDs[strconv.Itoa(int(l.Port))] = l.ID
		}
	}
	m.readStatus(o.Status)
	return nil
}

func (m *slbIngressDataModel) readStatus(s v1alpha1.SLBIngressStatus) {
	m.HostCount, m.RuleCount, m.LeftOut = types.Int64Value(int64(s.Hosts)), types.Int64Value(int64(s.Rules)), []leftOutModel{}
	for _, c := range s.Conditions {
		if c.Type == "Ready" && c.Status != "Unknown" {
			m.Ready = types.BoolValue(c.Status == "True")
		}
		if c.Type == "Ready" && c.Status != "True" {
			m.Reason = optional(c.Message)
		}
	}
	for _, l := range s.LeftOut {
		m.LeftOut = append(m.LeftOut, leftOutModel{types.StringValue(l.Host), types.StringValue(l.Ingress), types.StringValue(l.Reason)})
	}
}

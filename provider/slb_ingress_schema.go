package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/balancer"
)

// payAsYouGo is the only way of payment that is made here: a subscription is bought by hand, and adopted.
const payAsYouGo = "PayAsYouGo"

func (r *slbIngressResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A load balancer of Alibaba Cloud, ALB or CLB, as the way in to Knative Services: requests go from its listeners straight to the Pods of each Revision, in the percentages of the split.\n\n" +
			"It makes the load balancer, or adopts one with `load_balancer_id`, makes its listeners, and binds it to the cluster by an object `SLBIngress`. The guard, which has to be installed in the cluster, owns the rules, server groups and servers, " +
			"which Terraform never touches; see the guide *SLB ingress*. Attributes are named as in the alicloud provider, which needs not be there. Alibaba Cloud is called as the provider's block `alicloud` says.\n\n" +
			"Destroying it takes the binding away first and waits until the guard has taken away what it made; then the listeners, and then the load balancer, unless it was adopted.",
		Attributes: slbIngressAttributes(),
		Blocks: map[string]schema.Block{
			"listener":      listenerBlock(),
			"priorities":    prioritiesBlock(),
			"zone_mappings": zoneMappingsBlock(),
			"timeouts": timeouts.Block(ctx, timeouts.Opts{Create: true, Update: true, Delete: true,
				CreateDescription: "How long making all of it may take. Default `10m`.",
				UpdateDescription: "How long a change may take. Default `10m`.",
				DeleteDescription: "How long the guard may take to clean up, and Alibaba Cloud to take the rest away. Default `10m`.",
			}),
		},
	}
}

func slbIngressAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The name of the `SLBIngress`: a DNS name of at most 63 characters. A change makes a new one.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			Validators:          []validator.String{stringvalidator.LengthBetween(1, 63)},
		},
		"labels": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Labels of the `SLBIngress`. Labels that others set are left alone. With several guards in the cluster, `" + v1alpha1.GuardLabel + "` names the namespace of the one that carries it out.",
		},
		"load_balancer_type": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(v1alpha1.ALB)),
			MarkdownDescription: "`ALB` (default), whose splits are exact, or `CLB`, whose splits are as near as weights of servers come. A change makes a new load balancer.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			Validators:          []validator.String{stringvalidator.OneOf(string(v1alpha1.ALB), string(v1alpha1.CLB))},
		},
		"load_balancer_id": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Adopts this load balancer instead of making one. None of its own settings can then be written here, and it stays when this is destroyed.",
			Validators:          []validator.String{stringvalidator.LengthBetween(1, 128)},
		},
		"namespaces": schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Namespaces whose Services may be served. Left out, all of them."},
		"hosts":      schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Hosts that may be served: `shop.example.com`, or `*.example.com` for one or more labels before it. Left out, all of them."},
		"default":    schema.BoolAttribute{Optional: true, MarkdownDescription: "Serve what no other `SLBIngress` names by host or namespace."},

		"load_balancer_name":             changeable("The load balancer's name. Default `knative-` and `name`.", stringvalidator.LengthBetween(2, 80)),
		"delete_protection":              changeable("Whether the load balancer is protected from deletion, `on` or `off`. While it is, a destroy is refused at plan.", stringvalidator.OneOf("on", "off")),
		"modification_protection_status": changeable("`ConsoleProtection` keeps the load balancer from being changed in the console; `NonProtection` does not.", stringvalidator.OneOf("NonProtection", "ConsoleProtection")),
		"modification_protection_reason": changeable("Why it is protected, for whoever meets it in the console.", stringvalidator.LengthBetween(2, 80)),
		"tags": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Tags of the load balancer, at most 19. Tags that others set are left alone.",
			Validators:          []validator.Map{mapvalidator.SizeAtMost(19)},
		},

		"address_type":           lasting("Who reaches the load balancer, as the alicloud provider writes it: `Internet` or `Intranet` for ALB, `internet` or `intranet` for CLB. Required where one is made."),
		"vpc_id":                 lasting("The VPC of an ALB, in which the cluster's Pods are. Required where one is made."),
		"resource_group_id":      lasting("The resource group."),
		"load_balancer_edition":  upgradable("ALB: `Basic`, `Standard` (default) or `StandardWithWaf`. It decides on quotas: 40 or 100 rules, 200 or 1,000 servers. It changes in place, but for one to `Basic`, which makes a new load balancer.", stringvalidator.OneOf("Basic", "Standard", "StandardWithWaf")),
		"address_allocated_mode": lasting("ALB: `Fixed` or `Dynamic`.", stringvalidator.OneOf("Fixed", "Dynamic")),
		"vswitch_id":             lasting("CLB: the vSwitch of one in a VPC. Required with `address_type = \"intranet\"`."),
		"load_balancer_spec":     changeable("CLB: the specification, such as `slb.s2.small`, where `instance_charge_type` is `PayBySpec`."),
		"internet_charge_type":   changeable("CLB on the internet: `PayByTraffic` or `PayByBandwidth`.", stringvalidator.OneOf("PayByTraffic", "PayByBandwidth")),
		"instance_charge_type":   lasting("CLB: `PayBySpec` or `PayByCLCU`.", stringvalidator.OneOf("PayBySpec", "PayByCLCU")),
		"master_zone_id":         lasting("CLB: the zone that it works in."),
		"slave_zone_id":          lasting("CLB: the zone that it falls back to."),
		"payment_type":           lasting("`PayAsYouGo`, for both types. A load balancer by subscription can be adopted.", stringvalidator.OneOf(payAsYouGo)),
		"bandwidth": schema.Int64Attribute{
			Optional: true, Computed: true, MarkdownDescription: "CLB on the internet: the most that it carries, in Mbit/s, 1–5120.",
			PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			Validators:    []validator.Int64{int64validator.Between(1, 5120)},
		},

		"force_conflicts": forceConflictsAttribute(),
		"id":              schema.StringAttribute{Computed: true, MarkdownDescription: "The `name`."},
		"uid":             schema.StringAttribute{Computed: true, MarkdownDescription: "The unique ID of the `SLBIngress`."},
		"generation":      schema.Int64Attribute{Computed: true, MarkdownDescription: "Counts the changes of the `SLBIngress`."},
		"region":          schema.StringAttribute{Computed: true, MarkdownDescription: "The region of the load balancer."},
		"adopted":         schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the load balancer was there before, and stays."},
		"address":         schema.StringAttribute{Computed: true, MarkdownDescription: "What leads to the load balancer: an ALB's DNS name, for a CNAME record, or a CLB's IP address, for an A record."},
		"dns_name":        schema.StringAttribute{Computed: true, MarkdownDescription: "The DNS name of an ALB."},
		"listener_ids":    schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The ID of each listener, by its port. Those of a CLB are as the alicloud provider writes them: `lb-…:http:80`."},
	}
}

// changeable is a setting of a load balancer that can be changed.
func changeable(doc string, rules ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: doc, Validators: rules,
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// lasting is a setting that a load balancer is made with.
func lasting(doc string, rules ...validator.String) schema.StringAttribute {
	a := changeable(doc+" A change makes a new load balancer.", rules...)
	a.PlanModifiers = append(a.PlanModifiers, stringplanmodifier.RequiresReplaceIfConfigured())
	return a
}

// upgradable is an edition, which some others can become.
func upgradable(doc string, rules ...validator.String) schema.StringAttribute {
	a := changeable(doc, rules...)
	a.PlanModifiers = append(a.PlanModifiers, stringplanmodifier.RequiresReplaceIf(func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
		resp.RequiresReplace = !balancer.Becomes(req.StateValue.ValueString(), req.PlanValue.ValueString())
	}, "Nothing becomes Basic.", "Nothing becomes `Basic`."))
	return a
}

func zoneMappingsBlock() schema.SetNestedBlock {
	return schema.SetNestedBlock{
		MarkdownDescription: "ALB: the zones that it works in, two or more. They change in place.",
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"zone_id":    schema.StringAttribute{Required: true, MarkdownDescription: "The zone, such as `cn-hangzhou-a`."},
			"vswitch_id": schema.StringAttribute{Required: true, MarkdownDescription: "A vSwitch of the VPC in this zone."},
		}},
	}
}

func prioritiesBlock() schema.SingleNestedBlock {
	priority := func(doc string) schema.Int64Attribute {
		return schema.Int64Attribute{Optional: true, MarkdownDescription: doc, Validators: []validator.Int64{int64validator.Between(v1alpha1.FirstPriority, v1alpha1.LastPriority)}}
	}
	return schema.SingleNestedBlock{
		MarkdownDescription: "ALB: the priorities of the rules that are the guard's, for a listener that others write rules on too. Left out, all of them, 1–10000.",
		Attributes:          map[string]schema.Attribute{"from": priority("Required. The first."), "to": priority("Required. The last.")},
	}
}

// maxListeners is how many an SLBIngress may name, and how many more may redirect to them.
const maxListeners = 16

func listenerBlock() schema.ListNestedBlock {
	truth := func(doc string) schema.BoolAttribute {
		return schema.BoolAttribute{Optional: true, MarkdownDescription: doc}
	}
	return schema.ListNestedBlock{
		MarkdownDescription: "Required. A listener, one a port. Requests whose host no Service has are answered with 503.",
		Validators:          []validator.List{listvalidator.IsRequired(), listvalidator.SizeAtMost(maxListeners)},
		NestedObject: schema.NestedBlockObject{
			Attributes: map[string]schema.Attribute{
				"port":               schema.Int64Attribute{Required: true, MarkdownDescription: "The port, 1–65535. A change makes a new listener.", Validators: []validator.Int64{int64validator.Between(1, 65535)}},
				"protocol":           schema.StringAttribute{Required: true, MarkdownDescription: "`HTTP` or `HTTPS`. A change makes a new listener.", Validators: []validator.String{stringvalidator.OneOf(v1alpha1.ProtocolHTTP, v1alpha1.ProtocolHTTPS)}},
				"visibility":         schema.StringAttribute{Optional: true, MarkdownDescription: "`Public` (default) serves hosts that are for everyone, `ClusterLocal` those that are for the cluster alone.", Validators: []validator.String{stringvalidator.OneOf(v1alpha1.VisibilityPublic, v1alpha1.VisibilityClusterLocal)}},
				"forward_port":       schema.Int64Attribute{Optional: true, MarkdownDescription: "Of an HTTP listener: answer each request with a redirect to HTTPS on this port, and serve nothing.", Validators: []validator.Int64{int64validator.Between(1, 65535)}},
				"idle_timeout":       schema.Int64Attribute{Optional: true, MarkdownDescription: "How long a connection may be idle, in seconds, 1–60. Default 15.", Validators: []validator.Int64{int64validator.Between(1, 60)}},
				"request_timeout":    schema.Int64Attribute{Optional: true, MarkdownDescription: "How long an answer may take, in seconds, 1–180. Default 60.", Validators: []validator.Int64{int64validator.Between(1, 180)}},
				"security_policy_id": schema.StringAttribute{Optional: true, MarkdownDescription: "ALB, HTTPS: the TLS versions and ciphers, such as `tls_cipher_policy_1_2`."},
				"tls_cipher_policy":  schema.StringAttribute{Optional: true, MarkdownDescription: "CLB, HTTPS: the same."},
			},
			Blocks: map[string]schema.Block{
				"certificates": schema.ListNestedBlock{
					MarkdownDescription: "The certificates of an HTTPS listener. The first is for clients whose host no other fits. A CLB has one. Those that the guard puts beside them are not shown here, and stay.",
					NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
						"certificate_id": schema.StringAttribute{Required: true, MarkdownDescription: "The certificate's ID, of SSL Certificates Service (ALB) or of CLB."},
					}},
				},
				"x_forwarded_for_config": schema.SingleNestedBlock{
					MarkdownDescription: "Which headers tell servers about the client. Left out, `X-Forwarded-For` and `X-Forwarded-Proto`.",
					Attributes: map[string]schema.Attribute{
						"x_forwarded_for_enabled":                 truth("`X-Forwarded-For`. A CLB always sends it."),
						"x_forwarded_for_proto_enabled":           truth("`X-Forwarded-Proto`."),
						"x_forwarded_for_host_enabled":            truth("ALB: `X-Forwarded-Host`."),
						"x_forwarded_for_slb_id_enabled":          truth("`SLB-ID`."),
						"x_forwarded_for_slb_port_enabled":        truth("`X-Forwarded-Port`."),
						"x_forwarded_for_client_src_port_enabled": truth("`X-Forwarded-Client-srcport`."),
					},
				},
			},
		},
	}
}

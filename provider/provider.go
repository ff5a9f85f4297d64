// Package provider is the Terraform provider for Knative: one file a resource or data source, its model beside it.
package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

var _ provider.Provider = &knativeProvider{}

type knativeProvider struct {
	version string
	blocks  blockForm
}

func (p *knativeProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "knative", p.version
}

func (p *knativeProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	attributes := connectionAttributes()
	attributes["namespace"] = schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "The namespace of resources and data sources that name none. Default `default`.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Runs [Knative Serving](https://knative.dev) from Terraform: Services, traffic splits for canaries and rollbacks, the policies that hold everyone to their rules, how many Pods they have and when, and their Revisions, on any Kubernetes cluster; and the way in through a load balancer of Alibaba Cloud.",
		Attributes:          attributes,
		Blocks:              map[string]schema.Block{"alicloud": alicloudBlock()},
	}
}

func (p *knativeProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model connectionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	run := newRun(defaultNamespace(model.Namespace))
	resp.ResourceData, resp.DataSourceData = run, run
	cluster, alicloud := known(req.Config.Raw)
	if alicloud {
		run.connectCloud(model.Alicloud, &resp.Diagnostics)
	}
	if !cluster {
		return // a cluster that this same run creates: plan without it
	}
	settings, diags := model.settings(ctx, "terraform-provider-knative/"+p.version+" Terraform/"+req.TerraformVersion)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, err := kube.New(settings)
	switch {
	case errors.Is(err, kube.ErrNoCluster):
		run.missing = "No cluster is configured: set config_path (KUBE_CONFIG_PATH), or host (KUBE_HOST) with credentials, in the provider \"knative\" block or the environment. There is no default, so that nothing is ever changed in a cluster that nobody named."
	case err != nil:
		resp.Diagnostics.AddError("The connection settings cannot be used", err.Error())
	default:
		run.client = client
	}
}

func (p *knativeProvider) Resources(context.Context) []func() resource.Resource {
	service := func() resource.Resource { return &serviceResource{blocks: p.blocks} }
	return []func() resource.Resource{service, newTrafficSplitResource, newRolloutPolicyResource, newScalingPolicyResource, newSLBIngressResource}
}

func (p *knativeProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newServiceDataSource, newRevisionsDataSource, newSLBIngressDataSource}
}

// known says whether all settings of the cluster are known, and all of Alibaba Cloud: each is planned without on its own.
func known(config tftypes.Value) (cluster, alicloud bool) {
	var settings map[string]tftypes.Value
	if err := config.As(&settings); err != nil {
		return false, false
	}
	cluster, alicloud = true, true
	for name, v := range settings {
		if name == "alicloud" {
			alicloud = v.IsFullyKnown()
		} else {
			cluster = cluster && v.IsFullyKnown()
		}
	}
	return cluster, alicloud
}

func defaultNamespace(v types.String) types.String {
	if v.IsNull() {
		return types.StringValue("default")
	}
	return v
}

package provider

import (
	"errors"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// alicloudModel is the provider's block alicloud. Its names and environment variables are those of aliyun/alicloud.
type alicloudModel struct {
	AccessKey             types.String         `tfsdk:"access_key"`
	SecretKey             types.String         `tfsdk:"secret_key"`
	SecurityToken         types.String         `tfsdk:"security_token"`
	Region                types.String         `tfsdk:"region"`
	ECSRoleName           types.String         `tfsdk:"ecs_role_name"`
	SharedCredentialsFile types.String         `tfsdk:"shared_credentials_file"`
	Profile               types.String         `tfsdk:"profile"`
	CredentialsURI        types.String         `tfsdk:"credentials_uri"`
	AssumeRole            *assumeRoleModel     `tfsdk:"assume_role"`
	AssumeRoleWithOIDC    *assumeRoleOIDCModel `tfsdk:"assume_role_with_oidc"`
	Endpoints             *endpointsModel      `tfsdk:"endpoints"`
}

type assumeRoleModel struct {
	RoleARN           types.String `tfsdk:"role_arn"`
	SessionName       types.String `tfsdk:"session_name"`
	SessionExpiration types.Int64  `tfsdk:"session_expiration"`
	Policy            types.String `tfsdk:"policy"`
	ExternalID        types.String `tfsdk:"external_id"`
}

type assumeRoleOIDCModel struct {
	OIDCProviderARN   types.String `tfsdk:"oidc_provider_arn"`
	OIDCTokenFile     types.String `tfsdk:"oidc_token_file"`
	OIDCToken         types.String `tfsdk:"oidc_token"`
	RoleARN           types.String `tfsdk:"role_arn"`
	RoleSessionName   types.String `tfsdk:"role_session_name"`
	Policy            types.String `tfsdk:"policy"`
	SessionExpiration types.Int64  `tfsdk:"session_expiration"`
}

type endpointsModel struct {
	ALB types.String `tfsdk:"alb"`
	SLB types.String `tfsdk:"slb"`
	STS types.String `tfsdk:"sts"`
	CS  types.String `tfsdk:"cs"`
	ECS types.String `tfsdk:"ecs"`
	VPC types.String `tfsdk:"vpc"`
	RAM types.String `tfsdk:"ram"`
	CAS types.String `tfsdk:"cas"`
}

func alicloudBlock() schema.SingleNestedBlock {
	text := func(doc string, env ...string) schema.StringAttribute {
		if len(env) > 0 {
			doc += " Environment: `" + strings.Join(env, "`, `") + "`."
		}
		return schema.StringAttribute{Optional: true, MarkdownDescription: doc}
	}
	secret := func(doc string, env ...string) schema.StringAttribute {
		a := text(doc, env...)
		a.Sensitive = true
		return a
	}
	seconds := schema.Int64Attribute{Optional: true, MarkdownDescription: "How long a session lasts, in seconds, 900–43200. Default 3600.", Validators: []validator.Int64{int64validator.Between(900, 43200)}}
	endpoint := func(what string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: "Where " + what + " is called: a host, then by HTTPS, or a URL."}
	}
	notCalled := func(what string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: "Taken, so that a block of the alicloud provider can be copied; nothing of " + what + " is called."}
	}
	return schema.SingleNestedBlock{
		MarkdownDescription: "How Alibaba Cloud is called, for `knative_slb_ingress` only. Settings and environment variables are those of the alicloud provider; of several variables the first that is set counts. " +
			"Of the kinds of credentials the first that is set counts: an access key, an OIDC token, a URI, an ECS role, a profile. `assume_role` takes a role with what that gave.",
		Attributes: map[string]schema.Attribute{
			"access_key":              secret("The ID of an access key.", "ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"),
			"secret_key":              secret("Its secret.", "ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET"),
			"security_token":          secret("The token of a temporary access key.", "ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN"),
			"region":                  text("The region of the load balancers, such as `cn-hangzhou`.", "ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"),
			"ecs_role_name":           text("The RAM role of the ECS instance that Terraform runs on.", "ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"),
			"shared_credentials_file": text("The file of the CLI's profiles. Default `~/.aliyun/config.json`.", "ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"),
			"profile":                 text("A profile of that file. Default: its current one.", "ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE"),
			"credentials_uri":         text("A URL that answers with a temporary access key.", "ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI"),
		},
		Blocks: map[string]schema.Block{
			"assume_role": schema.SingleNestedBlock{
				MarkdownDescription: "A RAM role to take with the other credentials.",
				Attributes: map[string]schema.Attribute{
					"role_arn":           text("The role, such as `acs:ram::123456789012****:role/terraform`.", "ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"),
					"session_name":       text("The session's name in the audit log. Default `terraform-provider-knative`.", "ALICLOUD_ASSUME_ROLE_SESSION_NAME", "ALIBABA_CLOUD_ROLE_SESSION_NAME"),
					"session_expiration": seconds,
					"policy":             text("A policy that takes rights away from the session."),
					"external_id":        text("The external ID that the role's trust asks for."),
				},
			},
			"assume_role_with_oidc": schema.SingleNestedBlock{
				MarkdownDescription: "A RAM role to take with an OIDC token: of a Pod in ACK (RRSA), or of HCP Terraform (`TFC_WORKLOAD_IDENTITY_AUDIENCE`).",
				Attributes: map[string]schema.Attribute{
					"oidc_provider_arn":  text("The OIDC provider in RAM.", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"),
					"oidc_token_file":    text("The file with the token, which is read each time.", "ALIBABA_CLOUD_OIDC_TOKEN_FILE"),
					"oidc_token":         secret("The token itself.", "ALIBABA_CLOUD_OIDC_TOKEN"),
					"role_arn":           text("The role.", "ALIBABA_CLOUD_ROLE_ARN"),
					"role_session_name":  text("The session's name in the audit log. Default `terraform-provider-knative`.", "ALIBABA_CLOUD_ROLE_SESSION_NAME"),
					"policy":             text("A policy that takes rights away from the session."),
					"session_expiration": seconds,
				},
			},
			"endpoints": schema.SingleNestedBlock{
				MarkdownDescription: "Where the products are called, if not at their own endpoints in the region.",
				Attributes: map[string]schema.Attribute{
					"alb": endpoint("ALB"), "slb": endpoint("CLB"), "sts": endpoint("STS, to take a role,"),
					"cs": notCalled("CS"), "ecs": notCalled("ECS"), "vpc": notCalled("VPC"), "ram": notCalled("RAM"), "cas": notCalled("CAS"),
				},
			},
		},
	}
}

// settings are the block's values, or those of the environment where the block is silent.
func (m *alicloudModel) settings() cloud.Settings {
	var s cloud.Settings
	if m == nil {
		return s.WithEnvironment(os.Getenv)
	}
	s = cloud.Settings{
		Region: m.Region.ValueString(), AccessKey: m.AccessKey.ValueString(), SecretKey: m.SecretKey.ValueString(), SecurityToken: m.SecurityToken.ValueString(),
		ECSRoleName: m.ECSRoleName.ValueString(), Profile: m.Profile.ValueString(), SharedCredentialsFile: m.SharedCredentialsFile.ValueString(),
		CredentialsURI: m.CredentialsURI.ValueString(), Endpoints: m.Endpoints.byProduct(),
	}
	if a := m.AssumeRole; a != nil {
		s.AssumeRole = &cloud.AssumeRole{
			RoleARN: a.RoleARN.ValueString(), SessionName: a.SessionName.ValueString(), Policy: a.Policy.ValueString(),
			ExternalID: a.ExternalID.ValueString(), Seconds: int(a.SessionExpiration.ValueInt64()),
		}
	}
	if o := m.AssumeRoleWithOIDC; o != nil {
		s.OIDC = &cloud.OIDC{
			ProviderARN: orEnv(o.OIDCProviderARN, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"), RoleARN: orEnv(o.RoleARN, "ALIBABA_CLOUD_ROLE_ARN"),
			TokenFile: orEnv(o.OIDCTokenFile, "ALIBABA_CLOUD_OIDC_TOKEN_FILE"), Token: orEnv(o.OIDCToken, "ALIBABA_CLOUD_OIDC_TOKEN"),
			SessionName: orEnv(o.RoleSessionName, "ALIBABA_CLOUD_ROLE_SESSION_NAME"), Policy: o.Policy.ValueString(), Seconds: int(o.SessionExpiration.ValueInt64()),
		}
	}
	return s.WithEnvironment(os.Getenv)
}

func (m *endpointsModel) byProduct() map[string]string {
	if m == nil {
		return nil
	}
	out := map[string]string{}
	for product, at := range map[string]types.String{"alb": m.ALB, "slb": m.SLB, "sts": m.STS, "ecs": m.ECS, "vpc": m.VPC, "cas": m.CAS} {
		if !at.IsNull() {
			out[product] = at.ValueString()
		}
	}
	return out
}

// connectCloud gives the run a client of Alibaba Cloud. Whoever writes the block is told at once what is wrong with it; whoever does
// not may have no load balancer, and is told when one is asked for.
func (r *run) connectCloud(m *alicloudModel, diags *diag.Diagnostics) {
	client, err := cloud.New(m.settings())
	if err == nil {
		r.cloud = client
		return
	}
	at, why := path.Root("alicloud"), err.Error()
	if bad, ok := errors.AsType[*cloud.SettingError](err); ok {
		for name := range strings.SplitSeq(bad.Path, ".") {
			at = at.AtName(name)
		}
		why = bad.Why + "."
	}
	r.cloudMissing = at.String() + ": " + why
	if m != nil {
		addErrorAt(diags, at, "Alibaba Cloud cannot be called", why)
	}
}

// hasCloud reports an error where Alibaba Cloud cannot be called.
func (r *run) hasCloud(diags *diag.Diagnostics) bool {
	if r != nil && r.cloud != nil {
		return true
	}
	detail := "The settings of the provider's block alicloud are not known yet."
	if r != nil && r.cloudMissing != "" {
		detail = r.cloudMissing + " Write it in the provider's block alicloud, or in the environment."
	}
	diags.AddError("Alibaba Cloud cannot be called", detail)
	return false
}

package provider

import (
	"context"
	"os"
	"path/filepath"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// connectionModel is the provider block. Its names and environment variables are those of hashicorp/kubernetes.
type connectionModel struct {
	Host                  types.String `tfsdk:"host"`
	Username              types.String `tfsdk:"username"`
	Password              types.String `tfsdk:"password"`
	Insecure              types.Bool   `tfsdk:"insecure"`
	TLSServerName         types.String `tfsdk:"tls_server_name"`
	ClientCertificate     types.String `tfsdk:"client_certificate"`
	ClientKey             types.String `tfsdk:"client_key"`
	ClusterCACertificate  types.String `tfsdk:"cluster_ca_certificate"`
	ConfigPath            types.String `tfsdk:"config_path"`
	ConfigPaths           types.List   `tfsdk:"config_paths"`
	ConfigContext         types.String `tfsdk:"config_context"`
	ConfigContextAuthInfo types.String `tfsdk:"config_context_auth_info"`
	ConfigContextCluster  types.String `tfsdk:"config_context_cluster"`
	Token                 types.String `tfsdk:"token"`
	ProxyURL              types.String `tfsdk:"proxy_url"`
	Exec                  *execModel   `tfsdk:"exec"`
	Namespace             types.String `tfsdk:"namespace"`

	Alicloud *alicloudModel `tfsdk:"alicloud"`
}

type execModel struct {
	APIVersion types.String `tfsdk:"api_version"`
	Command    types.String `tfsdk:"command"`
	Args       types.List   `tfsdk:"args"`
	Env        types.Map    `tfsdk:"env"`
}

func connectionAttributes() map[string]schema.Attribute {
	text := func(env, doc string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: doc + " Environment: `" + env + "`."}
	}
	secret := func(env, doc string) schema.StringAttribute {
		a := text(env, doc)
		a.Sensitive = true
		return a
	}
	return map[string]schema.Attribute{
		"host":                     text("KUBE_HOST", "The API server's address, as a URL or `host:port` (then HTTPS)."),
		"username":                 text("KUBE_USER", "The user name for basic authentication."),
		"password":                 secret("KUBE_PASSWORD", "The password for basic authentication."),
		"insecure":                 schema.BoolAttribute{Optional: true, MarkdownDescription: "Do not check the API server's certificate. Not for production. Environment: `KUBE_INSECURE`."},
		"tls_server_name":          text("KUBE_TLS_SERVER_NAME", "The name to expect in the API server's certificate, where it is not the host's."),
		"client_certificate":       text("KUBE_CLIENT_CERT_DATA", "The client certificate, PEM."),
		"client_key":               secret("KUBE_CLIENT_KEY_DATA", "The client certificate's key, PEM."),
		"cluster_ca_certificate":   text("KUBE_CLUSTER_CA_CERT_DATA", "The certificate authority of the API server, PEM."),
		"config_path":              text("KUBE_CONFIG_PATH", "A kubeconfig file."),
		"config_paths":             schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Kubeconfig files that are merged. Environment: `KUBE_CONFIG_PATHS`, separated as in `PATH`."},
		"config_context":           text("KUBE_CTX", "The context of the kubeconfig to use. Default: its current one."),
		"config_context_auth_info": text("KUBE_CTX_AUTH_INFO", "The user of the kubeconfig to use in place of the context's."),
		"config_context_cluster":   text("KUBE_CTX_CLUSTER", "The cluster of the kubeconfig to use in place of the context's."),
		"token":                    secret("KUBE_TOKEN", "A bearer token."),
		"proxy_url":                text("KUBE_PROXY_URL", "The URL of a proxy for all requests to the API server."),
		"exec": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "A command that prints credentials, as in a kubeconfig: for example `aliyun` or a cloud's own helper.",
			Attributes: map[string]schema.Attribute{
				"api_version": schema.StringAttribute{Required: true, MarkdownDescription: "`client.authentication.k8s.io/v1` or `…/v1beta1`.", Validators: []validator.String{stringvalidator.OneOf("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")}},
				"command":     schema.StringAttribute{Required: true, MarkdownDescription: "The program."},
				"args":        schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Its arguments."},
				"env":         schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Environment variables to add."},
			},
		},
	}
}

// settings are the block's values, or those of the environment where the block is silent.
func (m *connectionModel) settings(ctx context.Context, userAgent string) (kube.Settings, diag.Diagnostics) {
	var diags diag.Diagnostics
	insecure, d := boolOrEnv(m.Insecure, "KUBE_INSECURE")
	diags.Append(d...)
	s := kube.Settings{
		Host:                  orEnv(m.Host, "KUBE_HOST"),
		Username:              orEnv(m.Username, "KUBE_USER"),
		Password:              orEnv(m.Password, "KUBE_PASSWORD"),
		Token:                 orEnv(m.Token, "KUBE_TOKEN"),
		TLSServerName:         orEnv(m.TLSServerName, "KUBE_TLS_SERVER_NAME"),
		ProxyURL:              orEnv(m.ProxyURL, "KUBE_PROXY_URL"),
		ClientCertificate:     orEnv(m.ClientCertificate, "KUBE_CLIENT_CERT_DATA"),
		ClientKey:             orEnv(m.ClientKey, "KUBE_CLIENT_KEY_DATA"),
		ClusterCACertificate:  orEnv(m.ClusterCACertificate, "KUBE_CLUSTER_CA_CERT_DATA"),
		ConfigContext:         orEnv(m.ConfigContext, "KUBE_CTX"),
		ConfigContextAuthInfo: orEnv(m.ConfigContextAuthInfo, "KUBE_CTX_AUTH_INFO"),
		ConfigContextCluster:  orEnv(m.ConfigContextCluster, "KUBE_CTX_CLUSTER"),
		Insecure:              insecure,
		UserAgent:             userAgent,
	}
	diags.Append(m.ConfigPaths.ElementsAs(ctx, &s.ConfigPaths, false)...)
	switch one := orEnv(m.ConfigPath, "KUBE_CONFIG_PATH"); {
	case one != "" && len(s.ConfigPaths) == 0:
		s.ConfigPaths = []string{one}
	case len(s.ConfigPaths) == 0:
		s.ConfigPaths = filepath.SplitList(os.Getenv("KUBE_CONFIG_PATHS"))
	}
	if m.Exec != nil {
		s.Exec = &clientcmdapi.ExecConfig{
			APIVersion:      m.Exec.APIVersion.ValueString(),
			Command:         m.Exec.Command.ValueString(),
			InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
		}
		diags.Append(m.Exec.Args.ElementsAs(ctx, &s.Exec.Args, false)...)
		env := map[string]string{}
		diags.Append(m.Exec.Env.ElementsAs(ctx, &env, false)...)
		for k, v := range env {
			s.Exec.Env = append(s.Exec.Env, clientcmdapi.ExecEnvVar{Name: k, Value: v})
		}
	}
	return s, diags
}

func orEnv(v types.String, env string) string {
	if !v.IsNull() {
		return v.ValueString()
	}
	return os.Getenv(env)
}

func boolOrEnv(v types.Bool, env string) (bool, diag.Diagnostics) {
	text := os.Getenv(env)
	if !v.IsNull() || text == "" {
		return v.ValueBool(), nil
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("insecure"), "Not a yes or no", env+" is "+strconv.Quote(text)+". Write true or false.")}
	}
	return b, nil
}

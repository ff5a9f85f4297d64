package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// The block wins over the environment, attribute by attribute, and each variable of the alicloud provider is read.
func TestAlicloudSettings(t *testing.T) {
	for _, name := range []string{"HOME", "ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"} {
		t.Setenv(name, "")
	}
	text := types.StringValue
	for name, tc := range map[string]struct {
		block *alicloudModel
		env   map[string]string
		want  cloud.Settings
	}{
		"environment": {
			env:  map[string]string{"ALICLOUD_REGION": "cn-hangzhou", "ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s", "ALIBABA_CLOUD_SECURITY_TOKEN": "t"},
			want: cloud.Settings{Region: "cn-hangzhou", AccessKey: "id", SecretKey: "s", SecurityToken: "t"},
		},
		"block": {
			block: &alicloudModel{Region: text("cn-beijing"), AccessKey: text("id"), SecretKey: text("s"), Endpoints: &endpointsModel{ALB: text("http://alb"), CS: text("cs")}},
			env:   map[string]string{"ALICLOUD_REGION": "cn-hangzhou", "ALICLOUD_ACCESS_KEY": "other", "ALICLOUD_SECURITY_TOKEN": "of the other"},
			want:  cloud.Settings{Region: "cn-beijing", AccessKey: "id", SecretKey: "s", Endpoints: map[string]string{"alb": "http://alb"}},
		},
		"profile": {
			block: &alicloudModel{Region: text("r"), Profile: text("p"), SharedCredentialsFile: text("f")},
			want:  cloud.Settings{Region: "r", Profile: "p", SharedCredentialsFile: "f"},
		},
		"other kinds": {
			block: &alicloudModel{Region: text("r"), ECSRoleName: text("role"), CredentialsURI: text("http://keys")},
			want:  cloud.Settings{Region: "r", ECSRoleName: "role", CredentialsURI: "http://keys"},
		},
		"assume role": {
			block: &alicloudModel{Region: text("r"), AccessKey: text("id"), SecretKey: text("s"), AssumeRole: &assumeRoleModel{RoleARN: text("arn"), SessionName: text("n"), Policy: text("{}"), ExternalID: text("x"), SessionExpiration: types.Int64Value(900)}},
			want:  cloud.Settings{Region: "r", AccessKey: "id", SecretKey: "s", AssumeRole: &cloud.AssumeRole{RoleARN: "arn", SessionName: "n", Policy: "{}", ExternalID: "x", Seconds: 900}},
		},
		"OIDC": {
			block: &alicloudModel{Region: text("r"), AssumeRoleWithOIDC: &assumeRoleOIDCModel{RoleARN: text("arn")}},
			env:   map[string]string{"ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "p", "ALIBABA_CLOUD_OIDC_TOKEN": "token"},
			want:  cloud.Settings{Region: "r", OIDC: &cloud.OIDC{ProviderARN: "p", RoleARN: "arn", Token: "token"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range tc.env {
				t.Setenv(k, v)
			}
			if diff := cmp.Diff(tc.want, tc.block.settings()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What is wrong with the block is said at the attribute; without a block nothing is wrong before a load balancer is asked for.
func TestAlicloudProblems(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, name := range []string{"ALICLOUD_REGION", "ALIBABA_CLOUD_REGION", "ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"} {
		t.Setenv(name, "")
	}
	var diags diag.Diagnostics
	r := newRun(types.StringValue("default"))
	r.connectCloud(nil, &diags)
	if diags.HasError() || r.cloud != nil {
		t.Errorf("with no block: %v", diags)
	}
	if r.hasCloud(&diags); diags[0].Detail() != "alicloud.region: it is not set: name a region such as cn-hangzhou. Write it in the provider's block alicloud, or in the environment." {
		t.Errorf("asked for a load balancer: %v", diags)
	}
	diags = nil
	r.connectCloud(&alicloudModel{Region: types.StringValue("cn-hangzhou"), AccessKey: types.StringValue("id")}, &diags)
	if at := diags[0].(diag.DiagnosticWithPath).Path().String(); at != "alicloud.secret_key" {
		t.Errorf("said at %s: %v", at, diags)
	}
}

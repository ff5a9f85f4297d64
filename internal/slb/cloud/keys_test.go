package cloud_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

const role = "acs:ram::1:role/guard"

// Each kind of credentials gets a call through, and one that is wrong is told.
func TestKindsOfCredentials(t *testing.T) {
	keys := []wire.Key{{ID: "sim", Secret: "sim"}, {ID: "lent", Secret: "s", Token: "t"}}
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	write(t, token, jwt(time.Now().Add(time.Hour))+"\n")
	config := filepath.Join(dir, "config.json")
	write(t, config, `{"current":"plain","profiles":[
		{"name":"plain","mode":"AK","access_key_id":"sim","access_key_secret":"sim"},
		{"name":"lent","mode":"StsToken","access_key_id":"lent","access_key_secret":"s","sts_token":"t"},
		{"name":"role","mode":"RamRoleArn","access_key_id":"sim","access_key_secret":"sim","ram_role_arn":"`+role+`"},
		{"name":"chain","mode":"ChainableRamRoleArn","source_profile":"role","ram_role_arn":"`+role+`"},
		{"name":"circle","mode":"ChainableRamRoleArn","source_profile":"circle","ram_role_arn":"`+role+`"},
		{"name":"empty","mode":"AK"},
		{"name":"odd","mode":"Odd"}]}`)
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
			_, _ = w.Write([]byte("metadata-token"))
		case r.URL.Path == "/latest/meta-data/ram/security-credentials/node" && r.Header.Get("X-aliyun-ecs-metadata-token") == "metadata-token", r.URL.Path == "/key":
			_ = json.NewEncoder(w).Encode(map[string]string{
				"Code": "Success", "AccessKeyId": "lent", "AccessKeySecret": "s", "SecurityToken": "t", "Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
			})
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer metadata.Close()

	for name, test := range map[string]struct {
		set  cloud.Settings
		says string // of the error; none if empty
	}{
		"key":                 {cloud.Settings{AccessKey: "sim", SecretKey: "sim"}, ""},
		"unknown key":         {cloud.Settings{AccessKey: "who", SecretKey: "sim"}, "InvalidAccessKeyId"},
		"temporary key":       {cloud.Settings{AccessKey: "lent", SecretKey: "s", SecurityToken: "t"}, ""},
		"role":                {cloud.Settings{AccessKey: "sim", SecretKey: "sim", AssumeRole: &cloud.AssumeRole{RoleARN: role}}, ""},
		"no such role":        {cloud.Settings{AccessKey: "sim", SecretKey: "sim", AssumeRole: &cloud.AssumeRole{RoleARN: "x"}}, "sts:AssumeRole"},
		"OIDC":                {cloud.Settings{OIDC: &cloud.OIDC{ProviderARN: "p", RoleARN: role, TokenFile: token}}, ""},
		"expired OIDC":        {cloud.Settings{OIDC: &cloud.OIDC{ProviderARN: "p", RoleARN: role, Token: jwt(time.Now().Add(-time.Hour))}}, "AuthenticationFail.OIDCToken.Expired"},
		"no OIDC token":       {cloud.Settings{OIDC: &cloud.OIDC{ProviderARN: "p", RoleARN: role, TokenFile: token + "x"}}, "cannot be read"},
		"current profile":     {cloud.Settings{SharedCredentialsFile: config}, ""},
		"profile with token":  {cloud.Settings{SharedCredentialsFile: config, Profile: "lent"}, ""},
		"profile with role":   {cloud.Settings{SharedCredentialsFile: config, Profile: "role"}, ""},
		"profile on profile":  {cloud.Settings{SharedCredentialsFile: config, Profile: "chain"}, ""},
		"profiles in circle":  {cloud.Settings{SharedCredentialsFile: config, Profile: "circle"}, "circle"},
		"profile without key": {cloud.Settings{SharedCredentialsFile: config, Profile: "empty"}, "has no key"},
		"odd profile":         {cloud.Settings{SharedCredentialsFile: config, Profile: "odd"}, `mode "Odd"`},
		"no such profile":     {cloud.Settings{SharedCredentialsFile: config, Profile: "none"}, `no profile "none"`},
		"no such file":        {cloud.Settings{SharedCredentialsFile: config + "x"}, "shared_credentials_file"},
		"ECS role":            {cloud.Settings{ECSRoleName: "node", MetadataURL: metadata.URL}, ""},
		"no such ECS role":    {cloud.Settings{ECSRoleName: "none", MetadataURL: metadata.URL}, "HTTP status 404"},
		"URI":                 {cloud.Settings{CredentialsURI: metadata.URL + "/key"}, ""},
		"none":                {cloud.Settings{}, "there are no credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME", dir)
			b := slbtest.New(t, slbsim.Options{Keys: keys})
			test.set.Region, test.set.Endpoints, test.set.Pause = "cn-hangzhou", b.Endpoints(), time.Millisecond
			c, err := cloud.New(test.set)
			if err == nil {
				err = zones(t.Context(), c)
			}
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

// A role's key is fetched once, and again before it ends, or when it was taken back.
func TestRoleIsTakenAgain(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Now())
	b := slbtest.New(t, slbsim.Options{Clock: clock})
	set := b.Settings()
	set.AssumeRole, set.Clock = &cloud.AssumeRole{RoleARN: role, Seconds: 900}, clock
	c := b.Connect(set)
	calls := func(want int) {
		t.Helper()
		if err := zones(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if n := b.Record.Count()["sts:AssumeRole"]; n != want {
			t.Fatalf("the role was taken %d times, want %d", n, want)
		}
	}
	calls(1)
	calls(1)
	clock.Step(13 * time.Minute)
	calls(2)
	b.Faults.Set(wire.Fault{Product: "alb", Times: 1, Effect: wire.Effect{Error: wire.Refuse("InvalidSecurityToken.Expired", "no")}})
	calls(3)
}

func TestEnvironment(t *testing.T) {
	env := map[string]string{
		"ALICLOUD_REGION": "cn-beijing", "ALICLOUD_ACCESS_KEY": "a", "ALICLOUD_SECRET_KEY": "s", "ALB_ENDPOINT": "http://127.0.0.1:1",
		"ALICLOUD_ASSUME_ROLE_ARN": role,
	}
	got := cloud.Settings{SecretKey: ""}.WithEnvironment(func(name string) string { return env[name] })
	if got.Region != "cn-beijing" || got.AccessKey != "a" || got.SecretKey != "s" || got.Endpoints["alb"] != "http://127.0.0.1:1" || got.AssumeRole.RoleARN != role {
		t.Fatalf("got %+v", got)
	}
	got = cloud.Settings{AccessKey: "mine", SecretKey: "own"}.WithEnvironment(func(name string) string { return env[name] })
	if got.AccessKey != "mine" || got.SecretKey != "own" {
		t.Fatal("the environment goes before what is set")
	}
	rrsa := map[string]string{"ALIBABA_CLOUD_ROLE_ARN": role, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "p", "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "f"}
	got = cloud.Settings{}.WithEnvironment(func(name string) string { return rrsa[name] })
	if got.OIDC == nil || got.OIDC.RoleARN != role || got.AssumeRole != nil {
		t.Fatalf("with RRSA: %+v", got)
	}
}

func jwt(expires time.Time) string {
	claims := fmt.Sprintf(`{"iss":"https://oidc","sub":"system:serviceaccount:a:b","exp":%d}`, expires.Unix())
	return "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s"
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

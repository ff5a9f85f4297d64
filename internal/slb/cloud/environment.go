package cloud

import (
	"maps"
	"strconv"
)

// WithEnvironment fills what is not set from the environment variables of the alicloud provider and of Alibaba Cloud's own tools.
func (s Settings) WithEnvironment(getenv func(string) string) Settings {
	first := func(to *string, names ...string) {
		for _, name := range names {
			if *to == "" {
				*to = getenv(name)
			}
		}
	}
	first(&s.Region, "ALICLOUD_REGION", "ALIBABA_CLOUD_REGION", "ALIBABACLOUD_REGION_ID", "ALIBABA_CLOUD_REGION_ID")
	if s.AccessKey == "" { // a key goes with its own secret and token
		first(&s.AccessKey, "ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID")
		first(&s.SecretKey, "ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET")
		first(&s.SecurityToken, "ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN")
	}
	first(&s.CredentialsURI, "ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI")
	first(&s.ECSRoleName, "ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA")
	first(&s.Profile, "ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE")
	first(&s.SharedCredentialsFile, "ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE")
	s.roleFromEnvironment(getenv, first)
	for _, name := range Products() {
		at := s.Endpoints[name]
		first(&at, endpointVariables[name]...)
		if at != "" && s.Endpoints[name] == "" {
			s.Endpoints = with(s.Endpoints, name, at)
		}
	}
	return s
}

// roleFromEnvironment reads the role to take: by the token of a cluster where RRSA put one, else with what other credentials there are.
func (s *Settings) roleFromEnvironment(getenv func(string) string, first func(*string, ...string)) {
	var o OIDC
	first(&o.ProviderARN, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALICLOUD_OIDC_PROVIDER_ARN")
	first(&o.TokenFile, "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALICLOUD_OIDC_TOKEN_FILE")
	first(&o.RoleARN, "ALIBABA_CLOUD_ROLE_ARN", "ALICLOUD_ROLE_ARN")
	if o.ProviderARN != "" && o.TokenFile != "" && o.RoleARN != "" {
		if s.OIDC == nil && s.AccessKey == "" {
			first(&o.SessionName, "ALIBABA_CLOUD_ROLE_SESSION_NAME", "ALIBABA_CLOUD_OIDC_ROLE_SESSION_NAME")
			s.OIDC = &o
		}
		return // the role is that one
	}
	if s.AssumeRole != nil {
		return
	}
	var a AssumeRole
	first(&a.RoleARN, "ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN")
	if a.RoleARN == "" {
		return
	}
	first(&a.SessionName, "ALICLOUD_ASSUME_ROLE_SESSION_NAME", "ALIBABA_CLOUD_ROLE_SESSION_NAME")
	if n, err := strconv.Atoi(getenv("ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION")); err == nil {
		a.Seconds = n
	}
	s.AssumeRole = &a
}

var endpointVariables = map[string][]string{
	"alb": {"ALB_ENDPOINT"}, "slb": {"SLB_ENDPOINT"}, "ecs": {"ECS_ENDPOINT"}, "vpc": {"VPC_ENDPOINT"}, "sts": {"STS_ENDPOINT"},
	"cas": {"CAS_ENDPOINT"},
}

// with gives a map with one more entry, and leaves the one it was given.
func with(m map[string]string, key, value string) map[string]string {
	more := map[string]string{}
	maps.Copy(more, m)
	more[key] = value
	return more
}

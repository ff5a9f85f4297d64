package cloud

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"k8s.io/utils/clock"
)

// Settings say which region is called, with what credentials, where and how. Names are those of Terraform's alicloud provider.
//
// Of the kinds of credentials the first that is set counts: AccessKey, OIDC, CredentialsURI, ECSRoleName, Profile or
// SharedCredentialsFile; with none, the profile that the CLI's file names as its current one, if there is such a file. AssumeRole
// takes a role with what that gave.
type Settings struct {
	Region string

	AccessKey, SecretKey string
	SecurityToken        string // with a temporary AccessKey

	OIDC           *OIDC
	CredentialsURI string // answers with a temporary key in JSON
	ECSRoleName    string // of the instance that this runs on

	Profile               string
	SharedCredentialsFile string // the CLI's: ~/.aliyun/config.json

	AssumeRole *AssumeRole

	// Endpoints say where a product is called, by its name: a host, or a URL. Without a scheme it is HTTPS.
	Endpoints map[string]string

	Budget   Budget
	Timeout  time.Duration // of one try: 20 s
	Patience time.Duration // of all tries of a call: a minute
	Pause    time.Duration // before the second try, and twice as long before each further: a quarter of a second
	Clock    clock.Clock   // the real one

	// MetadataURL is where an ECS instance finds its role's key: http://100.100.100.200.
	MetadataURL string
}

// AssumeRole takes a role of RAM by STS.
type AssumeRole struct {
	RoleARN     string
	SessionName string // terraform-provider-knative
	Policy      string
	ExternalID  string
	Seconds     int // an hour
}

// OIDC takes a role of RAM with a token of a cluster (RRSA).
type OIDC struct {
	ProviderARN string
	RoleARN     string
	TokenFile   string // read anew each time, for it changes
	Token       string
	SessionName string
	Policy      string
	Seconds     int
}

const sessionName = "terraform-provider-knative"

func (s Settings) withDefaults() Settings {
	def(&s.Timeout, 20*time.Second)
	def(&s.Patience, time.Minute)
	def(&s.Pause, 250*time.Millisecond)
	def(&s.Clock, clock.Clock(clock.RealClock{}))
	def(&s.MetadataURL, "http://100.100.100.200")
	return s
}

var regionName = regexp.MustCompile(`^[a-z0-9-]+$`)

// Validate says what is missing or does not go together.
func (s Settings) Validate() error {
	switch {
	case s.Region == "":
		return settingError("region", "it is not set: name a region such as cn-hangzhou")
	case !regionName.MatchString(s.Region):
		return settingError("region", "%q is no region: one looks like cn-hangzhou", s.Region)
	case s.AccessKey == "" && s.SecretKey != "":
		return settingError("access_key", "there is a secret_key, but no access_key")
	case s.AccessKey != "" && s.SecretKey == "":
		return settingError("secret_key", "there is an access_key, but no secret_key")
	case s.AccessKey == "" && s.SecurityToken != "":
		return settingError("access_key", "there is a security_token, but no access_key")
	case s.AssumeRole != nil && s.AssumeRole.RoleARN == "":
		return settingError("assume_role.role_arn", "it is not set")
	}
	if o := s.OIDC; o != nil && (o.ProviderARN == "" || o.RoleARN == "" || o.TokenFile == "" && o.Token == "") {
		return settingError("assume_role_with_oidc", "it needs oidc_provider_arn, role_arn, and oidc_token_file or oidc_token")
	}
	for name, at := range s.Endpoints {
		if !slices.Contains(Products(), name) {
			return settingError("endpoints."+name, "there is no such product: there are %v", Products())
		}
		if u, err := url.Parse(at); err == nil && u.Host != "" && u.Scheme != "http" && u.Scheme != "https" {
			return settingError("endpoints."+name, "%q is neither a host nor a URL of http or https", at)
		}
	}
	return nil
}

// SettingError is a setting that cannot be used.
type SettingError struct {
	Path string // as in Terraform: assume_role.role_arn
	Why  string
}

// Error names the setting and what is wrong.
func (e *SettingError) Error() string { return e.Path + ": " + e.Why }

func settingError(path, why string, args ...any) error {
	return &SettingError{path, fmt.Sprintf(why, args...)}
}

// def sets a value that is zero.
func def[T comparable](value *T, to T) {
	var zero T
	if *value == zero {
		*value = to
	}
}

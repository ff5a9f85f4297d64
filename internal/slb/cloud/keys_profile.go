package cloud

import (
	"encoding/json"
	"fmt"
	"os"
)

// profile is one of the file of Alibaba Cloud's CLI (its "aliyun configure").
type profile struct {
	Name     string `json:"name"`
	Mode     string `json:"mode"`
	ID       string `json:"access_key_id"`
	Secret   string `json:"access_key_secret"`
	Token    string `json:"sts_token"`
	RoleARN  string `json:"ram_role_arn"`
	Session  string `json:"ram_session_name"`
	Seconds  int    `json:"expired_seconds"`
	External string `json:"external_id"`
	Policy   string `json:"policy"`
	ECSRole  string `json:"ram_role_name"`
	Source   string `json:"source_profile"`
	URI      string `json:"credentials_uri"`
	OIDCFile string `json:"oidc_token_file"`
	OIDCARN  string `json:"oidc_provider_arn"`
}

// deepest is how many profiles may stand on each other.
const deepest = 5

// profileKeys reads a profile, and makes the source that it describes.
func profileKeys(c *Client, set Settings, path string, depth int) (keySource, error) {
	if depth > deepest {
		return nil, settingError("profile", "the profiles of %s stand on each other in a circle", path)
	}
	p, err := readProfile(path, set.Profile)
	if err != nil {
		return nil, err
	}
	below := Settings{SharedCredentialsFile: path}
	role := AssumeRole{p.RoleARN, p.Session, p.Policy, p.External, p.Seconds}
	switch p.Mode {
	case "AK", "":
		below.AccessKey, below.SecretKey = p.ID, p.Secret
	case "StsToken":
		below.AccessKey, below.SecretKey, below.SecurityToken = p.ID, p.Secret, p.Token
	case "RamRoleArn":
		below.AccessKey, below.SecretKey, below.SecurityToken, below.AssumeRole = p.ID, p.Secret, p.Token, &role
	case "EcsRamRole":
		below.ECSRoleName = p.ECSRole
	case "RamRoleArnWithEcs":
		below.ECSRoleName, below.AssumeRole = p.ECSRole, &role
	case "CredentialsURI":
		below.CredentialsURI = p.URI
	case "OIDC":
		below.OIDC = &OIDC{ProviderARN: p.OIDCARN, RoleARN: p.RoleARN, TokenFile: p.OIDCFile, SessionName: p.Session, Policy: p.Policy, Seconds: p.Seconds}
	case "ChainableRamRoleArn":
		below.Profile, below.AssumeRole = p.Source, &role
	default:
		return nil, settingError("profile", "the profile %q of %s has the mode %q, which is not one of AK, StsToken, RamRoleArn, EcsRamRole, "+
			"RamRoleArnWithEcs, CredentialsURI, OIDC, ChainableRamRoleArn", p.Name, path, p.Mode)
	}
	if p.Mode != "ChainableRamRoleArn" && below.AccessKey == "" && below.ECSRoleName == "" && below.CredentialsURI == "" && below.OIDC == nil {
		return nil, settingError("profile", "the profile %q of %s has no key", p.Name, path)
	}
	base, err := baseKeys(c, below, depth+1)
	if err != nil || below.AssumeRole == nil {
		return base, err
	}
	return assumed(c, base, *below.AssumeRole), nil
}

// readProfile finds a profile in the CLI's file; without a name its current one. Errors do not show what is in the file.
func readProfile(path, name string) (profile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return profile{}, settingError("shared_credentials_file", "%v", err)
	}
	var file struct {
		Current  string    `json:"current"`
		Profiles []profile `json:"profiles"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return profile{}, settingError("shared_credentials_file", "%s is not a file of the CLI (aliyun configure): it is not JSON of that form", path)
	}
	def(&name, file.Current)
	var names []string
	for _, p := range file.Profiles {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return profile{}, settingError("profile", "%s has no profile %q: it has %s", path, name, fmt.Sprint(names))
}

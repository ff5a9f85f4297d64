package slbsim

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

const account = "1000000000000001"

// stsProduct gives out keys for a while, and tells whose key it is.
func (s *Sim) stsProduct() wire.Product {
	return wire.Product{Name: "sts", Version: "2015-04-01", Global: true, Dialect: wire.Classic, Actions: []wire.Action{
		wire.Read("GetCallerIdentity", s.stsWho),
		wire.Read("AssumeRole", s.stsAssume),
		wire.Open("AssumeRoleWithOIDC", s.stsOIDC),
	}}
}

func (s *Sim) stsWho(c *wire.Call, _ nothing) (any, error) {
	arn, kind := c.Key.ARN, "RAMUser"
	def(&arn, "acs:ram::"+account+":user/"+c.Key.ID)
	if strings.Contains(arn, ":assumed-role/") {
		kind = "AssumedRoleUser"
	}
	return reply{"AccountId": account, "Arn": arn, "IdentityType": kind, "PrincipalId": c.Key.ID, "UserId": c.Key.ID}, nil
}

type stsAssumeParams struct {
	Role     string `json:"RoleArn" check:"required"`
	Session  string `json:"RoleSessionName" check:"required,2..64"`
	Seconds  *int   `json:"DurationSeconds" check:"900..43200"`
	Policy   string `json:"Policy"`
	External string `json:"ExternalId" check:"2..1224"`
}

func (s *Sim) stsAssume(_ *wire.Call, p stsAssumeParams) (any, error) {
	return s.lend(p.Role, p.Session, or(p.Seconds, 3600))
}

type stsOIDCParams struct {
	Provider string `json:"OIDCProviderArn" check:"required"`
	Role     string `json:"RoleArn" check:"required"`
	Token    string `json:"OIDCToken" check:"required"`
	Session  string `json:"RoleSessionName" check:"required,2..64"`
	Seconds  *int   `json:"DurationSeconds" check:"900..43200"`
	Policy   string `json:"Policy"`
}

// stsOIDC takes any token that is a JWT and not expired: whose it is, only its issuer could say.
func (s *Sim) stsOIDC(_ *wire.Call, p stsOIDCParams) (any, error) {
	var claims struct {
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
		Expires int64  `json:"exp"`
	}
	parts := strings.Split(p.Token, ".")
	if len(parts) != 3 {
		return nil, wire.Refuse("AuthenticationFail.OIDCToken.Invalid", "The OIDC token is invalid: it is no JWT.")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &claims) != nil {
		return nil, wire.Refuse("AuthenticationFail.OIDCToken.Invalid", "The OIDC token is invalid: its claims cannot be read.")
	}
	if s.clock.Now().Unix() >= claims.Expires {
		return nil, wire.Refuse("AuthenticationFail.OIDCToken.Expired", "The OIDC token is expired.")
	}
	answer, err := s.lend(p.Role, p.Session, or(p.Seconds, 3600))
	if err == nil {
		answer["OIDCTokenInfo"] = reply{"Issuer": claims.Issuer, "Subject": claims.Subject}
	}
	return answer, err
}

// lend makes a key that stands for a role until it expires.
func (s *Sim) lend(role, session string, seconds int) (reply, error) {
	if !strings.HasPrefix(role, "acs:ram::") || !strings.Contains(role, ":role/") {
		return nil, wire.Refuse("InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
	}
	key := wire.Key{
		ID: s.id("STS."), Secret: s.id(""), Token: s.id("token-"), Expires: s.clock.Now().Add(time.Duration(seconds) * time.Second),
		ARN: strings.Replace(role, ":role/", ":assumed-role/", 1) + "/" + session,
	}
	s.Keys.Add(key)
	return reply{
		"AssumedRoleUser": reply{"Arn": key.ARN, "AssumedRoleId": key.ID + ":" + session},
		"Credentials": reply{
			"AccessKeyId": key.ID, "AccessKeySecret": key.Secret, "SecurityToken": key.Token,
			"Expiration": key.Expires.UTC().Format(time.RFC3339),
		},
	}, nil
}

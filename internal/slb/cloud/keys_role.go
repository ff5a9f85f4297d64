package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// stsKey is a key as STS, the metadata of an instance, and a credentials URI write it.
type stsKey struct {
	ID      string    `json:"AccessKeyId"`
	Secret  string    `json:"AccessKeySecret"`
	Token   string    `json:"SecurityToken"`
	Expires time.Time `json:"Expiration"`
}

func (k stsKey) key() Key { return Key(k) }

type stsReply struct {
	Credentials stsKey `json:"Credentials"`
}

type assumeRoleParams struct {
	Role     string `json:"RoleArn"`
	Session  string `json:"RoleSessionName"`
	Seconds  int    `json:"DurationSeconds"`
	Policy   string `json:"Policy"`
	External string `json:"ExternalId"`
}

// assumed takes a role with the key of another source.
func assumed(c *Client, base keySource, role AssumeRole) keySource {
	def(&role.SessionName, sessionName)
	def(&role.Seconds, 3600)
	caller := &Client{set: c.set, keys: base, transport: c.transport, budgets: c.budgets, clock: c.clock}
	return c.lent(func(ctx context.Context) (Key, error) {
		var got stsReply
		err := caller.Call(ctx, STS, "AssumeRole", assumeRoleParams{role.RoleARN, role.SessionName, role.Seconds, role.Policy, role.ExternalID}, &got)
		return got.Credentials.key(), err
	})
}

// oidcKeys take a role with the token of a cluster. STS takes this call without a signature, so the SDK has no part in it.
func oidcKeys(c *Client, o OIDC) keySource {
	def(&o.SessionName, sessionName)
	def(&o.Seconds, 3600)
	return c.lent(func(ctx context.Context) (Key, error) {
		if o.TokenFile != "" {
			text, err := os.ReadFile(o.TokenFile)
			if err != nil {
				return Key{}, fmt.Errorf("the OIDC token cannot be read: %w", err)
			}
			o.Token = strings.TrimSpace(string(text))
		}
		scheme, host := endpointOf(c.set, STS)
		query := url.Values{
			"Action": {"AssumeRoleWithOIDC"}, "Version": {STS.Version}, "Format": {"JSON"}, "RegionId": {c.set.Region},
			"Timestamp": {c.clock.Now().UTC().Format("2006-01-02T15:04:05Z")},
		}
		form := url.Values{
			"RoleArn": {o.RoleARN}, "OIDCProviderArn": {o.ProviderARN}, "OIDCToken": {o.Token}, "RoleSessionName": {o.SessionName},
			"DurationSeconds": {fmt.Sprint(o.Seconds)},
		}
		if o.Policy != "" {
			form.Set("Policy", o.Policy)
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+"://"+host+"/?"+query.Encode(), strings.NewReader(form.Encode()))
		if err != nil {
			return Key{}, scrubError(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		status, body, err := c.fetch(r)
		if err != nil {
			return Key{}, &Error{Kind: Unavailable, Product: STS, Action: "AssumeRoleWithOIDC", cause: scrubError(err)}
		}
		if status >= 300 {
			return Key{}, refusal(STS, "AssumeRoleWithOIDC", status, body)
		}
		var got stsReply
		err = json.Unmarshal(body, &got)
		return got.Credentials.key(), scrubError(err)
	})
}

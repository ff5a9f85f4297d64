package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// keyFrom fetches a key in JSON.
func (c *Client) keyFrom(ctx context.Context, from, metadataToken string) (Key, error) {
	body, err := c.get(ctx, http.MethodGet, from, "X-aliyun-ecs-metadata-token", metadataToken)
	if err != nil {
		return Key{}, err
	}
	var got stsKey
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		return Key{}, fmt.Errorf("the answer of %s is no key in JSON", from)
	}
	return got.key(), nil
}

// ecsKey asks the metadata of the instance for the key of its role, with a token as its hardened mode asks for.
func (c *Client) ecsKey(ctx context.Context, role string) (Key, error) {
	base := strings.TrimSuffix(c.set.MetadataURL, "/") + "/latest/"
	token, err := c.get(ctx, http.MethodPut, base+"api/token", "X-aliyun-ecs-metadata-token-ttl-seconds", "21600")
	if err != nil {
		token = "" // an older instance has none
	}
	return c.keyFrom(ctx, base+"meta-data/ram/security-credentials/"+role, token)
}

// get asks a plain HTTP server for a text.
func (c *Client) get(ctx context.Context, method, from, header, value string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, from, http.NoBody)
	if err != nil {
		return "", scrubError(err)
	}
	if value != "" {
		r.Header.Set(header, value)
	}
	status, body, err := c.fetch(r)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", from, scrubError(err))
	case status != http.StatusOK:
		return "", fmt.Errorf("%s answered with HTTP status %d", from, status)
	}
	return string(body), nil
}

// fetch carries over a request that the SDK has no part in.
func (c *Client) fetch(r *http.Request) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), c.set.Timeout)
	defer cancel()
	carry := &carrier{ctx: ctx, next: c.transport}
	_, err = carry.RoundTrip(r) //nolint:bodyclose // the carrier has read it to its end
	return carry.status, carry.body, err
}

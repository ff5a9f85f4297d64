package cloud

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

// send signs a request by the SDK and carries it over. A status of 0 is no answer.
//
// The SDK's client is not safe for concurrent use, so each call has one of its own, which costs 9 µs; they share a transport.
func (c *Client) send(ctx context.Context, key Key, p Product, action string, query, form map[string]string) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.set.Timeout)
	defer cancel()
	carry := &carrier{ctx: ctx, next: c.transport}
	scheme, host := endpointOf(c.set, p)

	client := &sdk.Client{}
	config := sdk.NewConfig().WithScheme(scheme).WithAutoRetry(false).WithUserAgent("terraform-provider-knative")
	if err := client.InitWithOptions(c.set.Region, config, key.sdk()); err != nil {
		return 0, nil, err
	}
	client.Domain = host
	client.SetTransport(carry)

	r := requests.NewCommonRequest()
	r.Method, r.Product, r.Version, r.ApiName, r.Scheme = requests.POST, p.Name, p.Version, action, scheme
	maps.Copy(r.QueryParams, query)
	maps.Copy(r.FormParams, form)
	func() {
		defer func() { // at an error whose Code is not a string, for one
			if fault := recover(); fault != nil && carry.status == 0 {
				err = fmt.Errorf("the SDK panicked: %v", fault)
			}
		}()
		_, err = client.ProcessCommonRequest(r)
	}()
	return carry.status, carry.body, err
}

// carrier gives requests a context, which the SDK does not know, and keeps what was answered.
type carrier struct {
	ctx    context.Context
	next   http.RoundTripper
	status int
	body   []byte
}

// RoundTrip carries one request over, and reads its whole answer: half of one is none.
func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.next.RoundTrip(r.WithContext(c.ctx))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 32<<20))
	if err != nil {
		return nil, err
	}
	c.status, c.body = answer.StatusCode, body
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// newTransport is one that many calls at once can share.
func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		ForceAttemptHTTP2:     true,
	}
}

// Key is an access key.
type Key struct {
	ID, Secret string
	Token      string    // of a temporary one
	Expires    time.Time // zero: never
}

func (k Key) sdk() credentials.CredentialsProvider {
	if k.Token == "" {
		return credentials.NewStaticAKCredentialsProvider(k.ID, k.Secret)
	}
	return credentials.NewStaticSTSCredentialsProvider(k.ID, k.Secret, k.Token)
}

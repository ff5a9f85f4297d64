// Package slbtest is what the tests of the load balancers' parts have in common: an emulator, a client of it, and a load balancer.
package slbtest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// Bed is an emulator behind HTTP, and a client of it.
type Bed struct {
	*slbsim.Sim
	T      *testing.T
	URL    string
	Client *cloud.Client

	death death
}

// New makes an emulator whose jobs take 10 ms and whose seconds 20, without limits of calls, unless the options say otherwise.
func New(t *testing.T, o slbsim.Options) *Bed {
	t.Helper()
	if o.Jobs == 0 {
		o.Jobs = 10 * time.Millisecond
	}
	if o.Second == 0 {
		o.Second = 20 * time.Millisecond
	}
	if o.Read == nil {
		o.Read = &wire.Limit{}
	}
	if o.Write == nil {
		o.Write = &wire.Limit{}
	}
	b := &Bed{Sim: slbsim.New(o), T: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.death.serve(b.Sim, w, r) }))
	t.Cleanup(func() {
		server.Close()
		b.Close()
	})
	b.URL = server.URL
	b.Client = b.Connect(b.Settings())
	return b
}

// Settings are those of a client that calls as often as it likes, and tries again soon.
func (b *Bed) Settings() cloud.Settings {
	fast := cloud.Rate{PerSecond: 10_000, Burst: 10_000}
	return cloud.Settings{
		Region: "cn-hangzhou", AccessKey: "sim", SecretKey: "sim", Endpoints: b.Endpoints(),
		Pause: 5 * time.Millisecond, Patience: 20 * time.Second, Budget: cloud.Budget{Register: fast, Modify: fast, Describe: fast},
	}
}

// Endpoints are the emulator's, for all products.
func (b *Bed) Endpoints() map[string]string {
	all := map[string]string{}
	for _, name := range cloud.Products() {
		all[name] = b.URL
	}
	return all
}

// Connect makes a client.
func (b *Bed) Connect(s cloud.Settings) *cloud.Client {
	b.T.Helper()
	c, err := cloud.New(s)
	if err != nil {
		b.T.Fatal(err)
	}
	return c
}

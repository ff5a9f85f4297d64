package balancer

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

var kinds = []v1alpha1.LoadBalancerType{v1alpha1.ALB, v1alpha1.CLB}

var shop = Owner{Cluster: "3f0c", Name: "shop"}

// bed is an emulator, and a client of it.
type bed struct {
	*slbsim.Sim
	cloud *cloud.Client
}

func newBed(t *testing.T, o slbsim.Options) *bed {
	t.Helper()
	if o.Jobs == 0 {
		o.Jobs = -1
	}
	o.Read, o.Write = &wire.Limit{}, &wire.Limit{}
	sim := slbsim.New(o)
	server := httptest.NewServer(sim)
	t.Cleanup(func() {
		server.Close()
		sim.Close()
	})
	fast := cloud.Rate{PerSecond: 1e6, Burst: 1000}
	c, err := cloud.New(cloud.Settings{
		Region: "cn-hangzhou", AccessKey: "sim", SecretKey: "sim", Budget: cloud.Budget{Register: fast, Modify: fast, Describe: fast},
		Pause: 5 * time.Millisecond, Endpoints: map[string]string{"alb": server.URL, "slb": server.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &bed{sim, c}
}

func (b *bed) maker(kind v1alpha1.LoadBalancerType) *Maker {
	return New(b.cloud, kind, shop, func(string) {})
}

// settingsOf are those of a load balancer in the emulator's VPC.
func settingsOf(kind v1alpha1.LoadBalancerType) Settings {
	s := Settings{Name: "shop", AddressType: "intranet", Tags: map[string]string{"team": "a"}, CLBSettings: CLBSettings{VSwitchID: slbsim.VSwitchA, InternetChargeType: "PayByTraffic"}}
	if kind == v1alpha1.ALB {
		s.AddressType, s.VPCID, s.CLBSettings = "Intranet", slbsim.FirstVPC, CLBSettings{}
		s.Zones = []Zone{{"cn-hangzhou-a", slbsim.VSwitchA}, {"cn-hangzhou-b", slbsim.VSwitchB}}
	}
	return s
}

// twoListeners are one for HTTP, and one that redirects to where HTTPS would be.
var twoListeners = []Listener{
	{Port: 8080, Protocol: "HTTP", RequestTimeout: 90, Forwarded: Forwarded{For: new(true), Proto: new(true)}},
	{Port: 8081, Protocol: "HTTP", ForwardPort: 443},
}

// whole makes a load balancer with listeners, as an apply does.
func whole(ctx context.Context, m *Maker, want Settings, listeners []Listener) (string, error) {
	var id string
	b, err := m.Make(ctx, want, func(found string) { id = found })
	if err != nil {
		return id, err
	}
	return id, m.Listen(ctx, b, listeners)
}

// count gives how many resources of each kind there are.
func (b *bed) count() map[string]int {
	out := map[string]int{}
	for _, r := range b.Resources() {
		out[r.Kind]++
	}
	return out
}

var wantCount = map[v1alpha1.LoadBalancerType]map[string]int{
	v1alpha1.ALB: {"alb": 1, "alb listener": 2, "alb rule": 1, "alb server group": 1},
	v1alpha1.CLB: {"clb": 1, "clb listener": 2, "clb server group": 1},
}

// A load balancer is made with its listeners, found again, and taken away with all that was made.
func TestWhole(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := newBed(t, slbsim.Options{Jobs: 20 * time.Millisecond})
			m := b.maker(kind)
			want := settingsOf(kind)
			id, err := whole(t.Context(), m, want, twoListeners)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wantCount[kind], b.count()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			again, err := whole(t.Context(), m, want, twoListeners)
			if err != nil || again != id {
				t.Errorf("a second time: %s and not %s (%v)", again, id, err)
			}
			have, err := m.Get(t.Context(), id)
			if err != nil || have.differs(want) != "" || !m.Made(have) || have.Address() == "" || have.Tags["team"] != "a" || len(have.Tags) != 1 {
				t.Errorf("it is %+v (%v)", have, err)
			}
			listeners, err := m.Listeners(t.Context(), id)
			if err != nil || len(listeners) != 2 || listeners[0].RequestTimeout != 90 || !listeners[0].fits(twoListeners[0]) || listeners[1].ForwardPort != 443 {
				t.Errorf("it has the listeners %+v (%v)", listeners, err)
			}
			if err := m.Remove(t.Context(), id); err != nil {
				t.Error(err)
			}
			if left := b.Resources(); len(left) != 0 {
				t.Errorf("left behind: %+v", left)
			}
			// Within a day, the next one is another one.
			next, err := whole(t.Context(), m, want, twoListeners)
			if err != nil || next == id {
				t.Errorf("the next one is %s after %s (%v)", next, id, err)
			}
		})
	}
}

// What was made by others is adopted, and stays whole: its listeners, and itself.
func TestAdopted(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := newBed(t, slbsim.Options{})
			theirs := theirsOn(t, b, kind)
			before := b.Resources()
			m := b.maker(kind)
			have, err := m.Adopt(t.Context(), theirs)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Listen(t.Context(), have, []Listener{{Port: 9090, Protocol: "HTTP"}}); err == nil || !strings.Contains(err.Error(), "port 9090 of "+theirs+" has a listener already") {
				t.Errorf("a taken port: %v", err)
			}
			if err := m.Listen(t.Context(), have, twoListeners); err != nil {
				t.Fatal(err)
			}
			if err := m.Remove(t.Context(), theirs); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(before, b.Resources()); diff != "" {
				t.Errorf("(-before +after)\n%s", diff)
			}
			if _, err := m.Adopt(t.Context(), "lb-none"); err == nil || !strings.Contains(err.Error(), "lb-none does not exist") {
				t.Errorf("one that is not there: %v", err)
			}
		})
	}
}

// theirsOn makes a load balancer with a listener at 9090, without our tag.
func theirsOn(t *testing.T, b *bed, kind v1alpha1.LoadBalancerType) string {
	t.Helper()
	theirs := New(b.cloud, kind, Owner{Cluster: "other", Name: "cluster"}, func(string) {})
	id, err := whole(t.Context(), theirs, settingsOf(kind), []Listener{{Port: 9090, Protocol: "HTTP"}})
	if err != nil {
		t.Fatal(err)
	}
	p, action, resource := cloud.ALB, "UnTagResources", "loadbalancer"
	if kind == v1alpha1.CLB {
		p, action, resource = cloud.CLB, "UntagResources", "instance"
	}
	in := struct {
		Kind string   `json:"ResourceType"`
		IDs  []string `json:"ResourceId"`
		Keys []string `json:"TagKey"`
	}{resource, []string{id}, []string{OwnerTag}}
	if err := b.cloud.Call(t.Context(), p, action, in, nil); err != nil {
		t.Fatal(err)
	}
	return id
}

// Settings change in place, and so do listeners but for their protocol.
func TestChange(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := newBed(t, slbsim.Options{Jobs: 5 * time.Millisecond})
			m, want := b.maker(kind), settingsOf(kind)
			id, err := whole(t.Context(), m, want, twoListeners)
			if err != nil {
				t.Fatal(err)
			}
			get := func() *Balancer {
				t.Helper()
				have, err := m.Get(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				return have
			}
			want.Name, want.Protected, want.Modification, want.Reason, want.Tags = "other", new(true), "ConsoleProtection", "by Terraform", map[string]string{"env": "x"}
			if err := m.Change(t.Context(), get(), want, []string{"team"}); err != nil {
				t.Fatal(err)
			}
			have := get()
			if have.Name != "other" || !*have.Protected || have.Modification != "ConsoleProtection" || have.Reason != "by Terraform" || !m.Made(have) {
				t.Errorf("it is %+v", have)
			}
			if diff := cmp.Diff(want.Tags, have.Tags); diff != "" {
				t.Errorf("tags (-want +got)\n%s", diff)
			}
			if err := m.Remove(t.Context(), id); err == nil || !strings.Contains(err.Error(), `delete_protection = "off"`) {
				t.Errorf("a protected one: %v", err)
			}
			next := []Listener{{Port: 8080, Protocol: "HTTP", RequestTimeout: 120, IdleTimeout: 30, Forwarded: Forwarded{SLBID: new(true)}}, {Port: 8081, Protocol: "HTTP"}}
			if err := m.Listen(t.Context(), have, next); err != nil {
				t.Fatal(err)
			}
			listeners, err := m.Listeners(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if l := listeners[0]; !l.fits(next[0]) || l.Forwarded.Proto == nil || !*l.Forwarded.Proto {
				t.Errorf("the first listener is %+v", l)
			}
			again := map[v1alpha1.LoadBalancerType]int{v1alpha1.ALB: 0, v1alpha1.CLB: 443}[kind] // CLB settles it at creation
			if l := listeners[1]; l.ForwardPort != again || len(m.Unwanted(listeners, next)) != again/443 {
				t.Errorf("the second listener is %+v", l)
			}
			want.Protected = new(false)
			if err := m.Change(t.Context(), get(), want, nil); err != nil {
				t.Fatal(err)
			}
			if err := m.Remove(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
}

// What it carries and where it works changes in place, and an edition to a greater one.
func TestResize(t *testing.T) {
	t.Parallel()
	start := map[v1alpha1.LoadBalancerType]func(*Settings){
		v1alpha1.ALB: func(s *Settings) { s.Edition = "Basic" },
		v1alpha1.CLB: func(s *Settings) {
			s.AddressType = "internet"
			s.CLBSettings = CLBSettings{InternetChargeType: "PayByTraffic", InstanceChargeType: "PayBySpec", Spec: "slb.s1.small"}
		},
	}
	next := map[v1alpha1.LoadBalancerType]func(*Settings){
		v1alpha1.ALB: func(s *Settings) { s.Edition, s.Zones[1] = "Standard", Zone{"cn-hangzhou-c", "vsw-c"} },
		v1alpha1.CLB: func(s *Settings) { s.InternetChargeType, s.Bandwidth, s.Spec = "PayByBandwidth", 10, "slb.s2.small" },
	}
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := newBed(t, slbsim.Options{Jobs: 5 * time.Millisecond})
			b.PutVSwitch(slbsim.VSwitch{ID: "vsw-c", VpcID: slbsim.FirstVPC, ZoneID: "cn-hangzhou-c"})
			m, want := b.maker(kind), settingsOf(kind)
			start[kind](&want)
			id, err := whole(t.Context(), m, want, nil)
			if err != nil {
				t.Fatal(err)
			}
			next[kind](&want)
			for range 2 { // the second time, there is nothing to do
				have, err := m.Get(t.Context(), id)
				if err == nil {
					err = m.Change(t.Context(), have, want, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			have, err := m.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if have.Edition != want.Edition || kind == v1alpha1.ALB && !sameZones(have.Zones, want.Zones) ||
				have.InternetChargeType != want.InternetChargeType || have.Bandwidth != want.Bandwidth || have.Spec != want.Spec {
				t.Errorf("it is %+v and not %+v", have.Settings, want)
			}
			writes := map[string]int{}
			for _, c := range b.Record.Entries() {
				if strings.HasPrefix(c.Action, "Update") || strings.HasPrefix(c.Action, "Modify") {
					writes[c.Action]++
				}
			}
			for action, n := range writes {
				if n != 1 {
					t.Errorf("%s was called %d times", action, n)
				}
			}
			if len(writes) != 2 {
				t.Errorf("written with %v", writes)
			}
		})
	}
}

// A run that was killed while an ALB got its edition is gone on with, and the edition is not asked for again.
func TestResizeKilled(t *testing.T) {
	t.Parallel()
	b := newBed(t, slbsim.Options{Jobs: 100 * time.Millisecond})
	m, want := b.maker(v1alpha1.ALB), settingsOf(v1alpha1.ALB)
	want.Edition = "Basic"
	id, err := whole(t.Context(), m, want, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cloud.Call(t.Context(), cloud.ALB, "UpdateLoadBalancerEdition", struct {
		albID
		Edition string `json:"LoadBalancerEdition"`
	}{albID{id}, "Standard"}, nil); err != nil {
		t.Fatal(err)
	}
	have, err := m.Get(t.Context(), id)
	if err != nil || have.Edition != "Basic" || have.Status != "Configuring" {
		t.Fatalf("it is %+v (%v)", have, err)
	}
	want.Edition = "Standard"
	if err := m.Change(t.Context(), have, want, nil); err != nil {
		t.Fatal(err)
	}
	if have, err = m.Get(t.Context(), id); err != nil || have.Edition != "Standard" {
		t.Errorf("it is %+v (%v)", have, err)
	}
	asked := 0
	for _, c := range b.Record.Entries() {
		if c.Action == "UpdateLoadBalancerEdition" {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("the edition was asked for %d times", asked)
	}
}

// A listener that was stopped by hand runs again.
func TestStoppedByHand(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := newBed(t, slbsim.Options{Jobs: 5 * time.Millisecond})
			m := b.maker(kind)
			id, err := whole(t.Context(), m, settingsOf(kind), twoListeners)
			if err != nil {
				t.Fatal(err)
			}
			running := func() []bool {
				t.Helper()
				all, err := m.Listeners(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				return []bool{all[0].Running(), all[1].Running()}
			}
			all, _ := m.Listeners(t.Context(), id)
			if kind == v1alpha1.ALB {
				err = b.cloud.Call(t.Context(), cloud.ALB, "StopListener", listenerID{all[0].ID}, nil)
			} else {
				err = b.cloud.Call(t.Context(), cloud.CLB, "StopLoadBalancerListener", keyOf(id, all[0]), nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
			if got := running(); !slices.Equal(got, []bool{false, true}) {
				t.Errorf("running: %v", got)
			}
			if _, err := whole(t.Context(), m, settingsOf(kind), twoListeners); err != nil {
				t.Fatal(err)
			}
			if got := running(); !slices.Equal(got, []bool{true, true}) {
				t.Errorf("running: %v", got)
			}
		})
	}
}

// A run that goes on with other settings than an earlier one made says in which, and makes no second load balancer.
func TestAnotherByEarlierRun(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := newBed(t, slbsim.Options{})
			m, want := b.maker(kind), settingsOf(kind)
			if _, err := whole(t.Context(), m, want, nil); err != nil {
				t.Fatal(err)
			}
			want.AddressType = map[v1alpha1.LoadBalancerType]string{v1alpha1.ALB: "Internet", v1alpha1.CLB: "internet"}[kind]
			_, err := whole(t.Context(), m, want, nil)
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("address_type %q and not %q", settingsOf(kind).AddressType, want.AddressType)) {
				t.Error(err)
			}
			if got := b.count()[strings.ToLower(string(kind))]; got != 1 {
				t.Errorf("there are %d", got)
			}
		})
	}
}

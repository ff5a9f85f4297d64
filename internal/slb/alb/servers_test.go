package alb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/alb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// changes counts the calls that change servers.
func (b *bed) changes() int {
	n := 0
	for action, count := range b.Record.Count() {
		switch action {
		case "alb:AddServersToServerGroup", "alb:RemoveServersFromServerGroup", "alb:ReplaceServersInServerGroup", "alb:UpdateServerGroupServersAttribute":
			n += count
		}
	}
	return n
}

// However many Pods come, one call brings them; and nothing else is called than that and its job, for what is there is known.
func TestOneCallBringsManyPods(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.rule("shop.example.com", "v1", 100)
	b.settle()
	b.Record.Reset()
	servers := b.w.Groups[0].Servers
	for i := range 100 {
		servers = append(servers, slb.Server{IP: fmt.Sprintf("127.0.1.%d", i+1), Port: 9})
	}
	b.group("v1", servers...)
	if _, err := b.Deploy(t.Context(), b.w); err != nil {
		t.Fatal(err)
	}
	counts := b.Record.Count()
	if counts["alb:AddServersToServerGroup"] != 1 || b.changes() != 1 || counts["alb:ListAsynJobs"] > 4 || len(counts) != 2 {
		t.Fatalf("100 Pods took %v", counts)
	}
	b.Record.Reset()
	if r, err := b.Deploy(t.Context(), b.w); err != nil || r.Again != 0 || len(b.Record.Entries()) > 0 {
		t.Fatalf("nothing has changed, and it took %v: %+v, %v", b.Record.Count(), r, err)
	}
}

// Pods are replaced under load: no request is lost, not even those that take long.
func TestReplacedPodsLoseNoRequest(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 2)...)
	b.rule("shop.example.com", "v1", 100)
	b.settle()
	stop := b.Load(b.w.LoadBalancerID, 80, "shop.example.com", "/")
	slow := b.Load(b.w.LoadBalancerID, 80, "shop.example.com", "/slow")
	for range 3 {
		b.group("v1", slbtest.Pods(t, "v1", 2)...)
		b.settle()
	}
	asked, failed := stop()
	slowly, failedSlowly := slow()
	if len(failed)+len(failedSlowly) > 0 || asked < 100 || slowly < 10 {
		t.Fatalf("of %d and %d requests failed %v and %v", asked, slowly, failed, failedSlowly)
	}
}

// A canary and its rollback under load lose no request.
func TestShiftedSplitLosesNoRequest(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 2)...)
	b.rule("shop.example.com", "v1", 100).Forward[0].InsertHeaders = map[string]string{"Knative-Serving-Revision": "v1"}
	b.settle()
	stop := b.Load(b.w.LoadBalancerID, 80, "shop.example.com", "/")
	b.group("v2", slbtest.Pods(t, "v2", 1)...)
	for _, percent := range []int{10, 50, 100, 0} {
		b.rule("shop.example.com", "v1", 100-percent, "v2", percent)
		b.settle()
	}
	if asked, failed := stop(); len(failed) > 0 || asked < 100 {
		t.Fatalf("of %d requests failed %v", asked, failed)
	}
	b.counts("shop.example.com", map[string]int{"v1": 100})
}

// From the activator to Pods and back: the activator is told whose requests they are, and leaves only when a Pod is healthy.
func TestFromZeroAndBack(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	activator, pods := slbtest.Pods(t, "activator", 1), slbtest.Pods(t, "v1", 1)
	b.group("v1", activator...)
	b.w.Groups[0].Activator = true
	b.rule("shop.example.com", "v1", 100).Forward[0].InsertHeaders = map[string]string{"Knative-Serving-Revision": "shop-v1"}
	b.settle()
	a, err := b.Get(t.Context(), b.w.LoadBalancerID, 80, "shop.example.com", "/")
	if err != nil || a.Revision != "activator" || !contains(a.Body, "Knative-Serving-Revision: shop-v1") {
		t.Fatalf("at zero: %+v, %v", a, err)
	}
	stop := b.Load(b.w.LoadBalancerID, 80, "shop.example.com", "/")
	b.group("v1", pods...)
	b.w.Groups[0].Activator = false
	b.settle()
	b.counts("shop.example.com", map[string]int{"v1": 100})
	b.group("v1", activator...)
	b.w.Groups[0].Activator = true
	b.settle()
	b.counts("shop.example.com", map[string]int{"activator": 100})
	if asked, failed := stop(); len(failed) > 0 {
		t.Fatalf("of %d requests failed %v", asked, failed)
	}
}

// A split does not go to a revision that is not healthy, and says what it waits for.
func TestSplitWaitsForHealth(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.rule("shop.example.com", "v1", 100)
	b.settle()
	b.group("v2", slb.Server{IP: "127.0.0.1", Port: 1}) // nothing is there
	b.rule("shop.example.com", "v1", 50, "v2", 50)
	var r slb.Result
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if r, err = b.Deploy(t.Context(), b.w); err != nil {
			t.Fatal(err)
		}
	}
	if r.Ready() != 0 || r.Again == 0 || !contains(r.Rules[0].Waiting, "v2") {
		t.Fatalf("got %+v", r)
	}
	b.counts("shop.example.com", map[string]int{"v1": 100})
	b.group("v2", slbtest.Pods(t, "v2", 1)...)
	b.settle()
	b.counts("shop.example.com", map[string]int{"v1": 50, "v2": 50})
}

// Draining servers get nothing, and stay as long as their Pods do.
func TestDrainingServers(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	pods := slbtest.Pods(t, "v1", 2)
	b.group("v1", pods...)
	b.rule("shop.example.com", "v1", 100)
	b.settle()
	pods[1].Draining = true
	b.group("v1", pods...)
	b.settle()
	time.Sleep(2 * quick.Drain)
	if r := b.settle(); r.ServerCount != 2 {
		t.Fatalf("%d servers, want 2: its Pod is still there", r.ServerCount)
	}
	b.group("v1", pods[0])
	if r := b.settle(); r.ServerCount != 1 {
		t.Fatalf("%d servers, want 1", r.ServerCount)
	}
}

// What someone changed by hand is put right, and what is not the owner's is left.
func TestDriftByHand(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 2)...)
	b.group("v2", slbtest.Pods(t, "v2", 1)...)
	b.rule("shop.example.com", "v1", 70, "v2", 30)
	b.settle()
	want := b.Picture()
	other := alb.New(b.Client, quick)
	theirs := b.w
	theirs.Owner.Ingress = "theirs"
	theirs.Rules = []slb.Rule{{Key: "t", Ports: []int{80}, Host: "theirs.example.com", Forward: []slb.Target{{Group: "v1", Percent: 100}}}}
	b.Settle(other, theirs)

	wrong := b.w
	wrong.Groups = []slb.Group{{Key: "v1", Protocol: slb.HTTP, Servers: slbtest.Pods(t, "x", 1)}, b.w.Groups[1]}
	wrong.Rules = []slb.Rule{{Key: "shop.example.com", Ports: []int{80}, Host: "shop.example.com", Path: "/x", Forward: []slb.Target{{Group: "v1", Percent: 100}}}}
	b.Settle(alb.New(b.Client, quick), wrong)
	b.Settle(alb.New(b.Client, quick), b.w)
	b.counts("shop.example.com", map[string]int{"v1": 70, "v2": 30})
	b.counts("theirs.example.com", map[string]int{"v1": 100})
	b.Clear(other, theirs)
	if got := b.Picture(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got\n%v\nwant\n%v", got, want)
	}
}

package slbsim

import (
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/alb"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// late is an emulator where a job takes a second of a clock that stands still.
func late(t *testing.T) (*bed, func()) {
	t.Helper()
	clock := clocktesting.NewFakeClock(time.Now())
	b := newBed(t, Options{Clock: clock, Jobs: time.Second})
	return b, func() {
		clock.Step(time.Second)
		b.Resources() // ends the jobs that are due
	}
}

func (b *bed) statusOf(id string) string {
	for _, r := range b.Resources() {
		if r.ID == id {
			return r.Status
		}
	}
	return "gone"
}

func (b *bed) want(id, status string) {
	b.t.Helper()
	if got := b.statusOf(id); got != status {
		b.t.Fatalf("%s is %s, want %s", id, got, status)
	}
}

// While a job is under way its resource says so, others cannot change it, and nothing of the change is to be seen.
func TestJobs(t *testing.T) {
	b, later := late(t)
	lb := b.balancer("Standard")
	b.want(lb, "Provisioning")
	group := b.group("group")
	b.want(group, "Creating")
	_, err := b.alb.CreateListener(listenerRequest(lb, group, 80))
	refused(t, err, "IncorrectStatus.LoadBalancer")
	later()
	b.want(lb, "Active")
	b.want(group, "Available")

	listener := b.listener(lb, group, 80)
	b.want(listener, "Provisioning")
	b.want(lb, "Configuring")
	_, err = b.alb.CreateListener(listenerRequest(lb, group, 81))
	refused(t, err, "IncorrectStatus.LoadBalancer")
	_, err = b.rules(listener, when(1, []condition{onHost("a.example.com")}, forward(group)))
	refused(t, err, "IncorrectStatus.Listener")
	later()
	b.want(listener, "Running")

	ids := b.mustRules(listener, when(1, []condition{onHost("a.example.com")}, forward(group)))
	b.want(ids[0], "Provisioning")
	_, err = b.rules(listener, when(2, []condition{onHost("b.example.com")}, forward(group)))
	refused(t, err, "ResourceInConfiguring.Listener")
	update := alb.CreateUpdateRuleAttributeRequest()
	update.RuleId, update.Priority = ids[0], requests.NewInteger(7)
	_, err = b.alb.UpdateRuleAttribute(update)
	refused(t, err, "IncorrectStatus.Rule")
	later()
	b.want(ids[0], "Available")

	server := backend(t, "one")
	b.add(group, server)
	b.want(group, "Configuring")
	list := alb.CreateListServerGroupServersRequest()
	list.ServerGroupId = group
	servers, err := b.alb.ListServerGroupServers(list)
	if ok(t, servers, err); servers.Servers[0].Status != "Adding" {
		t.Fatalf("server: %+v", servers.Servers[0])
	}
	if status, _, _ := b.get(lb, 80, "a.example.com", "/"); status != 503 {
		t.Fatalf("a server that is being added answers %d", status)
	}
	later()
	if status, name, _ := b.get(lb, 80, "a.example.com", "/"); status != 200 || name != "one" {
		t.Fatalf("got %d from %q", status, name)
	}

	jobs := alb.CreateListAsynJobsRequest()
	jobs.ResourceIds = &[]string{group}
	answer, err := b.alb.ListAsynJobs(jobs)
	if ok(t, answer, err); len(answer.Jobs) != 2 || answer.Jobs[1].ApiName != "AddServersToServerGroup" || answer.Jobs[1].Status != "Succeeded" {
		t.Fatalf("jobs: %+v", answer.Jobs)
	}
}

func TestJobsThatFailAndStick(t *testing.T) {
	b, later := late(t)
	b.Faults.Set(
		wire.Fault{Action: "CreateLoadBalancer", Times: 1, Effect: wire.Effect{FailJob: wire.Refuse("ResourceNotEnough", "sold out")}},
		wire.Fault{Action: "CreateServerGroup", Times: 1, Effect: wire.Effect{StickJob: true}},
	)
	lb, group := b.balancer("Standard"), b.group("group")
	later()
	b.want(lb, "CreateFailed")
	b.want(group, "Creating")
	later()
	b.want(group, "Creating")
	b.FreeJobs()
	b.want(group, "Available")
	jobs := alb.CreateListAsynJobsRequest()
	jobs.ResourceIds = &[]string{lb}
	answer, err := b.alb.ListAsynJobs(jobs)
	if ok(t, answer, err); answer.Jobs[0].Status != "Failed" || answer.Jobs[0].ErrorCode != "ResourceNotEnough" {
		t.Fatalf("jobs: %+v", answer.Jobs)
	}
}

// A change that fails is undone: the servers of before serve on.
func TestChangeThatFails(t *testing.T) {
	b := newBed(t, Options{})
	one := backend(t, "one")
	lb, group := b.balancer("Standard"), b.group("group", one)
	b.listener(lb, group, 80)
	b.Faults.Set(wire.Fault{Action: "ReplaceServers*", Effect: wire.Effect{FailJob: wire.Refuse("InternalError", "no")}})
	b.replace(group, backend(t, "two"), one)
	for range 4 {
		if status, name, _ := b.get(lb, 80, "any.example.com", "/"); status != 200 || name != "one" {
			t.Fatalf("got %d from %q", status, name)
		}
	}
}

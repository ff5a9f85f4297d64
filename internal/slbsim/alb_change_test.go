package slbsim

import (
	"fmt"
	"net"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/alb"
)

func TestBalancerRefused(t *testing.T) {
	b := newBed(t, Options{})
	for name, test := range map[string]struct {
		with func(*alb.CreateLoadBalancerRequest)
		code string
	}{
		"fine":           {func(*alb.CreateLoadBalancerRequest) {}, ""},
		"no edition":     {func(r *alb.CreateLoadBalancerRequest) { r.LoadBalancerEdition = "" }, "MissingParam.LoadBalancerEdition"},
		"no such type":   {func(r *alb.CreateLoadBalancerRequest) { r.AddressType = "Both" }, "IllegalParam.AddressType"},
		"no such VPC":    {func(r *alb.CreateLoadBalancerRequest) { r.VpcId = "vpc-none" }, "ResourceNotFound.Vpc"},
		"no payment":     {func(r *alb.CreateLoadBalancerRequest) { r.LoadBalancerBillingConfig.PayType = "" }, "MissingParam.LoadBalancerBillingConfig.PayType"},
		"name of digits": {func(r *alb.CreateLoadBalancerRequest) { r.LoadBalancerName = "1a" }, "IllegalParam.LoadBalancerName"},
		"one zone": {func(r *alb.CreateLoadBalancerRequest) {
			r.ZoneMappings = &[]alb.CreateLoadBalancerZoneMappings{{ZoneId: "cn-hangzhou-a", VSwitchId: VSwitchA}}
		}, "IllegalParam.ZoneMappings"},
		"wrong zone": {func(r *alb.CreateLoadBalancerRequest) {
			r.ZoneMappings = &[]alb.CreateLoadBalancerZoneMappings{{ZoneId: "cn-hangzhou-a", VSwitchId: VSwitchA}, {ZoneId: "cn-hangzhou-c", VSwitchId: VSwitchB}}
		}, "Mismatch.VSwitchId"},
		"another region": {func(r *alb.CreateLoadBalancerRequest) { r.RegionId = "eu-central-1" }, "InvalidRegionId.NotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			r := alb.CreateCreateLoadBalancerRequest()
			r.LoadBalancerName, r.LoadBalancerEdition, r.AddressType, r.VpcId = "test", "Standard", "Internet", FirstVPC
			r.LoadBalancerBillingConfig.PayType = "PostPay"
			r.ZoneMappings = &[]alb.CreateLoadBalancerZoneMappings{
				{ZoneId: "cn-hangzhou-a", VSwitchId: VSwitchA}, {ZoneId: "cn-hangzhou-b", VSwitchId: VSwitchB},
			}
			test.with(r)
			if r.RegionId != "" {
				r.QueryParams["RegionId"] = r.RegionId
			}
			_, err := b.alb.CreateLoadBalancer(r)
			refused(t, err, test.code)
		})
	}
}

func TestProtectionAndName(t *testing.T) {
	b := newBed(t, Options{})
	lb := b.balancer("Standard")
	protect := alb.CreateEnableDeletionProtectionRequest()
	protect.ResourceId = lb
	_, err := b.alb.EnableDeletionProtection(protect)
	ok(t, 0, err)
	del := alb.CreateDeleteLoadBalancerRequest()
	del.LoadBalancerId = lb
	_, err = b.alb.DeleteLoadBalancer(del)
	refused(t, err, "OperationDenied.DeletionProtection")
	free := alb.CreateDisableDeletionProtectionRequest()
	free.ResourceId = lb
	_, err = b.alb.DisableDeletionProtection(free)
	ok(t, 0, err)
	rename := alb.CreateUpdateLoadBalancerAttributeRequest()
	rename.LoadBalancerId, rename.LoadBalancerName = lb, "renamed"
	_, err = b.alb.UpdateLoadBalancerAttribute(rename)
	ok(t, 0, err)
	list := alb.CreateListLoadBalancersRequest()
	list.LoadBalancerNames = &[]string{"renamed"}
	answer, err := b.alb.ListLoadBalancers(list)
	if ok(t, answer, err); answer.TotalCount != 1 || answer.LoadBalancers[0].LoadBalancerId != lb {
		t.Fatalf("found %+v", answer.LoadBalancers)
	}
	_, err = b.alb.DeleteLoadBalancer(del)
	ok(t, 0, err)
}

func TestGroupsChange(t *testing.T) {
	b := newBed(t, Options{})
	one, two := backend(t, "one"), backend(t, "two")
	lb, group := b.balancer("Standard"), b.group("group", one, two)
	b.listener(lb, group, 80)
	host, port, _ := net.SplitHostPort(one)
	weigh := alb.CreateUpdateServerGroupServersAttributeRequest()
	weigh.ServerGroupId = group
	weigh.Servers = &[]alb.UpdateServerGroupServersAttributeServers{{ServerType: "Ip", ServerId: host, Port: port, Weight: "0"}}
	_, err := b.alb.UpdateServerGroupServersAttribute(weigh)
	ok(t, 0, err)
	for range 4 {
		if _, name, _ := b.get(lb, 80, "a.example.com", "/"); name != "two" {
			t.Fatalf("a server of weight 0 answers: %q", name)
		}
	}
	add := alb.CreateAddServersToServerGroupRequest()
	add.ServerGroupId = group
	add.Servers = &[]alb.AddServersToServerGroupServers{{ServerType: "Ip", ServerId: host, Port: port, Weight: "1"}}
	_, err = b.alb.AddServersToServerGroup(add)
	refused(t, err, "Conflict.BackendServer")
	remove := alb.CreateRemoveServersFromServerGroupRequest()
	remove.ServerGroupId = group
	remove.Servers = &[]alb.RemoveServersFromServerGroupServers{{ServerType: "Ip", ServerId: "10.0.0.1", Port: "80"}}
	_, err = b.alb.RemoveServersFromServerGroup(remove)
	refused(t, err, "ResourceNotFound.BackendServer")

	update := alb.CreateUpdateServerGroupAttributeRequest()
	update.ServerGroupId, update.ServerGroupName, update.Scheduler = group, "other", "Wlc"
	update.HealthCheckConfig.HealthCheckEnabled, update.HealthCheckConfig.HealthCheckProtocol = "true", "TCP"
	_, err = b.alb.UpdateServerGroupAttribute(update)
	ok(t, 0, err)
	list := alb.CreateListServerGroupsRequest()
	list.ServerGroupNames, list.ShowRelationEnabled = &[]string{"other"}, requests.NewBoolean(true)
	answer, err := b.alb.ListServerGroups(list)
	ok(t, answer, err)
	if g := answer.ServerGroups[0]; g.Scheduler != "Wlc" || !g.HealthCheckConfig.HealthCheckEnabled || g.ServerCount != 2 || g.RelatedLoadBalancerIds[0] != lb {
		t.Fatalf("group: %+v", g)
	}
}

// ENIs go by ID in groups of type Instance.
func TestInstanceGroup(t *testing.T) {
	b := newBed(t, Options{})
	host, port, _ := net.SplitHostPort(backend(t, "one"))
	b.PutInterface(Interface{ID: "eni-1", InstanceID: "i-1", IPs: []string{host}})
	group := b.groupOf("group", "HTTP", func(r *alb.CreateServerGroupRequest) { r.ServerGroupType = "Instance" })
	lb := b.balancer("Standard")
	b.listener(lb, group, 80)
	add := func(kind, id string) error {
		r := alb.CreateAddServersToServerGroupRequest()
		r.ServerGroupId = group
		r.Servers = &[]alb.AddServersToServerGroupServers{{ServerType: kind, ServerId: id, Port: port, Weight: "1"}}
		_, err := b.alb.AddServersToServerGroup(r)
		return err
	}
	refused(t, add("Ip", host), "Mismatch.ServerType")
	refused(t, add("Eni", "eni-none"), "ResourceNotFound.BackendServer")
	refused(t, add("Eni", "eni-1"), "")
	if _, name, _ := b.get(lb, 80, "a.example.com", "/"); name != "one" {
		t.Fatalf("answered by %q", name)
	}
}

func TestTags(t *testing.T) {
	b := newBed(t, Options{})
	one, two := b.group("one"), b.group("two")
	tag := alb.CreateTagResourcesRequest()
	tag.ResourceType, tag.ResourceId = "servergroup", &[]string{one, two}
	tag.Tag = &[]alb.TagResourcesTag{{Key: "owner", Value: "guard"}, {Key: "x", Value: "y"}}
	_, err := b.alb.TagResources(tag)
	ok(t, 0, err)
	untag := alb.CreateUnTagResourcesRequest()
	untag.ResourceType, untag.ResourceId, untag.TagKey = "servergroup", &[]string{two}, &[]string{"owner"}
	_, err = b.alb.UnTagResources(untag)
	ok(t, 0, err)
	list := alb.CreateListTagResourcesRequest()
	list.ResourceType, list.Tag = "servergroup", &[]alb.ListTagResourcesTag{{Key: "owner", Value: "guard"}}
	answer, err := b.alb.ListTagResources(list)
	ok(t, answer, err)
	if got := fmt.Sprint(answer.TagResources); got != fmt.Sprintf("[{%s servergroup owner guard} {%s servergroup x y}]", one, one) {
		t.Fatalf("tags: %s", got)
	}
	groups := alb.CreateListServerGroupsRequest()
	groups.Tag = &[]alb.ListServerGroupsTag{{Key: "owner", Value: "guard"}}
	found, err := b.alb.ListServerGroups(groups)
	if ok(t, found, err); found.TotalCount != 1 || found.ServerGroups[0].ServerGroupId != one {
		t.Fatalf("found %+v", found.ServerGroups)
	}
	var many []alb.TagResourcesTag
	for i := range 20 {
		many = append(many, alb.TagResourcesTag{Key: fmt.Sprint("k", i), Value: "v"})
	}
	tag = alb.CreateTagResourcesRequest()
	tag.ResourceType, tag.ResourceId, tag.Tag = "servergroup", &[]string{one}, &many
	_, err = b.alb.TagResources(tag)
	refused(t, err, "QuotaExceeded.TagsPerResource")
}

package balancer

import (
	"context"
	"errors"
	"fmt"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// clb makes CLBs. Only the creation of an instance takes a token; what else is made is looked for before it is made again.
type clb struct {
	Caller
	poller
	owner Owner
}

// clbBalancer is a CLB in the API's words.
type clbBalancer struct {
	ID           string    `json:"LoadBalancerId"`
	Name         string    `json:"LoadBalancerName"`
	Status       string    `json:"LoadBalancerStatus"`
	Address      string    `json:"Address"`
	AddressType  string    `json:"AddressType"`
	VPCID        string    `json:"VpcId"`
	VSwitchID    string    `json:"VSwitchId"`
	Group        string    `json:"ResourceGroupId"`
	Spec         string    `json:"LoadBalancerSpec"`
	Internet     string    `json:"InternetChargeType"`
	Charge       string    `json:"InstanceChargeType"`
	Bandwidth    cloud.Int `json:"Bandwidth"`
	Master       string    `json:"MasterZoneId"`
	Slave        string    `json:"SlaveZoneId"`
	Protection   string    `json:"DeleteProtection"`
	Modification string    `json:"ModificationProtectionStatus"`
	Reason       string    `json:"ModificationProtectionReason"`
	Tags         clbTags   `json:"Tags"`
}

// clbTags are tags as CLB shows them.
type clbTags struct {
	Tag []struct {
		Key   string `json:"TagKey"`
		Value string `json:"TagValue"`
	} `json:"Tag"`
}

func (t clbTags) split() (owner string, others map[string]string) {
	var tags []cloud.Tag
	for _, one := range t.Tag {
		tags = append(tags, cloud.Tag{Key: one.Key, Value: one.Value})
	}
	return split(tags)
}

func (c *clb) call(ctx context.Context, action string, in, out any) error {
	return c.Call(ctx, cloud.CLB, action, in, out)
}

func (c *clb) tags(more map[string]string) []cloud.Tag {
	return append([]cloud.Tag{{Key: OwnerTag, Value: c.owner.tag()}}, sorted(more)...)
}

type clbID struct {
	ID string `json:"LoadBalancerId"`
}

// tagged reads the first page only: one owner has one load balancer.
func (c *clb) tagged(ctx context.Context) ([]string, error) {
	in := struct {
		Tags []cloud.Tag `json:"Tag"`
		Size int         `json:"PageSize"`
	}{c.tags(nil), pageSize}
	var out struct {
		Balancers struct {
			Items []clbBalancer `json:"LoadBalancer"`
		} `json:"LoadBalancers"`
	}
	err := c.call(ctx, "DescribeLoadBalancers", in, &out)
	var ids []string
	for _, b := range out.Balancers.Items {
		ids = append(ids, b.ID)
	}
	return ids, err
}

func (c *clb) get(ctx context.Context, id string) (*Balancer, error) {
	var out clbBalancer
	err := c.call(ctx, "DescribeLoadBalancerAttribute", clbID{id}, &out)
	if cloud.IsGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := &Balancer{ID: out.ID, Status: out.Status, IP: out.Address, Settings: Settings{
		Name: out.Name, AddressType: out.AddressType, VPCID: out.VPCID, ResourceGroupID: out.Group, Protected: new(out.Protection == "on"),
		Modification: out.Modification, Reason: out.Reason,
		CLBSettings: CLBSettings{
			VSwitchID: out.VSwitchID, Spec: out.Spec, InternetChargeType: chargeTypes.long(out.Internet), InstanceChargeType: out.Charge,
			Bandwidth: int(out.Bandwidth), MasterZoneID: out.Master, SlaveZoneID: out.Slave,
		},
	}}
	b.Owner, b.Tags = out.Tags.split()
	return b, nil
}

// words translate between Terraform's words and the API's.
type words map[string]string

// chargeTypes are those of traffic. The API shows them in a shorter form than it takes them in.
var chargeTypes = words{"PayByTraffic": "paybytraffic", "PayByBandwidth": "paybybandwidth"}

func (w words) long(short string) string {
	for l, s := range w {
		if s == short {
			return l
		}
	}
	return short
}

func (c *clb) create(ctx context.Context, want Settings, token string) (string, error) {
	in := struct {
		Token        string      `json:"ClientToken"`
		Name         string      `json:"LoadBalancerName"`
		AddressType  string      `json:"AddressType"`
		VPCID        string      `json:"VpcId"`
		VSwitchID    string      `json:"VSwitchId"`
		Group        string      `json:"ResourceGroupId"`
		Spec         string      `json:"LoadBalancerSpec"`
		Internet     string      `json:"InternetChargeType"`
		Charge       string      `json:"InstanceChargeType"`
		Bandwidth    int         `json:"Bandwidth"`
		Master       string      `json:"MasterZoneId"`
		Slave        string      `json:"SlaveZoneId"`
		Protection   string      `json:"DeleteProtection"`
		Modification string      `json:"ModificationProtectionStatus"`
		Reason       string      `json:"ModificationProtectionReason"`
		PayType      string      `json:"PayType"`
		Tags         []cloud.Tag `json:"Tag"`
	}{
		token, want.Name, want.AddressType, want.VPCID, want.VSwitchID, want.ResourceGroupID, want.Spec, chargeTypes[want.InternetChargeType],
		want.InstanceChargeType, want.Bandwidth, want.MasterZoneID, want.SlaveZoneID, onOff(want.Protected), want.Modification, want.Reason,
		"PayOnDemand", c.tags(want.Tags),
	}
	var out clbID
	err := c.call(ctx, "CreateLoadBalancer", in, &out)
	return out.ID, err
}

// onOff is how CLB writes a truth; empty for one that is left to the API.
func onOff(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "on"
	}
	return "off"
}

func (c *clb) active(ctx context.Context, id string) (*Balancer, error) {
	var b *Balancer
	err := c.until(ctx, "CLB "+id, func() (bool, string, error) {
		var err error
		b, err = c.get(ctx, id)
		switch {
		case err != nil:
			return false, "", err
		case b == nil:
			return false, "", fmt.Errorf("the CLB %s is gone: somebody took it away in the meantime. Apply again", id)
		case b.Status == "locked":
			return false, "", fmt.Errorf("the CLB %s is locked by Alibaba Cloud, for payment or security. Settle that in the console, then apply again", id)
		}
		return b.Status == "active", b.Status, nil
	})
	return b, err
}

func (c *clb) change(ctx context.Context, have *Balancer, want Settings, untag []string) error {
	if want.Name != "" && want.Name != have.Name {
		in := struct {
			clbID
			Name string `json:"LoadBalancerName"`
		}{clbID{have.ID}, want.Name}
		if err := c.call(ctx, "SetLoadBalancerName", in, nil); err != nil {
			return err
		}
	}
	if want.Protected != nil && *want.Protected != *have.Protected {
		in := struct {
			clbID
			Protection string `json:"DeleteProtection"`
		}{clbID{have.ID}, onOff(want.Protected)}
		if err := c.call(ctx, "SetLoadBalancerDeleteProtection", in, nil); err != nil {
			return err
		}
	}
	if want.Modification != "" && (want.Modification != have.Modification || want.Reason != "" && want.Reason != have.Reason) {
		in := struct {
			clbID
			Status string `json:"ModificationProtectionStatus"`
			Reason string `json:"ModificationProtectionReason"`
		}{clbID{have.ID}, want.Modification, want.Reason}
		if err := c.call(ctx, "SetLoadBalancerModificationProtection", in, nil); err != nil {
			return err
		}
	}
	if err := c.resize(ctx, have, want); err != nil {
		return err
	}
	return retag(ctx, c.Caller, cloud.CLB, "instance", have, want, untag)
}

// resize brings what an instance carries, and how that is paid for, to what is wanted.
func (c *clb) resize(ctx context.Context, have *Balancer, want Settings) error {
	internet := struct {
		clbID
		Charge    string `json:"InternetChargeType"`
		Bandwidth int    `json:"Bandwidth"`
	}{clbID: clbID{have.ID}}
	if want.InternetChargeType != have.InternetChargeType {
		internet.Charge = chargeTypes[want.InternetChargeType] // empty, it stays
	}
	if want.Bandwidth != 0 && (want.Bandwidth != have.Bandwidth || internet.Charge != "") {
		internet.Bandwidth = want.Bandwidth
	}
	if internet.Charge != "" || internet.Bandwidth != 0 {
		if err := c.call(ctx, "ModifyLoadBalancerInternetSpec", internet, nil); err != nil {
			return err
		}
	}
	if want.Spec == "" || want.Spec == have.Spec {
		return nil
	}
	return c.call(ctx, "ModifyLoadBalancerInstanceSpec", struct {
		clbID
		Spec string `json:"LoadBalancerSpec"`
	}{clbID{have.ID}, want.Spec}, nil)
}

func (c *clb) drop(ctx context.Context, id string) error {
	if err := c.call(ctx, "DeleteLoadBalancer", clbID{id}, nil); err != nil && !cloud.IsGone(err) {
		return err
	}
	b, err := c.get(ctx, id)
	if err == nil && b != nil {
		err = errors.New("the CLB " + id + " is still there after its deletion. Apply again")
	}
	return err
}

package balancer

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// alb makes ALBs. All writes but those of tags and of deletion protection are jobs, which are waited for.
type alb struct {
	Caller
	poller
	owner Owner
}

// albBalancer is an ALB in the API's words.
type albBalancer struct {
	ID          string `json:"LoadBalancerId"`
	Name        string `json:"LoadBalancerName"`
	Status      string `json:"LoadBalancerStatus"`
	Edition     string `json:"LoadBalancerEdition"`
	AddressType string `json:"AddressType"`
	Allocated   string `json:"AddressAllocatedMode"`
	VPCID       string `json:"VpcId"`
	DNSName     string `json:"DNSName"`
	Group       string `json:"ResourceGroupId"`
	Protection  struct {
		Enabled cloud.Bool `json:"Enabled"`
	} `json:"DeletionProtectionConfig"`
	Modification albModification `json:"ModificationProtectionConfig"`
	Zones        []Zone          `json:"ZoneMappings"`
	Tags         []cloud.Tag     `json:"Tags"`
}

type albModification struct {
	Status string `json:"Status"`
	Reason string `json:"Reason"`
}

func (a *alb) call(ctx context.Context, action string, in, out any) error {
	return a.Call(ctx, cloud.ALB, action, in, out)
}

// write calls, and waits until the job that it starts is done.
func (a *alb) write(ctx context.Context, action string, in any) error {
	var job albJob
	if err := a.call(ctx, action, in, &job); err != nil {
		return err
	}
	return a.done(ctx, action, job)
}

// albJob is what a write answers.
type albJob struct {
	ID string `json:"JobId"`
}

// done waits for a job.
func (a *alb) done(ctx context.Context, action string, job albJob) error {
	if job.ID == "" {
		return nil
	}
	in := struct {
		Jobs []string `json:"JobIds"`
	}{[]string{job.ID}}
	return a.until(ctx, action, func() (bool, string, error) {
		var out struct {
			Jobs []struct {
				Status  string `json:"Status"`
				Code    string `json:"ErrorCode"`
				Message string `json:"ErrorMessage"`
			} `json:"Jobs"`
		}
		if err := a.call(ctx, "ListAsynJobs", in, &out); err != nil {
			return false, "", err
		}
		if len(out.Jobs) == 0 {
			return false, "its job is not listed yet", nil
		}
		j := out.Jobs[0]
		if j.Status == "Failed" {
			return false, "", fmt.Errorf("alb:%s was accepted, and failed with %s: %s", action, j.Code, j.Message)
		}
		return j.Status == "Succeeded", "its job is " + j.Status, nil
	})
}

type albID struct {
	ID string `json:"LoadBalancerId"`
}

func (a *alb) tagged(ctx context.Context) ([]string, error) {
	found, err := cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]albBalancer, string, error) {
		in := struct {
			cloud.Page
			Tags []cloud.Tag `json:"Tag"`
		}{p, a.tags(nil)}
		var out struct {
			cloud.More
			Items []albBalancer `json:"LoadBalancers"`
		}
		err := a.call(ctx, "ListLoadBalancers", in, &out)
		return out.Items, out.Next, err
	}, pageSize)
	var ids []string
	for _, b := range found {
		ids = append(ids, b.ID)
	}
	return ids, err
}

// pageSize is the most that ALB gives at once.
const pageSize = 100

// tags are the owner's and others.
func (a *alb) tags(more map[string]string) []cloud.Tag {
	return append([]cloud.Tag{{Key: OwnerTag, Value: a.owner.tag()}}, sorted(more)...)
}

func (a *alb) get(ctx context.Context, id string) (*Balancer, error) {
	var out albBalancer
	err := a.call(ctx, "GetLoadBalancerAttribute", albID{id}, &out)
	if cloud.IsGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := &Balancer{ID: out.ID, Status: out.Status, DNSName: out.DNSName, Settings: Settings{
		Name: out.Name, AddressType: out.AddressType, VPCID: out.VPCID, ResourceGroupID: out.Group, Protected: new(bool(out.Protection.Enabled)),
		Modification: out.Modification.Status, Reason: out.Modification.Reason,
		ALBSettings: ALBSettings{Edition: out.Edition, AddressAllocatedMode: out.Allocated, Zones: out.Zones},
	}}
	b.Owner, b.Tags = split(out.Tags)
	return b, nil
}

func (a *alb) create(ctx context.Context, want Settings, token string) (string, error) {
	in := struct {
		Token        string          `json:"ClientToken"`
		Name         string          `json:"LoadBalancerName"`
		Edition      string          `json:"LoadBalancerEdition"`
		AddressType  string          `json:"AddressType"`
		Allocated    string          `json:"AddressAllocatedMode"`
		VPCID        string          `json:"VpcId"`
		Group        string          `json:"ResourceGroupId"`
		Protected    *bool           `json:"DeletionProtectionEnabled"`
		PayType      string          `json:"LoadBalancerBillingConfig.PayType"`
		Modification albModification `json:"ModificationProtectionConfig"`
		Zones        []Zone          `json:"ZoneMappings"`
		Tags         []cloud.Tag     `json:"Tag"`
	}{
		token, want.Name, cmp.Or(want.Edition, "Standard"), want.AddressType, want.AddressAllocatedMode, want.VPCID, want.ResourceGroupID,
		want.Protected, "PostPay", albModification{want.Modification, want.Reason}, want.Zones, a.tags(want.Tags),
	}
	var out albID
	err := a.call(ctx, "CreateLoadBalancer", in, &out)
	return out.ID, err
}

func (a *alb) active(ctx context.Context, id string) (*Balancer, error) {
	var b *Balancer
	err := a.until(ctx, "ALB "+id, func() (bool, string, error) {
		var err error
		b, err = a.get(ctx, id)
		switch {
		case err != nil:
			return false, "", err
		case b == nil:
			return false, "", fmt.Errorf("the ALB %s is gone: somebody took it away in the meantime. Apply again", id)
		case b.Status == createFailed:
			return false, "", fmt.Errorf("the ALB %s could not be made: its status is %s. Apply again for it to be made anew; if that fails too, ask Alibaba Cloud", id, b.Status)
		}
		return b.Status == "Active", b.Status, nil
	})
	return b, err
}

func (a *alb) change(ctx context.Context, have *Balancer, want Settings, untag []string) error {
	in := struct {
		ID           string          `json:"LoadBalancerId"`
		Name         string          `json:"LoadBalancerName"`
		Modification albModification `json:"ModificationProtectionConfig"`
	}{ID: have.ID}
	if want.Name != have.Name {
		in.Name = want.Name // empty, it stays
	}
	if want.Modification != "" && (want.Modification != have.Modification || want.Reason != "" && want.Reason != have.Reason) {
		in.Modification = albModification{want.Modification, want.Reason}
	}
	if in.Name != "" || in.Modification.Status != "" {
		if err := a.write(ctx, "UpdateLoadBalancerAttribute", in); err != nil {
			return err
		}
	}
	if want.Protected != nil && *want.Protected != *have.Protected {
		action := map[bool]string{true: "EnableDeletionProtection", false: "DisableDeletionProtection"}[*want.Protected]
		if err := a.write(ctx, action, struct {
			ID string `json:"ResourceId"`
		}{have.ID}); err != nil {
			return err
		}
	}
	if err := a.resize(ctx, have, want); err != nil {
		return err
	}
	return retag(ctx, a.Caller, cloud.ALB, "loadbalancer", have, want, untag)
}

// resize brings the edition and the zones to what is wanted. A change of the edition has no job: the ALB is Configuring until it is done.
func (a *alb) resize(ctx context.Context, have *Balancer, want Settings) error {
	if have.Status == "Configuring" { // by a run that was killed: what it will be counts
		var err error
		if have, err = a.active(ctx, have.ID); err != nil {
			return err
		}
	}
	if want.Edition != "" && want.Edition != have.Edition {
		if err := a.write(ctx, "UpdateLoadBalancerEdition", struct {
			albID
			Edition string `json:"LoadBalancerEdition"`
		}{albID{have.ID}, want.Edition}); err != nil {
			return err
		}
		if _, err := a.active(ctx, have.ID); err != nil {
			return err
		}
	}
	if len(want.Zones) == 0 || sameZones(want.Zones, have.Zones) {
		return nil
	}
	return a.write(ctx, "UpdateLoadBalancerZones", struct {
		albID
		Zones []Zone `json:"ZoneMappings"`
	}{albID{have.ID}, want.Zones})
}

func (a *alb) drop(ctx context.Context, id string) error {
	if err := a.write(ctx, "DeleteLoadBalancer", albID{id}); err != nil && !cloud.IsGone(err) {
		return err
	}
	return a.until(ctx, "ALB "+id, func() (bool, string, error) {
		b, err := a.get(ctx, id)
		if err != nil || b == nil {
			return err == nil, "", err
		}
		if b.Status == "Active" {
			err = errors.New("the ALB " + id + " is still there after its deletion. Apply again")
		}
		return false, b.Status, err
	})
}

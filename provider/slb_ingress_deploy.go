package provider

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/balancer"
)

// goneKey marks a resource whose load balancer is not there any more.
const goneKey = "gone"

// deploy brings load balancer, listeners and binding to what is planned; prior is the state before, if there is one. Each of its steps
// can be repeated: whoever was killed goes on where it was.
func (r *slbIngressResource) deploy(ctx context.Context, m, prior *slbIngressModel, limit time.Duration, out outcome) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	maker, err := r.maker(ctx, m)
	var b *balancer.Balancer
	if err == nil {
		b, err = r.balancer(ctx, m, prior, maker, out)
	}
	if err != nil {
		addSLBProblem(out.diags, "Applying", m, err)
		return
	}
	m.read(b, false)
	m.Region = types.StringValue(r.run.cloud.Region())
	r.save(ctx, m, nil, out)
	u, err := r.listen(ctx, m, maker, b, out)
	if err != nil {
		addSLBProblem(out.diags, "Applying", m, err)
		return
	}
	r.save(ctx, m, u, out)
	out.diags.Append(setFlag(ctx, out.private, unfinishedKey, false)...)
}

// balancer gives the load balancer, made, adopted or changed.
func (r *slbIngressResource) balancer(ctx context.Context, m, prior *slbIngressModel, maker *balancer.Maker, out outcome) (*balancer.Balancer, error) {
	want := m.settings(ctx, out.diags)
	if m.Adopted.ValueBool() && (prior == nil || prior.Adopted.ValueBool()) {
		return maker.Adopt(ctx, m.LoadBalancerID.ValueString())
	}
	if prior == nil {
		return maker.Make(ctx, want, func(id string) {
			m.LoadBalancerID = types.StringValue(id)
			r.save(ctx, m, nil, out)
		})
	}
	id := prior.LoadBalancerID.ValueString()
	b, err := maker.Get(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case b == nil:
		return nil, fmt.Errorf("the load balancer %s is gone: somebody took it away since the plan. Plan again: it is made anew", id)
	case m.Adopted.ValueBool(): // from now on it is somebody else's
		return maker.Release(ctx, b)
	}
	var untag []string
	for k := range prior.Tags.Elements() {
		untag = append(untag, k)
	}
	if err := maker.Change(ctx, b, want, untag); err != nil {
		return nil, err
	}
	return maker.Get(ctx, id)
}

// listen brings the listeners to what is wanted, and binds them. One that goes is unbound before it does; one whose port another one
// of ours still has comes last.
func (r *slbIngressResource) listen(ctx context.Context, m *slbIngressModel, maker *balancer.Maker, b *balancer.Balancer, out outcome) (*unstructured.Unstructured, error) {
	want := m.wanted(ctx, out.diags)
	if err := maker.Listen(ctx, b, want); err != nil {
		return nil, err
	}
	there, err := maker.Listeners(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	unwanted := maker.Unwanted(there, want)
	if len(unwanted) > 0 {
		stay := slices.DeleteFunc(slices.Clone(there), func(l balancer.Listener) bool {
			return slices.ContainsFunc(unwanted, func(u balancer.Listener) bool { return u.Port == l.Port })
		})
		if spec := m.spec(ctx, stay, out.diags); len(spec.Listeners) > 0 {
			if _, err := r.bind(ctx, m, spec); err != nil {
				return nil, err
			}
		}
		if err := maker.Unlisten(ctx, b, unwanted); err != nil {
			return nil, err
		}
		if err := maker.Listen(ctx, b, want); err != nil {
			return nil, err
		}
		if there, err = maker.Listeners(ctx, b.ID); err != nil {
			return nil, err
		}
	}
	m.readListenerIDs(there)
	return r.bind(ctx, m, m.spec(ctx, there, out.diags))
}

// bind applies the SLBIngress.
func (r *slbIngressResource) bind(ctx context.Context, m *slbIngressModel, spec v1alpha1.SLBIngressSpec) (*unstructured.Unstructured, error) {
	object, err := m.object(spec)
	if err != nil {
		return nil, err
	}
	u, err := r.run.client.Apply(ctx, m.ref(), object, kube.ApplyOptions{Manager: slbManager, Force: m.ForceConflicts.ValueBool()})
	if err != nil {
		return nil, kube.Describe("Applying", m.ref(), err)
	}
	return u, nil
}

// save writes the state, with what is not known yet as null.
func (r *slbIngressResource) save(ctx context.Context, m *slbIngressModel, u *unstructured.Unstructured, out outcome) {
	if u != nil {
		m.observe(u)
	}
	known := *m
	known.forgetUnknown()
	out.diags.Append(out.state.Set(ctx, &known)...)
	out.diags.Append(setSLBIdentity(ctx, out.identity, m)...)
}

// forgetUnknown makes null what an apply has not found out.
func (m *slbIngressModel) forgetUnknown() {
	for _, s := range []*types.String{
		&m.ID, &m.UID, &m.LoadBalancerID, &m.Region, &m.Address, &m.DNSName, &m.LoadBalancerName, &m.DeleteProtection, &m.ModificationProtectionStatus,
		&m.ModificationProtectionReason, &m.AddressType, &m.VPCID, &m.ResourceGroupID, &m.PaymentType, &m.LoadBalancerEdition, &m.AddressAllocatedMode,
		&m.VSwitchID, &m.LoadBalancerSpec, &m.InternetChargeType, &m.InstanceChargeType, &m.MasterZoneID, &m.SlaveZoneID,
	} {
		if s.IsUnknown() {
			*s = types.StringNull()
		}
	}
	for _, n := range []*types.Int64{&m.Generation, &m.Bandwidth} {
		if n.IsUnknown() {
			*n = types.Int64Null()
		}
	}
	if m.ListenerIDs.IsUnknown() {
		m.ListenerIDs = types.MapNull(types.StringType)
	}
}

// observe fills what the SLBIngress says of itself; nil is one that is gone.
func (m *slbIngressModel) observe(u *unstructured.Unstructured) {
	m.ID, m.UID, m.Generation = m.Name, types.StringNull(), types.Int64Null()
	if u != nil {
		m.UID, m.Generation = types.StringValue(string(u.GetUID())), types.Int64Value(u.GetGeneration())
	}
}

// mayAdopt says whether a create may go on with an SLBIngress that is there: it is in this run's state, and only half of a replacement
// is left to do; or it is to the letter what an earlier run made and did not live to save.
func (r *slbIngressResource) mayAdopt(ctx context.Context, m *slbIngressModel, u *unstructured.Unstructured) bool {
	if r.run.remembers(m.ref()) {
		return true
	}
	have, err := specIn(u)
	if err != nil || !kube.Applied(u, slbManager) {
		return false
	}
	if !fullyKnown(m.Listeners, m.Namespaces, m.Hosts, m.Priorities, m.Default) {
		return true // a plan cannot tell yet; the apply can
	}
	var diags diag.Diagnostics
	want := m.spec(ctx, m.wanted(ctx, &diags), &diags)
	slices.Sort(have.Hosts)
	slices.Sort(have.Namespaces)
	return !diags.HasError() && have.LoadBalancerType == want.LoadBalancerType && (m.LoadBalancerID.IsUnknown() || have.LoadBalancerID == want.LoadBalancerID) &&
		samePorts(have.Listeners, want.Listeners) && slices.Equal(have.Hosts, want.Hosts) && slices.Equal(have.Namespaces, want.Namespaces) &&
		reflect.DeepEqual(have.Priorities, want.Priorities) && have.Default == want.Default
}

func samePorts(a, b []v1alpha1.SLBListener) bool {
	byPort := func(all []v1alpha1.SLBListener) map[int32]v1alpha1.SLBListener {
		out := map[int32]v1alpha1.SLBListener{}
		for _, l := range all {
			l.ID = ""
			out[l.Port] = l
		}
		return out
	}
	return maps.Equal(byPort(a), byPort(b))
}

func sameListeners(a, b []v1alpha1.SLBListener) bool {
	return slices.Equal(a, b)
}

// specIn is the spec of an SLBIngress; of none, it is empty.
func specIn(u *unstructured.Unstructured) (v1alpha1.SLBIngressSpec, error) {
	o, err := asSLBIngress(u)
	return o.Spec, err
}

// asSLBIngress reads an SLBIngress; none is an empty one.
func asSLBIngress(u *unstructured.Unstructured) (o v1alpha1.SLBIngress, err error) {
	if u != nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &o)
	}
	return o, err
}

package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type albUpdateBalancerParams struct {
	ID           string           `json:"LoadBalancerId" check:"required"`
	Name         *string          `json:"LoadBalancerName"`
	Modification *albModification `json:"ModificationProtectionConfig"`
}

func (s *Sim) albUpdateBalancer(c *wire.Call, p albUpdateBalancerParams) (func() any, error) {
	b, err := s.albBalancerIn(p.ID, "Active")
	if err != nil {
		return nil, err
	}
	if p.Name != nil && !albName.MatchString(*p.Name) {
		return nil, albDialect.Illegal("LoadBalancerName")
	}
	return func() any {
		return reply{"JobId": s.reshape(c, b, func() {
			set(&b.Name, p.Name)
			set(&b.Modification, p.Modification)
		})}
	}, nil
}

// reshape starts the job of a change, and gives its ID.
func (s *Sim) reshape(c *wire.Call, b *albBalancer, change func()) string {
	b.Status = "Configuring"
	back := func() { b.Status = "Active" }
	return s.start(c, "loadbalancer", b.ID, func() { change(); back() }, back)
}

type albUpdateEditionParams struct {
	ID      string `json:"LoadBalancerId" check:"required"`
	Edition string `json:"LoadBalancerEdition" check:"required,in=Basic|Standard|StandardWithWaf"`
}

// albUpdateEdition answers without a job: who asks looks at the instance, which is Configuring meanwhile. Nothing becomes Basic (document
// "UpdateLoadBalancerEdition"); the code for that is [U].
func (s *Sim) albUpdateEdition(c *wire.Call, p albUpdateEditionParams) (func() any, error) {
	b, err := s.albBalancerIn(p.ID, "Active")
	if err != nil {
		return nil, err
	}
	if p.Edition == "Basic" && b.Edition != "Basic" {
		return nil, wire.Refuse("OperationDenied.DowngradeNotSupported", "%s cannot be downgraded from %s to %s.", b.ID, b.Edition, p.Edition)
	}
	return func() any {
		s.reshape(c, b, func() { b.Edition = p.Edition })
		return reply{}
	}, nil
}

type albUpdateZonesParams struct {
	ID    string         `json:"LoadBalancerId" check:"required"`
	Zones []albZoneParam `json:"ZoneMappings" check:"required,2..10"`
}

func (s *Sim) albUpdateZones(c *wire.Call, p albUpdateZonesParams) (func() any, error) {
	b, err := s.albBalancerIn(p.ID, "Active")
	if err != nil {
		return nil, err
	}
	if err := s.checkZones(b.VpcID, p.Zones); err != nil {
		return nil, err
	}
	return func() any {
		return reply{"JobId": s.reshape(c, b, func() { b.mapZones(p.Zones) })}
	}, nil
}

func (s *Sim) albDeleteBalancer(c *wire.Call, p albBalancerID) (func() any, error) {
	b, err := s.albBalancerIn(p.ID, "Active", "CreateFailed")
	if err != nil {
		return nil, err
	}
	if b.Protection.Enabled {
		return nil, wire.Refuse("OperationDenied.DeletionProtection", "The operation is not allowed because of DeletionProtection.")
	}
	if slices.ContainsFunc(s.alb.listeners.all(), func(l *albListener) bool { return l.BalancerID == b.ID }) {
		return nil, albInUse("LoadBalancer", b.ID) // [U]: the documents do not say that listeners go with it
	}
	return func() any {
		before := b.Status
		b.Status = "Deleting"
		return reply{"JobId": s.start(c, "loadbalancer", b.ID,
			func() { s.alb.balancers.drop(b.ID) }, func() { b.Status = before })}
	}, nil
}

type albProtectParams struct {
	ID string `json:"ResourceId" check:"required"`
}

func (s *Sim) albProtect(on bool) func(*wire.Call, albProtectParams) (func() any, error) {
	return func(_ *wire.Call, p albProtectParams) (func() any, error) {
		b, err := s.albBalancerIn(p.ID, "Active")
		if err != nil {
			return nil, err
		}
		return func() any {
			b.Protection = albProtection{Enabled: on}
			if on {
				b.Protection.Since = s.stamp()
			}
			return reply{}
		}, nil
	}
}

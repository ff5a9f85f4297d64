package slbsim

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type albUpdateListenerParams struct {
	albListenerParams
	ID string `json:"ListenerId" check:"required"`
}

func (s *Sim) albUpdateListener(c *wire.Call, p albUpdateListenerParams) (func() any, error) {
	l, err := s.albIdleListener(p.ID)
	if err != nil {
		return nil, err
	}
	if err := s.albCheckListener(s.alb.balancers.byID[l.BalancerID], l, p.albListenerParams); err != nil {
		return nil, err
	}
	return func() any { return reply{"JobId": s.configure(c, l, func() { l.apply(p.albListenerParams) })} }, nil
}

// albIdleListener finds a listener that can be changed: steady, and without a job at its rules.
func (s *Sim) albIdleListener(id string) (*albListener, error) {
	l, err := s.albListenerIn(id, "Running", "Stopped")
	if err == nil && l.busy {
		err = wire.Refuse("ResourceInConfiguring.Listener", "The specified resource listener %s is in configuring.", id)
	}
	return l, err
}

// configure changes a listener by a job.
func (s *Sim) configure(c *wire.Call, l *albListener, change func()) string {
	before := l.Status
	l.Status = "Configuring"
	return s.start(c, "listener", l.ID, func() {
		l.Status = before
		change()
		s.albSetFront(l)
	}, func() { l.Status = before })
}

func (s *Sim) albRunListener(run bool) func(*wire.Call, albListenerID) (func() any, error) {
	from, to := "Stopped", "Running"
	if !run {
		from, to = to, from
	}
	return func(c *wire.Call, p albListenerID) (func() any, error) {
		l, err := s.albIdleListener(p.ID)
		if err == nil {
			err = albSteady("Listener", l.Status, from)
		}
		if err != nil {
			return nil, err
		}
		return func() any { return reply{"JobId": s.configure(c, l, func() { l.Status = to })} }, nil
	}
}

func (s *Sim) albDeleteListener(c *wire.Call, p albListenerID) (func() any, error) {
	l, err := s.albIdleListener(p.ID)
	if err != nil {
		return nil, err
	}
	b, err := s.albBalancerIn(l.BalancerID, "Active")
	if err != nil {
		return nil, err
	}
	return func() any {
		before := l.Status
		b.Status, l.Status = "Configuring", "Deleting"
		return reply{"JobId": s.start(c, "listener", l.ID, func() {
			b.Status = "Active"
			for _, r := range s.albRulesOf(l) {
				s.alb.rules.drop(r.ID)
			}
			s.alb.listeners.drop(l.ID)
			l.front.Close()
			s.albUse()
		}, func() { b.Status, l.Status = "Active", before })}
	}, nil
}

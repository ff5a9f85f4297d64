package slbsim

// albCheckRule holds what a rule shall be against its listener.
func (s *Sim) albCheckRule(b *albBalancer, l *albListener, p albRuleParams, prefix string) error {
	if p.Name != nil && !albName.MatchString(*p.Name) {
		return albDialect.Illegal(prefix + "RuleName")
	}
	if p.Conditions != nil {
		if err := albCheckConditions(p.Conditions, s.edition(b), prefix); err != nil {
			return err
		}
	}
	if p.Actions == nil {
		return nil
	}
	if err := albCheckActions(p.Actions, s.edition(b), prefix); err != nil {
		return err
	}
	for _, a := range p.Actions {
		if a.Forward == nil {
			continue
		}
		if err := s.albCheckForward(b, l.Protocol, a.Forward); err != nil {
			return err
		}
	}
	return nil
}

// albCheckForward refuses server groups that cannot be forwarded to.
//
//	listener  group           answer
//	any       none such       ResourceNotFound.ServerGroup
//	any       not Available   IncorrectStatus.ServerGroup
//	any       of another VPC  Mismatch.VpcId
//	HTTP      gRPC            Mismatch.Protocol
func (s *Sim) albCheckForward(b *albBalancer, protocol string, f *albForwardGroup) error {
	for _, t := range f.Tuples {
		g, ok := s.alb.groups.byID[t.ID]
		if !ok {
			return albNotFound("ServerGroup", t.ID)
		}
		if err := albSteady("ServerGroup", g.Status, "Available"); err != nil {
			return err
		}
		if g.VpcID != b.VpcID {
			return albMismatch("VpcId", "The server group %s is of VPC %s, and the load balancer of %s.", g.ID, g.VpcID, b.VpcID)
		}
		if g.Protocol == "gRPC" && protocol == "HTTP" {
			return albMismatch("Protocol", "The gRPC server group %s needs an HTTPS listener.", g.ID)
		}
	}
	return nil
}

package slbsim

import "github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"

type clbState struct{}

func (c *clbState) close()                        {}
func (c *clbState) endpoint(string, int) string   { return "" }
func (c *clbState) certificateUser(string) string { return "" }
func (s *Sim) clbProduct() wire.Product {
	return wire.Product{Name: "slb", Version: "2014-05-15", Dialect: wire.Classic}
}

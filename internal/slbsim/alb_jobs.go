package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type albJobsParams struct {
	tokenPage
	IDs       []string `json:"JobIds" check:"0..20"`
	Resources []string `json:"ResourceIds" check:"0..20"`
	Kind      string   `json:"ResourceType" check:"in=loadbalancer|listener|rule|servergroup|acl|securitypolicy"`
	Action    string   `json:"ApiName"`
}

func (s *Sim) albJobs(_ *wire.Call, p albJobsParams) (any, error) {
	found := slices.DeleteFunc(slices.Clone(s.jobs.all), func(j *job) bool {
		return j.Kind == clbKind || !among(p.IDs, j.ID) || !among(p.Resources, j.Resource) || !like(p.Kind, j.Kind) || !like(p.Action, j.Action)
	})
	items, frame, err := cut(found, func(j *job) string { return j.ID }, p.tokenPage, albDialect)
	return struct {
		tokenReply
		Items []*job `json:"Jobs"`
	}{frame, items}, err
}

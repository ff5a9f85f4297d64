package balancer

import (
	"context"
	"fmt"
	"strconv"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// albRule is a rule in the API's words, as far as a redirect needs it.
type albRule struct {
	ID       string `json:"RuleId"`
	Listener string `json:"ListenerId"`
	Name     string `json:"RuleName"`
	Priority int    `json:"Priority"`
	Actions  []struct {
		Type     string `json:"Type"`
		Redirect struct {
			Protocol string `json:"Protocol"`
			Port     string `json:"Port"`
		} `json:"RedirectConfig"`
	} `json:"RuleActions"`
	Tags []cloud.Tag `json:"Tags"`
}

// port is where a redirect leads to; 0 where it is none of ours any more.
func (r albRule) port() int {
	if len(r.Actions) != 1 || r.Actions[0].Type != "Redirect" || r.Actions[0].Redirect.Protocol != "HTTPS" {
		return 0
	}
	port, err := strconv.Atoi(r.Actions[0].Redirect.Port)
	if err != nil {
		return 0
	}
	return port
}

func (a *alb) allRules(ctx context.Context, balancer string, tags []cloud.Tag) ([]albRule, error) {
	return cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]albRule, string, error) {
		in := struct {
			cloud.Page
			Balancers []string    `json:"LoadBalancerIds"`
			Tags      []cloud.Tag `json:"Tag"`
		}{p, []string{balancer}, tags}
		var out struct {
			cloud.More
			Items []albRule `json:"Rules"`
		}
		err := a.call(ctx, "ListRules", in, &out)
		return out.Items, out.Next, err
	}, pageSize)
}

// redirects are the owner's, by their listener.
func (a *alb) redirects(ctx context.Context, balancer string) (map[string]albRule, error) {
	found, err := a.allRules(ctx, balancer, a.tags(nil))
	out := map[string]albRule{}
	for _, r := range found {
		out[r.Listener] = r
	}
	return out, err
}

func (a *alb) rules(ctx context.Context, b *Balancer, on Listener) ([]string, error) {
	found, err := a.allRules(ctx, b.ID, nil)
	var out []string
	for _, r := range found {
		if owner, _ := split(r.Tags); r.Listener == on.ID && owner != a.owner.tag() {
			out = append(out, fmt.Sprintf("%s (%s, priority %d)", r.ID, r.Name, r.Priority))
		}
	}
	return out, err
}

// redirect brings the redirect of a listener to what is wanted. ALB has no redirect of a listener's own, and its default action can
// only forward, so it is a rule for all paths.
func (a *alb) redirect(ctx context.Context, have, want Listener) error {
	if have.rule != "" && have.ForwardPort == want.ForwardPort {
		return nil
	}
	if have.rule != "" {
		err := a.write(ctx, "DeleteRule", struct {
			ID string `json:"RuleId"`
		}{have.rule})
		if err != nil && !cloud.IsGone(err) {
			return err
		}
	}
	if want.ForwardPort == 0 {
		return nil
	}
	in := struct {
		Listener  string      `json:"ListenerId"`
		Name      string      `json:"RuleName"`
		Priority  int         `json:"Priority"`
		Condition string      `json:"RuleConditions.1.Type"`
		Paths     []string    `json:"RuleConditions.1.PathConfig.Values"`
		Action    string      `json:"RuleActions.1.Type"`
		Order     int         `json:"RuleActions.1.Order"`
		Protocol  string      `json:"RuleActions.1.RedirectConfig.Protocol"`
		Port      string      `json:"RuleActions.1.RedirectConfig.Port"`
		Code      string      `json:"RuleActions.1.RedirectConfig.HttpCode"`
		Tags      []cloud.Tag `json:"Tag"`
	}{have.ID, "redirect-to-https", 1, "Path", []string{"/*"}, "Redirect", 1, "HTTPS", strconv.Itoa(want.ForwardPort), "301", a.tags(nil)}
	return a.write(ctx, "CreateRule", in)
}

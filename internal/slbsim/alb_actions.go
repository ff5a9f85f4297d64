package slbsim

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// albAction is one action of a rule. Of ForwardGroup, Redirect and FixedResponse a rule has one, with the highest order.
// Cors, TrafficMirror and limits by client are not modelled.
type albAction struct {
	Type     string           `json:"Type" check:"required,in=ForwardGroup|Redirect|FixedResponse|Rewrite|InsertHeader|RemoveHeader|TrafficLimit"`
	Order    int              `json:"Order" check:"required,1..50000"`
	Forward  *albForwardGroup `json:"ForwardGroupConfig,omitempty"`
	Redirect *albRedirect     `json:"RedirectConfig,omitempty"`
	Fixed    *albFixed        `json:"FixedResponseConfig,omitempty"`
	Rewrite  *albRewrite      `json:"RewriteConfig,omitempty"`
	Insert   *albInsert       `json:"InsertHeaderConfig,omitempty"`
	Remove   *albRemove       `json:"RemoveHeaderConfig,omitempty"`
	Limit    *albLimit        `json:"TrafficLimitConfig,omitempty"`
}

type albForwardGroup struct {
	Tuples []albTuple `json:"ServerGroupTuples" check:"required,1..5"`
}

type albTuple struct {
	ID     string `json:"ServerGroupId" check:"required"`
	Weight *int   `json:"Weight,omitempty" check:"0..100"`
}

type albRedirect struct {
	Protocol string `json:"Protocol,omitempty" check:"in=${protocol}|HTTP|HTTPS"`
	Host     string `json:"Host,omitempty" check:"3..128"`
	Port     string `json:"Port,omitempty"`
	Path     string `json:"Path,omitempty" check:"1..128"`
	Query    string `json:"Query,omitempty" check:"0..128"`
	Code     string `json:"HttpCode,omitempty" check:"in=301|302|303|307|308"`
}

type albFixed struct {
	Code    string `json:"HttpCode" check:"required"`
	Content string `json:"Content" check:"0..1024"`
	Type    string `json:"ContentType,omitempty" check:"in=text/plain|text/css|text/html|application/javascript|application/json"`
}

type albRewrite struct {
	Host  string `json:"Host,omitempty" check:"3..128"`
	Path  string `json:"Path,omitempty" check:"1..128"`
	Query string `json:"Query,omitempty" check:"0..128"`
}

type albInsert struct {
	Key   string `json:"Key" check:"required,1..40"`
	Value string `json:"Value" check:"required,1..128"`
	Type  string `json:"ValueType" check:"required,in=UserDefined|ReferenceHeader|SystemDefined"`
	Cover *bool  `json:"CoverEnabled,omitempty"`
}

type albRemove struct {
	Key string `json:"Key" check:"required,1..40"`
}

type albLimit struct {
	QPS int `json:"QPS" check:"required,1..1000000"`
}

var (
	albFinal     = []string{"ForwardGroup", "Redirect", "FixedResponse"}
	albFixedCode = regexp.MustCompile(`^[245]\d\d$`)
	albSystem    = []string{"ClientSrcPort", "ClientSrcIp", "Protocol", "SLBId", "SLBPort"}

	// albReserved are headers that no rule may touch (document of CreateRules, InsertHeaderConfig.Key).
	albReserved = []string{
		"slb-id", "slb-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-eip", "x-forwarded-port",
		"x-forwarded-client-srcport", "connection", "upgrade", "content-length", "transfer-encoding", "keep-alive", "te", "host",
		"cookie", "remoteip", "authority", "x-forwarded-host",
	}
)

// albCheckActions holds actions against the documents of CreateRules.
func albCheckActions(actions []albAction, e Edition, prefix string) error {
	if len(actions) > e.Actions {
		return albQuota("RuleActions", "alb_quota_rule_actions_num", len(actions), e.Actions)
	}
	var orders []int
	var finals []albAction
	rewrites := false
	for i, a := range actions {
		at := fmt.Sprintf("%sRuleActions.%d.", prefix, i+1)
		if err := a.check(at); err != nil {
			return err
		}
		if slices.Contains(orders, a.Order) {
			return albDuplicate("Order")
		}
		orders = append(orders, a.Order)
		rewrites = rewrites || a.Type == "Rewrite"
		if slices.Contains(albFinal, a.Type) {
			finals = append(finals, a)
		}
	}
	switch {
	case len(finals) != 1 || finals[0].Order != slices.Max(orders):
		return albIllegal(prefix+"RuleActions", "One of ForwardGroup, Redirect and FixedResponse must be there, with the highest order.")
	case rewrites && finals[0].Type != "ForwardGroup":
		return albIllegal(prefix+"RuleActions", "Rewrite needs ForwardGroup.")
	}
	return nil
}

// check refuses an action whose configuration is not that of its type.
func (a albAction) check(at string) error {
	given := map[string]bool{
		"ForwardGroup": a.Forward != nil, "Redirect": a.Redirect != nil, "FixedResponse": a.Fixed != nil, "Rewrite": a.Rewrite != nil,
		"InsertHeader": a.Insert != nil, "RemoveHeader": a.Remove != nil, "TrafficLimit": a.Limit != nil,
	}
	if !given[a.Type] {
		return albDialect.Missing(at + a.Type + "Config")
	}
	for kind, is := range given {
		if is && kind != a.Type {
			return albIllegal(at+kind+"Config", "The action's type is %s.", a.Type)
		}
	}
	switch {
	case a.Forward != nil:
		return a.Forward.check(at + "ForwardGroupConfig.")
	case a.Redirect != nil:
		return a.Redirect.check(at + "RedirectConfig")
	case a.Fixed != nil && !albFixedCode.MatchString(a.Fixed.Code):
		return albIllegal(at+"FixedResponseConfig.HttpCode", "It must be 2xx, 4xx or 5xx.")
	case a.Insert != nil:
		return a.Insert.check(at + "InsertHeaderConfig.")
	case a.Remove != nil:
		return checkHeaderKey(a.Remove.Key, at+"RemoveHeaderConfig.Key")
	case a.Rewrite != nil && *a.Rewrite == albRewrite{}:
		return albDialect.Missing(at + "RewriteConfig.Path")
	}
	return nil
}

func (f albForwardGroup) check(at string) error {
	for i, t := range f.Tuples {
		if slices.ContainsFunc(f.Tuples[:i], func(o albTuple) bool { return o.ID == t.ID }) {
			return albDuplicate("ServerGroupId")
		}
		if len(f.Tuples) > 1 && t.Weight == nil {
			return albDialect.Missing(fmt.Sprintf("%sServerGroupTuples.%d.Weight", at, i+1))
		}
	}
	return nil
}

// check refuses a redirect to where the request came from ("cannot all be default values").
func (r albRedirect) check(name string) error {
	is := func(value, byDefault string) bool { return value == "" || value == byDefault }
	if is(r.Protocol, "${protocol}") && is(r.Host, "${host}") && is(r.Port, "${port}") && is(r.Path, "${path}") && is(r.Query, "${query}") {
		return albIllegal(name, "All of it but HttpCode is as the request's own.")
	}
	if r.Port == "" || r.Port == "${port}" {
		return nil
	}
	if port, err := strconv.Atoi(r.Port); err != nil || port < 1 || port > 63335 {
		return albIllegal(name+".Port", "It must be from 1 to 63335.")
	}
	return nil
}

func (i albInsert) check(at string) error {
	if err := checkHeaderKey(i.Key, at+"Key"); err != nil {
		return err
	}
	if i.Type == "SystemDefined" && !slices.Contains(albSystem, i.Value) {
		return albIllegal(at+"Value", "It must be one of %s.", strings.Join(albSystem, ", "))
	}
	return nil
}

func checkHeaderKey(key, name string) error {
	if !albHeaderKey.MatchString(key) || slices.Contains(albReserved, strings.ToLower(key)) {
		return albIllegal(name, "The header %q cannot be used.", key)
	}
	return nil
}

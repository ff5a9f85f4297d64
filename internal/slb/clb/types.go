package clb

import (
	"encoding/json"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// The API's shapes, as they are sent and read. Of each only what is used here.

type listener struct {
	Port     cloud.Int `json:"ListenerPort"`
	Protocol string    `json:"ListenerProtocol"`
	Status   string    `json:"Status"`
}

type rule struct {
	ID     string `json:"RuleId"`
	Name   string `json:"RuleName"`
	Domain string `json:"Domain"`
	URL    string `json:"Url"`
	Group  string `json:"VServerGroupId"`

	Port int `json:"-"`
}

// newRule is one as CreateRules takes it, in JSON.
type newRule struct {
	Name   string `json:"RuleName"`
	Domain string `json:"Domain"`
	URL    string `json:"Url,omitempty"`
	Group  string `json:"VServerGroupId"`
}

type tagView struct {
	Key   string `json:"TagKey"`
	Value string `json:"TagValue"`
}

type groupInfo struct {
	ID   string `json:"VServerGroupId"`
	Name string `json:"VServerGroupName"`
	Tags struct {
		All []tagView `json:"Tag"`
	} `json:"Tags"`
	Users struct {
		Rules struct {
			All []struct {
				ID string `json:"RuleId"`
			} `json:"Rule"`
		} `json:"Rules"`
		Listeners struct {
			All []struct {
				Port cloud.Int `json:"Port"`
			} `json:"Listener"`
		} `json:"Listeners"`
	} `json:"AssociatedObjects"`
}

func (g groupInfo) tags() []cloud.Tag {
	tags := make([]cloud.Tag, len(g.Tags.All))
	for i, t := range g.Tags.All {
		tags[i] = cloud.Tag(t)
	}
	return tags
}

// serverItem is a server as calls take and give it.
type serverItem struct {
	ENI    string    `json:"ServerId"`
	IP     string    `json:"ServerIp"`
	Port   cloud.Int `json:"Port"`
	Weight cloud.Int `json:"Weight"`
	Type   string    `json:"Type"`
}

func asJSON(v any) string {
	text, _ := json.Marshal(v) // strings and numbers marshal
	return string(text)
}

package admission

import (
	"bytes"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// object is a Service, a Route or a Configuration, decoded as far as decisions go: the template stays raw.
type object struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Template json.RawMessage           `json:"template"`
		Traffic  []servingv1.TrafficTarget `json:"traffic"`
	} `json:"spec"`
	Status servingv1.ServiceStatus `json:"status"`
}

// decode reads an object of a review; nil where there is none.
func decode(raw []byte) (*object, error) {
	if len(raw) == 0 {
		return nil, nil //nolint:nilnil // there is no old object where one is made, no new one where it is deleted
	}
	o := &object{}
	return o, json.Unmarshal(raw, o)
}

// service is what the rules see. Both templates of one review are written by the API server alike, so their bytes tell them apart;
// what a template runs is worked out only where the record tells of a Service that was deleted.
func (o *object) service(record v1alpha1.RolloutRecordStatus) (*rollout.Service, error) {
	s := facts.Service(o, o.Spec.Traffic, &o.Status)
	s.Template = string(o.Spec.Template)
	var err error
	if s.NewRevision, err = templateName(o.Spec.Template); err != nil {
		return nil, err
	}
	if record.Former != nil || record.ServiceUID != o.UID {
		s.Runs, err = facts.Template(o.Spec.Template).Runs()
	}
	return &s, err
}

func templateName(template json.RawMessage) (string, error) {
	if !bytes.Contains(template, []byte(`"name"`)) {
		return "", nil
	}
	var t struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	err := json.Unmarshal(template, &t)
	return t.Metadata.Name, err
}

// pinned are the Revisions that a split names.
func pinned(traffic []servingv1.TrafficTarget) []string {
	var out []string
	for _, t := range traffic {
		out = append(out, t.RevisionName)
	}
	return out
}

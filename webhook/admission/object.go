package admission

import (
	"encoding/json"
	"fmt"

	"github.com/go-faster/jx"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// object is a Service, a Route or a Configuration, read as far as decisions go: the template stays as it is written.
type object struct {
	metav1.ObjectMeta // what it is called, its labels and generation, whether it goes, and the reason for a bypass
	template          json.RawMessage
	traffic           []rollout.Target // that is asked for
	status            servingv1.ServiceStatus
	serving           []rollout.Target // by the status
}

// decode reads an object of a review; nil where there is none.
func decode(data []byte) (*object, error) {
	if len(data) == 0 {
		return nil, nil //nolint:nilnil // there is no old object where one is made, no new one where it is deleted
	}
	o := &object{}
	err := read(data, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "metadata":
			return members(d, o.readMeta)
		case "spec":
			return members(d, o.readSpec)
		case "status":
			return members(d, o.readStatus)
		}
		return d.Skip()
	})
	if err != nil {
		return nil, fmt.Errorf("an object of the review cannot be read: %w", err)
	}
	return o, nil
}

func (o *object) readMeta(d *jx.Decoder, key []byte) error {
	switch string(key) {
	case "name":
		return text(d, &o.Name)
	case "uid":
		return text(d, &o.UID)
	case "generation":
		return integer(d, &o.Generation)
	case "labels":
		return textMap(d, &o.Labels)
	case "annotations":
		return members(d, o.readAnnotation)
	case "deletionTimestamp":
		if d.Next() != jx.Null {
			o.DeletionTimestamp = &metav1.Time{} // when is of no matter
		}
	}
	return d.Skip()
}

// readAnnotation keeps the one that decisions look at.
func (o *object) readAnnotation(d *jx.Decoder, key []byte) error {
	if string(key) != BypassAnnotation {
		return d.Skip()
	}
	reason := ""
	err := text(d, &reason)
	o.Annotations = map[string]string{BypassAnnotation: reason}
	return err
}

func (o *object) readSpec(d *jx.Decoder, key []byte) error {
	switch string(key) {
	case "template":
		return raw(d, &o.template)
	case "traffic":
		return targets(d, &o.traffic)
	}
	return d.Skip()
}

func (o *object) readStatus(d *jx.Decoder, key []byte) error {
	switch string(key) {
	case "observedGeneration":
		return integer(d, &o.status.ObservedGeneration)
	case "latestCreatedRevisionName":
		return text(d, &o.status.LatestCreatedRevisionName)
	case "conditions":
		return items(d, func(d *jx.Decoder) error {
			var c apis.Condition
			err := members(d, func(d *jx.Decoder, key []byte) error {
				switch string(key) {
				case "type":
					return text(d, &c.Type)
				case "status":
					return text(d, &c.Status)
				case "reason":
					return text(d, &c.Reason)
				}
				return d.Skip()
			})
			o.status.Conditions = append(o.status.Conditions, c)
			return err
		})
	case "traffic":
		return targets(d, &o.serving)
	}
	return d.Skip()
}

// targets reads a split, of a spec or of a status.
func targets(d *jx.Decoder, into *[]rollout.Target) error {
	*into = make([]rollout.Target, 0, 10) // more are rare
	var t rollout.Target
	var configuration string
	member := func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "revisionName":
			return text(d, &t.Revision)
		case "percent":
			return integer(d, &t.Percent)
		case "tag":
			return text(d, &t.Tag)
		case "latestRevision":
			return flag(d, &t.Latest)
		case "configurationName":
			return text(d, &configuration)
		}
		return d.Skip()
	}
	return items(d, func(d *jx.Decoder) error {
		t, configuration = rollout.Target{}, ""
		err := members(d, member)
		// A pinned target may say latestRevision: false, and the Route's own "latest" names the Configuration instead.
		t.Latest = t.Latest || configuration != ""
		*into = append(*into, t)
		return err
	})
}

// service is what the rules see. Both templates of one review are written by the API server alike, so their bytes tell them apart;
// what a template runs is worked out only where the record tells of a Service that was deleted.
func (o *object) service(record v1alpha1.RolloutRecordStatus) (*rollout.Service, error) {
	s := facts.Service(o, nil, &o.status)
	s.Traffic, s.Serving = facts.Asked(o.traffic), facts.Served(o.serving)
	s.Template = string(o.template)
	var err error
	if s.NewRevision, err = templateName(o.template); err != nil {
		return nil, err
	}
	if record.Former != nil || record.ServiceUID != o.UID {
		s.Runs, err = facts.Template(o.template).Runs()
	}
	return &s, err
}

func templateName(template json.RawMessage) (name string, err error) {
	if len(template) == 0 {
		return "", nil
	}
	err = read(template, func(d *jx.Decoder, key []byte) error {
		if string(key) != "metadata" {
			return d.Skip()
		}
		return members(d, func(d *jx.Decoder, key []byte) error { return one(d, key, "name", &name) })
	})
	if err != nil {
		err = fmt.Errorf("the template cannot be read: %w", err)
	}
	return name, err
}

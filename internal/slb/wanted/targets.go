package wanted

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/serving/pkg/activator"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// target is a part of a split.
type target struct {
	backend
	percent int
	headers map[string]string
}

// chosen is what a path forwards to now.
type chosen struct {
	targets []target
	// headers are set on all requests.
	headers map[string]string
	// waiting is why that is not the split that is asked for.
	waiting string
}

// choose says what a path forwards to. Knative's activator, which stands in where a Revision has no Pods or too few, has to be told
// by headers for which Revision a request is, and an ALB sets headers for all targets of a rule alike, a CLB none. So only a single
// target can lead to the activator, and the parts of a split lead to Pods, of which each part is asked to have one:
//
//	load balancer   targets             goes to                                                         floors
//	ALB             one                 what Knative has there: Pods, or the activator with its headers   none
//	CLB             one                 its Pods                                                        1
//	either          several             the Pods of each                                                1 each
//	either          several, some       the others, in proportion, until they have                      1 each
//	                without a Pod
//	ALB             several, none of    the largest, by the activator, until one has                    1 each
//	                which has a Pod
func (d *draft) choose(splits []netv1alpha1.IngressBackendSplit) (chosen, error) {
	asked, err := d.asked(splits)
	switch {
	case err != nil:
		return chosen{}, err
	case len(asked) == 1 && d.can.insert:
		return single(asked[0]), nil
	}
	pods := slices.Clone(asked)
	for i := range pods {
		d.reserve(pods[i])
		if pods[i].backend, err = d.podsOf(pods[i].backend); err != nil {
			return chosen{}, err
		}
	}
	headers, err := d.common(pods)
	if err != nil {
		return chosen{}, err
	}
	cold := slices.DeleteFunc(slices.Clone(pods), target.warm)
	switch {
	case len(cold) == 0 || len(pods) == 1:
		return chosen{targets: pods, headers: headers, waiting: waitingFor(cold)}, nil
	case len(cold) < len(pods):
		warm := slices.DeleteFunc(pods, func(t target) bool { return !t.warm() })
		rescale(warm)
		return chosen{targets: warm, headers: headers, waiting: waitingFor(cold)}, nil
	case !d.can.insert:
		return chosen{targets: pods, headers: headers, waiting: waitingFor(cold)}, nil
	}
	largest := single(slices.MaxFunc(asked, func(a, b target) int { return cmp.Compare(a.percent, b.percent) }))
	largest.targets[0].percent = 100
	largest.waiting = waitingFor(cold)
	return largest, nil
}

// single forwards all to one target, with its headers.
func single(t target) chosen {
	out := chosen{targets: []target{t}, headers: t.headers}
	if !t.warm() {
		out.waiting = waitingFor(out.targets)
	}
	return out
}

// asked are the targets that have a share, those with the same Service and headers as one.
func (d *draft) asked(splits []netv1alpha1.IngressBackendSplit) ([]target, error) {
	var out []target
	for _, s := range splits {
		percent := s.Percent
		if len(splits) == 1 {
			percent = 100 // as Knative defaults it
		}
		if percent == 0 {
			continue
		}
		b, err := d.backendOf(s.IngressBackend)
		if err != nil {
			return nil, err
		}
		t := target{backend: b, percent: percent, headers: s.AppendHeaders}
		same := slices.IndexFunc(out, func(o target) bool { return o.key == t.key && maps.Equal(o.headers, t.headers) })
		if same >= 0 {
			out[same].percent += percent
			continue
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, errors.New("no target of its split has a share")
	}
	return out, nil
}

// common are the headers that all targets ask for alike. Those that tell the activator the Revision are left out: Pods need none.
func (d *draft) common(targets []target) (map[string]string, error) {
	var out map[string]string
	for i, t := range targets {
		own := maps.Clone(t.headers)
		maps.DeleteFunc(own, func(name, _ string) bool {
			return slices.ContainsFunc(activator.RevisionHeaders, func(h string) bool { return strings.EqualFold(h, name) })
		})
		if i > 0 && !maps.Equal(own, out) {
			return nil, fmt.Errorf("its split sets other headers for %s than for %s, and %s sets those of a rule only: set them for all of its requests, or none", t.name(), targets[0].name(), d.can.name)
		}
		out = own
	}
	return out, nil
}

// reserve asks for a Pod of a target's Revision.
func (d *draft) reserve(t target) {
	if t.revision == (types.NamespacedName{}) {
		return // not Knative's: whoever made it sees to its Pods
	}
	if d.floors == nil {
		d.floors = map[types.NamespacedName]bool{}
	}
	d.floors[t.revision] = true
}

// warm says that a target has a Pod, or the activator, that takes requests.
func (t target) warm() bool {
	return slices.ContainsFunc(t.servers, func(s slb.Server) bool { return !s.Draining })
}

// name is what people know a target by.
func (t target) name() string { return cmp.Or(t.revision.Name, t.service.Name) }

func waitingFor(cold []target) string {
	if len(cold) == 0 {
		return ""
	}
	names := make([]string, len(cold))
	for i, t := range cold {
		names[i] = t.name()
	}
	return "no Pod of " + strings.Join(names, ", ") + " is ready"
}

// rescale makes percents add up to 100 again, in proportion; the rest goes to the largest fractions.
func rescale(targets []target) {
	sum, left := 0, 100
	for _, t := range targets {
		sum += t.percent
	}
	order := make([]int, len(targets))
	fractions := make([]int, len(targets))
	for i, t := range targets {
		order[i], fractions[i] = i, t.percent*100%sum
		targets[i].percent = t.percent * 100 / sum
		left -= targets[i].percent
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(fractions[b], fractions[a]) })
	for _, i := range order[:left] {
		targets[i].percent++
	}
}

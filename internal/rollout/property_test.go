package rollout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// play is a small Knative with a guard, in which anything may happen in any order. What it knows for certain (which Revision a
// template really becomes, what is served when all is carried out) it works out by itself, not by the rules' own code.
type play struct {
	t         *testing.T
	rnd       *rand.Rand
	now       time.Time
	exists    bool
	s         Service
	revisions map[string]Revision
	record    v1alpha1.RolloutRecordStatus
	policies  []Policy
	uid, made int
	log       []string
}

const limit = 20

// TestRandomSequences plays random sequences of changes under a policy that has every rule on, and checks after each:
//
//   - an invalid sum, or a Revision that is not there, never gets in
//   - no change makes Revisions that are not stable get more than the limit on top of what they would have got without it
//   - a rollback is never refused
func TestRandomSequences(t *testing.T) {
	allowed, refused := 0, 0
	for seed := range uint64(400) {
		p := newPlay(t, seed)
		for range 120 {
			switch a, r := p.step(); {
			case t.Failed():
				t.Fatalf("seed %d:\n%s", seed, fmt.Sprint(p.log[max(0, len(p.log)-12):]))
			default:
				allowed, refused = allowed+a, refused+r
			}
		}
	}
	t.Logf("%d changes allowed, %d refused", allowed, refused)
	if allowed < 1000 || refused < 1000 {
		t.Errorf("%d allowed and %d refused: the sequences say nothing", allowed, refused)
	}
}

func newPlay(t *testing.T, seed uint64) *play {
	t.Helper()
	p := &play{t: t, rnd: rand.New(rand.NewPCG(seed, 0)), now: noon, revisions: map[string]Revision{}}
	spec := v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(limit))}
	if seed%2 == 0 { // the other half is the limit alone, so that more gets in
		spec.RequireReady, spec.KeepRollbackTarget, spec.NoReturn = true, true, true
		spec.BakeTime, spec.MinStepInterval = minutes(10), minutes(5)
		spec.Freeze = []v1alpha1.FreezeWindow{{Name: "hourly", Schedule: "0 * * * *", Duration: minutes(20)}}
	}
	p.policies = []Policy{policy(t, spec)}
	return p
}

func (p *play) step() (allowed, refused int) {
	p.log = append(p.log, fmt.Sprintf("\n%s %+v ready %v\n  record %s/%s %v", p.now.Format(time.TimeOnly), p.s, p.ready(), p.record.Stable, p.record.Previous, p.record.RolledBack))
	switch p.rnd.IntN(10) {
	case 0:
		p.now = p.now.Add(time.Duration(p.rnd.IntN(15)) * time.Minute)
	case 1, 2:
		p.knative()
	case 3, 4:
		p.observe()
	case 5:
		p.knative()
		p.observe()
	default:
		if p.change() {
			return 1, 0
		}
		return 0, 1
	}
	p.rollback()
	return 0, 0
}

// change tries one random change, and checks what it does if it is let in.
func (p *play) change() bool {
	next := p.s
	switch p.rnd.IntN(12) {
	case 0:
		if p.exists && len(p.revisions) > 2 { // deleted, to be made anew
			p.exists, p.s, p.revisions = false, Service{}, map[string]Revision{}
			if p.rnd.IntN(2) == 0 {
				p.record = ObserveDeleted(p.record, p.now)
			}
			return true
		}
	case 1, 2, 3:
		p.newTemplate(&next)
	case 4:
		p.newTemplate(&next)
		next.Traffic = p.traffic()
	default:
		next.Traffic = p.traffic()
	}
	var old *Service
	if p.exists {
		before := p.s
		old = &before
	} else {
		next = Service{Name: "hello", Traffic: []Target{latest(100)}}
		p.newTemplate(&next)
	}
	if !Decide(old, &next, Facts{p.revisions, p.record, p.policies}, p.now).Allowed {
		return false
	}
	p.log = append(p.log, fmt.Sprintf("\n    let in %+v", next))
	p.check(old, &next)
	if !p.exists {
		p.uid++
		next.UID = fmt.Sprint(p.uid)
	}
	p.exists, p.s = true, next
	if old == nil || old.Template != next.Template {
		p.s.Settled = false
	}
	return true
}

func (p *play) newTemplate(next *Service) {
	p.made++
	next.Template, next.Runs, next.NewRevision = fmt.Sprint("t", p.made), fmt.Sprint("code", p.rnd.IntN(3)), ""
	if p.rnd.IntN(3) == 0 {
		next.NewRevision = fmt.Sprint("named", p.made)
	}
}

// traffic is a random split: pinned or latest, tags that move about, one Revision in several targets, sums that are wrong.
func (p *play) traffic() []Target {
	names := []string{"gone"}
	for name := range p.revisions {
		names = append(names, name)
	}
	slices.Sort(names)
	rest := int64(100)
	if p.rnd.IntN(8) == 0 {
		rest += int64(p.rnd.IntN(3)) - 1
	}
	var out []Target
	for i := range 1 + p.rnd.IntN(4) {
		t := Target{Percent: []int64{0, 5, 10, 20, 50, 90, 100}[p.rnd.IntN(7)]}
		t.Percent = min(t.Percent, rest)
		rest -= t.Percent
		if t.Latest = p.rnd.IntN(4) == 0; !t.Latest {
			t.Revision = names[p.rnd.IntN(len(names))]
		}
		if p.rnd.IntN(3) == 0 {
			t.Tag = fmt.Sprint("tag", (i+p.made)%5)
		}
		out = append(out, t)
	}
	out[0].Percent += rest
	return out
}

// knative carries out what is asked for: it makes the template's Revision, which gets Ready or not, and serves the split.
func (p *play) knative() {
	if !p.exists {
		return
	}
	if !p.s.Settled {
		p.s.LatestCreated, p.s.Settled = p.becomes(&p.s), true
		p.revisions[p.s.LatestCreated] = Revision{Service: "hello", Created: p.now.Add(time.Duration(len(p.revisions))), Runs: p.s.Runs}
	}
	for name, r := range p.revisions { // some get Ready now, a few break
		r.Ready = p.rnd.IntN(5) > 0
		p.revisions[name] = r
	}
	if p.rnd.IntN(3) > 0 {
		var served []Target
		for name, percent := range settle(&p.s, p.s.LatestCreated) {
			served = append(served, pin(name, percent))
		}
		p.s.Serving = served
	}
}

// becomes is the name that Knative gives the Revision of a template.
func (p *play) becomes(s *Service) string {
	if s.NewRevision != "" {
		return s.NewRevision
	}
	return "rev-" + s.Template
}

// settle is what is served when all is carried out.
func settle(s *Service, latest string) map[string]int64 {
	out := map[string]int64{}
	for _, t := range s.Traffic {
		if t.Latest {
			out[latest] += t.Percent
		} else {
			out[t.Revision] += t.Percent
		}
	}
	return out
}

func (p *play) observe() {
	if p.exists {
		p.record, _ = Observe(p.record, Seen{Service: p.s, Revisions: p.revisions, BakeTime: BakeTime(p.policies)}, p.now)
		return
	}
	p.record = ObserveDeleted(p.record, p.now)
}

// check holds a change that was let in against what the rules promise.
func (p *play) check(old, next *Service) {
	var sum int64
	for _, t := range next.Traffic {
		sum += t.Percent
		_, there := p.revisions[t.Revision]
		if t.Percent < 0 || t.Percent > 100 || t.Latest == (t.Revision != "") || !t.Latest && !there && t.Revision != next.NewRevision {
			p.t.Errorf("let in the target %+v", t)
		}
	}
	if sum != 100 {
		p.t.Errorf("let in a sum of %d", sum)
	}
	without, with := map[string]int64{}, settle(next, p.becomes(next))
	free := map[string]bool{}
	switch {
	case old != nil:
		without = settle(old, p.becomes(old))
		if p.record.ServiceUID == "" || string(p.record.ServiceUID) != old.UID || p.record.Stable == "" {
			return // no stable Revision is known: most is another test's
		}
		free[p.record.Stable], free[p.record.Previous] = true, true
	case p.record.StableTemplate == "" && (p.record.Former == nil || p.now.Sub(p.record.Former.Deleted.Time) >= v1alpha1.FormerKept):
		return // the first of its name
	case next.Runs == p.record.StableTemplate || p.record.Former != nil && next.Runs == p.record.Former.Template:
		return // the stable code again
	}
	var moved int64
	for name, percent := range with {
		if !free[name] {
			moved += max(0, percent-without[name])
		}
	}
	if moved > limit {
		p.t.Errorf("let in a step of %d: %+v to %+v", moved, old, next)
	}
}

// rollback tries to go back, which must always be allowed, in every way it is done.
func (p *play) rollback() {
	if !p.exists || string(p.record.ServiceUID) != p.s.UID {
		return
	}
	for _, name := range []string{p.record.Stable, p.record.Previous} {
		if _, there := p.revisions[name]; !there {
			continue
		}
		for _, traffic := range [][]Target{{pin(name, 100)}, {pin(name, 60), {Revision: name, Percent: 40, Tag: "back"}}} {
			next := p.s
			next.Traffic = traffic
			if d := Decide(&p.s, &next, Facts{p.revisions, p.record, p.policies}, p.now); !d.Allowed {
				p.t.Errorf("a rollback to %s is refused: %v", name, d.Violations)
			}
		}
	}
}

func (p *play) ready() []string {
	var out []string
	for name, r := range p.revisions {
		if r.Ready {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// FuzzDecide checks on any split of five Revisions, and a template that changes or not, that an invalid sum is refused, that a
// rollback is allowed and that nothing beyond the limit gets in.
func FuzzDecide(f *testing.F) {
	f.Add([]byte{1, 100}, false, "", int64(0))
	f.Add([]byte{1, 80, 5, 20}, true, "named", int64(time.Hour))
	f.Add([]byte{1, 50, 2, 25, 2, 25}, false, "v1", int64(-1))
	f.Fuzz(func(t *testing.T, split []byte, template bool, name string, later int64) {
		old, facts := world()
		facts.Policies = []Policy{policy(t, v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(limit))})}
		next := old
		next.Traffic = nil
		var sum int64
		moved := map[string]int64{}
		for i := 0; i+1 < len(split); i += 2 {
			target := Target{Percent: int64(int8(split[i+1])), Latest: split[i]%6 == 5}
			if !target.Latest {
				target.Revision = []string{"v0", "v1", "v2", "v3", "bad"}[split[i]%6]
			}
			next.Traffic, sum = append(next.Traffic, target), sum+target.Percent
			if target.Latest {
				target.Revision = map[bool]string{true: name, false: "v3"}[template]
			}
			moved[target.Revision] += target.Percent
		}
		if template {
			next.Template, next.NewRevision = "changed", name
		}
		d := Decide(&old, &next, facts, noon.Add(time.Duration(later)))
		var step int64
		for revision, percent := range moved {
			if revision != "v0" && revision != "v1" {
				step += max(0, percent-settle(&old, "")[revision])
			}
		}
		switch {
		case d.Allowed && (sum != 100 || step > limit):
			t.Errorf("let in a sum of %d, a step of %d: %+v", sum, step, next)
		case !d.Allowed && step == 0 && len(CheckTrafficSum(next.Traffic)) == 0:
			t.Errorf("refused with nothing that rises: %v", d.Violations)
		}
	})
}

package balancer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// Maker makes, changes and takes away what is an owner's. It is safe for concurrent use by different owners.
type Maker struct {
	api    api
	owner  Owner
	report func(string)
}

// Caller is as much of a cloud.Client as is used here.
type Caller interface {
	Call(ctx context.Context, p cloud.Product, action string, in, out any) error
}

// New makes a Maker of load balancers of a type. What a wait sees goes to report, once a change.
func New(c Caller, kind v1alpha1.LoadBalancerType, owner Owner, report func(string)) *Maker {
	p := poller{report}
	if kind == v1alpha1.CLB {
		return &Maker{&clb{Caller: c, poller: p, owner: owner}, owner, report}
	}
	return &Maker{&alb{Caller: c, poller: p, owner: owner}, owner, report}
}

// api is what both types of load balancer can do, each in its own words.
type api interface {
	// tagged gives the IDs of the load balancers that have the owner's tag.
	tagged(ctx context.Context) ([]string, error)
	// get gives a load balancer, and nil where there is none.
	get(ctx context.Context, id string) (*Balancer, error)
	// create makes one and does not wait for it. The token makes that twice the same.
	create(ctx context.Context, want Settings, token string) (id string, err error)
	// active waits until one can be used.
	active(ctx context.Context, id string) (*Balancer, error)
	// change brings one to what is wanted, and takes tags off it.
	change(ctx context.Context, have *Balancer, want Settings, untag []string) error
	// drop takes one away, and waits until it is gone.
	drop(ctx context.Context, id string) error

	// group gives the owner's empty server group for a load balancer, and makes it where there is none.
	group(ctx context.Context, b *Balancer) (id string, err error)
	// dropGroups takes the owner's empty server groups away.
	dropGroups(ctx context.Context, balancer string) error

	// listeners gives all listeners of a load balancer, whoever made them, in the order of their ports.
	listeners(ctx context.Context, balancer string) ([]Listener, error)
	// addListener makes one, starts it, and waits until it runs.
	addListener(ctx context.Context, b *Balancer, group string, want Listener) error
	// changeListener brings one to what is wanted, and starts it if it was stopped.
	changeListener(ctx context.Context, b *Balancer, have, want Listener) error
	// dropListener takes one away, and waits until it is gone.
	dropListener(ctx context.Context, b *Balancer, have Listener) error
	// rules tells the rules on a listener that were not made here.
	rules(ctx context.Context, b *Balancer, on Listener) ([]string, error)
	// same says whether a listener can become another without being made anew.
	same(have, want Listener) bool
}

// errGone is what is said of a load balancer that is to be adopted.
func errGone(id string) error {
	return fmt.Errorf("the load balancer %s does not exist in this region, or is of another type. Check load_balancer_id, load_balancer_type and the region", id)
}

// Get gives a load balancer, and nil where there is none.
func (m *Maker) Get(ctx context.Context, id string) (*Balancer, error) { return m.api.get(ctx, id) }

// Made says whether a load balancer was made here for this owner.
func (m *Maker) Made(b *Balancer) bool { return b.Owner == m.owner.tag() }

// Adopt gives a load balancer that somebody else made, when it can be used.
func (m *Maker) Adopt(ctx context.Context, id string) (*Balancer, error) {
	b, err := m.api.get(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case b == nil:
		return nil, errGone(id)
	case b.Owner != "":
		return nil, fmt.Errorf("the load balancer %s was made by the knative_slb_ingress %s, and would go with it. Bind it there, or take another", id, b.Owner)
	}
	return m.api.active(ctx, id)
}

// Make gives the owner's load balancer: the one that is there, or a new one. Found is called with its ID as soon as it is known, before
// anything is waited for.
func (m *Maker) Make(ctx context.Context, want Settings, found func(id string)) (*Balancer, error) {
	ids, err := m.api.tagged(ctx)
	if err != nil {
		return nil, err
	}
	if len(ids) > 1 {
		return nil, fmt.Errorf("there are %d load balancers with the tag %s=%s: %s. There should be one: delete the others, or take the tag off them", len(ids), OwnerTag, m.owner.tag(), strings.Join(ids, ", "))
	}
	if len(ids) == 1 {
		b, err := m.api.get(ctx, ids[0])
		if err != nil {
			return nil, err
		}
		if b != nil && b.Status != createFailed {
			found(b.ID)
			return m.goOn(ctx, b, want)
		}
		if b != nil { // nothing can be done with it
			m.report(fmt.Sprintf("%s could not be made: it is taken away and made anew", b.ID))
			if err := m.api.drop(ctx, b.ID); err != nil {
				return nil, err
			}
		}
	}
	id, err := m.create(ctx, want)
	if err != nil {
		return nil, err
	}
	found(id)
	return m.api.active(ctx, id)
}

// createFailed is the status of an ALB that did not come up.
const createFailed = "CreateFailed"

// goOn takes up a load balancer that an earlier run made and did not live to save.
func (m *Maker) goOn(ctx context.Context, b *Balancer, want Settings) (*Balancer, error) {
	m.report(fmt.Sprintf("%s has our tag: an earlier run made it", b.ID))
	b, err := m.api.active(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	if what := b.differs(want); what != "" {
		return nil, fmt.Errorf("an earlier run made the load balancer %s with %s, which cannot be changed. Write it as it is, or delete the load balancer for it to be made anew", b.ID, what)
	}
	return b, m.api.change(ctx, b, want, nil)
}

// maxLives is how many load balancers of one owner may have come and gone within a day: as long as a token is remembered.
const maxLives = 100

// create makes a load balancer with a token that comes from the owner alone. Whoever was killed, or lost the reply, and asks again
// gets the same one. A token is remembered longer than a load balancer may live: where the answer is one that is gone, or where it was
// another request, the next token is for the next life.
//
//	answer to a token                     is there    then
//	an ID                                 yes         it is ours
//	an ID                                 no          the next token
//	the token was for another request     tagged one  it is ours
//	the token was for another request     none        the next token
func (m *Maker) create(ctx context.Context, want Settings) (string, error) {
	for life := range maxLives {
		id, err := m.api.create(ctx, want, m.token(life))
		e, _ := errors.AsType[*cloud.Error](err)
		switch {
		case err == nil:
			if m.there(ctx, func() (bool, error) { b, err := m.api.get(ctx, id); return b != nil, err }) {
				return id, nil
			}
		case e != nil && e.Code == "IdempotentParameterMismatch":
			if m.there(ctx, func() (bool, error) {
				ids, err := m.api.tagged(ctx)
				if len(ids) > 0 {
					id = ids[0]
				}
				return len(ids) > 0, err
			}) {
				return id, nil
			}
		default:
			return "", err
		}
	}
	return "", fmt.Errorf("%d load balancers were made for %s and taken away again within a day. Try again tomorrow", maxLives, m.owner.Name)
}

// there looks a few times: what was just made may not be shown yet.
func (m *Maker) there(ctx context.Context, look func() (bool, error)) bool {
	p := poller{func(string) {}}
	seen := 0
	err := p.until(ctx, "", func() (bool, string, error) {
		ok, err := look()
		if seen++; !ok && err == nil && seen == 3 {
			err = errors.New("not there")
		}
		return ok, "", err
	})
	return err == nil
}

// token is at most 64 letters, as the APIs want it.
func (m *Maker) token(life int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s load balancer %d", m.owner.tag(), life))
	return hex.EncodeToString(sum[:])[:48]
}

// Change brings a load balancer of the owner's to what is wanted, and takes tags off it.
func (m *Maker) Change(ctx context.Context, b *Balancer, want Settings, untag []string) error {
	return m.api.change(ctx, b, want, untag)
}

// Release makes a load balancer that was made here somebody else's: it is not taken away any more.
func (m *Maker) Release(ctx context.Context, b *Balancer) (*Balancer, error) {
	tagged := *b
	tagged.Tags = map[string]string{OwnerTag: b.Owner}
	if err := m.api.change(ctx, &tagged, Settings{}, []string{OwnerTag}); err != nil {
		return nil, err
	}
	return m.api.get(ctx, b.ID)
}

package wire

import (
	"maps"
	"sync"
	"time"
)

// keep is how many calls the record holds.
const keep = 20_000

// Entry is one call in the record, without its secrets.
type Entry struct {
	At        time.Time
	Product   string
	Action    string
	Params    Params
	RequestID string
	Status    int
	Code      string // empty: it succeeded
	Lost      bool   // its reply was lost on demand
}

// Record is what was called, oldest first.
type Record struct {
	mu      sync.Mutex
	entries []Entry
}

func (r *Record) add(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.entries) == keep {
		r.entries = append(r.entries[:0], r.entries[keep/2:]...)
	}
	r.entries = append(r.entries, e)
}

// Entries gives the record so far.
func (r *Record) Entries() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Entry(nil), r.entries...)
}

// Count gives how many calls of each action there were, such as "alb:CreateRules".
func (r *Record) Count() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := map[string]int{}
	for _, e := range r.entries {
		counts[e.Product+":"+e.Action]++
	}
	return counts
}

// Reset empties the record.
func (r *Record) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = nil
}

// scrub takes out what would let a reader of the record act as the caller.
func scrub(p Params) Params {
	p = maps.Clone(p)
	for name := range p {
		switch name {
		case "Signature", "SecurityToken", "AccessKeyId", "OIDCToken", "PrivateKey", "Key":
			p[name] = "…"
		}
	}
	return p
}

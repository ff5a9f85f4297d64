package wire

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// tokenLife is how long a ClientToken is remembered (document "How to ensure idempotence").
const tokenLife = 24 * time.Hour

// tokens remember what was answered to each ClientToken, so that a retry is answered alike and changes nothing.
//
//	token     request      first call           answer
//	new       –            –                    carried out
//	known     the same     under way            IdempotenceProcessing
//	known     the same     succeeded            its reply again
//	known     the same     refused              carried out: a refusal is not remembered
//	known     another      any                  IdempotentParameterMismatch
type tokens struct {
	mu    sync.Mutex
	known map[string]*answer
}

// answer is what a token's first call was, and its reply once there is one.
type answer struct {
	params string
	at     time.Time
	done   bool
	reply  any
}

// reserve begins a call. With done it is answered already, by that reply.
func (t *tokens) reserve(c *Call, now time.Time) (reply any, done bool, err error) {
	if c.Params["ClientToken"] == "" || !c.action.Write {
		return nil, false, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[string]*answer{}
	}
	maps.DeleteFunc(t.known, func(_ string, a *answer) bool { return now.Sub(a.at) > tokenLife })
	known := t.known[tokenOf(c)]
	switch {
	case known == nil:
		t.known[tokenOf(c)] = &answer{params: fingerprint(c.Params), at: now}
		return nil, false, nil
	case known.params != fingerprint(c.Params):
		return nil, false, Refuse("IdempotentParameterMismatch",
			"The request uses the same client token as a previous, but non-identical request.")
	case !known.done:
		return nil, false, Refuse("IdempotenceProcessing", "A previous call of idempotent is processing. Please try again later.")
	}
	return known.reply, true, nil
}

// settle ends a call that began with reserve.
func (t *tokens) settle(c *Call, reply any, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.known[tokenOf(c)]
	switch {
	case known == nil || known.done:
	case err != nil:
		delete(t.known, tokenOf(c))
	default:
		known.done, known.reply = true, reply
	}
}

func tokenOf(c *Call) string {
	return c.Key.ID + " " + c.Product + " " + c.Action + " " + c.Params["ClientToken"]
}

// fingerprint is a request without what differs between two tries of it.
func fingerprint(p Params) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p)) {
		switch name {
		case "Timestamp", "Signature", "SignatureNonce", "SecurityToken":
		default:
			b.WriteString(name + "=" + p[name] + "\n")
		}
	}
	return b.String()
}

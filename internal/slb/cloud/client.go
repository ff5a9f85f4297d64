package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"k8s.io/utils/clock"
)

// Client calls the APIs of one region with the credentials of one account. It is safe for concurrent use.
type Client struct {
	set       Settings
	keys      keySource
	transport http.RoundTripper
	budgets   *budgets
	clock     clock.Clock
}

// New makes a Client. No call is made before one is asked for.
func New(set Settings) (*Client, error) {
	set = set.withDefaults()
	if err := set.Validate(); err != nil {
		return nil, err
	}
	c := &Client{set: set, transport: newTransport(), budgets: newBudgets(set.Budget), clock: set.Clock}
	var err error
	c.keys, err = newKeySource(c, set)
	return c, err
}

// Region is the region that it calls.
func (c *Client) Region() string { return c.set.Region }

// Call calls an action with the parameters in a struct, and reads its reply into another; both may be nil. See flatten for how the
// first is read; the second is JSON. It retries as long as there is hope and the settings' patience; its errors are of type *Error,
// or the context's.
func (c *Client) Call(ctx context.Context, p Product, action string, in, out any) error {
	query, form := flatten(in)
	twice := reads(action) || idempotent(action)
	if takesToken(p, action) && query["ClientToken"] == "" {
		query["ClientToken"] = uuid.NewString()
	}
	if query["ClientToken"] != "" {
		twice = true
	}
	wait, start, renewed := backoff(c.set.Pause), c.clock.Now(), false
	for tries := 1; ; tries++ {
		failed := c.try(ctx, p, action, query, form, out)
		if failed == nil {
			return nil
		}
		failed.Tries = tries
		if stale(failed) && !renewed { // the key was taken back before its time: once more with a new one
			renewed = true
			if c.keys.forget() {
				continue
			}
		}
		switch judge(failed, twice) {
		case giveUp:
			return failed
		case lost:
			failed.Kind = Lost
			return failed
		case again:
		}
		pause := wait.Step()
		if c.clock.Since(start)+pause > c.set.Patience {
			return failed
		}
		if err := c.sleep(ctx, pause); err != nil {
			failed.cause = errors.Join(err, failed.cause)
			return failed
		}
	}
}

// try calls once.
func (c *Client) try(ctx context.Context, p Product, action string, query, form map[string]string, out any) *Error {
	if err := c.budgets.wait(ctx, p, action); err != nil {
		return &Error{Kind: Throttled, Product: p, Action: action, cause: err, unsent: true}
	}
	key, err := c.keys.key(ctx)
	if err != nil {
		failed := &Error{Kind: Credentials, Product: p, Action: action, cause: scrubError(err), unsent: true}
		if e, ok := errors.AsType[*Error](err); ok { // of STS
			failed.Kind, failed.cause = e.Kind, err
		}
		return failed
	}
	status, body, err := c.send(ctx, key, p, action, query, form)
	if err != nil && status == 0 {
		return &Error{Kind: Unavailable, Product: p, Action: action, cause: scrubError(err)}
	}
	if status >= 300 {
		return refusal(p, action, status, body)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return &Error{Kind: Unavailable, Product: p, Action: action, cause: fmt.Errorf("the reply is not what it should be: %w", scrubError(err))}
	}
	return nil
}

// refusal reads an error's body. Its Code should be a string; anything else is shown as it is.
func refusal(p Product, action string, status int, body []byte) *Error {
	e := &Error{Product: p, Action: action, Status: status}
	var said struct {
		Code      any    `json:"Code"`
		Message   string `json:"Message"`
		RequestID string `json:"RequestId"`
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Code == nil {
		e.Kind, e.cause = kindOf("", "", status), fmt.Errorf("HTTP status %d: %.200s", status, scrub(string(body)))
		return e
	}
	e.Code, e.Message, e.RequestID = fmt.Sprint(said.Code), scrub(said.Message), said.RequestID
	e.Kind = kindOf(e.Code, e.Message, status)
	if found := quotaName.FindStringSubmatch(e.Message); e.Kind == Quota && found != nil {
		e.Quota = found[1]
	}
	return e
}

// stale says whether a key was refused as one that is no more.
func stale(e *Error) bool {
	return e.Kind == Credentials && begins(e.Code, "InvalidSecurityToken", "InvalidAccessKeyId")
}

func (c *Client) sleep(ctx context.Context, d time.Duration) error {
	timer := c.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C():
		return nil
	}
}

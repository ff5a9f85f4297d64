package cloud

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// keySource gives the key to call with now.
type keySource interface {
	key(ctx context.Context) (Key, error)
	// forget drops a key that was refused. It says whether there may be another.
	forget() bool
}

// newKeySource makes the source that the settings name.
func newKeySource(c *Client, set Settings) (keySource, error) {
	base, err := baseKeys(c, set, 0)
	if err != nil || set.AssumeRole == nil {
		return base, err
	}
	return assumed(c, base, *set.AssumeRole), nil
}

func baseKeys(c *Client, set Settings, depth int) (keySource, error) {
	switch {
	case set.AccessKey != "":
		return fixed{Key{ID: set.AccessKey, Secret: set.SecretKey, Token: set.SecurityToken}}, nil
	case set.OIDC != nil:
		return oidcKeys(c, *set.OIDC), nil
	case set.CredentialsURI != "":
		return c.lent(func(ctx context.Context) (Key, error) { return c.keyFrom(ctx, set.CredentialsURI, "") }), nil
	case set.ECSRoleName != "":
		return c.lent(func(ctx context.Context) (Key, error) { return c.ecsKey(ctx, set.ECSRoleName) }), nil
	}
	path := set.SharedCredentialsFile
	if path == "" {
		home, _ := os.UserHomeDir() // without one there is no such file
		path = filepath.Join(home, ".aliyun", "config.json")
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && set.Profile == "" {
			return noKeys{}, nil
		}
	}
	return profileKeys(c, set, path, depth)
}

// noKeys says so when it is asked, so that what needs no call works without credentials.
type noKeys struct{}

func (noKeys) key(context.Context) (Key, error) {
	return Key{}, errors.New("there are no credentials: set an access key and its secret (ALICLOUD_ACCESS_KEY and ALICLOUD_SECRET_KEY), " +
		"a profile, an ECS role, a credentials URI, or an OIDC token with its role")
}

func (noKeys) forget() bool { return false }

// fixed is a key that stays.
type fixed struct{ one Key }

func (f fixed) key(context.Context) (Key, error) { return f.one, nil }

func (fixed) forget() bool { return false }

// early is how long before its end a lent key is no more used, if another can be had.
const early = 3 * time.Minute

// lent is a key for a while, which is fetched again before it ends.
type lent struct {
	fetch func(context.Context) (Key, error)
	clock clock.Clock

	mu   sync.Mutex // held while it is fetched: all callers need the same one
	held Key
}

func (c *Client) lent(fetch func(context.Context) (Key, error)) *lent {
	return &lent{fetch: fetch, clock: c.clock}
}

func (l *lent) key(ctx context.Context) (Key, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.held.Expires.Sub(l.clock.Now())
	if l.held.ID != "" && (left > early || l.held.Expires.IsZero()) {
		return l.held, nil
	}
	fresh, err := l.fetch(ctx)
	switch {
	case err == nil && (fresh.ID == "" || fresh.Secret == ""):
		err = errors.New("a key was asked for, and the answer has none")
	case err != nil && l.held.ID != "" && left > 0: // it is still good
		return l.held, nil
	}
	if err != nil {
		return Key{}, fmt.Errorf("no credentials: %w", err)
	}
	l.held = fresh
	return fresh, nil
}

func (l *lent) forget() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = Key{}
	return true
}

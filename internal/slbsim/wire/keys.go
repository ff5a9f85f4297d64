package wire

import (
	"path"
	"sync"
	"time"
)

// Key is an access key of an account, of a user, or of a role that was assumed for a while.
type Key struct {
	ID, Secret string
	Token      string    // SecurityToken, for a temporary key
	Expires    time.Time // zero: never
	ARN        string    // whose key it is
	Deny       []string  // patterns of product:Action that it has no right to, such as alb:Delete*
}

// Keys are the keys that the server knows.
type Keys struct {
	mu   sync.Mutex
	keys map[string]Key
}

// Add makes a key known, or changes it.
func (k *Keys) Add(key Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		k.keys = map[string]Key{}
	}
	k.keys[key.ID] = key
}

// find gives a key that may be used now with this token.
//
//	key      its token  request's token  expired
//	unknown  –          –                –        InvalidAccessKeyId.NotFound
//	known    none       any              –        fine, and MismatchWithAccessKey if one was sent
//	known    one        none             –        InvalidAccessKeyId.NotFound: as if the key were a lasting one
//	known    one        another          –        InvalidSecurityToken.MismatchWithAccessKey
//	known    one        the same         yes      InvalidSecurityToken.Expired
//	known    one        the same         no       fine
func (k *Keys) find(id, token string, now time.Time) (Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[id]
	if !ok || key.Token != "" && token == "" {
		return Key{}, NotFound("InvalidAccessKeyId.NotFound", "Specified access key is not found.")
	}
	if key.Token != token {
		return Key{}, Refuse("InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.")
	}
	if !key.Expires.IsZero() && !now.Before(key.Expires) {
		return Key{}, Refuse("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
	}
	return key, nil
}

// allow refuses what the key has no right to.
func (k Key) allow(product, action string) error {
	for _, pattern := range k.Deny {
		if ok, _ := path.Match(pattern, product+":"+action); ok { // a bad pattern matches nothing
			return &Error{403, "Forbidden.RAM", "User not authorized to operate on the specified resource, or this API doesn't support RAM."}
		}
	}
	return nil
}

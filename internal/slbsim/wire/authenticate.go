package wire

import (
	"crypto/hmac"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// skew is how far a request's time may be from the server's, in both directions.
const skew = 15 * time.Minute

// authenticate finds the key that signed a request, and refuses a request that is forged, old or repeated.
func (s *Server) authenticate(c *Call, body []byte, now time.Time) error {
	switch {
	case c.action.Open && c.Params["Signature"] == "":
		return nil
	case c.action.Route != "":
		return s.authenticateROA(c, body, now)
	}
	p := c.Params
	for _, name := range []string{"Timestamp", "SignatureNonce", "SignatureMethod", "SignatureVersion", "AccessKeyId", "Signature"} {
		if p[name] == "" {
			return Classic.Missing(name)
		}
	}
	if p["SignatureMethod"] != "HMAC-SHA1" || p["SignatureVersion"] != "1.0" {
		return Refuse("InvalidParameter", "Specified signature method or version is not valid: want HMAC-SHA1 and 1.0.")
	}
	if p["Format"] != "JSON" {
		return Refuse("InvalidParameter", "The emulator answers in JSON only: set Format=JSON.")
	}
	at, err := time.Parse("2006-01-02T15:04:05Z", p["Timestamp"])
	if err != nil {
		return Refuse("InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	return s.verify(c, p["AccessKeyId"], p["SecurityToken"], p["SignatureNonce"], at, now, func(secret string) (string, string) {
		text := rpcText(c.request.Method, p)
		return text, sign(text, secret+"&")
	}, p["Signature"])
}

func (s *Server) authenticateROA(c *Call, body []byte, now time.Time) error {
	h := c.request.Header
	id, signature, ok := strings.Cut(strings.TrimPrefix(h.Get("Authorization"), "acs "), ":")
	if !ok {
		return Classic.Missing("Authorization")
	}
	if sum := h.Get("Content-Md5"); sum != "" && sum != digest(body) {
		return Refuse("ContentMD5NotMatched", "Specified Content-MD5 is not matched with our calculation.")
	}
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return Refuse("InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	nonce := h.Get("x-acs-signature-nonce") // the v1 SDK sends none
	return s.verify(c, id, h.Get("x-acs-security-token"), nonce, at, now, func(secret string) (string, string) {
		text := roaText(c.request)
		return text, sign(text, secret)
	}, signature)
}

// verify checks, in this order: time, key, signature, nonce. Only a good signature uses up a nonce.
func (s *Server) verify(
	c *Call, id, token, nonce string, at, now time.Time, signed func(secret string) (text, signature string), signature string,
) error {
	if at.Before(now.Add(-skew)) || at.After(now.Add(skew)) {
		return Refuse("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	}
	key, err := s.Keys.find(id, token, now)
	if err != nil {
		return err
	}
	text, want := signed(key.Secret)
	if !hmac.Equal([]byte(want), []byte(signature)) {
		return Refuse("SignatureDoesNotMatch",
			"Specified signature is not matched with our calculation. server string to sign is:%s", text)
	}
	if nonce != "" && !s.nonces.first(id+" "+nonce, now) {
		return Refuse("SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	c.Key = key
	return nil
}

// nonces are those used lately; after twice the skew a repeated request is refused for its time.
type nonces struct {
	mu    sync.Mutex
	used  map[string]time.Time
	swept time.Time
}

func (n *nonces) first(nonce string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.used == nil {
		n.used = map[string]time.Time{}
	}
	if now.Sub(n.swept) > skew {
		n.swept = now
		maps.DeleteFunc(n.used, func(_ string, at time.Time) bool { return now.Sub(at) > 2*skew })
	}
	if _, ok := n.used[nonce]; ok {
		return false
	}
	n.used[nonce] = now
	return true
}

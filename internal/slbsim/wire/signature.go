package wire

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// sign is base64 of HMAC-SHA1, Signature Version 1.0 of both styles.
func sign(text, secret string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// rpcText is what an RPC request signs: METHOD&%2F&encoded(sorted parameters of query and form, but Signature).
func rpcText(method string, p Params) string {
	values := url.Values{}
	for name, value := range p {
		if name != "Signature" {
			values.Set(name, value)
		}
	}
	return method + "&%2F&" + escape(rfc3986.Replace(values.Encode()))
}

// rfc3986 turns form encoding into percent encoding.
var rfc3986 = strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~")

func escape(s string) string { return rfc3986.Replace(url.QueryEscape(s)) }

// roaText is what a ROA request signs: method, four headers, the x-acs- headers in order, and path with sorted query.
func roaText(r *http.Request) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n")
	for _, name := range []string{"Accept", "Content-MD5", "Content-Type", "Date"} {
		if value := r.Header.Get(name); value != "" {
			b.WriteString(value + "\n")
		}
	}
	var names []string
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Acs-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString(strings.ToLower(name) + ":" + r.Header.Get(name) + "\n")
	}
	b.WriteString(r.URL.Path)
	query := r.URL.Query()
	separator := "?"
	for _, name := range slices.Sorted(maps.Keys(query)) {
		b.WriteString(separator + name)
		if value := query.Get(name); value != "" {
			b.WriteString("=" + value)
		}
		separator = "&"
	}
	return b.String()
}

// digest is the Content-MD5 of a body.
func digest(body []byte) string {
	sum := md5.Sum(body)
	return base64.StdEncoding.EncodeToString(sum[:])
}

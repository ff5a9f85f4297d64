// Package deploy is what the deployers of ALB and CLB have in common: whose turn it is, what is whose, and what is remembered.
package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// Tags of all that is made. Only what has the first two, with these values, is ever changed or deleted.
const (
	tagCluster = "knative-provider.dev/cluster"
	tagIngress = "knative-provider.dev/ingress"
	tagKey     = "knative-provider.dev/key"
)

// longest is how long a tag's value and a name may be.
const longest = 128

// OwnerTags are the tags that all of an owner has.
func OwnerTags(o slb.Owner) []cloud.Tag {
	return []cloud.Tag{{Key: tagCluster, Value: o.Cluster}, {Key: tagIngress, Value: o.Ingress}}
}

// Tags are those of what an owner makes for a key.
func Tags(o slb.Owner, key string) []cloud.Tag {
	return append(OwnerTags(o), cloud.Tag{Key: tagKey, Value: Short(key)})
}

// Owned gives the key of what is an owner's.
func Owned(o slb.Owner, tags []cloud.Tag) (key string, ok bool) {
	values := map[string]string{}
	for _, t := range tags {
		values[t.Key] = t.Value
	}
	return values[tagKey], values[tagCluster] == o.Cluster && values[tagIngress] == o.Ingress && values[tagKey] != ""
}

// Short is a key as it stands in a tag: itself, or with a hash in place of what does not fit.
func Short(key string) string {
	if len(key) <= longest {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return key[:longest-17] + "~" + hex.EncodeToString(sum[:8])
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// Name is what people see in the console. No code reads it.
func Name(key string) string {
	name := "kn-" + strings.Trim(notInName.ReplaceAllString(key, "-"), "-")
	return name[:min(len(name), longest)]
}

// KeyOf is the key that something was made for.
func KeyOf(tags []cloud.Tag) string {
	for _, t := range tags {
		if t.Key == tagKey {
			return t.Value
		}
	}
	return ""
}

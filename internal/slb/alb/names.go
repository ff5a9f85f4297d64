package alb

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

func ownerTags(o slb.Owner) []cloud.Tag {
	return []cloud.Tag{{Key: tagCluster, Value: o.Cluster}, {Key: tagIngress, Value: o.Ingress}}
}

func tagsOf(o slb.Owner, key string) []cloud.Tag {
	return append(ownerTags(o), cloud.Tag{Key: tagKey, Value: short(key)})
}

// owned gives the key of what is an owner's.
func owned(o slb.Owner, tags []cloud.Tag) (key string, ok bool) {
	values := map[string]string{}
	for _, t := range tags {
		values[t.Key] = t.Value
	}
	return values[tagKey], values[tagCluster] == o.Cluster && values[tagIngress] == o.Ingress && values[tagKey] != ""
}

// short is a key as it stands in a tag: itself, or with a hash in place of what does not fit.
func short(key string) string {
	if len(key) <= longest {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return key[:longest-17] + "~" + hex.EncodeToString(sum[:8])
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// nameOf is what people see in the console. No code reads it.
func nameOf(key string) string {
	name := "kn-" + strings.Trim(notInName.ReplaceAllString(key, "-"), "-")
	return name[:min(len(name), longest)]
}

func keyOf(tags []cloud.Tag) string {
	for _, t := range tags {
		if t.Key == tagKey {
			return t.Value
		}
	}
	return ""
}

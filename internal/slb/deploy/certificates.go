package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// CertificateName tells whose a certificate is, of which Secret, and what it is.
func CertificateName(o slb.Owner, c slb.Certificate) string {
	return OwnerPrefix(o) + digest(8, c.Key) + "-" + digest(16, c.Chain, string(c.PrivateKey))
}

// SameSecret says of the names of two certificates whether they are of one Secret.
func SameSecret(a, b string) bool {
	return a[:strings.LastIndex(a, "-")+1] == b[:strings.LastIndex(b, "-")+1]
}

// OwnerPrefix begins the names of all certificates of an owner.
func OwnerPrefix(o slb.Owner) string { return "kn-" + digest(12, o.Cluster, o.Ingress) + "-" }

func digest(length int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:length]
}

// Uploaded are certificates by their IDs and names, with the Secrets of those that are wanted, which are by name too.
func Uploaded(names, secrets map[string]string) []slb.Uploaded {
	var all []slb.Uploaded
	for id, name := range names {
		all = append(all, slb.Uploaded{ID: id, Secret: secrets[name]})
	}
	slices.SortFunc(all, func(a, b slb.Uploaded) int { return strings.Compare(a.ID, b.ID) })
	return all
}

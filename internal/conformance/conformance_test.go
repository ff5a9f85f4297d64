//go:build conformance

// Package conformance runs Knative's own conformance suite of ingress classes against the guard's, with the emulator of Alibaba
// Cloud's ALB as the load balancer: `make conformance`. It has a build tag, for the suite is large and needs images of its own.
package conformance

import (
	"slices"
	"strings"
	"testing"

	_ "github.com/rs/dnscache" // of the suite's httpproxy, whose image is built from this module
	"knative.dev/networking/test"
	"knative.dev/networking/test/conformance/ingress"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

// cannot are the tests of what an ALB cannot do, each with the reason. docs/guides/slb-ingress.md has them too.
var cannot = map[string]string{
	"basics/http2":                 "an ALB speaks HTTP/2 to servers behind HTTPS listeners only, and the suite asks by HTTP",
	"grpc":                         "an ALB carries gRPC through HTTPS listeners only, and the suite asks by HTTP",
	"grpc/split":                   "an ALB carries gRPC through HTTPS listeners only, and the suite asks by HTTP",
	"headers/post-split":           "an ALB sets the headers of a rule, not of each of its server groups",
	"dispatch/percentage":          "it tells targets apart by a header that is set for each of them",
	"dispatch/path_and_percentage": "it tells targets apart by a header that is set for each of them",
	"visibility/split":             "it tells targets apart by a header that is set for each of them",
}

// TestIngressConformance is the suite: what is stable, and what is beta and alpha too.
func TestIngressConformance(t *testing.T) {
	newBed(t)
	flags := test.NetworkingFlags
	flags.IngressClass, flags.EnableBetaFeatures, flags.EnableAlphaFeatures = wanted.Class, true, true
	var names []string
	for name, why := range cannot {
		t.Logf("%s is skipped: %s", name, why)
		names = append(names, name)
	}
	slices.Sort(names)
	flags.SkipTests = strings.Join(names, ",")
	t.Run("suite", func(t *testing.T) { ingress.RunConformance(t) }) // it ends when all of its parallel tests have
}

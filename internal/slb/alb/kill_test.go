package alb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/alb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// A guard that is killed at any call leaves nothing that the next one does not put right.
func TestKilledAtEachCall(t *testing.T) {
	brisk := quick
	brisk.Drain, brisk.Look = 50*time.Millisecond, 10*time.Millisecond
	pods := map[string][]slb.Server{}
	for i := range 6 {
		name := fmt.Sprintf("v%d", i)
		pods[name] = slbtest.Pods(t, name, 2)
	}
	goes, old, renewed := slbtest.SecretCertificate(t, "goes", "goes.example.com"), slbtest.SecretCertificate(t, "stays", "stays.example.com"), slbtest.SecretCertificate(t, "stays", "stays.example.com")
	slbtest.KillAtEachCall(t, func(t *testing.T) slbtest.Scenario {
		t.Helper()
		b := newBed(t, slbsim.Options{})
		b.secure()
		b.w.Certificates = []slb.Certificate{goes, old}
		b.group("v0", pods["v0"]...)
		b.group("v1", pods["v1"][0])
		b.rule("stays.example.com", "v1", 100)
		b.rule("goes.example.com", "v0", 100)
		b.rule("split.example.com", "v0", 70, "v1", 30)
		before := b.w
		b.w.Groups, b.w.Rules, b.w.Certificates = nil, nil, []slb.Certificate{renewed}
		b.group("v1", pods["v1"][1]) // another Pod in place of the first
		b.group("v2", pods["v2"]...)
		b.rule("new.example.com", "v2", 100)
		b.rule("stays.example.com", "v1", 100)
		b.rule("split.example.com", "v1", 20, "v2", 80)
		return slbtest.Scenario{Bed: b.Bed, Before: before, After: b.w, New: func() slb.Deployer { return alb.New(b.Client, brisk) }}
	})
}

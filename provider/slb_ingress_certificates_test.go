package provider

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// A listener's certificates are Terraform's, but for those that the guard says are its own: these are in no plan, and stay.
func TestAccSLBIngressGuardsCertificates(t *testing.T) {
	t.Parallel()
	b := newSLBBed(t, slbsim.Options{Jobs: 20 * time.Millisecond})
	certs := b.certificates("shop.example.com", "pay.example.com", "hand.example.com", "guard.example.com")
	config := func(ids ...string) string {
		var blocks []string
		for _, id := range ids {
			blocks = append(blocks, fmt.Sprintf("certificates {\n      certificate_id = %q\n    }", id))
		}
		return config(b.provider(), b.ingress(newALB, listenerHCL(8443, "HTTPS", blocks...)))
	}
	associate := func(id string) {
		b.call(cloud.ALB, "AssociateAdditionalCertificatesWithListener", map[string]string{
			"ListenerId": b.resource("alb listener").ID, "Certificates.1.CertificateId": id,
		})
		time.Sleep(100 * time.Millisecond)
	}
	has := func(ids ...string) resource.TestCheckFunc {
		return func(*terraform.State) error {
			if l := b.resource("alb listener"); !strings.HasSuffix(l.Detail, " with "+strings.Join(ids, " ")) {
				return fmt.Errorf("beside its own, the listener should have %v: %s", ids, l.Detail)
			}
			return nil
		}
	}
	nothing := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(certs[:2]...), Check: has(certs[1])},
			{
				PreConfig: func() {
					b.announce(certs[3])
					associate(certs[3])
				},
				Config: config(certs[:2]...), ConfigPlanChecks: nothing, Check: has(certs[1], certs[3]),
			},
			{ResourceName: it, ImportState: true, ImportStateId: b.name, ImportStateVerify: true},
			{PreConfig: func() { associate(certs[2]) }, Config: config(certs[:2]...), Check: has(certs[1], certs[3])}, // one that is nobody's goes
			{Config: config(certs[1]), Check: has(certs[3])},
		},
		CheckDestroy: b.empty,
	})
}

// announce stands in for the guard: it says in the SLBIngress's status that a certificate is its own.
func (b *slbBed) announce(id string) {
	b.t.Helper()
	patch := fmt.Sprintf(`{"status":{"hosts":0,"rules":0,"serverGroups":0,"servers":0,"certificates":[{"id":%q,"secret":"shop/tls"}]}}`, id)
	_, err := b.cluster.Dynamic.Resource(kube.SLBIngress.GroupVersionResource).
		Patch(context.Background(), b.name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
	if err != nil {
		b.t.Fatal(err)
	}
}

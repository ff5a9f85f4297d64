package main

import (
	"context"
	"slices"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// install brings the guard up, in a namespace that lets in only what is hardened.
func (i *installation) install() {
	i.t.Helper()
	ns := &corev1.Namespace{}
	ns.Name = i.system
	if err := i.admin.Patch(i.t.Context(), ns, client.RawPatch("application/merge-patch+json", []byte(`{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}`))); err != nil {
		i.t.Fatal(err)
	}
	var err error
	if i.image, err = i.GuardImage(i.t.Context()); err != nil {
		i.t.Fatal(err)
	}
	start := time.Now()
	i.t.Cleanup(func() {
		if err := i.helm(context.Background(), "uninstall", "guard", "--ignore-not-found"); err != nil {
			i.t.Error(err)
		}
	})
	if err := i.helm(i.t.Context(), append([]string{"install", "guard", "webhook/chart", "--skip-crds", "--wait", "--timeout", "3m"}, i.values()...)...); err != nil {
		i.t.Fatal(err)
	}
	i.t.Logf("installed after %s", time.Since(start))
}

// stop upgrades the release to no replicas, which leaves the certificates as they are.
func (i *installation) stop() {
	i.t.Helper()
	before := i.ca()
	if err := i.helm(i.t.Context(), append([]string{"upgrade", "guard", "webhook/chart", "--skip-crds", "--set", "replicas=0"}, i.values()...)...); err != nil {
		i.t.Fatal(err)
	}
	i.eventually("no Pod is left", func(ctx context.Context) error {
		var pods corev1.PodList
		err := i.admin.List(ctx, &pods, client.InNamespace(i.system))
		return must(err == nil && len(pods.Items) == 0, "%d Pods, %v", len(pods.Items), err)
	})
	if after := i.ca(); before == "" || after != before {
		i.t.Fatalf("the upgrade changed the CA of the webhook: %d bytes, then %d", len(before), len(after))
	}
}

func (i *installation) ca() string {
	i.t.Helper()
	var hook admissionregistrationv1.ValidatingWebhookConfiguration
	if err := i.admin.Get(i.t.Context(), client.ObjectKey{Name: i.system}, &hook); err != nil {
		i.t.Fatal(err)
	}
	return string(hook.Webhooks[0].ClientConfig.CABundle)
}

// leavesAlone asks for what nobody would look at: a wrong split in the namespaces that the guard is never to hold up.
func (i *installation) leavesAlone() {
	i.t.Helper()
	for _, namespace := range []string{"kube-system", i.system} {
		s := &servingv1.Service{}
		s.Namespace, s.Name = namespace, "hello"
		template(s, "v1", i.Image)
		split(s, "latest 99")
		err := i.admin.Create(i.t.Context(), s, client.DryRunAll)
		if err == nil || strings.Contains(err.Error(), "knative-guard") { // Knative refuses it
			i.t.Errorf("in %s: %v", namespace, err)
		}
	}
}

// uninstall takes the guard away, and looks for what is left.
func (i *installation) uninstall() {
	i.t.Helper()
	if err := i.helm(i.t.Context(), "uninstall", "guard", "--wait"); err != nil {
		i.t.Fatal(err)
	}
	for _, list := range []client.ObjectList{
		&admissionregistrationv1.ValidatingWebhookConfigurationList{}, &admissionregistrationv1.MutatingWebhookConfigurationList{},
		&admissionregistrationv1.ValidatingAdmissionPolicyList{}, &admissionregistrationv1.ValidatingAdmissionPolicyBindingList{},
		&rbacv1.ClusterRoleList{}, &rbacv1.ClusterRoleBindingList{},
	} {
		if err := i.admin.List(i.t.Context(), list, client.MatchingLabels{"app.kubernetes.io/instance": i.system}); err != nil {
			i.t.Fatal(err)
		}
		if n := meta.LenList(list); n > 0 {
			i.t.Errorf("%d of %T are left", n, list)
		}
	}
	// The API server forgets a policy a moment after it is gone.
	i.eventually("nothing is held up", func(ctx context.Context) error {
		s := i.service()
		split(s, "hello-v2 100")
		return i.admin.Update(ctx, s, client.DryRunAll)
	})
}

// listed waits until the API server's policies can know what may be gone back to.
func (i *installation) listed(targets ...string) {
	i.t.Helper()
	i.eventually("rollback targets "+strings.Join(targets, ", "), func(ctx context.Context) error {
		p := &v1alpha1.RolloutPolicy{ObjectMeta: i.meta("careful")}
		err := i.admin.Get(ctx, client.ObjectKeyFromObject(p), p)
		return must(err == nil && slices.Equal(p.Status.RollbackTargets, targets), "%v %+v", err, p.Status)
	})
}

// carriesOut waits for Knative; no guard is there to put it on record.
func (i *installation) carriesOut(split ...string) {
	i.t.Helper()
	i.eventually("serves "+strings.Join(split, ", "), func(context.Context) error {
		now := shares(i.service())
		return must(slices.Equal(now, split), "%v", now)
	})
}

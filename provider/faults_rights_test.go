package provider

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// serviceAccount makes an identity that has some verbs on Services and Revisions in a namespace, and gives a token of it.
func serviceAccount(t *testing.T, c *testenv.Cluster, namespace, name string, verbs ...string) string {
	t.Helper()
	ctx, meta := t.Context(), metav1.ObjectMeta{Name: name}
	_, err := c.Kube.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{})
	if err == nil {
		_, err = c.Kube.RbacV1().Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{"serving.knative.dev"}, Resources: []string{"services", "revisions"}, Verbs: verbs},
		}}, metav1.CreateOptions{})
	}
	if err == nil {
		_, err = c.Kube.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: meta,
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}},
		}, metav1.CreateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return tokenOf(t, c, namespace, name)
}

func tokenOf(t *testing.T, c *testenv.Cluster, namespace, name string) string {
	t.Helper()
	request, err := c.Kube.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return request.Status.Token
}

// A token without the right to list: each object is read by itself, and all works.
func TestAccTokenMayNotList(t *testing.T) {
	c, ns := accept(t)
	token := serviceAccount(t, c, ns, "ci", "get", "watch", "create", "patch", "delete")
	as := withKubeconfig(kubeconfig(t, c, "ci", true, &clientcmdapi.AuthInfo{Token: token}))
	v1 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	split := splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin("hello-v1", 100)}}
	steps(t,
		resource.TestStep{Config: config(as, v1, split)},
		resource.TestStep{Config: config(as, v1, split), PlanOnly: true},
	)
}

// A token without the right to patch, and so to dry-run: as that of HCP Terraform's plan phase, it plans with a warning. The
// apply names the verb, the resource and the user.
func TestAccTokenMayNotPatch(t *testing.T) {
	c, ns := accept(t)
	token := serviceAccount(t, c, ns, "viewer", "get", "list", "watch")
	as := withKubeconfig(kubeconfig(t, c, "viewer", true, &clientcmdapi.AuthInfo{Token: token}))
	hello := serviceConfig{Namespace: ns, Name: "hello", Image: c.Image}
	cli := workspace(t, nil, as, hello)
	plan, ok := output(t, cli, "plan", "-no-color", "-input=false")
	for _, want := range []string{"Plan: 1 to add", "Warning: Planned without the cluster's verdict: Not allowed"} {
		if !ok || !says(want).MatchString(plan) {
			t.Errorf("the plan does not say %q:\n%s", want, plan)
		}
	}
	applied, ok := output(t, cli, applyNow...)
	for _, want := range []string{
		"Error: Not allowed", fmt.Sprintf(`User "system:serviceaccount:%s:viewer"`, ns), `cannot patch resource "services" in API group "serving.knative.dev"`,
		"Give this identity the verb in a Role",
	} {
		if ok || !says(want).MatchString(applied) {
			t.Errorf("the apply does not say %q:\n%s", want, applied)
		}
	}
	if left := names(t, c, ns); left != "" {
		t.Errorf("made all the same: %s", left)
	}
}

// A token without the right to create may change what is there, and the error of a create names the verb.
func TestAccTokenMayNotCreate(t *testing.T) {
	c, ns := accept(t)
	token := serviceAccount(t, c, ns, "changer", "get", "list", "watch", "patch")
	as := withKubeconfig(kubeconfig(t, c, "changer", true, &clientcmdapi.AuthInfo{Token: token}))
	steps(t, resource.TestStep{Config: config(as, serviceConfig{Namespace: ns, Name: "hello", Image: noImage}), ExpectError: says("cannot create resource")})
}

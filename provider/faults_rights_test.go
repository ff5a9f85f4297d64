package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
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

// kubeconfig writes a file that names the test's cluster and a user.
func kubeconfig(t *testing.T, c *testenv.Cluster, name string, cluster bool, user *clientcmdapi.AuthInfo) string {
	t.Helper()
	cfg := clientcmdapi.NewConfig()
	if cluster {
		cfg.Clusters["bed"] = &clientcmdapi.Cluster{Server: c.Config.Host, CertificateAuthorityData: c.Config.CAData, CertificateAuthority: c.Config.CAFile}
		cfg.Contexts["bed"] = &clientcmdapi.Context{Cluster: "bed", AuthInfo: "ci"}
		cfg.CurrentContext = "bed"
	}
	if user != nil {
		cfg.AuthInfos["ci"] = user
	}
	path := filepath.Join(t.TempDir(), name)
	if err := clientcmd.WriteToFile(*cfg, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func withKubeconfig(path string) hcl {
	return hcl(fmt.Sprintf("provider \"knative\" {\n  config_path = %q\n}\n", path))
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
	steps(t, resource.TestStep{Config: config(as, serviceConfig{Namespace: ns, Name: "hello", Image: c.Image}), ExpectError: says("cannot create resource")})
}

// Kubeconfig files are merged: the cluster in one, the user in the other, whose credentials a program prints.
func TestAccConfigPathsAndExecOfAKubeconfig(t *testing.T) {
	c, ns := accept(t)
	script := credentialHelper(t, serviceAccount(t, c, ns, "ci", "*"))
	paths := []string{
		kubeconfig(t, c, "cluster", true, nil),
		kubeconfig(t, c, "user", false, &clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1", Command: script, InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
		}}),
	}
	as := hcl(fmt.Sprintf("provider \"knative\" {\n  config_paths = [%q, %q]\n}\n", paths[0], paths[1]))
	appliesAs(t, c, ns, as)
}

// The exec block stands for the user, and its arguments and environment reach the program.
func TestAccExec(t *testing.T) {
	c, ns := accept(t)
	script := credentialHelper(t, "")
	as := hcl(fmt.Sprintf(`
provider "knative" {
  host                   = %q
  cluster_ca_certificate = %q
  exec = {
    api_version = "client.authentication.k8s.io/v1"
    command     = %q
    args        = ["token"]
    env         = { CI_TOKEN = %q }
  }
}
`, c.Config.Host, caOf(t, c), script, serviceAccount(t, c, ns, "ci", "*")))
	appliesAs(t, c, ns, as)
}

// An explicit token stands in the place of the kubeconfig's own user, even of one with a client certificate.
func TestAccTokenOverAKubeconfig(t *testing.T) {
	c, ns := accept(t)
	as := hcl(fmt.Sprintf("provider \"knative\" {\n  config_path = %q\n  token = %q\n}\n", c.Kubeconfig, serviceAccount(t, c, ns, "ci", "*")))
	appliesAs(t, c, ns, as)
}

// appliesAs wants an apply to go well as the ServiceAccount ci, which Knative notes as the creator.
func appliesAs(t *testing.T, c *testenv.Cluster, namespace string, as hcl) {
	t.Helper()
	steps(t, resource.TestStep{
		Config: config(as, serviceConfig{Namespace: namespace, Name: "hello", Image: c.Image, More: "wait_for_ready = false"}),
		Check:  madeBy(t, c, namespace, "system:serviceaccount:"+namespace+":ci"),
	})
}

// A token that changes on disk is read again: an apply that began with one token ends with the next.
func TestAccTokenFileIsReadAgain(t *testing.T) {
	c, ns := acceptOnBed(t)
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(serviceAccount(t, c, ns, "ci", "*"))
	as := withKubeconfig(kubeconfig(t, c, "ci", true, &clientcmdapi.AuthInfo{TokenFile: file}))
	cli := workspace(t, nil, as, serviceConfig{Namespace: ns, Name: "hello", Image: c.Image, More: "wait_for_ready = false"})
	if out, ok := output(t, cli, applyNow...); !ok {
		t.Fatal(out)
	}
	write("expired")
	if out, ok := output(t, cli, "plan", "-no-color", "-input=false"); ok || !strings.Contains(out, "Not authenticated") {
		t.Errorf("with an expired token:\n%s", out)
	}
	write(tokenOf(t, c, ns, "ci"))
	converges(t, cli)
}

// credentialHelper is a program that prints a token as client-go asks for it: the one given, or that of CI_TOKEN.
func credentialHelper(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "helper")
	text := fmt.Sprintf("#!/bin/sh\nprintf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"%%s\"}}' \"${CI_TOKEN:-%s}\"\n", token)
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return path
}

// caOf is the authority of the cluster's certificate.
func caOf(t *testing.T, c *testenv.Cluster) string {
	t.Helper()
	if len(c.Config.CAData) > 0 {
		return string(c.Config.CAData)
	}
	data, err := os.ReadFile(c.Config.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// madeBy checks whom the API server took the provider for.
func madeBy(t *testing.T, c *testenv.Cluster, namespace, user string) resource.TestCheckFunc {
	t.Helper()
	return func(s *terraform.State) error {
		if got := live(t, c, kube.Service, namespace, "hello").GetAnnotations()["serving.knative.dev/creator"]; got != user {
			return fmt.Errorf("made by %q, want %q", got, user)
		}
		return nil
	}
}

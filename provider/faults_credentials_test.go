package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

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
		Config: config(as, serviceConfig{Namespace: namespace, Name: "hello", Image: noImage, More: "wait_for_ready = false"}),
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
	cli := workspace(t, nil, as, serviceConfig{Namespace: ns, Name: "hello", Image: noImage, More: "wait_for_ready = false"})
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
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
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
	return func(*terraform.State) error {
		if got := live(t, c, kube.Service, namespace, "hello").GetAnnotations()["serving.knative.dev/creator"]; got != user {
			return fmt.Errorf("made by %q, want %q", got, user)
		}
		return nil
	}
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

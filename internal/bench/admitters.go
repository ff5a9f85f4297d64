package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// targets is how many a measured Service has.
const targets = 10

var policies = schema.GroupVersionResource{Group: "knative-provider.dev", Version: "v1alpha1", Resource: "rolloutpolicies"}

// serviceReview makes a Service with ten Revisions, under a policy, and a review of a step that is allowed: two percent more for
// the youngest. Knative's controller is stopped, so the Revisions are but objects.
func serviceReview(ctx context.Context, c *testenv.Cluster, namespace string) ([]byte, error) {
	if err := c.GuardCRDs(ctx); err != nil {
		return nil, err
	}
	client, err := kube.New(kube.Settings{ConfigPaths: []string{c.Kubeconfig}})
	if err != nil {
		return nil, err
	}
	template := map[string]any{"metadata": map[string]any{"name": name(targets)}, "spec": map[string]any{"containers": []any{map[string]any{"image": "example.com/app:v1"}}}}
	was, err := client.Apply(ctx, kube.Ref{Kind: kube.Service, Namespace: namespace, Name: "hello"}, map[string]any{
		"metadata": map[string]any{"name": "hello", "namespace": namespace, "labels": map[string]any{"team": "bench"}},
		"spec":     map[string]any{"template": template, "traffic": traffic(1)},
	}, kube.ApplyOptions{Manager: "bench"})
	if err != nil {
		return nil, err
	}
	for i := 1; i <= targets; i++ {
		_, err := client.Apply(ctx, kube.Ref{Kind: kube.Revision, Namespace: namespace, Name: name(i)}, map[string]any{
			"metadata": map[string]any{"name": name(i), "namespace": namespace, "labels": map[string]any{"serving.knative.dev/service": "hello", "serving.knative.dev/serviceUID": string(was.GetUID())}},
			"spec":     template["spec"],
		}, kube.ApplyOptions{Manager: "bench"})
		if err != nil {
			return nil, err
		}
	}
	policy := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": policies.GroupVersion().String(), "kind": "RolloutPolicy", "metadata": map[string]any{"name": "careful", "namespace": namespace},
		"spec": map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"team": "bench"}}, "maxStepPercent": int64(20)},
	}}
	if _, err := c.Dynamic.Resource(policies).Namespace(namespace).Create(ctx, policy, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	is := was.DeepCopy()
	if err := unstructured.SetNestedSlice(is.Object, traffic(3), "spec", "traffic"); err != nil {
		return nil, err
	}
	return reviewOf(was, is)
}

func name(i int) string { return fmt.Sprintf("hello-v%d", i) }

// traffic gives the youngest Revision some percent, and the oldest the rest.
func traffic(youngest int64) []any {
	out := make([]any, targets)
	for i := range out {
		percent := int64(0)
		switch i {
		case 0:
			percent = 100 - youngest
		case targets - 1:
			percent = youngest
		}
		out[i] = map[string]any{"revisionName": name(i + 1), "percent": percent, "tag": fmt.Sprintf("v%d", i+1)}
	}
	return out
}

func reviewOf(was, is *unstructured.Unstructured) ([]byte, error) {
	before, err := was.MarshalJSON()
	if err != nil {
		return nil, err
	}
	after, err := is.MarshalJSON()
	if err != nil {
		return nil, err
	}
	gvk, gvr := was.GroupVersionKind(), kube.Service.GroupVersionResource
	return json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "bench", Operation: admissionv1.Update, Namespace: was.GetNamespace(), Name: was.GetName(), DryRun: new(bool),
			Kind: metav1.GroupVersionKind(gvk), RequestKind: (*metav1.GroupVersionKind)(&gvk),
			Resource: metav1.GroupVersionResource(gvr), RequestResource: (*metav1.GroupVersionResource)(&gvr),
			UserInfo: authenticationv1.UserInfo{Username: "bench", Groups: []string{"system:authenticated"}},
			Object:   runtime.RawExtension{Raw: after}, OldObject: runtime.RawExtension{Raw: before},
		},
	})
}

// startGuard runs the guard as a process. It has one core, as a replica may well have.
func startGuard(ctx context.Context, kubeconfig, dir string, args ...string) (admitter, func(), error) {
	binary := filepath.Join(dir, "guard")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./webhook").CombinedOutput(); err != nil {
		return admitter{}, nil, fmt.Errorf("building the guard, at the top of the repository: %w\n%s", err, out)
	}
	if err := makeCertificate(dir); err != nil {
		return admitter{}, nil, err
	}
	port, err := freePort()
	if err != nil {
		return admitter{}, nil, err
	}
	cmd := exec.CommandContext(ctx, binary, append(args, "-leader-election=false", "-rotate-certificates=false",
		"-certificate-dir", dir, "-metrics-address", "0", "-health-address", "0", "-drain", "0s", "-port", strconv.Itoa(port))...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "GOMAXPROCS=1")
	return start(ctx, cmd, admitter{name: "the guard, one core", url: fmt.Sprintf("https://127.0.0.1:%d/validate", port)})
}

// startEmpty runs this program again, as a handler that allows everything.
func startEmpty(ctx context.Context, dir string) (admitter, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return admitter{}, nil, err
	}
	if err := makeCertificate(dir); err != nil {
		return admitter{}, nil, err
	}
	port, err := freePort()
	if err != nil {
		return admitter{}, nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	cmd := exec.CommandContext(ctx, self, "-allow-all", address, "-certificates", dir)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	return start(ctx, cmd, admitter{name: "nothing but TLS and JSON, one core", url: "https://" + address})
}

// allowAll is what startEmpty runs.
func allowAll(address, dir string) error {
	s := &http.Server{Addr: address, Handler: http.HandlerFunc(answerAll), ReadHeaderTimeout: 10 * time.Second}
	return s.ListenAndServeTLS(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
}

func start(ctx context.Context, cmd *exec.Cmd, a admitter) (admitter, func(), error) {
	log, err := os.CreateTemp("", "bench-*.log")
	if err != nil {
		return a, nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return a, nil, err
	}
	a.pid = cmd.Process.Pid
	stop := func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.Remove(log.Name())
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	err = testenv.Eventually(ctx, 10*time.Minute, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url, http.NoBody)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode == http.StatusNotFound { // the guard's path is there when its caches are
			return errors.New("not serving yet")
		}
		return nil
	})
	if err != nil {
		said, _ := os.ReadFile(log.Name())
		stop()
		return a, nil, fmt.Errorf("%s does not serve: %w\n%s", a.name, err, said)
	}
	return a, stop, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// makeCertificate writes a key of its own for both servers: ECDSA P-256, as cert-controller's is RSA, costs the same once a
// connection stands.
func makeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "tls.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
		os.WriteFile(filepath.Join(dir, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
}

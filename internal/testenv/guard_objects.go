package testenv

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

//go:embed guard.yaml
var guardObjects string

// objects makes what stands around the guard.
func (g *Guard) objects(ctx context.Context) error {
	var cluster, own, knative []rbacv1.PolicyRule
	var asked, injected []any
	for name, into := range map[string]any{"cluster-rules": &cluster, "own-rules": &own, "knative-rules": &knative, "webhook-rules": &asked, "injection-rules": &injected} {
		raw, err := os.ReadFile(filepath.Join(g.top, "webhook/chart/files", name+".yaml"))
		if err != nil {
			return err
		}
		if err := yaml.Unmarshal(raw, into); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	unbound := slices.DeleteFunc(slices.Clone(cluster), func(r rbacv1.PolicyRule) bool {
		return !slices.ContainsFunc(slices.Concat(r.APIGroups, r.Resources), hasNoNamespace)
	})
	unbound = append(unbound, rbacv1.PolicyRule{APIGroups: []string{"admissionregistration.k8s.io"}, Resources: []string{"*"}, ResourceNames: []string{g.namespace}, Verbs: []string{"get", "update"}})
	var text bytes.Buffer
	t, err := template.New("").Funcs(template.FuncMap{"json": inline}).Parse(guardObjects)
	if err != nil {
		return err
	}
	values := map[string]any{
		"Namespace": g.namespace, "Port": g.port, "Address": bedAddress, "Slice": g.slice, "FailurePolicy": cmp.Or(g.FailurePolicy, "Ignore"),
		"Rules": slices.Concat(cluster, own), "Knative": knative, "Unbound": unbound, "Asked": asked, "Injected": injected,
	}
	if err := t.Execute(&text, values); err != nil {
		return err
	}
	for document := range strings.SplitSeq(text.String(), "\n---\n") {
		o, err := g.cluster.apply(ctx, []byte(document))
		if err != nil {
			return err
		}
		if o.GetNamespace() != g.namespace && g.slice == "knative-guard" { // else it is the first replica's
			g.made = append(g.made, o)
		}
	}
	return nil
}

// hasNoNamespace says of an API group or a resource that what the guard needs of it is in no namespace.
func hasNoNamespace(name string) bool {
	return name == "admissionregistration.k8s.io" || name == "authorization.k8s.io" || name == "apiextensions.k8s.io" || name == "namespaces"
}

// inline writes a value into YAML.
func inline(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}

// GuardCRDs applies the CRDs of the guard's chart. They stay: other runs on this cluster may use them.
func (c *Cluster) GuardCRDs(ctx context.Context) error {
	top, err := repository(ctx)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(top, "webhook/chart/crds/*.yaml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no CRDs in %s/webhook/chart/crds", top)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := c.apply(ctx, raw); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return Eventually(ctx, 30*time.Second, func(ctx context.Context) error {
		for _, resource := range []string{"rolloutpolicies", "rolloutrecords", "slbingresses"} {
			if _, err := c.Dynamic.Resource(v1alpha1.GroupVersion.WithResource(resource)).List(ctx, metav1.ListOptions{Limit: 1}); err != nil {
				return err
			}
		}
		return nil
	})
}

// apply applies an object from YAML, and takes over whatever another run of the tests has made of it.
func (c *Cluster) apply(ctx context.Context, text []byte) (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(text, &o.Object); err != nil {
		return nil, err
	}
	return c.resource(o).Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: "guard-test", Force: true})
}

func (c *Cluster) remove(ctx context.Context, o *unstructured.Unstructured) error {
	err := c.resource(o).Delete(ctx, o.GetName(), metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (c *Cluster) resource(o *unstructured.Unstructured) dynamic.ResourceInterface {
	plural, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	return c.Dynamic.Resource(plural).Namespace(o.GetNamespace())
}

// Policies applies the chart's ValidatingAdmissionPolicies for the guard's namespace, which hold the hard rules with or without it.
func (g *Guard) Policies(ctx context.Context) error {
	helm, err := Tool(ctx, "helm")
	if err != nil {
		return err
	}
	text, err := output(ctx, g.top, nil, helm, "template", "guard", "webhook/chart", "--namespace", g.namespace, "--kube-version", "1.35.0",
		"--set", "fullnameOverride="+g.namespace, "--set", "serviceAccount.name=knative-guard",
		// The chart leaves the guard's own namespace alone, which is the test's here.
		"--set", "namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name="+g.namespace)
	if err != nil {
		return err
	}
	text = strings.ReplaceAll(text, "values: [kube-system, "+g.namespace+"]", "values: [kube-system]")
	for document := range strings.SplitSeq(text, "\n---\n") {
		if !strings.Contains(document, "\nkind: ValidatingAdmissionPolicy") {
			continue
		}
		o, err := g.cluster.apply(ctx, []byte(document))
		if err != nil {
			return err
		}
		g.made = append(g.made, o)
	}
	return nil
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const knativeNamespace = "knative-serving"

var knativeDeployments = []string{"activator", "autoscaler", "autoscaler-hpa", "controller", "webhook"}

// knativeFiles are the YAML of Knative's release, by the module whose config/ holds them. A module has
// no symbolic links, and Serving's config/ links to some of the others' files.
var knativeFiles = []struct {
	module string
	globs  []string
}{
	{"knative.dev/serving", []string{"core/*.yaml", "core/*/*.yaml", "hpa-autoscaling/controller.yaml"}},
	{"knative.dev/networking", []string{"ingress.yaml", "serverlessservice.yaml", "certificate.yaml", "domain-claim.yaml", "config-network.yaml"}},
	{"knative.dev/caching", []string{"image.yaml"}},
}

// knativeReplacements are made in the text, as ko and the release script make them.
var knativeReplacements = []struct{ pattern, by string }{
	{`ko://knative\.dev/serving/cmd/([a-z-]+)`, imageRef("knative/$1")},
	{`(app\.kubernetes\.io/version: )devel`, `$1"` + knativeVersion + `"`},
}

// knativeSettings go into Knative's ConfigMaps: short times, so that tests see a scale to zero.
var knativeSettings = map[string]map[string]string{
	"config-network":    {"ingress-class": "traefik.ingress.networking.knative.dev"},
	"config-domain":     {ingressDomain: ""},
	"config-autoscaler": {"stable-window": "10s", "scale-to-zero-grace-period": "5s"},
}

// knativeManifests is Knative's YAML, edited, as something to be cached: to ask the go command for the modules takes its time.
func knativeManifests(c config) (artifact, error) {
	edits := fmt.Sprint(knativeFiles, knativeReplacements, knativeSettings, probeSeconds)
	key, err := treeKey(c.Source, []string{"go.mod", "go.sum"}, edits)
	return artifact{name: "knative-manifests", key: key, make: func(ctx context.Context, dir string) error {
		objs, err := renderKnative(ctx, c)
		if err != nil {
			return err
		}
		b, err := json.Marshal(objs)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "objects.json"), b, 0o644)
	}}, err
}

func loadKnative(c config, manifests artifact) ([]*unstructured.Unstructured, error) {
	b, err := os.ReadFile(filepath.Join(manifests.dir(c), "objects.json"))
	if err != nil {
		return nil, err
	}
	var objs []*unstructured.Unstructured
	err = json.Unmarshal(b, &objs)
	return objs, err
}

func renderKnative(ctx context.Context, c config) ([]*unstructured.Unstructured, error) {
	var objs []*unstructured.Unstructured
	for _, f := range knativeFiles {
		dir, err := moduleDir(ctx, c, f.module)
		if err != nil {
			return nil, err
		}
		for _, glob := range f.globs {
			paths, err := filepath.Glob(filepath.Join(dir, "config", glob))
			if err != nil || len(paths) == 0 {
				return nil, fmt.Errorf("no config/%s in %s", glob, f.module)
			}
			for _, p := range paths {
				text, err := os.ReadFile(p)
				if err != nil {
					return nil, err
				}
				found, err := decode(editKnative(text))
				if err != nil {
					return nil, fmt.Errorf("%s: %w", p, err)
				}
				objs = append(objs, found...)
			}
		}
	}
	for _, o := range objs {
		if err := configureKnative(o); err != nil {
			return nil, fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return objs, nil
}

func moduleDir(ctx context.Context, c config, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	cmd.Dir = c.Source
	cmd.Env = append(os.Environ(), "GOWORK=off", "PWD="+cmd.Dir)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go list -m %s: %w: %s", module, err, errOut.String())
	}
	return strings.TrimSpace(string(out)), nil
}

func editKnative(text []byte) []byte {
	for _, r := range knativeReplacements {
		text = regexp.MustCompile(r.pattern).ReplaceAll(text, []byte(r.by))
	}
	return text
}

// probeSeconds is how often the readiness of Knative's own Pods is looked at, where the release has 5 or 10 seconds.
const probeSeconds = int64(1)

// configureKnative sets what this cluster wants otherwise than the release.
func configureKnative(o *unstructured.Unstructured) error {
	switch o.GetKind() {
	case "ConfigMap":
		for _, k := range slices.Sorted(maps.Keys(knativeSettings[o.GetName()])) {
			if err := unstructured.SetNestedField(o.Object, knativeSettings[o.GetName()][k], "data", k); err != nil {
				return err
			}
		}
	case "Deployment":
		containers, _, err := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		if err != nil {
			return err
		}
		for _, c := range containers {
			container, ok := c.(map[string]any)
			if !ok {
				continue
			}
			if _, probed, err := unstructured.NestedMap(container, "readinessProbe"); err != nil || !probed {
				continue
			}
			if err := unstructured.SetNestedField(container, probeSeconds, "readinessProbe", "periodSeconds"); err != nil {
				return err
			}
		}
		return unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers")
	}
	return nil
}

// Objects are applied in steps, for some need others.
const (
	stepNamespaces = iota
	stepCRDs
	stepOthers
	stepDeployments // need the images
	stepWebhooks    // refuse what comes after them until their server runs
	stepCount
)

func step(kind string) int {
	switch kind {
	case "Namespace":
		return stepNamespaces
	case "CustomResourceDefinition":
		return stepCRDs
	case "Deployment":
		return stepDeployments
	case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration":
		return stepWebhooks
	}
	return stepOthers
}

// installKnative applies Knative and waits until its Deployments are Available. images is closed when its images are loaded.
func installKnative(ctx context.Context, a *api, objs []*unstructured.Unstructured, images <-chan struct{}) error {
	var steps [stepCount][]*unstructured.Unstructured
	for _, o := range objs {
		s := step(o.GetKind())
		steps[s] = append(steps[s], o)
	}
	for i, objs := range steps {
		if i == stepDeployments {
			if err := waitFor(ctx, images); err != nil {
				return err
			}
		}
		if err := a.apply(ctx, objs); err != nil {
			return err
		}
		if i == stepCRDs {
			if err := a.waitCRDs(ctx, objs); err != nil {
				return err
			}
		}
	}
	return a.waitAvailable(ctx, knativeNamespace, knativeDeployments...)
}

// admitsService sees that a Knative Service passes the webhooks, by a dry run: they take their
// certificates some moments after their Deployment is Available.
func admitsService(ctx context.Context, a *api) error {
	objs, err := decode([]byte(`{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: devcluster-dry-run, namespace: default},
spec: {template: {spec: {containers: [{image: ` + testImage + `}]}}}}`))
	if err != nil {
		return err
	}
	return poll(ctx, time.Minute, func(ctx context.Context) error { return a.applyOne(ctx, objs[0], true) })
}

package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"text/template"
	"time"
)

//go:embed manifests
var manifestFiles embed.FS

// addon is something of ours that runs in Pods and comes as one file of manifests/.
type addon struct {
	name       string // of the file, the image and the Deployment
	namespace  string
	deployment string
}

var addons = []addon{
	{"coredns", "kube-system", "coredns"},
	{"traefik", "traefik", "traefik"},
	{"metrics-server", "kube-system", "metrics-server"},
}

// manifestValues are what the templates in manifests/ can use.
type manifestValues struct {
	Image       string
	NodeIP      string
	DNSIP       string
	HTTPPort    int
	PrivatePort int
	PingPort    int
}

// quickReadiness is the manifest that shortens the probes of Revisions' Pods.
const quickReadiness = "quick-readiness"

// render fills in a template of manifests/.
func render(c config, name string) ([]byte, error) {
	text, err := manifestFiles.ReadFile("manifests/" + name + ".yaml")
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, manifestValues{
		Image:       imageRef(name),
		NodeIP:      nodeIP,
		DNSIP:       dnsIP,
		HTTPPort:    c.HTTPPort,
		PrivatePort: privatePort,
		PingPort:    pingPort,
	})
	return out.Bytes(), err
}

// install applies the add-on; its Pods start when the image is there.
func (d addon) install(ctx context.Context, a *api, manifest []byte, image <-chan struct{}) error {
	objs, err := decode(manifest)
	if err != nil {
		return fmt.Errorf("manifests/%s.yaml: %w", d.name, err)
	}
	if err := waitFor(ctx, image); err != nil {
		return err
	}
	// A namespace has to be there before what is in it.
	for i, o := range objs {
		if o.GetKind() == "Namespace" {
			if err := a.apply(ctx, objs[i:i+1]); err != nil {
				return err
			}
		}
	}
	if err := a.apply(ctx, objs); err != nil {
		return err
	}
	return a.waitAvailable(ctx, d.namespace, d.deployment)
}

// waitMetrics waits until the API server serves the node's metrics.
func waitMetrics(ctx context.Context, a *api) error {
	return poll(ctx, 2*time.Minute, func(ctx context.Context) error { return a.metricsServed(ctx) })
}

func (a *api) metricsServed(ctx context.Context) error {
	raw, err := a.client.Discovery().RESTClient().Get().AbsPath("/apis/metrics.k8s.io/v1beta1/nodes").DoRaw(ctx)
	if err != nil {
		return err
	}
	if !bytes.Contains(raw, []byte(`"usage"`)) {
		return errors.New("metrics-server has no metrics of the node yet")
	}
	return nil
}

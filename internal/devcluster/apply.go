package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const fieldManager = "devcluster"

// api is the running cluster, as the parts that install something into it see it.
type api struct {
	client  kubernetes.Interface
	dynamic dynamic.Interface
}

func newAPI(cfg *rest.Config) (*api, error) {
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	dyn, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	return &api{client, dyn}, nil
}

// decode reads the objects of a YAML text.
func decode(text []byte) ([]*unstructured.Unstructured, error) {
	var objs []*unstructured.Unstructured
	d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		u := &unstructured.Unstructured{}
		err := d.Decode(&u.Object)
		if errors.Is(err, io.EOF) {
			return objs, nil
		}
		if err != nil {
			return nil, err
		}
		if len(u.Object) > 0 { // a document may be a comment only
			objs = append(objs, u)
		}
	}
}

// apply creates or changes the objects by server-side apply, all at once: none may need another to be there.
func (a *api) apply(ctx context.Context, objs []*unstructured.Unstructured) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, o := range objs {
		g.Go(func() error {
			err := retry(ctx, func() error { return a.applyOne(ctx, o, false) })
			if err != nil {
				return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
			}
			return nil
		})
	}
	return g.Wait()
}

func (a *api) applyOne(ctx context.Context, o *unstructured.Unstructured, dryRun bool) error {
	// The kinds of our manifests are known to have regular plurals, and whoever has a namespace says so:
	// this saves the discovery, which in a young cluster does not know the new kinds yet.
	resource, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	r := a.dynamic.Resource(resource).Namespace(o.GetNamespace())
	opts := metav1.ApplyOptions{FieldManager: fieldManager, Force: true}
	if dryRun {
		opts.DryRun = []string{metav1.DryRunAll}
	}
	_, err := r.Apply(ctx, o.GetName(), o, opts)
	return err
}

// retry gives a young cluster some seconds: kinds are not served at once, and webhooks not reachable. What is wrong stays wrong.
func retry(ctx context.Context, f func() error) error {
	var final error
	err := poll(ctx, 20*time.Second, func(context.Context) error {
		err := f()
		if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsForbidden(err) {
			final = err
			return nil
		}
		return err
	})
	return errors.Join(final, err)
}

// waitCRDs waits until the kinds are served.
func (a *api) waitCRDs(ctx context.Context, objs []*unstructured.Unstructured) error {
	for _, o := range objs {
		err := poll(ctx, time.Minute, func(ctx context.Context) error {
			raw, err := a.client.Discovery().RESTClient().Get().AbsPath("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + o.GetName()).DoRaw(ctx)
			if err != nil {
				return err
			}
			return established(raw)
		})
		if err != nil {
			return fmt.Errorf("CRD %s: %w", o.GetName(), err)
		}
	}
	return nil
}

// established reads a CRD; a new one has no conditions at all yet.
func established(crd []byte) error {
	var c struct {
		Status struct {
			Conditions []struct{ Type, Status string }
		}
	}
	if err := json.Unmarshal(crd, &c); err != nil {
		return err
	}
	for _, cond := range c.Status.Conditions {
		if cond.Type == "Established" && cond.Status == "True" {
			return nil
		}
	}
	return errors.New("not established")
}

// waitAvailable waits until every Deployment of a namespace that want names (or every one there is) is Available.
func (a *api) waitAvailable(ctx context.Context, namespace string, want ...string) error {
	err := poll(ctx, 3*time.Minute, func(ctx context.Context) error { return a.available(ctx, namespace, want...) })
	if err != nil {
		return fmt.Errorf("namespace %s: %w%s", namespace, err, a.explain(namespace))
	}
	return nil
}

func (a *api) available(ctx context.Context, namespace string, want ...string) error {
	list, err := a.client.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	ready := map[string]bool{}
	for _, d := range list.Items {
		s := d.Status
		ready[d.Name] = s.ObservedGeneration >= d.Generation && s.AvailableReplicas > 0 && s.UnavailableReplicas == 0
	}
	var not []error
	for _, name := range want {
		if !ready[name] {
			not = append(not, fmt.Errorf("deployment %s is not Available", name))
		}
	}
	return errors.Join(not...)
}

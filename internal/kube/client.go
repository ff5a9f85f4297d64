// Package kube talks to a Kubernetes API server the way a Terraform provider should: fixed kinds and no discovery, one LIST
// where many objects are read, server-side apply under a field manager of its own, waits that watch, and failures told in
// words that lead out of them.
package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// Kind is a kind of object with the path it is served at: known, so never discovered.
type Kind struct {
	schema.GroupVersionResource
	Kind string
}

func v1(group, resource, name string) Kind {
	return Kind{schema.GroupVersionResource{Group: group, Version: "v1", Resource: resource}, name}
}

// The kinds that are read and written.
var (
	Service       = v1("serving.knative.dev", "services", "Service")
	Configuration = v1("serving.knative.dev", "configurations", "Configuration")
	Revision      = v1("serving.knative.dev", "revisions", "Revision")
	Route         = v1("serving.knative.dev", "routes", "Route")
	Pod           = v1("", "pods", "Pod")
	Event         = v1("", "events", "Event")
	Namespace     = v1("", "namespaces", "Namespace")
)

// The guard's kinds that are read and written.
var (
	RolloutPolicy = Kind{v1alpha1.GroupVersion.WithResource("rolloutpolicies"), "RolloutPolicy"}
	ScalingPolicy = Kind{v1alpha1.GroupVersion.WithResource("scalingpolicies"), "ScalingPolicy"}
	SLBIngress    = Kind{v1alpha1.GroupVersion.WithResource("slbingresses"), "SLBIngress"}
)

// APIVersion is the kind's apiVersion.
func (k Kind) APIVersion() string { return k.GroupVersion().String() }

// Ref names one object. One that is in no namespace has none.
type Ref struct {
	Kind
	Namespace, Name string
}

func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind.Kind + " " + r.Name
	}
	return fmt.Sprintf("%s %s/%s", r.Kind.Kind, r.Namespace, r.Name)
}

// Client is a connection to one cluster, safe for concurrent use.
type Client struct {
	dynamic dynamic.Interface
	core    rest.Interface
	lists   *lists
}

// New makes a client. It contacts nobody.
func New(s Settings) (*Client, error) {
	cfg, err := s.RESTConfig()
	if err != nil {
		return nil, err
	}
	followTokenFile(cfg)
	httpClient, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, err
	}
	return newClient(cfg, httpClient)
}

func newClient(cfg *rest.Config, httpClient *http.Client) (*Client, error) {
	dyn, err := dynamic.NewForConfigAndClient(cfg, httpClient)
	if err != nil {
		return nil, err
	}
	coreCfg := rest.CopyConfig(cfg)
	coreCfg.APIPath, coreCfg.GroupVersion, coreCfg.NegotiatedSerializer = "/api", &schema.GroupVersion{Version: "v1"}, scheme.Codecs.WithoutConversion()
	core, err := rest.RESTClientForConfigAndClient(coreCfg, httpClient)
	if err != nil {
		return nil, err
	}
	return &Client{dynamic: dyn, core: core, lists: newLists(core)}, nil
}

// ApplyOptions say on whose behalf an object is applied.
type ApplyOptions struct {
	// Manager owns the fields that the object holds, and gives up those that it held before and are missing now.
	Manager string
	// Force takes fields from other managers where the values differ.
	Force bool
	// DryRun asks what would happen: defaults, validation and every admission webhook, and nothing is stored.
	DryRun bool
}

// Apply sends an object by server-side apply with strict field validation, and returns it as stored. A failure that passes
// by itself is tried again: an apply may be repeated without harm.
func (c *Client) Apply(ctx context.Context, ref Ref, object map[string]any, o ApplyOptions) (*unstructured.Unstructured, error) {
	object["apiVersion"], object["kind"] = ref.APIVersion(), ref.Kind.Kind
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	opts := metav1.PatchOptions{FieldManager: o.Manager, Force: &o.Force, FieldValidation: metav1.FieldValidationStrict}
	if o.DryRun {
		opts.DryRun = []string{metav1.DryRunAll}
	}
	u, err := retry(ctx, func() (*unstructured.Unstructured, error) {
		return c.resource(ref).Patch(ctx, ref.Name, types.ApplyPatchType, data, opts)
	})
	switch {
	case o.DryRun:
	case err != nil:
		c.lists.wrote(ref, nil)
	default:
		c.lists.wrote(ref, u)
	}
	return u, err
}

// Get reads one object from the API server, past the shared lists. It returns nil where there is none.
func (c *Client) Get(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	return retry(ctx, func() (*unstructured.Unstructured, error) {
		return absent(c.resource(ref).Get(ctx, ref.Name, metav1.GetOptions{}))
	})
}

// Delete deletes the object with this UID, in the foreground, so that what it owns is gone when it is. An object that is not
// there, or is another one of the same name, is no error.
func (c *Client) Delete(ctx context.Context, ref Ref, uid types.UID) error {
	defer c.lists.wrote(ref, nil)
	foreground := metav1.DeletePropagationForeground
	_, err := retry(ctx, func() (*unstructured.Unstructured, error) {
		return absent(nil, c.resource(ref).Delete(ctx, ref.Name, metav1.DeleteOptions{PropagationPolicy: &foreground, Preconditions: &metav1.Preconditions{UID: &uid}}))
	})
	if apierrors.IsConflict(err) { // the UID is another one: ours is gone
		return nil
	}
	return err
}

func (c *Client) resource(ref Ref) dynamic.ResourceInterface {
	return c.dynamic.Resource(ref.GroupVersionResource).Namespace(ref.Namespace)
}

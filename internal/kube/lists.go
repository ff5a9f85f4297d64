package kube

import (
	"context"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/pager"
)

// lists serves the reads of one run of the provider from one paged LIST per kind and namespace: a refresh of 500 Services is
// one request. A write in a namespace makes its lists be read anew.
type lists struct {
	dynamic dynamic.Interface
	mu      sync.Mutex
	byKey   map[listKey]*list
}

type listKey struct {
	kind      Kind
	namespace string
}

// list is one LIST, made by the first who asks; the others wait for it.
type list struct {
	once   sync.Once
	byName map[string]*unstructured.Unstructured
	err    error
}

func newLists(d dynamic.Interface) *lists {
	return &lists{dynamic: d, byKey: map[listKey]*list{}}
}

// Read gives an object as it was in this run's list of its kind and namespace, or nil where there is none. Where the
// identity may not list, it gets the one object.
func (c *Client) Read(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	byName, err := c.lists.read(ctx, listKey{ref.Kind, ref.Namespace})
	if apierrors.IsForbidden(err) {
		return c.Get(ctx, ref)
	}
	if err != nil {
		return nil, err
	}
	return byName[ref.Name], nil
}

// List gives this run's list of a kind in a namespace, by name.
func (c *Client) List(ctx context.Context, kind Kind, namespace string) (map[string]*unstructured.Unstructured, error) {
	return c.lists.read(ctx, listKey{kind, namespace})
}

func (l *lists) read(ctx context.Context, key listKey) (map[string]*unstructured.Unstructured, error) {
	l.mu.Lock()
	entry, ok := l.byKey[key]
	if !ok {
		entry = &list{}
		l.byKey[key] = entry
	}
	l.mu.Unlock()
	entry.once.Do(func() { entry.byName, entry.err = l.fetch(ctx, key) })
	if entry.err != nil && !apierrors.IsForbidden(entry.err) {
		l.drop(key, entry) // whoever asks next may have better luck
	}
	return entry.byName, entry.err
}

func (l *lists) fetch(ctx context.Context, key listKey) (map[string]*unstructured.Unstructured, error) {
	page := func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return retry(ctx, func() (*unstructured.UnstructuredList, error) {
			return l.dynamic.Resource(key.kind.GroupVersionResource).Namespace(key.namespace).List(ctx, o)
		})
	}
	all, _, err := pager.New(page).List(ctx, metav1.ListOptions{}) // all at once where a page's token expires
	if err != nil {
		return nil, err
	}
	byName := map[string]*unstructured.Unstructured{}
	err = meta.EachListItem(all, func(o runtime.Object) error {
		if u, ok := o.(*unstructured.Unstructured); ok {
			byName[u.GetName()] = u
		}
		return nil
	})
	return byName, err
}

func (l *lists) drop(key listKey, entry *list) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byKey[key] == entry {
		delete(l.byKey, key)
	}
}

func (l *lists) forget(namespace string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.byKey {
		if key.namespace == namespace {
			delete(l.byKey, key)
		}
	}
}

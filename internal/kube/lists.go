package kube

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"
)

// pageSize is how many objects one answer to a LIST holds: some 2 MB of Services.
const pageSize = 500

// lists serves the reads of one run of the provider from one paged LIST per kind and namespace: a refresh of 500 Services is
// one request. What this run writes goes into its lists; other kinds in the namespace, which follow from it, are read anew.
type lists struct {
	rest  rest.Interface
	mu    sync.Mutex
	byKey map[listKey]*list
}

type listKey struct {
	kind      Kind
	namespace string
}

// list is one LIST, made by the first who asks; the others wait for it. Its objects stay the bytes that they came as until
// somebody asks for one: 500 Services are 2 MB of bytes, and 25 MB of maps.
type list struct {
	once   sync.Once
	mu     sync.Mutex
	byName map[string]json.RawMessage // nil before it is there
	err    error
}

func newLists(r rest.Interface) *lists {
	return &lists{rest: r, byKey: map[listKey]*list{}}
}

// Read gives an object as it was in this run's list of its kind and namespace, or nil where there is none. Where the
// identity may not list, it gets the one object.
func (c *Client) Read(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	entry, err := c.lists.read(ctx, listKey{ref.Kind, ref.Namespace})
	if apierrors.IsForbidden(err) {
		return c.Get(ctx, ref)
	}
	if err != nil {
		return nil, err
	}
	entry.mu.Lock()
	raw, ok := entry.byName[ref.Name]
	entry.mu.Unlock()
	if !ok {
		return nil, nil
	}
	return decoded(ref.Kind, raw)
}

// List gives this run's list of a kind in a namespace, by name.
func (c *Client) List(ctx context.Context, kind Kind, namespace string) (map[string]*unstructured.Unstructured, error) {
	entry, err := c.lists.read(ctx, listKey{kind, namespace})
	if err != nil {
		return nil, err
	}
	entry.mu.Lock()
	defer entry.mu.Unlock()
	out := make(map[string]*unstructured.Unstructured, len(entry.byName))
	for name, raw := range entry.byName {
		if out[name], err = decoded(kind, raw); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (l *lists) read(ctx context.Context, key listKey) (*list, error) {
	l.mu.Lock()
	entry, ok := l.byKey[key]
	if !ok {
		entry = &list{}
		l.byKey[key] = entry
	}
	l.mu.Unlock()
	entry.once.Do(func() {
		byName, err := l.fetch(ctx, key)
		entry.mu.Lock()
		entry.byName, entry.err = byName, err
		entry.mu.Unlock()
	})
	if entry.err != nil && !apierrors.IsForbidden(entry.err) {
		l.drop(key, entry) // whoever asks next may have better luck
	}
	return entry, entry.err
}

// listPage is what is needed of an answer to a LIST.
type listPage struct {
	Metadata metav1.ListMeta   `json:"metadata"`
	Items    []json.RawMessage `json:"items"`
}

func (l *lists) fetch(ctx context.Context, key listKey) (map[string]json.RawMessage, error) {
	byName := map[string]json.RawMessage{}
	for limit, next := pageSize, ""; ; {
		p, err := l.page(ctx, key, limit, next)
		if apierrors.IsResourceExpired(err) && limit > 0 { // the list has aged while it was read: all at once, then
			limit, next = 0, ""
			clear(byName)
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, raw := range p.Items {
			var o struct {
				Metadata struct {
					Name string `json:"name"`
				} `json:"metadata"`
			}
			if err := json.Unmarshal(raw, &o); err != nil {
				return nil, err
			}
			byName[o.Metadata.Name] = raw
		}
		if next = p.Metadata.Continue; next == "" {
			return byName, nil
		}
	}
}

func (l *lists) page(ctx context.Context, key listKey, limit int, next string) (listPage, error) {
	data, err := retry(ctx, func() ([]byte, error) {
		r := l.rest.Get().AbsPath("/apis", key.kind.Group, key.kind.Version, "namespaces", key.namespace, key.kind.Resource)
		if limit > 0 {
			r = r.Param("limit", strconv.Itoa(limit))
		}
		if next != "" {
			r = r.Param("continue", next)
		}
		answer := r.Do(ctx)
		if err := answer.Error(); err != nil { // Raw gives an error without the server's own words
			return nil, err
		}
		return answer.Raw()
	})
	var p listPage
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	return p, err
}

// wrote takes an object that this run has written, or seen after a write, into its list; nil where it may have written and
// does not know.
func (l *lists) wrote(ref Ref, u *unstructured.Unstructured) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, entry := range l.byKey {
		if key.namespace == ref.Namespace && (key.kind != ref.Kind || !entry.put(u)) {
			delete(l.byKey, key)
		}
	}
}

// put says whether the list is as it should be with this object. One that is being fetched is not: it may have been read
// before the write.
func (e *list) put(u *unstructured.Unstructured) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.byName == nil || u == nil {
		return apierrors.IsForbidden(e.err)
	}
	raw, err := u.MarshalJSON()
	if err != nil {
		return false
	}
	e.byName[u.GetName()] = raw
	return true
}

func (l *lists) drop(key listKey, entry *list) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byKey[key] == entry {
		delete(l.byKey, key)
	}
}

func decoded(kind Kind, raw []byte) (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(raw, &u.Object); err != nil {
		return nil, err
	}
	u.SetAPIVersion(kind.APIVersion()) // items of a list may leave them out
	u.SetKind(kind.Kind)
	return u, nil
}

package kube

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// page is an answer to a LIST.
func page(next string, names ...string) map[string]any {
	items := []any{}
	for _, name := range names {
		items = append(items, named(name))
	}
	return map[string]any{"apiVersion": "serving.knative.dev/v1", "kind": "ServiceList", "metadata": map[string]any{"resourceVersion": "1", "continue": next}, "items": items}
}

func named(name string) map[string]any {
	u := service(1, 1, 1, "True", "")
	u.SetName(name)
	return u.Object
}

// ref is a Service of the namespace default.
func ref(name string) Ref { return Ref{Service, "default", name} }

func TestReadsOfOneNamespaceAreOneRequest(t *testing.T) {
	var names []string
	for i := range 50 {
		names = append(names, fmt.Sprint("s-", i))
	}
	server := &api{answer: func(w http.ResponseWriter, _ *http.Request, _ string) { sendJSON(w, http.StatusOK, page("", names...)) }}
	c := connect(t, server)
	var all sync.WaitGroup
	for _, name := range names {
		all.Go(func() {
			u, err := c.Read(t.Context(), ref(name))
			if err != nil || u == nil || u.GetName() != name {
				t.Errorf("%s: got %v, %v", name, u, err)
			}
		})
	}
	all.Wait()
	if u, err := c.Read(t.Context(), ref("nobody")); u != nil || err != nil {
		t.Errorf("got %v, %v for what is not there", u, err)
	}
	if diff := cmp.Diff([]string{"list"}, server.asked()); diff != "" {
		t.Errorf("-want +asked:\n%s", diff)
	}
}

func TestEachNamespaceAndKindHasItsList(t *testing.T) {
	server := &api{answer: func(w http.ResponseWriter, _ *http.Request, _ string) { sendJSON(w, http.StatusOK, page("", "hello")) }}
	c := connect(t, server)
	for range 2 {
		for _, r := range []Ref{ref("hello"), {Service, "other", "hello"}, {Revision, "default", "hello"}} {
			if _, err := c.Read(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]string{"list", "list", "list"}, server.asked()); diff != "" {
		t.Errorf("-want +asked:\n%s", diff)
	}
}

func TestListIsPaged(t *testing.T) {
	pages := map[string]map[string]any{"": page("a", "s-1", "s-2"), "a": page("b", "s-3"), "b": page("", "s-4")}
	server := &api{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
		if r.URL.Query().Get("limit") == "" {
			t.Errorf("asked for all at once: %s", r.URL)
		}
		sendJSON(w, http.StatusOK, pages[r.URL.Query().Get("continue")])
	}}
	got, err := connect(t, server).List(t.Context(), Service, "default")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for name, u := range got {
		names[name] = u.GetName() == name
	}
	if diff := cmp.Diff(map[string]bool{"s-1": true, "s-2": true, "s-3": true, "s-4": true}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"list", "list", "list"}, server.asked()); diff != "" {
		t.Errorf("-want +asked:\n%s", diff)
	}
}

// What is asked for two reads with something in between.
func TestWhatMakesAReadListAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		between func(t *testing.T, c *Client) error
		want    []string
	}{
		"nothing":            {func(*testing.T, *Client) error { return nil }, []string{"list"}},
		"an apply":           {apply(ref("hello"), false), []string{"list", "patch"}},
		"a delete":           {func(t *testing.T, c *Client) error { t.Helper(); return c.Delete(t.Context(), ref("hello"), "u-1") }, []string{"list", "delete", "list"}},
		"a dry run":          {apply(ref("hello"), true), []string{"list", "patch"}},
		"an apply elsewhere": {apply(Ref{Service, "other", "hello"}, false), []string{"list", "patch"}},
		"a read past the lists": {func(t *testing.T, c *Client) error {
			t.Helper()
			_, err := c.Get(t.Context(), ref("hello"))
			return err
		}, []string{"list", "get"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := &api{answer: func(w http.ResponseWriter, _ *http.Request, verb string) {
				if verb == "list" {
					sendJSON(w, http.StatusOK, page("", "hello"))
					return
				}
				sendJSON(w, http.StatusOK, named("hello"))
			}}
			c := connect(t, server)
			for _, step := range []func(*testing.T, *Client) error{read, tc.between, read} {
				if err := step(t, c); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tc.want, server.asked()); diff != "" {
				t.Errorf("-want +asked:\n%s", diff)
			}
		})
	}
}

func read(t *testing.T, c *Client) error {
	t.Helper()
	_, err := c.Read(t.Context(), ref("hello"))
	return err
}

func apply(r Ref, dryRun bool) func(*testing.T, *Client) error {
	return func(t *testing.T, c *Client) error {
		t.Helper()
		_, err := c.Apply(t.Context(), r, map[string]any{}, ApplyOptions{Manager: "terraform", DryRun: dryRun})
		return err
	}
}

// What a run writes, it reads; and what follows from a write in other kinds is read anew.
func TestAWriteGoesIntoItsList(t *testing.T) {
	server := &api{answer: func(w http.ResponseWriter, _ *http.Request, verb string) {
		if verb == "list" {
			sendJSON(w, http.StatusOK, page("", "hello"))
			return
		}
		written := named("hello")
		written["spec"] = map[string]any{"written": true}
		sendJSON(w, http.StatusOK, written)
	}}
	c := connect(t, server)
	for _, step := range []func(*testing.T, *Client) error{read, listRevisions, apply(ref("hello"), false), listRevisions} {
		if err := step(t, c); err != nil {
			t.Fatal(err)
		}
	}
	u, err := c.Read(t.Context(), ref("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if written, _, _ := unstructured.NestedBool(u.Object, "spec", "written"); !written {
		t.Errorf("read %v, which is older than what was written", u.Object)
	}
	if diff := cmp.Diff([]string{"list", "list", "patch", "list"}, server.asked()); diff != "" {
		t.Errorf("-want +asked:\n%s", diff)
	}
}

func listRevisions(t *testing.T, c *Client) error {
	t.Helper()
	_, err := c.List(t.Context(), Revision, "default")
	return err
}

// A list whose pages have aged while it was read is read at once.
func TestExpiredListIsReadAtOnce(t *testing.T) {
	server := &api{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
		q := r.URL.Query()
		switch {
		case q.Get("continue") != "":
			sendError(w, apierrors.NewResourceExpired("too old"))
		case q.Get("limit") != "":
			sendJSON(w, http.StatusOK, page("a", "gone"))
		default:
			sendJSON(w, http.StatusOK, page("", "hello"))
		}
	}}
	got, err := connect(t, server).List(t.Context(), Service, "default")
	if err != nil || len(got) != 1 || got["hello"] == nil {
		t.Errorf("got %v, %v", got, err)
	}
}

// A write that fails may have been carried out all the same: its answer was lost.
func TestAWriteThatFailedMakesAReadListAgain(t *testing.T) {
	server := &api{answer: func(w http.ResponseWriter, _ *http.Request, verb string) {
		if verb == "list" {
			sendJSON(w, http.StatusOK, page("", "hello"))
			return
		}
		sendError(w, errDenied)
	}}
	c := connect(t, server)
	if err := read(t, c); err != nil {
		t.Fatal(err)
	}
	if err := apply(ref("hello"), false)(t, c); err == nil {
		t.Fatal("no error")
	}
	if err := read(t, c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"list", "patch", "list"}, server.asked()); diff != "" {
		t.Errorf("-want +asked:\n%s", diff)
	}
}

// Who may get and not list is told so once, and gets each object.
func TestForbiddenListIsGets(t *testing.T) {
	server := &api{answer: func(w http.ResponseWriter, r *http.Request, verb string) {
		switch {
		case verb == "list":
			sendError(w, errForbidden)
		case r.URL.Path == "/apis/serving.knative.dev/v1/namespaces/default/services/hello":
			sendJSON(w, http.StatusOK, named("hello"))
		default:
			sendError(w, errNotFound)
		}
	}}
	c := connect(t, server)
	for name, there := range map[string]bool{"hello": true, "nobody": false} {
		u, err := c.Read(t.Context(), ref(name))
		if err != nil || (u != nil) != there {
			t.Errorf("%s: got %v, %v", name, u, err)
		}
	}
	if diff := cmp.Diff([]string{"list", "get", "get"}, server.asked()); diff != "" {
		t.Errorf("-want +asked:\n%s", diff)
	}
	if _, err := c.List(t.Context(), Service, "default"); !apierrors.IsForbidden(err) {
		t.Errorf("List: got %v, want the refusal itself", err)
	}
}

// Whoever asks after a failure may have better luck.
func TestFailedListIsNotKept(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"unserved kind": unserved,
		"unauthorized":  status(errUnauthorized),
		"a second page that fails": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("continue") == "" {
				sendJSON(w, http.StatusOK, page("a", "s-1"))
				return
			}
			sendError(w, errUnauthorized)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var luck atomic.Bool
			server := &api{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
				if luck.Load() {
					sendJSON(w, http.StatusOK, page("", "hello"))
					return
				}
				answer(w, r)
			}}
			c := connect(t, server)
			if u, err := c.Read(t.Context(), ref("hello")); err == nil {
				t.Errorf("got %v, want an error", u)
			}
			luck.Store(true)
			if u, err := c.Read(t.Context(), ref("hello")); err != nil || u == nil {
				t.Errorf("got %v, %v", u, err)
			}
		})
	}
}

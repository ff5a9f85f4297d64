package kube

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"knative.dev/pkg/apis"
)

// event is what a watch sends, some time after it began.
type event struct {
	at     time.Duration
	kind   watch.EventType
	object any
}

// cut ends a watch; without one it stays open.
func cut(at time.Duration) event { return event{at: at} }

func modified(at time.Duration, u *unstructured.Unstructured) event {
	return event{at, watch.Modified, u.Object}
}

// tooOld is what the API server sends when it has forgotten the resourceVersion to watch from.
func tooOld(at time.Duration) event {
	return event{at, watch.Error, metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: http.StatusGone, Reason: metav1.StatusReasonExpired, Message: "too old resource version: 1 (9)"}}
}

// cluster is an API server for waits: each watch gets the next script, and each GET the next object.
type cluster struct {
	api
	mu      sync.Mutex
	watches [][]event
	gets    []http.HandlerFunc
}

func newCluster(t *testing.T, watches [][]event, gets ...http.HandlerFunc) *cluster {
	t.Helper()
	c := &cluster{watches: watches, gets: gets}
	c.answer = func(w http.ResponseWriter, r *http.Request, verb string) {
		switch verb {
		case "watch":
			c.watch(t, w, r)
		case "get":
			c.mu.Lock()
			next := c.gets[0]
			c.gets = c.gets[1:]
			c.mu.Unlock()
			next(w, r)
		default:
			t.Errorf("asked to %s %s", verb, r.URL)
		}
	}
	return c
}

func (c *cluster) watch(t *testing.T, w http.ResponseWriter, r *http.Request) {
	t.Helper()
	if got := r.URL.Query().Get("fieldSelector"); got != "metadata.name=hello" {
		t.Errorf("watches %q, want one object", got)
	}
	c.mu.Lock()
	var script []event
	if len(c.watches) > 0 {
		script, c.watches = c.watches[0], c.watches[1:]
	}
	c.mu.Unlock()
	play(w, r, script)
}

// play streams a script, and keeps the watch open after it.
func play(w http.ResponseWriter, r *http.Request, script []event) {
	w.Header().Set("Content-Type", "application/json")
	begin := time.Now()
	send := http.NewResponseController(w)
	_ = send.Flush()
	for _, e := range script {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(e.at - time.Since(begin)):
		}
		if e.kind == "" {
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"type": e.kind, "object": e.object}) // whoever went away needs no event
		_ = send.Flush()
	}
	<-r.Context().Done()
}

func stored(u *unstructured.Unstructured) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, http.StatusOK, u.Object) }
}

// Waits for generation 2, from an object that Knative has not looked at yet. Time is that of the bubble: exact.
func TestWait(t *testing.T) {
	const s = time.Second
	begun := service(1, 2, 1, "True", "")
	deploying := func(version int) *unstructured.Unstructured {
		return service(version, 2, 2, "Unknown", "Deploying")
	}
	failing := func(version int) *unstructured.Unstructured {
		return service(version, 2, 2, "False", "RevisionFailed")
	}
	ready := func(version int) *unstructured.Unstructured { return service(version, 2, 2, "True", "") }
	errFailed := &FailedError{"RevisionFailed: as told"}
	for name, tc := range map[string]struct {
		from    *unstructured.Unstructured
		watches [][]event
		gets    []http.HandlerFunc
		want    error
		version string // of the object that the wait ends with
		took    time.Duration
		asked   []string // a watch with the resourceVersion that it goes on from
		says    []string
	}{
		"Ready from the start": {
			from: ready(1), version: "1", says: []string{"Ready"},
		},
		"Ready by an event": {
			from: begun, watches: [][]event{{modified(3*s, deploying(2)), modified(5*s, ready(3))}},
			version: "3", took: 5 * s, asked: []string{"watch 1"},
			says: []string{"waiting for Knative to take up the change", "Deploying: as told", "Ready"},
		},
		"what is said twice is reported once": {
			from: begun, watches: [][]event{{modified(1*s, deploying(2)), modified(2*s, deploying(3)), modified(3*s, ready(4))}},
			version: "4", took: 3 * s, asked: []string{"watch 1"},
			says: []string{"waiting for Knative to take up the change", "Deploying: as told", "Ready"},
		},
		"the status of an older generation": {
			from: begun, watches: [][]event{{modified(1*s, service(2, 2, 1, "False", "RevisionFailed")), modified(9*s, service(3, 2, 1, "True", "")), modified(10*s, ready(4))}},
			version: "4", took: 10 * s, asked: []string{"watch 1"},
			says: []string{"waiting for Knative to take up the change", "Ready"},
		},
		"the status of a later generation": {
			from: begun, watches: [][]event{{modified(1*s, service(2, 3, 3, "True", ""))}},
			version: "2", took: 1 * s, asked: []string{"watch 1"},
			says: []string{"waiting for Knative to take up the change", "Ready"},
		},
		"a failure that passes": {
			from: begun, watches: [][]event{{modified(1*s, failing(2)), modified(2900*time.Millisecond, deploying(3)), modified(60*s, ready(4))}},
			version: "4", took: 60 * s, asked: []string{"watch 1"},
			says: []string{"waiting for Knative to take up the change", "RevisionFailed: as told", "Deploying: as told", "Ready"},
		},
		"two failures that pass are not one that stands": {
			from: begun, watches: [][]event{{modified(1*s, failing(2)), modified(2*s, deploying(3)), modified(2500*time.Millisecond, failing(4)), modified(4*s, ready(5))}},
			version: "5", took: 4 * s, asked: []string{"watch 1"},
			says: []string{"waiting for Knative to take up the change", "RevisionFailed: as told", "Deploying: as told", "RevisionFailed: as told", "Ready"},
		},
		"a failure that stands": {
			from: begun, watches: [][]event{{modified(1*s, failing(2)), modified(60*s, ready(3))}},
			want: errFailed, version: "2", took: 3 * s, asked: []string{"watch 1"},
			says: []string{"waiting for Knative to take up the change", "RevisionFailed: as told"},
		},
		"a failure from the start": {
			from: failing(1), watches: [][]event{nil},
			want: errFailed, version: "1", took: 2 * s, asked: []string{"watch 1"},
			says: []string{"RevisionFailed: as told"},
		},
		"deleted": {
			from: begun, watches: [][]event{{{1 * s, watch.Deleted, begun.Object}}},
			want: ErrDeleted, took: 1 * s, asked: []string{"watch 1"},
			says: []string{"waiting for Knative to take up the change", "deleted"},
		},
		"a bookmark is no state": {
			from: begun, watches: [][]event{{modified(1*s, deploying(2)), {2 * s, watch.Bookmark, service(7, 0, 0, "", "").Object}, cut(3 * s)}, {modified(1*s, ready(8))}},
			version: "8", took: 4 * s, asked: []string{"watch 1", "watch 7"},
			says: []string{"waiting for Knative to take up the change", "Deploying: as told", "Ready"},
		},
		"the watch ends: another goes on where it was": {
			from: begun, watches: [][]event{{modified(1*s, deploying(2)), cut(60 * s)}, {modified(1*s, ready(3))}},
			version: "3", took: 61 * s, asked: []string{"watch 1", "watch 2"},
			says: []string{"waiting for Knative to take up the change", "Deploying: as told", "Ready"},
		},
		"the watch is too old: a read, and another watch from there": {
			from: begun, watches: [][]event{{tooOld(1 * s)}, {modified(2*s, ready(10))}}, gets: []http.HandlerFunc{stored(deploying(9))},
			version: "10", took: 3 * s, asked: []string{"watch 1", "get", "watch 9"},
			says: []string{"waiting for Knative to take up the change", "Deploying: as told", "Ready"},
		},
		"the watch is too old, and all is well": {
			from: begun, watches: [][]event{{tooOld(1 * s)}}, gets: []http.HandlerFunc{stored(ready(9))},
			version: "9", took: 1 * s, asked: []string{"watch 1", "get"},
			says: []string{"waiting for Knative to take up the change", "Ready"},
		},
		"the watch is too old, and all is gone": {
			from: begun, watches: [][]event{{tooOld(1 * s)}}, gets: []http.HandlerFunc{status(errNotFound)},
			want: ErrDeleted, took: 1 * s, asked: []string{"watch 1", "get"},
			says: []string{"waiting for Knative to take up the change", "deleted"},
		},
		"a failure stands across two watches": {
			from: failing(1), watches: [][]event{{tooOld(1 * s)}, nil}, gets: []http.HandlerFunc{stored(failing(9))},
			want: errFailed, version: "9", took: 2 * s, asked: []string{"watch 1", "get", "watch 9"},
			says: []string{"RevisionFailed: as told"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newCluster(t, tc.watches, tc.gets...)
				c := connectInMemory(t, &server.api)
				var says []string
				begin := time.Now()
				got, err := c.Wait(t.Context(), hello, tc.from, Until(apis.ConditionReady, 2), func(text string) { says = append(says, text) })
				took := time.Since(begin)
				if !sameError(err, tc.want) {
					t.Errorf("got %v, want %v", err, tc.want)
				}
				if took < tc.took || took > tc.took+settleTime/4 {
					t.Errorf("took %s, want %s", took, tc.took)
				}
				version := ""
				if got != nil {
					version = got.GetResourceVersion()
				}
				if diff := cmp.Diff(
					[][]string{{tc.version}, tc.asked, tc.says},
					[][]string{{version}, server.asked(), says},
				); diff != "" {
					t.Errorf("version, asked, says: -want +got:\n%s", diff)
				}
			})
		})
	}
}

// sameError compares by identity, or by what a FailedError or TimeoutError says.
func sameError(got, want error) bool {
	if want == nil || errors.Is(want, ErrDeleted) {
		return errors.Is(got, want)
	}
	return got != nil && got.Error() == want.Error() && cmp.Equal(errorType(got), errorType(want))
}

func errorType(err error) string {
	var failed *FailedError
	var late *TimeoutError
	switch {
	case errors.As(err, &failed):
		return "failed"
	case errors.As(err, &late):
		return "late"
	}
	return ""
}

// Whose time is up is told what was seen last; who is interrupted, that he was.
func TestWaitIsEndedFromOutside(t *testing.T) {
	for name, tc := range map[string]struct {
		limit func(context.Context) (context.Context, context.CancelFunc)
		late  bool
		says  string
	}{
		"deadline": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Minute)
			}, true, "timed out; last seen: Deploying: as told",
		},
		"cancellation": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Minute, cancel)
				return ctx, cancel
			}, false, "interrupted; last seen: Deploying: as told",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newCluster(t, [][]event{{modified(time.Second, service(2, 2, 2, "Unknown", "Deploying"))}})
				c := connectInMemory(t, &server.api)
				ctx, cancel := tc.limit(t.Context())
				defer cancel()
				begin := time.Now()
				_, err := c.Wait(ctx, hello, service(1, 2, 1, "True", ""), Until(apis.ConditionReady, 2), func(string) {})
				var late *TimeoutError
				if err == nil || errors.As(err, &late) != tc.late || errors.Is(err, ErrInterrupted) == tc.late || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("got %v, want %s", err, tc.says)
				}
				if took := time.Since(begin); took != time.Minute {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

// An answer that is no passing failure ends the wait, with the object as it was seen last.
func TestWaitEndsWhereTheObjectMayNotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newCluster(t, [][]event{{tooOld(time.Second)}}, status(errForbidden))
		got, err := connectInMemory(t, &server.api).Wait(t.Context(), hello, service(1, 2, 1, "True", ""), Until(apis.ConditionReady, 2), func(string) {})
		if !apierrors.IsForbidden(err) || got == nil {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestWaitGone(t *testing.T) {
	going := service(1, 1, 1, "True", "")
	going.SetFinalizers([]string{"example.com/keep"})
	other := service(5, 1, 1, "True", "")
	other.SetUID("u-2")
	for name, tc := range map[string]struct {
		watches [][]event
		get     http.HandlerFunc
		asked   []string
		says    []string
		want    string
	}{
		"gone already":                   {nil, status(errNotFound), []string{"get"}, nil, ""},
		"gone by an event":               {[][]event{{{time.Second, watch.Deleted, going.Object}}}, stored(going), []string{"get", "watch 1"}, []string{"being deleted; its finalizers wait for their controllers: example.com/keep", "gone"}, ""},
		"without its finalizer":          {[][]event{{modified(time.Second, service(2, 1, 1, "True", "")), {2 * time.Second, watch.Deleted, going.Object}}}, stored(going), []string{"get", "watch 1"}, []string{"being deleted; its finalizers wait for their controllers: example.com/keep", "being deleted", "gone"}, ""},
		"another one has its name":       {[][]event{{modified(time.Second, other)}}, stored(going), []string{"get", "watch 1"}, []string{"being deleted; its finalizers wait for their controllers: example.com/keep", "gone"}, ""},
		"a finalizer that nobody serves": {[][]event{nil}, stored(going), []string{"get", "watch 1"}, []string{"being deleted; its finalizers wait for their controllers: example.com/keep"}, "Not deleted in time: Service default/hello is being deleted, and the finalizer example.com/keep is still on it. Its controller takes it off when it has cleaned up: look why it does not, then apply again, or raise timeouts.delete. Where that controller is gone, take the finalizer off by hand: kubectl edit services.serving.knative.dev -n default hello. Until the object is gone it stays in the state."},
		"it may not be read":             {nil, status(errForbidden), []string{"get"}, nil, errForbidden.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newCluster(t, tc.watches, tc.get)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				var says []string
				err := connectInMemory(t, &server.api).WaitGone(ctx, hello, func(text string) { says = append(says, text) })
				if got := errorText(err); got != tc.want {
					t.Errorf("got %q, want %q", got, tc.want)
				}
				if diff := cmp.Diff([][]string{tc.asked, tc.says}, [][]string{server.asked(), says}); diff != "" {
					t.Errorf("asked, says: -want +got:\n%s", diff)
				}
			})
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

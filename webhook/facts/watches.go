package facts

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// unheardFor is how long a watch may be away: the API server ends each after some minutes, and it is opened anew at once.
	unheardFor = time.Second
	// settling is how long what was missed may take from a watch that is heard again into the cache.
	settling = 500 * time.Millisecond
)

// Watches knows whether the caches hear the API server: without it they stay as they were, which nothing else in them tells.
type Watches struct {
	mu    sync.Mutex
	now   func() time.Time
	heard map[string]time.Time // by what is watched: since when it is heard
	lost  map[string]time.Time // since when it is not, of what was heard before
}

// NewWatches knows of none yet.
func NewWatches() *Watches {
	return &Watches{now: time.Now, heard: map[string]time.Time{}, lost: map[string]time.Time{}}
}

// Check says what is not heard, or not yet again:
//
//	the watch                                        verdict
//	was never opened                                 –: caches say themselves whether they were ever filled
//	is open, and all that was before it has come     well
//	is open, all has come a moment ago               not yet
//	is not open, or what was before it still comes   well for a second, then not
//	was ended by the guard                           –
func (w *Watches) Check() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(w.lost)) {
		if away := w.now().Sub(w.lost[what]); away > unheardFor {
			return fmt.Errorf("the API server is not heard: the watch of %s is away for %s", what, away.Round(time.Second))
		}
	}
	for _, what := range slices.Sorted(maps.Keys(w.heard)) {
		if again := w.heard[what]; !again.IsZero() && w.now().Sub(again) < settling {
			return fmt.Errorf("the API server is heard again a moment ago: the watch of %s", what)
		}
	}
	return nil
}

// Wrap looks at the watches among the requests of a transport.
func (w *Watches) Wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		query := req.URL.Query()
		if watch := query.Get("watch"); watch != "true" && watch != "1" {
			return next.RoundTrip(req)
		}
		what := strings.TrimSpace(strings.Join([]string{req.URL.Path, query.Get("labelSelector"), query.Get("fieldSelector")}, " "))
		resp, err := next.RoundTrip(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			w.lose(what)
			return resp, err
		}
		b := &watchBody{ReadCloser: resp.Body, all: func() { w.hear(what) }, end: func() {
			if req.Context().Err() != nil {
				w.forget(what)
			} else {
				w.lose(what)
			}
		}}
		if query.Get("sendInitialEvents") != "true" {
			b.caughtUp()
		}
		resp.Body = b
		return resp, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// hear marks a watch as open. One that is opened for the first time has nothing to make up for.
func (w *Watches) hear(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var again time.Time
	if since, lost := w.lost[what]; lost && w.now().Sub(since) > unheardFor {
		again = w.now()
	}
	w.heard[what] = again
	delete(w.lost, what)
}

func (w *Watches) lose(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, was := w.heard[what]; !was {
		return
	}
	if _, lost := w.lost[what]; !lost {
		w.lost[what] = w.now()
	}
}

func (w *Watches) forget(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.heard, what)
	delete(w.lost, what)
}

// watchBody reads what a watch says until everything from before it has come, which a bookmark tells.
type watchBody struct {
	io.ReadCloser
	all, end func()
	done     bool   // all has come
	tail     []byte // the end of what was read, in which the bookmark may begin
	once     sync.Once
}

func (b *watchBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if !b.done && n > 0 {
		text := slices.Concat(b.tail, p[:n])
		if bytes.Contains(text, []byte(metav1.InitialEventsAnnotationKey)) {
			b.caughtUp()
		}
		b.tail = bytes.Clone(text[max(0, len(text)-len(metav1.InitialEventsAnnotationKey)):])
	}
	if err != nil {
		b.once.Do(b.end)
	}
	return n, err
}

func (b *watchBody) Close() error {
	b.once.Do(b.end)
	return b.ReadCloser.Close()
}

func (b *watchBody) caughtUp() {
	b.done, b.tail = true, nil
	b.all()
}

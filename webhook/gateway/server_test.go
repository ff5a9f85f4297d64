package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/webhook/gateway/dispatch"
)

func TestOneEventAPod(t *testing.T) {
	work := func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		w.WriteHeader(http.StatusAccepted)
	}
	pods := []*fakePod{newPod(t, "x", work), newPod(t, "y", work), newPod(t, "z", work)}
	r := newReplica(t, "one", setup{limits: dispatch.Limits{MaxQueue: 100}}, pods...)
	r.observe("one/")
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			if got := send(t.Context(), r.url(""), strings.Repeat("e", i%2)); got.err != nil || got.status != http.StatusAccepted {
				t.Errorf("event %d: %v", i, got)
			}
		})
	}
	wg.Wait()
	sum := int32(0)
	for _, p := range pods {
		sum += p.got.Load()
		if p.most.Load() != 1 {
			t.Errorf("Pod %s had %d events at once", p.name, p.most.Load())
		}
	}
	if sum != 60 {
		t.Errorf("60 events arrived %d times", sum)
	}
	r.has(t, 0, 0)
}

func TestRefusedConnectionGoesToAnotherPod(t *testing.T) {
	gone := &fakePod{name: "gone", address: closedAddress(t)}
	x := newPod(t, "x", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	r := newReplica(t, "one", setup{limits: dispatch.Limits{MaxQueue: 100}}, x, gone)
	r.observe("one/")
	for range 5 {
		if got := send(t.Context(), r.url("/"), "event"); got.status != http.StatusOK || got.body != "event" {
			t.Errorf("%v", got)
		}
	}
	if x.got.Load() != 5 {
		t.Errorf("5 events arrived %d times", x.got.Load())
	}
}

func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

func TestEventOfABrokenPodIsNotGivenToAnother(t *testing.T) {
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for _, method := range []string{http.MethodPost, http.MethodGet} { // net/http would repeat a GET by itself, on a kept connection
		x, y := newPod(t, "x", cut), newPod(t, "y", cut)
		r := newReplica(t, "one", setup{limits: dispatch.Limits{MaxQueue: 100}}, x, y)
		r.observe("one/")
		req, _ := http.NewRequestWithContext(t.Context(), method, r.url(""), nil)
		req.Header.Set("Idempotency-Key", "1")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusBadGateway || resp.Header.Get(AnswerHeader) != reasonCut {
			t.Errorf("%s: %v", method, resp)
		}
		if n := x.got.Load() + y.got.Load(); n != 1 {
			t.Errorf("%s: the event was given to Pods %d times", method, n)
		}
		r.has(t, 0, 0)
	}
}

func TestFullLine(t *testing.T) {
	x := newPod(t, "x", nil)
	r := newReplica(t, "one", setup{limits: dispatch.Limits{Max: 1, MaxQueue: 1}}, x)
	r.observe("one/")
	first := sending(t, r.url(""), "1")
	r.has(t, 1, 0)
	second := sending(t, r.url(""), "2")
	r.has(t, 1, 1)
	got := send(t.Context(), r.url(""), "3")
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || got.header.Get(AnswerHeader) != reasonFull || !strings.Contains(got.body, "spec.event.maxQueue (1)") {
		t.Errorf("%v", got)
	}
	eventually(t, "2 are asked for", func() bool { return r.written.Load() == 2 })
	close(x.release)
	for _, one := range []<-chan result{first, second} {
		if got := <-one; got.status != http.StatusOK {
			t.Errorf("%v", got)
		}
	}
	eventually(t, "none is asked for", func() bool { return r.written.Load() == 0 })
}

func TestSenderWhoGoesWhileItsEventWaits(t *testing.T) {
	r := newReplica(t, "one", setup{limits: dispatch.Limits{MaxQueue: 10}})
	r.observe("one/")
	for _, body := range []string{"", "event"} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan result, 1)
		go func() { done <- send(ctx, r.url(""), body) }()
		r.has(t, 0, 1)
		cancel()
		<-done
		r.has(t, 0, 0)
	}
}

func TestSenderWhoGoesLeavesThePodBusy(t *testing.T) {
	x := newPod(t, "x", nil)
	r := newReplica(t, "one", setup{limits: dispatch.Limits{MaxQueue: 10}}, x)
	r.observe("one/")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan result, 1)
	go func() { done <- send(ctx, r.url(""), "1") }()
	r.has(t, 1, 0)
	cancel()
	<-done
	second := sending(t, r.url(""), "2")
	r.has(t, 1, 1)
	time.Sleep(100 * time.Millisecond)
	if n := x.got.Load(); n != 1 {
		t.Errorf("the Pod got %d events while it had one whose sender had gone", n)
	}
	close(x.release)
	if got := <-second; got.status != http.StatusOK || x.most.Load() != 1 {
		t.Errorf("%v, %d at once", got, x.most.Load())
	}
}

func TestTimeout(t *testing.T) {
	r := newReplica(t, "one", setup{limits: dispatch.Limits{MaxQueue: 10}, timeout: 100 * time.Millisecond})
	r.observe("one/")
	if got := send(t.Context(), r.url(""), "1"); got.status != http.StatusGatewayTimeout || !strings.Contains(got.body, "no Pod had a place") {
		t.Errorf("%v", got)
	}
	x := newPod(t, "x", nil)
	defer close(x.release)
	r.set(setup{limits: dispatch.Limits{MaxQueue: 10}, timeout: 100 * time.Millisecond, shares: []dispatch.Share{{Revision: "a", Percent: 100}}}, x)
	if got := send(t.Context(), r.url(""), "2"); got.status != http.StatusGatewayTimeout || !strings.Contains(got.body, "Pod x of Revision a did not answer") {
		t.Errorf("%v", got)
	}
	r.has(t, 0, 0)
}

func TestRefusals(t *testing.T) {
	r := newReplica(t, "one", setup{refusal: "spec.suspend is true"})
	for path, want := range map[string]int{"/": 404, "/ns": 404, "/ns/other": 404, "/ns/policy/x": 503} {
		got := send(t.Context(), r.events.URL+path, "")
		if got.status != want || got.header.Get(AnswerHeader) == "" {
			t.Errorf("%s: %v", path, got)
		}
	}
	r.targets.remove(policy)
	if got := send(t.Context(), r.url(""), ""); got.status != http.StatusNotFound {
		t.Errorf("after the policy is gone: %v", got)
	}
}

// TestUnchanged sends what proxies like to change.
func TestUnchanged(t *testing.T) {
	var got *http.Request
	var body []byte
	x := newPod(t, "x", func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("Ce-Id", "answer")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte{0, 1, 255})
	})
	for _, relayed := range []bool{false, true} {
		r := newReplica(t, "one", setup{limits: dispatch.Limits{MaxQueue: 10}}, x)
		r.observe("one/")
		if relayed {
			other := newReplica(t, "two", setup{})
			other.observe("one/" + r.address)
			r = other
		}
		for _, chunked := range []bool{false, true} {
			sent := []byte{0, 255, '\r', '\n', 0}
			var reader io.Reader = bytes.NewReader(sent)
			if chunked {
				reader = io.MultiReader(reader)
			}
			req, _ := http.NewRequestWithContext(t.Context(), "PURGE", r.url("/a%2Fb//c/?x=1;y&z=%zz"), reader)
			header := http.Header{
				"Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Subject": {"%E2%82%AC \u20ac"}, "Content-Type": {"application/cloudevents+json; charset=utf-8"},
				"X-Forwarded-For": {"1.2.3.4"}, "X-Forwarded-Host": {"example.com"}, "Forwarded": {"for=1.2.3.4"}, "Accept-Encoding": {"br"}, "Many": {"1", "2"},
				"User-Agent": {""}, "Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
			}
			req.Header, req.Host = header.Clone(), "events.example.com"
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			answer, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusTeapot || resp.Header.Get("Ce-Id") != "answer" || !bytes.Equal(answer, []byte{0, 1, 255}) {
				t.Errorf("the answer: %v, %v", resp, answer)
			}
			if got.Method != "PURGE" || got.RequestURI != "/a%2Fb//c/?x=1;y&z=%zz" || got.Host != "events.example.com" || !bytes.Equal(body, sent) {
				t.Errorf("%s %s to %s: %v", got.Method, got.RequestURI, got.Host, body)
			}
			if want := map[bool]int64{false: 5, true: -1}[chunked]; got.ContentLength != want {
				t.Errorf("Content-Length %d, want %d", got.ContentLength, want)
			}
			delete(header, "User-Agent")
			for name := range got.Header {
				if _, ok := header[name]; !ok && name != "Content-Length" && name != "Connection" {
					t.Errorf("there is a new header %s: %q", name, got.Header[name])
				}
			}
			for name, want := range header {
				if fmt.Sprint(got.Header[name]) != fmt.Sprint(want) {
					t.Errorf("%s is %q, want %q", name, got.Header[name], want)
				}
			}
		}
	}
}

// TestStreams sees that neither way waits for the whole.
func TestStreams(t *testing.T) {
	x := newPod(t, "x", func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 1)
		for {
			if _, err := io.ReadFull(r.Body, b); err != nil {
				return
			}
			_, _ = w.Write(b)
			_ = http.NewResponseController(w).Flush()
		}
	})
	r := newReplica(t, "one", setup{limits: dispatch.Limits{MaxQueue: 10}}, x)
	r.observe("one/")
	in, out := io.Pipe()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url(""), in)
	go func() { _, _ = out.Write([]byte("1")) }()
	client := &http.Client{Transport: transport(true)}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	for _, want := range "123" {
		if want > '1' {
			_, _ = out.Write([]byte(string(want)))
		}
		if _, err := io.ReadFull(resp.Body, b); err != nil || b[0] != byte(want) {
			t.Fatalf("%q, %v", b, err)
		}
	}
	_ = out.Close()
	if _, err := resp.Body.Read(b); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	_ = resp.Body.Close()
}

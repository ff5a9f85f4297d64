// Command app is the tests' application: it says who it is, and misbehaves when told to.
//
// GET / answers "Hello NAME!" as Knative's sample helloworld-go does; NAME is TARGET, or else the revision's name.
// Headers tell more: K-Revision, App-Version (of the image), App-Host (the Pod's name).
//
// By query, for one request:
//
//	?sleep=2s     answer after that time        ?status=500   answer with that status
//	?burn=200ms   keep a CPU busy for that      ?crash=1      exit without an answer
//	?get=URL      fetch URL, answer with its status and body (to look at the cluster from inside)
//
// By environment, for the process:
//
//	STARTUP_DELAY=5s         listen after that time
//	FAIL_READY=true          /healthz answers 503
//	CRASH_AT_START=MESSAGE   print MESSAGE on stderr and exit 1
//
// It listens on $PORT (8080), HTTP/1.1 and h2c. On SIGTERM it ends what it has begun.
package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if msg := os.Getenv("CRASH_AT_START"); msg != "" {
		fmt.Fprintln(os.Stderr, msg)
		os.Exit(1)
	}
	if d := os.Getenv("STARTUP_DELAY"); d != "" {
		time.Sleep(duration(d))
	}
	http.HandleFunc("/healthz", healthz)
	http.HandleFunc("/", hello)

	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	srv := &http.Server{Addr: ":" + cmp.Or(os.Getenv("PORT"), "8080"), Protocols: protocols, ReadHeaderTimeout: time.Minute}
	log.Printf("%s listening on %s", name(), srv.Addr)
	if err := serve(srv); err != nil {
		log.Fatal(err)
	}
}

// serve answers until it is asked to stop, and then what it has, however long that takes: who asks kills it when that is too long.
func serve(srv *http.Server) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- srv.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return srv.Shutdown(context.Background())
	}
}

func name() string {
	return cmp.Or(os.Getenv("TARGET"), os.Getenv("K_REVISION"), "World")
}

func healthz(w http.ResponseWriter, _ *http.Request) {
	if os.Getenv("FAIL_READY") == "true" {
		http.Error(w, "FAIL_READY is set", http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, "ok")
}

func hello(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("crash") != "" {
		log.Print("asked to crash")
		os.Exit(1)
	}
	if v := q.Get("sleep"); v != "" {
		time.Sleep(duration(v))
	}
	if v := q.Get("burn"); v != "" {
		burn(duration(v))
	}
	host, _ := os.Hostname()
	w.Header().Set("K-Revision", os.Getenv("K_REVISION"))
	w.Header().Set("App-Version", os.Getenv("APP_VERSION"))
	w.Header().Set("App-Host", host)
	if v, err := strconv.Atoi(q.Get("status")); err == nil && v >= 200 && v <= 599 {
		w.WriteHeader(v)
	}
	_, _ = fmt.Fprintf(w, "Hello %s!\n", name())
	if v := q.Get("get"); v != "" {
		relay(r.Context(), w, v)
	}
}

// burn keeps one CPU busy.
func burn(d time.Duration) {
	sum := sha256.Sum256(nil)
	for end := time.Now().Add(d); time.Now().Before(end); {
		sum = sha256.Sum256(sum[:])
	}
}

func relay(ctx context.Context, w io.Writer, url string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		_, _ = fmt.Fprintln(w, "error:", err)
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		_, _ = fmt.Fprintln(w, "error:", err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = fmt.Fprintln(w, resp.Status)
	_, _ = io.Copy(w, resp.Body)
}

// duration takes "2s" and, for brevity, a bare number of milliseconds; what it does not understand is no time at all.
func duration(s string) time.Duration {
	if ms, err := strconv.Atoi(s); err == nil {
		return time.Duration(ms) * time.Millisecond
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		log.Printf("not a duration: %q", s)
	}
	return d
}

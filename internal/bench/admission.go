package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

const (
	// reviews is how many are sent to measure CPU, from connections at once.
	reviews     = 10_000
	connections = 16
	// rate is how many a second are sent to measure latency, in several rounds, of which the median counts.
	rate   = 2000
	rounds = 5
)

// admitter is a process that answers reviews.
type admitter struct {
	name, url string
	pid       int
	ofBed     bool // one that stands still with it
}

// measureAdmission sends one and the same review, an update of a Service with ten targets, to the guard, to Knative's own webhook
// and to a handler that does nothing, all over TLS and each in a process of its own.
func measureAdmission(ctx context.Context, cluster *testenv.Cluster) error {
	namespace, remove, err := cluster.Namespace(ctx, "bench-")
	if err != nil {
		return err
	}
	defer func() { _ = remove(context.WithoutCancel(ctx)) }()
	dir, err := os.MkdirTemp("", "knative-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	review, err := serviceReview(ctx, cluster, namespace)
	if err != nil {
		return err
	}
	empty, stopEmpty, err := startEmpty(ctx, dir)
	if err != nil {
		return err
	}
	defer stopEmpty()
	guard, stopGuard, err := startGuard(ctx, cluster.Kubeconfig, dir, "-namespace", namespace, "-only-namespace", namespace)
	if err != nil {
		return err
	}
	defer stopGuard()
	knative, err := knativeWebhook(ctx, cluster)
	if err != nil {
		return err
	}
	fmt.Print("\n### Review of a Service update with 10 targets\n")
	return compare(ctx, [][]byte{review}, empty, guard, knative)
}

// compare sends the same reviews to each of them.
func compare(ctx context.Context, bodies [][]byte, all ...admitter) error {
	fmt.Printf("\n| %d bytes, %d connections | CPU a request | requests a second | p50, p99 at %d a second |\n|---|---|---|---|\n", len(bodies[0]), connections, rate)
	for _, a := range all {
		while := standstill
		if a.ofBed {
			while = func(do func() error) error { return do() }
		}
		if err := while(func() error { return a.measure(ctx, bodies) }); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
	}
	return nil
}

func (a admitter) measure(ctx context.Context, bodies [][]byte) error {
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12},
	}}
	defer client.CloseIdleConnections()
	if _, err := a.send(ctx, client, bodies, reviews/10, 0); err != nil { // connections, caches, branch predictors
		return err
	}
	before, start := cpuOf(a.pid), time.Now()
	if _, err := a.send(ctx, client, bodies, reviews, 0); err != nil {
		return err
	}
	took, used := time.Since(start), cpuOf(a.pid)-before
	var p50s, p99s []time.Duration
	for range rounds {
		latencies, err := a.send(ctx, client, bodies, reviews, rate)
		if err != nil {
			return err
		}
		slices.Sort(latencies)
		p50s, p99s = append(p50s, latencies[reviews/2]), append(p99s, latencies[reviews*99/100])
	}
	slices.Sort(p50s)
	slices.Sort(p99s)
	fmt.Printf("| %s | %d µs | %.0f | %.2f ms, %.2f ms |\n", a.name, used.Microseconds()/reviews, reviews/took.Seconds(),
		millis(p50s[rounds/2]), millis(p99s[rounds/2]))
	return nil
}

// send sends n reviews, one body after the other, perSecond of them or as fast as they are answered where it is 0, and says how long
// each took from when it was due.
func (a admitter) send(ctx context.Context, client *http.Client, bodies [][]byte, n, perSecond int) ([]time.Duration, error) {
	type review struct {
		due  time.Time
		body []byte
	}
	queue := make(chan review, n)
	go func() {
		defer close(queue)
		for start, i := time.Now(), 0; i < n; i++ {
			at := time.Now()
			if perSecond > 0 {
				at = start.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
				sleepUntil(at)
			}
			queue <- review{at, bodies[i%len(bodies)]}
		}
	}()
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for r := range queue {
				err := a.ask(ctx, client, r.body)
				mu.Lock()
				took = append(took, time.Since(r.due))
				if failed == nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return took, failed
}

// ask wants the change to be allowed: a refusal would be quick for the wrong reason.
func (a admitter) ask(ctx context.Context, client *http.Client, review []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(review))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"allowed":true`))) {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return err
}

// knativeWebhook finds the process of Knative's own webhook, in its Pod on this machine. The guard's has the same name.
func knativeWebhook(ctx context.Context, cluster *testenv.Cluster) (admitter, error) {
	a := admitter{name: "Knative's webhook, validation", ofBed: true}
	pods, err := cluster.Kube.CoreV1().Pods("knative-serving").List(ctx, metav1.ListOptions{LabelSelector: "app=webhook"})
	if err != nil {
		return a, err
	}
	ready := slices.IndexFunc(pods.Items, func(p corev1.Pod) bool { // an HPA may have made more of them
		return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue })
	})
	if ready < 0 {
		return a, errors.New("no Pod of Knative's webhook is ready")
	}
	pod := &pods.Items[ready]
	a.url = "https://" + pod.Status.PodIP + ":8443/resource-validation"
	procs, _ := filepath.Glob("/proc/[0-9]*")
	for _, proc := range procs {
		exe, _ := os.Readlink(filepath.Join(proc, "exe")) // it may have ended meanwhile
		group, _ := os.ReadFile(filepath.Join(proc, "cgroup"))
		if exe == "/ko-app/webhook" && bytes.Contains(group, []byte(pod.UID)) {
			a.pid, err = strconv.Atoi(filepath.Base(proc))
			return a, err
		}
	}
	return a, fmt.Errorf("no process on this machine is that of Pod %s", pod.Name)
}

func cpuOf(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	return cpuTime(stat)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// answerAll is the empty handler: it reads a review and allows it.
func answerAll(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var review struct {
		Request struct {
			UID string `json:"uid"`
		} `json:"request"`
	}
	if err == nil {
		err = json.Unmarshal(body, &review)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":%q,"allowed":true}}`, review.Request.UID)
}

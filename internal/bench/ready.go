package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// measureReady measures from Ready=True of a Service to its resource being done. Knative's controller is stopped, and the
// bench says Ready=True in its place some 100 to 500 ms after a Service appears, so that the moment is known; the time begins
// before that request is sent.
func measureReady(ctx context.Context, cluster *testenv.Cluster, n int) error {
	return ours.inNamespace(ctx, cluster, n, func(w workspace) error {
		ctx, fail := context.WithCancelCause(ctx)
		defer fail(nil)
		c := &standIn{cluster: cluster, namespace: w.namespace, fail: fail, ready: map[string]time.Time{}}
		if err := c.start(ctx); err != nil {
			return err
		}
		out, err := w.Command(ctx, "apply", "-auto-approve", "-json", "-input=false", "-var=wait=true").Output()
		if err != nil {
			return fmt.Errorf("%w: %w\n%s", err, context.Cause(ctx), out)
		}
		var took []time.Duration
		for name, done := range finished(out) {
			c.mu.Lock()
			took = append(took, done.Sub(c.ready[name]))
			c.mu.Unlock()
		}
		if len(took) != n {
			return fmt.Errorf("%d of %d resources were done", len(took), n)
		}
		slices.Sort(took)
		fmt.Printf("\n### Ready=True → resource done, %d Services at once\n\n| p50 | p99 | max |\n|---|---|---|\n| %d ms | %d ms | %d ms |\n",
			n, took[n/2].Milliseconds(), took[n*99/100-1].Milliseconds(), took[n-1].Milliseconds())
		return nil
	})
}

// finished reads when each resource was done from Terraform's own report.
func finished(report []byte) map[string]time.Time {
	done := map[string]time.Time{}
	for lines := bufio.NewScanner(bytes.NewReader(report)); lines.Scan(); {
		var line struct {
			Type string    `json:"type"`
			At   time.Time `json:"@timestamp"`
			Hook struct {
				Resource struct {
					Key int `json:"resource_key"`
				} `json:"resource"`
			} `json:"hook"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Type == "apply_complete" {
			done[fmt.Sprint("s-", line.Hook.Resource.Key)] = line.At
		}
	}
	return done
}

// standIn says Ready=True of each Service of a namespace.
type standIn struct {
	cluster   *testenv.Cluster
	namespace string
	fail      context.CancelCauseFunc

	mu    sync.Mutex
	ready map[string]time.Time
}

func (s *standIn) start(ctx context.Context) error {
	w, err := s.cluster.Dynamic.Resource(kube.Service.GroupVersionResource).Namespace(s.namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	go func() {
		for event := range w.ResultChan() {
			if u, ok := event.Object.(*unstructured.Unstructured); ok && event.Type == watch.Added {
				go s.sayReady(ctx, u)
			}
		}
	}()
	return nil
}

func (s *standIn) sayReady(ctx context.Context, u *unstructured.Unstructured) {
	time.Sleep(100*time.Millisecond + rand.N(400*time.Millisecond))
	revision := u.GetName() + "-00001"
	status, err := json.Marshal(map[string]any{"status": map[string]any{
		"observedGeneration": u.GetGeneration(), "latestCreatedRevisionName": revision, "latestReadyRevisionName": revision,
		"conditions": []any{map[string]any{"type": "Ready", "status": "True", "lastTransitionTime": metav1.Now()}},
	}})
	if err != nil {
		return
	}
	s.mu.Lock()
	s.ready[u.GetName()] = time.Now()
	s.mu.Unlock()
	_, err = s.cluster.Dynamic.Resource(kube.Service.GroupVersionResource).Namespace(s.namespace).Patch(ctx, u.GetName(), types.MergePatchType, status, metav1.PatchOptions{}, "status")
	if err != nil && ctx.Err() == nil {
		s.fail(fmt.Errorf("saying that %s is Ready: %w", u.GetName(), err))
	}
}

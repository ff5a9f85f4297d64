package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

//go:embed events.tf
var eventsService string

const (
	workers   = "serving.knative.dev/service=work"
	eventWork = 10 * time.Second // longer than it takes until the last Pod is there, so that none is used twice
)

// events plays a Service that costs nothing without requests: from zero by Knative's own autoscaler, and then by the event gateway, which
// gives each event a Pod of its own.
func events(ctx context.Context, t *theater) error {
	if !t.OnBed {
		fmt.Println("this act needs the application of the bed and its event gateway, so it is left out")
		return nil
	}
	headline("A Service that nobody asks: no Pod")
	if err := t.tf.add(ctx, "events.tf", eventsService); err != nil {
		return err
	}
	if err := t.tf.apply(ctx, map[string]any{"event_gateway": false}); err != nil {
		return err
	}
	if err := t.pods(ctx, workers, "0", func(n int) bool { return n == 0 }); err != nil {
		return err
	}
	headline("5 requests at a time, one to a Pod: from zero to max, and back")
	if err := t.busy(ctx, "work_url", "?sleep=1s", 5, func() error {
		return t.pods(ctx, workers, "5, by the requests", func(n int) bool { return n == 5 })
	}); err != nil {
		return err
	}
	if err := t.pods(ctx, workers, "0, by the requests", func(n int) bool { return n == 0 }); err != nil {
		return err
	}
	const n = 10
	headline("Now its events come by the gateway: %d at once, of %s each", n, eventWork)
	if err := t.tf.apply(ctx, map[string]any{"event_gateway": true}); err != nil {
		return err
	}
	if err := t.send(ctx, n); err != nil {
		return err
	}
	if err := t.kubectl(ctx, "get", "scalingpolicies"); err != nil {
		return err
	}
	headline("All is done: no Pod")
	return t.pods(ctx, workers, "0, by the events", func(n int) bool { return n == 0 })
}

// send posts events to the gateway, all at once, and expects each to be answered by a Pod of its own.
func (t *theater) send(ctx context.Context, n int) error {
	gateway, err := t.Kube.CoreV1().Services(testenv.GuardNamespace).Get(ctx, testenv.GuardNamespace+"-gateway", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := t.eventAddress(ctx); err != nil {
		return err
	}
	url := fmt.Sprintf("http://%s/%s/work/?sleep=%s", net.JoinHostPort(gateway.Spec.ClusterIP, "80"), namespace, eventWork)
	var mu sync.Mutex
	var failed error
	pods := map[string]int{}
	var wait sync.WaitGroup
	start := time.Now()
	for range n {
		wait.Go(func() {
			pod, err := post(ctx, url)
			mu.Lock()
			defer mu.Unlock()
			if failed == nil {
				failed = err
			}
			pods[pod]++
		})
	}
	wait.Wait()
	if failed != nil {
		return failed
	}
	fmt.Printf("  %d events were answered by %d Pods after %.1f s\n", n, len(pods), time.Since(start).Seconds())
	if len(pods) != n {
		return fmt.Errorf("%d events shared %d Pods: %v", n, len(pods), pods)
	}
	return nil
}

// eventAddress waits until the gateway takes events, and shows where.
func (t *theater) eventAddress(ctx context.Context) error {
	return testenv.Eventually(ctx, time.Minute, func(ctx context.Context) error {
		policy, err := t.Dynamic.Resource(v1alpha1.GroupVersion.WithResource("scalingpolicies")).Namespace(namespace).Get(ctx, "work", metav1.GetOptions{})
		if err != nil {
			return err
		}
		status, _ := policy.Object["status"].(map[string]any)
		address, _ := status["eventAddress"].(string)
		if address == "" {
			return fmt.Errorf("the gateway takes no events yet: %v", status["conditions"])
		}
		fmt.Printf("  events go to %s\n", address)
		return nil
	})
}

// post sends one event, and gives the Pod that has answered.
func post(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{}`))
	if err != nil {
		return "", err
	}
	req.Header.Set("Ce-Specversion", "1.0")
	req.Header.Set("Ce-Id", "1")
	req.Header.Set("Ce-Source", "demo")
	req.Header.Set("Ce-Type", "dev.knative-provider.demo")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("POST %s: %s: %.300s", url, resp.Status, body)
	}
	return resp.Header.Get("App-Host"), err
}

package main

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

//go:embed scaling.tf
var scalingPolicy string

// scaling plays a schedule that meets an HPA: 3 Pods while a window is open, more as the CPU asks for them, and back.
func scaling(ctx context.Context, t *theater) error {
	there, err := t.HasGuard(ctx)
	if err != nil {
		return err
	}
	if !there {
		fmt.Println("there is no guard in this cluster, so this act is left out: install webhook/chart with Helm to see it")
		return nil
	}
	if !t.OnBed {
		fmt.Println("this act needs the application of the bed, which burns as much CPU as it is asked to, so it is left out")
		return nil
	}
	headline("A window is open: at least 3 Pods, with no request at all")
	if err := t.tf.add(ctx, "scaling.tf", scalingPolicy); err != nil {
		return err
	}
	const minute = "2006-01-02T15:04"
	now := time.Now().UTC()
	window := map[string]any{"start": now.Add(-time.Hour).Format(minute), "end": now.Add(time.Hour).Format(minute), "replicas": 3}
	if err := t.tf.apply(ctx, map[string]any{"windows": []any{window}}); err != nil {
		return err
	}
	if err := t.pods(ctx, shop, "3, by the schedule", func(n int) bool { return n == 3 }); err != nil {
		return err
	}
	headline("Requests that burn CPU: the HPA takes it to max, which is 5")
	if err := t.busy(ctx, "shop_url", "?burn=200ms", 4, func() error {
		return t.pods(ctx, shop, "5, by the CPU", func(n int) bool { return n == 5 })
	}); err != nil {
		return err
	}
	headline("The requests end: back to what the schedule asks for")
	if err := t.pods(ctx, shop, "3, by the schedule", func(n int) bool { return n == 3 }); err != nil {
		return err
	}
	if err := t.kubectl(ctx, "get", "scalingpolicies"); err != nil {
		return err
	}
	headline("The window ends: 1 Pod, as the policy's min says")
	if err := t.tf.apply(ctx, map[string]any{"windows": []any{}}); err != nil {
		return err
	}
	return t.pods(ctx, shop, "1, by min", func(n int) bool { return n == 1 })
}

const shop = "serving.knative.dev/service=shop"

// pods waits until there are so many with a label.
func (t *theater) pods(ctx context.Context, label, want string, enough func(int) bool) error {
	start, last := time.Now(), -1
	err := testenv.Eventually(ctx, 3*time.Minute, func(ctx context.Context) error {
		list, err := t.Kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: label})
		if err != nil {
			return err
		}
		n := 0
		for i := range list.Items {
			if p := &list.Items[i]; p.DeletionTimestamp == nil && p.Status.Phase == corev1.PodRunning {
				n++
			}
		}
		if n != last {
			fmt.Printf("  after %4.1f s: %d Pods\n", time.Since(start).Seconds(), n)
			last = n
		}
		if !enough(n) {
			return fmt.Errorf("%d Pods with %s run, want %s", n, label, want)
		}
		return nil
	})
	if err == nil {
		fmt.Printf("  %s\n", want)
	}
	return err
}

// busy keeps so many requests to the URL of an output going while something is waited for.
func (t *theater) busy(ctx context.Context, output, query string, atOnce int, until func() error) error {
	url, err := t.tf.output(ctx, output)
	if err != nil {
		return err
	}
	client := testenv.Client()
	defer client.CloseIdleConnections()
	ctx, stop := context.WithCancel(ctx)
	failed := make(chan error, atOnce)
	for range atOnce {
		go func() {
			for ctx.Err() == nil {
				if _, err := testenv.Answer(ctx, client, url+query); err != nil && ctx.Err() == nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	err = until()
	stop()
	for range atOnce {
		if failure := <-failed; err == nil {
			err = failure
		}
	}
	return err
}

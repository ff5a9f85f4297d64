package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podComponents are the components that run in Pods, by where their Deployment is.
func podComponents() map[string]addon {
	all := map[string]addon{}
	for _, d := range addons {
		all[d.name] = d
	}
	for _, d := range knativeDeployments {
		all[d] = addon{d, knativeNamespace, d}
	}
	return all
}

// logs prints a component's whole log.
func logs(ctx context.Context, component string) error {
	pods := podComponents()
	deployment, inPod := pods[component]
	if !inPod && !isDaemon(component) {
		names := append(slices.Clone(daemonNames), slices.Sorted(maps.Keys(pods))...)
		return fmt.Errorf("no component %q; there are %s", component, strings.Join(names, ", "))
	}
	if !inPod {
		f, err := os.Open(logFile(component))
		if errors.Is(err, os.ErrNotExist) {
			return errNotUp
		}
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		_, err = io.Copy(os.Stdout, f)
		return err
	}
	return podLogs(ctx, deployment)
}

func podLogs(ctx context.Context, d addon) error {
	if st, err := loadState(); err != nil || st == nil {
		return errors.Join(err, errNotUp)
	}
	cfg, err := clientConfig()
	if err != nil {
		return err
	}
	a, err := newAPI(cfg)
	if err != nil {
		return err
	}
	dep, err := a.client.AppsV1().Deployments(d.namespace).Get(ctx, d.deployment, metav1.GetOptions{})
	if err != nil {
		return err
	}
	pods, err := a.client.CoreV1().Pods(d.namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(dep.Spec.Selector)})
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		for _, c := range pod.Spec.Containers {
			if err := a.podLog(ctx, pod.Namespace, pod.Name, c.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *api) podLog(ctx context.Context, namespace, pod, container string) error {
	r, err := a.client.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{Container: container}).Stream(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	_, err = io.Copy(os.Stdout, r)
	return err
}

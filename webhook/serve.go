package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
)

// serve runs the manager, and the webhook's server as soon as it has certificates. It is Ready when it has, when every cache has
// caught up, and until it is asked to stop; then it answers on while the cluster finds out.
func serve(ctx context.Context, m manager.Manager, s settings, h *admission.Handler, i *admission.Injection) error {
	ready, err := s.certificates.start(m, s.namespace)
	if err != nil {
		return err
	}
	running := make(chan struct{})
	if err := m.AddReadyzCheck("webhook", func(req *http.Request) error {
		select {
		case <-ctx.Done():
			return errors.New("the guard stops")
		case <-running:
		default:
			return errors.New("there is no certificate yet, or caches have not caught up")
		}
		return m.GetWebhookServer().StartedChecker()(req)
	}); err != nil {
		return err
	}
	stop, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	go func() {
		<-ctx.Done()
		time.Sleep(s.settle)
		cancel()
	}()
	go func() {
		select {
		case <-ready:
		case <-stop.Done():
			return
		}
		if !m.GetCache().WaitForCacheSync(stop) {
			return
		}
		if !s.several {
			makeRoom()
		}
		m.GetWebhookServer().Register(admission.Path, h)
		m.GetWebhookServer().Register(admission.InjectPath, &webhook.Admission{Handler: i})
		close(running)
	}()
	ctrl.Log.Info("the guard starts", "self", h.Self, "exempt", h.Exempt)
	return m.Start(stop)
}

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// newServer is what the API server sends reviews to.
func newServer(port int, certificates string) webhook.Server {
	return webhook.NewServer(webhook.Options{Port: port, CertDir: certificates, TLSOpts: []func(*tls.Config){
		func(c *tls.Config) { c.MinVersion = tls.VersionTLS12 },
	}})
}

// serve runs the manager, and the webhook's server as soon as it has certificates. It is Ready when it has, when every cache has
// caught up, while the API server is heard, and until it is asked to stop; then it answers on while the cluster finds out.
func serve(ctx context.Context, m manager.Manager, s settings, watches *facts.Watches, h *admission.Handler, i *admission.Injection) error {
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
		if err := watches.Check(); err != nil {
			return err
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
		makeRoom()
		answer(m.GetWebhookServer(), h, i)
		close(running)
	}()
	ctrl.Log.Info("the guard starts", "self", h.Self, "exempt", h.Exempt)
	return m.Start(stop)
}

// answer has the server answer reviews.
func answer(server webhook.Server, h *admission.Handler, i *admission.Injection) {
	server.Register(admission.Path, h)
	server.Register(admission.InjectPath, &webhook.Admission{Handler: i})
}

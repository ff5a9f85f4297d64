// Command webhook is the guard: it holds changes of Knative's traffic to the rules of RolloutPolicies, keeps what they go by, and
// gives queue-proxies to Pods that ask for one. With the first argument gateway it is the event gateway instead.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/system"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
	"github.com/knative-provider/terraform-provider-knative/webhook/controller"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
	"github.com/knative-provider/terraform-provider-knative/webhook/gateway"
)

// settings are what the chart sets.
type settings struct {
	namespace, knative, only string
	selector                 string
	port                     int
	metrics, health          string
	certificates             certificates
	balancers                balancers
	election                 bool
	gracefulShutdown, settle time.Duration
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "gateway" {
		if err := gateway.Main(os.Args[2:]); err != nil {
			ctrl.Log.Error(err, "the gateway stops")
			os.Exit(1)
		}
		return
	}
	var s settings
	flag.StringVar(&s.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "the guard's own namespace")
	flag.StringVar(&s.knative, "knative-namespace", "knative-serving", "the namespace of Knative Serving's controllers, which are never held up, and of the ConfigMaps that queue-proxies are made from")
	flag.StringVar(&s.only, "only-namespace", "", "the one namespace that the guard looks after; all of them where it is empty")
	flag.StringVar(&s.selector, "namespace-selector", "", "the labels of the namespaces that controllers look after, as the API server's configuration has them; all of them where it is empty")
	flag.IntVar(&s.port, "port", 8443, "the port that the API server sends reviews to")
	flag.StringVar(&s.metrics, "metrics-address", ":8080", "where /metrics is served; 0 for nowhere")
	flag.StringVar(&s.health, "health-address", ":8081", "where /healthz and /readyz are served")
	flag.BoolVar(&s.election, "leader-election", true, "let one replica of several run the controllers")
	flag.DurationVar(&s.gracefulShutdown, "graceful-shutdown", 20*time.Second, "how long requests that are being answered may take when the guard stops")
	flag.DurationVar(&s.settle, "drain", 5*time.Second, "how long to answer on after a stop is asked for, until no request comes any more")
	s.certificates.flags()
	s.balancers.flags()
	logs := zap.Options{}
	logs.BindFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logs)))
	frugal()
	if err := run(ctrl.SetupSignalHandler(), ctrl.GetConfigOrDie(), s); err != nil {
		ctrl.Log.Error(err, "the guard stops")
		os.Exit(1)
	}
}

// run wires the guard and runs it until the context ends.
func run(ctx context.Context, cfg *rest.Config, s settings) error {
	if err := os.Setenv(system.NamespaceEnvKey, s.knative); err != nil { // Knative's own code, which makes queue-proxies, reads it there
		return err
	}
	scheme, err := facts.Scheme()
	if err != nil {
		return err
	}
	watches := facts.NewWatches()
	cfg = rest.CopyConfig(cfg)
	cfg.Wrap(watches.Wrap)
	var indexes facts.Indexes
	caches := facts.CacheOptions(s.only, s.knative)
	caches.NewInformer = indexes.Informer
	m, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: scheme, Cache: caches,
		Metrics: metricsserver.Options{BindAddress: s.metrics}, HealthProbeBindAddress: s.health,
		LeaderElection: s.election, LeaderElectionID: "knative-guard", LeaderElectionNamespace: s.namespace, LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout: &s.gracefulShutdown,
		WebhookServer:           newServer(s.port, s.certificates.dir),
	})
	if err != nil {
		return err
	}
	if err := facts.Prepare(ctx, m.GetCache()); err != nil {
		return err
	}
	if err := s.balancers.allowed(ctx, m.GetClient(), s.only); err != nil {
		return err
	}
	selector, err := labels.Parse(s.selector)
	if err != nil {
		return fmt.Errorf("-namespace-selector: %w", err)
	}
	scope := controller.Scope{Cache: m.GetCache(), Selector: selector}
	reader := facts.NewIndexReader(indexes)
	handler, err := newHandler(ctx, m, s, reader)
	if err != nil {
		return err
	}
	events := m.GetEventRecorder("knative-guard")
	knative := facts.NewKnative(m.GetCache(), s.knative, events)
	injection := &admission.Injection{Cache: m.GetCache(), Injector: knative.Injector, Events: events}
	autoscalers := &controller.AutoscalerKeeper{Client: m.GetClient(), Live: m.GetAPIReader(), Injector: knative.Injector, Events: events, Scope: scope}
	keeper, foreign := newScaling(m, s, handler, events, scope, autoscalers.Again)
	autoscalers.Policy = keeper.Autoscaler
	plugins, err := newPlugins(m, events, scope)
	if err != nil {
		return err
	}
	keeper.Sources = append(keeper.Sources, plugins.Runner)
	for _, register := range []func(ctrl.Manager) error{
		(&controller.RecordKeeper{Client: m.GetClient(), Facts: reader, Now: time.Now, Events: events, Scope: scope}).Register,
		(&controller.Protector{Client: m.GetClient(), Scope: scope}).Register,
		(&controller.PolicyKeeper{Client: m.GetClient(), Facts: reader, Scope: scope}).Register,
		autoscalers.Register, keeper.Register, foreign.Register, plugins.Register,
		s.balancers.register(s, keeper.Reservations, selector),
	} {
		if err := register(m); err != nil {
			return err
		}
	}
	if err := m.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	return serve(ctx, m, s, watches, handler, injection)
}

// newHandler makes what answers reviews, and the list of what it refuses.
func newHandler(ctx context.Context, m manager.Manager, s settings, reader *facts.Reader) (*admission.Handler, error) {
	live, err := client.New(m.GetConfig(), client.Options{Scheme: m.GetScheme()})
	if err != nil {
		return nil, err
	}
	self := &authenticationv1.SelfSubjectReview{}
	if err := live.Create(ctx, self); err != nil {
		return nil, fmt.Errorf("asking the API server who the guard is: %w", err)
	}
	decisions := controller.NewDecisions(m.GetClient(), live, m.GetEventRecorder("knative-guard"))
	if err := m.Add(decisions); err != nil {
		return nil, err
	}
	return &admission.Handler{
		Facts: reader, Now: time.Now, Self: self.Status.UserInfo.Username, Exempt: admission.ExemptUsers(s.knative),
		Review: func(ctx context.Context, review *authorizationv1.SubjectAccessReview) error {
			return live.Create(ctx, review)
		},
		Log: decisions.Add,
	}, nil
}

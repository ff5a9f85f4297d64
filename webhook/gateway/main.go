// Package gateway is the event gateway: a front door that gives each event a Pod of its own, and asks for as many Pods as it has
// events. The guard's program runs as it where its first argument is gateway.
package gateway

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/knative-provider/terraform-provider-knative/webhook/controller"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// settings are what the chart sets.
type settings struct {
	namespace, only, replica, lease string
	selector                        string
	listen, peers, advertise        string
	address, metrics, health        string
	activator                       string
	settle, drain                   time.Duration
}

// Main runs the gateway until it is asked to stop.
func Main(args []string) error {
	var s settings
	host, _ := os.Hostname()
	flags := flag.NewFlagSet("gateway", flag.ExitOnError)
	flags.StringVar(&s.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "the gateway's own namespace, where its lease is")
	flags.StringVar(&s.only, "only-namespace", "", "the one namespace whose policies are served; all of them where it is empty")
	flags.StringVar(&s.selector, "namespace-selector", "", "labels of the namespaces whose policies are served; all of them where it is empty")
	flags.StringVar(&s.replica, "replica", host, "this replica's name in the status of policies: its Pod's")
	flags.StringVar(&s.lease, "lease", "knative-guard-gateway", "the lease by which replicas agree who dispatches")
	flags.StringVar(&s.listen, "listen-address", ":8080", "where events come in, as /NAMESPACE/POLICY[/REST]: HTTP/1.1, and HTTP/2 without TLS")
	flags.StringVar(&s.peers, "peer-address", ":8082", "where other replicas hand on events that they have been sent")
	flags.StringVar(&s.advertise, "peer-host", os.Getenv("POD_IP"), "the host by which other replicas reach this one: the Pod's IP")
	flags.StringVar(&s.address, "address", "http://knative-guard-gateway", "where senders reach the gateway: the address of its Service, for status.eventAddress")
	flags.StringVar(&s.activator, "activator-address", "activator-service.knative-serving.svc:80", "Knative's activator, which is told where floors bring no Pod")
	flags.StringVar(&s.metrics, "metrics-address", ":9090", "where /metrics is served; 0 for nowhere")
	flags.StringVar(&s.health, "health-address", ":8081", "where /healthz and /readyz are served")
	flags.DurationVar(&s.settle, "settle", 5*time.Second, "how long to take events on after a stop is asked for, until the cluster sends none any more")
	flags.DurationVar(&s.drain, "drain", 10*time.Minute, "how long events that are in Pods may take after that")
	config.RegisterFlags(flags)
	logs := zap.Options{}
	logs.BindFlags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logs)))
	klog.SetLogger(ctrl.Log) // client-go's, of the lease
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	return run(ctrl.SetupSignalHandler(), cfg, s)
}

// run wires the gateway, and runs it until the context ends and all that it holds has been answered.
func run(ctx context.Context, cfg *rest.Config, s settings) error {
	scheme, err := facts.Scheme()
	if err != nil {
		return err
	}
	selector, err := labels.Parse(s.selector)
	if err != nil {
		return fmt.Errorf("-namespace-selector: %w", err)
	}
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1 // it writes little, and the API server shares itself out
	m, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: scheme, Cache: cacheOptions(s.only), Metrics: metricsserver.Options{BindAddress: s.metrics}, HealthProbeBindAddress: s.health,
	})
	if err != nil {
		return err
	}
	events, err := listen(ctx, s.listen)
	if err != nil {
		return err
	}
	peers, err := listen(ctx, s.peers)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(peers.Addr().String())
	if err != nil {
		return err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx)) // what lasts until all has been answered
	defer end()
	t := newTargets(life, countWriter(m.GetClient(), s.replica), newKnocker(s.activator))
	if err := metrics.Registry.Register(t); err != nil {
		return err
	}
	k := &keeper{
		client: m.GetClient(), scope: controller.Scope{Cache: m.GetCache(), Selector: selector}, targets: t, doubt: newDoubt(), address: s.address,
		again: make(chan event.GenericEvent),
	}
	k.role = newRole(s.replica, net.JoinHostPort(s.advertise, port), k.gaining, t.evict)
	if err := k.register(ctx, m); err != nil {
		return err
	}
	hurry, noMore := context.WithCancel(life)
	defer noMore()
	g := &gateway{settings: s, manager: m, targets: t, role: k.role, server: newServer(hurry, t, k.role), hurry: noMore}
	if err := g.checks(ctx); err != nil {
		return err
	}
	failed := make(chan error, 3)
	go func() { failed <- m.Start(life) }()
	go func() { failed <- k.role.run(ctx, life, cfg, s.namespace, s.lease) }()
	ctrl.Log.WithName("gateway").Info("the gateway starts", "replica", s.replica, "events", events.Addr().String(), "peers", peers.Addr().String())
	return g.serve(ctx, failed, events, peers)
}

type gateway struct {
	settings
	manager manager.Manager
	targets *targets
	role    *role
	server  *server
	hurry   context.CancelFunc // no event waits for a Pod any more
}

// checks say that the gateway is Ready when it knows all policies and who dispatches, and until it is asked to stop.
func (g *gateway) checks(ctx context.Context) error {
	synced := make(chan struct{})
	go func() {
		if g.manager.GetCache().WaitForCacheSync(ctx) {
			close(synced)
		}
	}()
	return errors.Join(g.manager.AddHealthzCheck("ping", healthz.Ping), g.manager.AddReadyzCheck("gateway", func(*http.Request) error {
		now := g.role.current()
		select {
		case <-ctx.Done():
			return errors.New("the gateway stops")
		case <-synced:
		default:
			return errors.New("caches have not caught up")
		}
		if !now.self && now.address == "" {
			return errors.New("no replica dispatches yet")
		}
		return nil
	}))
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	return l, nil
}

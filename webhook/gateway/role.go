package gateway

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Times of the lease by which replicas agree who dispatches. A replica that is killed is missed for at most the first and the last.
const (
	leaseDuration = 6 * time.Second
	renewDeadline = 4 * time.Second
	retryPeriod   = time.Second
)

// roleNow is who dispatches, as far as this replica knows.
type roleNow struct {
	self    bool
	address string        // the other replica's, for peers; empty where there is none
	changed chan struct{} // closed when it is somebody else
}

// role is this replica's part among all: one of them dispatches, and the others send it their events. So that one knows of each Pod
// whether it has an event. It stays the dispatcher until it sees that another is: without the API server nobody else can be.
type role struct {
	replica, address string
	gaining, lost    func()

	observing sync.Mutex // one change after the other

	mu  sync.Mutex
	now roleNow
}

// newRole is that of a replica which does not know yet who dispatches. gaining is called before it is this one, lost after it was.
func newRole(replica, address string, gaining, lost func()) *role {
	return &role{replica: replica, address: address, gaining: gaining, lost: lost, now: roleNow{changed: make(chan struct{})}}
}

func (r *role) current() roleNow {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// identity is how a replica is written into the lease: its name, and where peers reach it.
func (r *role) identity() string { return r.replica + "/" + r.address }

// observe takes in who holds the lease; "" is nobody.
func (r *role) observe(identity string) {
	r.observing.Lock()
	defer r.observing.Unlock()
	name, address, _ := strings.Cut(identity, "/")
	next := roleNow{self: name == r.replica, changed: make(chan struct{})}
	if !next.self {
		next.address = address
	}
	before := r.current()
	if before.self == next.self && before.address == next.address {
		return
	}
	if next.self {
		r.gaining()
	}
	r.mu.Lock()
	before, r.now = r.now, next
	r.mu.Unlock()
	close(before.changed)
	ctrl.Log.WithName("gateway").Info("who dispatches has changed", "now", name, "self", next.self)
	if before.self && !next.self {
		r.lost()
	}
}

// run takes part until the context ends, and gives the lease back then. While this replica stops, until the end of life, it looks who
// has it next, for what waits here goes there.
func (r *role) run(ctx, life context.Context, cfg *rest.Config, namespace, lease string) error {
	kube, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta: metav1.ObjectMeta{Namespace: namespace, Name: lease}, Client: kube.CoordinationV1(),
				LockConfig: resourcelock.ResourceLockConfig{Identity: r.identity()},
			},
			LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod, ReleaseOnCancel: true, Name: lease,
			Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) {}, OnStoppedLeading: func() {}, OnNewLeader: r.observe},
		})
		if err != nil {
			return fmt.Errorf("the lease %s/%s: %w", namespace, lease, err)
		}
		elector.Run(ctx)
	}
	for life.Err() == nil {
		l, err := kube.CoordinationV1().Leases(namespace).Get(life, lease, metav1.GetOptions{})
		if err == nil && l.Spec.HolderIdentity != nil && *l.Spec.HolderIdentity != r.identity() {
			r.observe(*l.Spec.HolderIdentity)
		}
		time.Sleep(retryPeriod / 4)
	}
	return nil
}

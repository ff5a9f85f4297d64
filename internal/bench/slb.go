package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/alb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// balancerBed is an emulator in real time whose API takes a second for each call, and a deployer as the guard has it.
type balancerBed struct {
	sim      *slbsim.Sim
	server   *httptest.Server
	client   *cloud.Client
	deployer *alb.Deployer
	wanted   slb.Wanted
	pods     []*pod
}

// apiLatency is how long the emulator takes to answer.
const apiLatency = time.Second

// measureSLB measures the deployer of ALB: how soon a ready Pod is served, how many calls that takes, and a first sync.
func measureSLB(ctx context.Context) error {
	if err := measureBalancedScaling(ctx, 20); err != nil {
		return fmt.Errorf("scaling: %w", err)
	}
	return measureFirstSync(ctx, 200, 10)
}

// newBalancerBed makes one with quotas as large as one can ask for.
func newBalancerBed(ctx context.Context) (*balancerBed, error) {
	quotas := slbsim.DefaultALB
	quotas.Standard.Rules, quotas.Standard.Servers = 1000, 10_000
	b := &balancerBed{sim: slbsim.New(slbsim.Options{ALB: &quotas})}
	b.server = httptest.NewServer(b.sim)
	endpoints := map[string]string{}
	for _, name := range cloud.Products() {
		endpoints[name] = b.server.URL
	}
	var err error
	b.client, err = cloud.New(cloud.Settings{Region: "cn-hangzhou", AccessKey: "sim", SecretKey: "sim", Endpoints: endpoints})
	if err != nil {
		return nil, err
	}
	b.deployer = alb.New(b.client, alb.Options{})
	b.wanted = slb.Wanted{Owner: slb.Owner{Cluster: "bench", Ingress: "bench"}, PriorityFrom: 1, PriorityTo: 10_000}
	if err := b.balancer(ctx); err != nil {
		return nil, err
	}
	b.sim.Record.Reset()
	b.sim.Faults.Set(wire.Fault{Effect: wire.Effect{Latency: apiLatency}})
	return b, nil
}

// balancer makes the load balancer and its listener, as Terraform would.
func (b *balancerBed) balancer(ctx context.Context) error {
	type object = map[string]string // flat, as on the wire
	var made struct {
		Balancer string `json:"LoadBalancerId"`
		Group    string `json:"ServerGroupId"`
		Listener string `json:"ListenerId"`
	}
	for _, call := range []struct {
		action string
		params func() object
	}{
		{"CreateLoadBalancer", func() object {
			return object{
				"LoadBalancerName": "bench", "LoadBalancerEdition": "Standard", "AddressType": "Internet", "VpcId": slbsim.FirstVPC,
				"LoadBalancerBillingConfig.PayType": "PostPay", "ZoneMappings.1.ZoneId": "cn-hangzhou-a", "ZoneMappings.1.VSwitchId": slbsim.VSwitchA,
				"ZoneMappings.2.ZoneId": "cn-hangzhou-b", "ZoneMappings.2.VSwitchId": slbsim.VSwitchB,
			}
		}},
		{"CreateServerGroup", func() object {
			return object{"ServerGroupName": "default", "ServerGroupType": "Ip", "VpcId": slbsim.FirstVPC, "HealthCheckConfig.HealthCheckEnabled": "false"}
		}},
		{"CreateListener", func() object {
			return object{
				"LoadBalancerId": made.Balancer, "ListenerProtocol": "HTTP", "ListenerPort": "80", "DefaultActions.1.Type": "ForwardGroup",
				"DefaultActions.1.ForwardGroupConfig.ServerGroupTuples.1.ServerGroupId": made.Group,
			}
		}},
	} {
		if err := b.client.Call(ctx, cloud.ALB, call.action, call.params(), &made); err != nil {
			return err
		}
	}
	b.wanted.LoadBalancerID = made.Balancer
	b.wanted.Listeners = []slb.Listener{{ID: made.Listener, Port: 80, Protocol: "HTTP"}}
	time.Sleep(time.Second) // the job of the listener
	return nil
}

func (b *balancerBed) close() {
	for _, p := range b.pods {
		p.stop()
	}
	b.server.Close()
	b.sim.Close()
}

// pod is a server that says when it got its first request.
type pod struct {
	slb.Server
	first atomic.Int64
	stop  func()
}

func (b *balancerBed) newPod() (*pod, error) {
	p := &pod{}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { p.first.CompareAndSwap(0, time.Now().UnixNano()) }))
	p.stop = server.Close
	b.pods = append(b.pods, p)
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	p.IP = host
	if err == nil {
		p.Port, err = strconv.Atoi(port)
	}
	return p, err
}

// settle deploys until nothing waits.
func (b *balancerBed) settle(ctx context.Context) (slb.Result, error) {
	for {
		r, err := b.deployer.Deploy(ctx, b.wanted)
		if err != nil || r.Again == 0 {
			return r, err
		}
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-time.After(r.Again):
		}
	}
}

// measureBalancedScaling adds Pods one by one to a host that is asked all the time, and takes the time from each one's being ready to its first
// request.
func measureBalancedScaling(ctx context.Context, rounds int) error {
	b, err := newBalancerBed(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	first, err := b.newPod()
	if err != nil {
		return err
	}
	b.wanted.Groups = []slb.Group{{Key: "bench/v1:8012", Protocol: slb.HTTP, Servers: []slb.Server{first.Server}}}
	b.wanted.Rules = []slb.Rule{{Key: "bench", Ports: []int{80}, Host: "bench.example.com", Forward: []slb.Target{{Group: "bench/v1:8012", Percent: 100}}}}
	if _, err := b.settle(ctx); err != nil {
		return err
	}
	asking, stop := context.WithCancel(ctx)
	defer stop()
	go ask(asking, "http://"+b.sim.Endpoint(b.wanted.LoadBalancerID, 80))
	b.sim.Record.Reset()
	var took []time.Duration
	for range rounds {
		p, err := b.newPod()
		if err != nil {
			return err
		}
		b.wanted.Groups[0].Servers = append(b.wanted.Groups[0].Servers, p.Server)
		start := time.Now()
		if _, err := b.deployer.Deploy(ctx, b.wanted); err != nil {
			return err
		}
		for p.first.Load() == 0 {
			if time.Since(start) > time.Minute {
				return fmt.Errorf("a Pod was not served within a minute")
			}
			time.Sleep(5 * time.Millisecond)
		}
		took = append(took, time.Unix(0, p.first.Load()).Sub(start))
	}
	slices.Sort(took)
	fmt.Printf("Pod ready → first request through the ALB, with %v a call: p50 %s, p95 %s\n", apiLatency, seconds(took[len(took)/2]), seconds(took[len(took)*95/100]))
	fmt.Printf("calls of %d Pods that came one by one: %s\n", rounds, counts(b.sim))
	b.sim.Record.Reset()
	for i := range 100 {
		b.wanted.Groups[0].Servers = append(b.wanted.Groups[0].Servers, slb.Server{IP: fmt.Sprintf("127.0.1.%d", i+1), Port: 9})
	}
	_, err = b.deployer.Deploy(ctx, b.wanted)
	fmt.Printf("calls of 100 Pods that came at once: %s\n", counts(b.sim))
	return err
}

// ask asks a host without end.
func ask(ctx context.Context, url string) {
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return
		}
		r.Host = "bench.example.com"
		if resp, err := http.DefaultClient.Do(r); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body) // it is empty
			resp.Body.Close()
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func counts(sim *slbsim.Sim) string {
	all := sim.Record.Count()
	var parts []string
	for _, action := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, fmt.Sprintf("%s %d", action, all[action]))
	}
	return strings.Join(parts, ", ")
}

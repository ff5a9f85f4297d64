package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// measureFirstSync brings all of a cluster to an empty load balancer.
func measureFirstSync(ctx context.Context, revisions, pods int) error {
	b, err := newBalancerBed(ctx)
	if err != nil {
		return err
	}
	var servers []slb.Server
	for range pods {
		p, err := b.newPod()
		if err != nil {
			return err
		}
		servers = append(servers, p.Server)
	}
	for i := range revisions {
		key := fmt.Sprintf("bench/v%d:8012", i)
		host := fmt.Sprintf("h%d.example.com", i)
		b.wanted.Groups = append(b.wanted.Groups, slb.Group{Key: key, Protocol: slb.HTTP, Servers: servers})
		b.wanted.Rules = append(b.wanted.Rules, slb.Rule{Key: host, Ports: []int{80}, Host: host, Forward: []slb.Target{{Group: key, Percent: 100}}})
	}
	start := time.Now()
	r, err := b.settle(ctx)
	if err != nil {
		return err
	}
	took := time.Since(start)
	calls := counts(b.sim)
	b.close()
	wanted, client, deployer := b.wanted, b.client, b.deployer
	b.sim, b.server, b.pods = nil, nil, nil
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	fmt.Printf("first sync of %d revisions × %d Pods, with %v a call: %d of %d hosts ready after %s\n", revisions, pods, apiLatency, r.Ready(), len(wanted.Rules), seconds(took))
	fmt.Printf("its calls: %s\n", calls)
	fmt.Printf("heap of the deployer and what it knows after it: %.1f MiB\n", float64(memory.HeapAlloc)/(1<<20))
	runtime.KeepAlive(client)
	runtime.KeepAlive(deployer)
	return nil
}

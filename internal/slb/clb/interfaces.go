package clb

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// interfaces finds the network interfaces of addresses, and remembers them for a while.
type interfaces struct {
	api   api
	clock clock.Clock
	keep  time.Duration

	mu    sync.Mutex
	known map[string]found // by VPC and address
}

type found struct {
	eni string // empty: none has the address
	at  time.Time
}

// mostAddresses is how many addresses one call may ask for.
const mostAddresses = 100

// briefly is how long it is remembered that an address has no interface: it may be about to get one.
const briefly = 5 * time.Second

func newInterfaces(a api, c clock.Clock, keep time.Duration) *interfaces {
	return &interfaces{api: a, clock: c, keep: keep, known: map[string]found{}}
}

// find gives the interface of each address that has one. It asks for a hundred unknown ones by one call.
func (n *interfaces) find(ctx context.Context, vpc string, ips []string) (map[string]string, error) {
	enis := map[string]string{}
	var unknown []string
	n.mu.Lock()
	for _, ip := range ips {
		known, ok := n.known[vpc+" "+ip]
		age := n.clock.Since(known.at)
		switch {
		case !ok || age > n.keep || known.eni == "" && age > briefly:
			unknown = append(unknown, ip)
		case known.eni != "":
			enis[ip] = known.eni
		}
	}
	n.mu.Unlock()
	slices.Sort(unknown)
	for part := range slices.Chunk(slices.Compact(unknown), mostAddresses) {
		got, err := n.ask(ctx, vpc, part)
		if err != nil {
			return nil, err
		}
		n.mu.Lock()
		for _, ip := range part {
			n.known[vpc+" "+ip] = found{got[ip], n.clock.Now()}
			if got[ip] != "" {
				enis[ip] = got[ip]
			}
		}
		n.mu.Unlock()
	}
	return enis, nil
}

// forget drops what is remembered, for it was wrong.
func (n *interfaces) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.known)
}

type eniSet struct {
	ID  string `json:"NetworkInterfaceId"`
	IP  string `json:"PrivateIpAddress"`
	IPs struct {
		All []struct {
			IP string `json:"PrivateIpAddress"`
		} `json:"PrivateIpSet"`
	} `json:"PrivateIpSets"`
}

func (n *interfaces) ask(ctx context.Context, vpc string, ips []string) (map[string]string, error) {
	sets, err := cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]eniSet, string, error) {
		var got struct {
			cloud.More
			Sets struct {
				All []eniSet `json:"NetworkInterfaceSet"`
			} `json:"NetworkInterfaceSets"`
		}
		err := n.api.Call(ctx, cloud.ECS, "DescribeNetworkInterfaces", struct {
			cloud.Page
			VPC string   `json:"VpcId"`
			IPs []string `json:"PrivateIpAddress"`
		}{p, vpc, ips}, &got)
		return got.Sets.All, got.Next, err
	}, mostAddresses)
	enis := map[string]string{}
	for _, set := range sets {
		if slices.Contains(ips, set.IP) {
			enis[set.IP] = set.ID
		}
		for _, one := range set.IPs.All {
			if slices.Contains(ips, one.IP) {
				enis[one.IP] = set.ID
			}
		}
	}
	return enis, err
}

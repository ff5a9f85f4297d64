package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"
)

// createBridge makes the bridge that the Pods are plugged into, with the node's address.
func createBridge() error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = bridge
	// Without an address of its own, a bridge takes its first port's, and changes it with the ports.
	attrs.HardwareAddr = net.HardwareAddr{0x02, 0x6b, 0x64, 0x65, 0x76, 0x00}
	br := &netlink.Bridge{LinkAttrs: attrs}
	if err := netlink.LinkAdd(br); err != nil {
		return fmt.Errorf("create bridge %s: %w", bridge, err)
	}
	_, subnet, err := net.ParseCIDR(podCIDR)
	if err != nil {
		return err
	}
	addr := &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(nodeIP), Mask: subnet.Mask}}
	if err := netlink.AddrAdd(br, addr); err != nil {
		return fmt.Errorf("address of bridge %s: %w", bridge, err)
	}
	if err := netlink.LinkSetUp(br); err != nil {
		return fmt.Errorf("bridge %s up: %w", bridge, err)
	}
	// Services have addresses for the machine's own programs too, whether it has a default route or not.
	_, vips, err := net.ParseCIDR(serviceCIDR)
	if err != nil {
		return err
	}
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: br.Attrs().Index, Dst: vips, Scope: netlink.SCOPE_LINK}); err != nil {
		return fmt.Errorf("route to %s: %w", serviceCIDR, err)
	}
	return nil
}

// ourLinks are the bridge and what is plugged into it, the bridge last.
func ourLinks() ([]netlink.Link, error) {
	br, err := netlink.LinkByName(bridge)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("bridge %s: %w", bridge, err)
	}
	all, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("network links: %w", err)
	}
	var ours []netlink.Link
	for _, l := range all {
		if l.Attrs().MasterIndex == br.Attrs().Index {
			ours = append(ours, l)
		}
	}
	return append(ours, br), nil
}

func removeLinks() error {
	links, err := ourLinks()
	if err != nil {
		return err
	}
	for _, l := range links {
		// A veth goes by itself when its Pod's namespace does.
		if err := netlink.LinkDel(l); err != nil && l.Attrs().Name == bridge {
			return fmt.Errorf("remove link %s: %w", l.Attrs().Name, err)
		}
	}
	return nil
}

// checkAddresses refuses when the machine already uses the cluster's addresses.
func checkAddresses() error {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	for _, cidr := range []string{podCIDR, serviceCIDR} {
		_, ours, err := net.ParseCIDR(cidr)
		if err != nil {
			return err
		}
		for _, r := range routes {
			if r.Dst == nil || !within(r.Dst, ours) {
				continue
			}
			via := fmt.Sprintf("link %d", r.LinkIndex)
			if l, err := netlink.LinkByIndex(r.LinkIndex); err == nil {
				via = l.Attrs().Name
			}
			return fmt.Errorf("the machine has a route to %s by %s, and the cluster uses %s: stop what made it (another cluster?), and try again", r.Dst, via, cidr)
		}
	}
	return nil
}

// within says whether all of a is in b. A wider route (a VPN's 10.0.0.0/8) does no harm: ours go first.
func within(a, b *net.IPNet) bool {
	sizeA, _ := a.Mask.Size()
	sizeB, _ := b.Mask.Size()
	return b.Contains(a.IP) && sizeA >= sizeB
}

// nftRules let the Pods out under the machine's address: one rule for all, where the CNI plugin's own leave
// two chains behind for every Pod that is killed and not deleted. And they keep the cluster to this machine.
const nftRules = `table ` + nftTable + ` {
  chain outbound {
    type nat hook postrouting priority srcnat;
    ip saddr ` + podCIDR + ` ip daddr != ` + podCIDR + ` oifname != "` + bridge + `" masquerade
  }
  chain inbound {
    type filter hook input priority filter;
    iifname != { "lo", "` + bridge + `" } tcp dport 6443 drop
    iifname != { "lo", "` + bridge + `" } ip daddr ` + podCIDR + ` drop
  }
}
`

func createNftTable(ctx context.Context) error {
	_, err := nft(ctx, nftRules, "-f", "-")
	return err
}

func nft(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "nft", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("nft %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(errOut.String()))
	}
	return out.String(), nil
}

// ourNftTables are those that exist of ours and kube-proxy's, as "family name".
func ourNftTables(ctx context.Context) ([]string, error) {
	if !onPath("nft") {
		return nil, nil // nothing of ours has run here
	}
	out, err := nft(ctx, "", "list", "tables")
	if err != nil {
		return nil, err
	}
	return selectTables(out), nil
}

// selectTables picks our tables from the output of `nft list tables`.
func selectTables(list string) []string {
	var found []string
	for line := range strings.Lines(list) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "table ")
		if !ok {
			continue
		}
		switch name {
		case nftTable, "ip kube-proxy", "ip6 kube-proxy":
			found = append(found, name)
		}
	}
	return found
}

func removeNftTables(ctx context.Context) error {
	tables, err := ourNftTables(ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if _, err := nft(ctx, "", append([]string{"delete", "table"}, strings.Fields(t)...)...); err != nil {
			return err
		}
	}
	return nil
}

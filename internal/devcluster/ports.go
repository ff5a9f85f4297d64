package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// port is one that the cluster listens on.
type port struct {
	addr string // "" is every address
	num  int
	what string
}

func (c config) ports() []port {
	return []port{
		{"", 6443, "the API server"},
		{"127.0.0.1", 2379, "etcd"},
		{"127.0.0.1", 2380, "etcd's peers"},
		{"127.0.0.1", 10248, "kubelet's health"},
		{"127.0.0.1", 10249, "kube-proxy's metrics"},
		{"127.0.0.1", 10257, "the controller manager"},
		{"127.0.0.1", 10259, "the scheduler"},
		{nodeIP, 10250, "kubelet"},
		{nodeIP, 10256, "kube-proxy's health"},
		{nodeIP, 5000, "the registry"},
		{nodeIP, privatePort, "the ingress's cluster-local entry point"},
		{nodeIP, pingPort, "the ingress's health"},
		{"127.0.0.1", c.HTTPPort, "the ingress (DEVCLUSTER_HTTP_PORT chooses another)"},
	}
}

// listener is a listening TCP socket of this machine.
type listener struct {
	ip    net.IP
	port  int
	inode string
}

// checkPorts refuses when a process that is not ours has one of our ports.
func checkPorts(ports []port) error {
	var all []listener
	for _, f := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // a kernel without IPv6
		}
		all = append(all, parseListeners(string(b))...)
	}
	var errs []error
	for _, p := range ports {
		i := slices.IndexFunc(all, p.taken)
		if i >= 0 {
			errs = append(errs, fmt.Errorf("port %d, for %s, is taken by %s", p.num, p.what, owner(all[i].inode)))
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("%w\nstop what has it, and try again", errors.Join(errs...))
	}
	return nil
}

// taken says whether a listener keeps us from listening: the same port at the same address, or either at every address.
func (p port) taken(l listener) bool {
	if p.num != l.port {
		return false
	}
	return p.addr == "" || l.ip.IsUnspecified() || l.ip.Equal(net.ParseIP(p.addr))
}

// parseListeners reads the format of /proc/net/tcp and tcp6.
func parseListeners(table string) []listener {
	const listen = "0A"
	var found []listener
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 10 || f[3] != listen {
			continue
		}
		addr, port, ok := strings.Cut(f[1], ":")
		if !ok {
			continue
		}
		raw, err := hex.DecodeString(addr)
		num, err2 := strconv.ParseUint(port, 16, 16)
		if err != nil || err2 != nil || len(raw)%4 != 0 {
			continue
		}
		// The address is in words of four bytes, each in the machine's order, which is little endian wherever this runs.
		for i := 0; i < len(raw); i += 4 {
			slices.Reverse(raw[i : i+4])
		}
		found = append(found, listener{net.IP(raw), int(num), f[9]})
	}
	return found
}

// owner names the process that holds a socket.
func owner(inode string) string {
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		if dst, err := os.Readlink(fd); err != nil || dst != "socket:["+inode+"]" {
			continue
		}
		pid := strings.Split(fd, "/")[2]
		comm, _ := os.ReadFile("/proc/" + pid + "/comm")
		return fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(comm)), pid)
	}
	return "a process that cannot be seen from here (of another container?)"
}

package main

import (
	"net"
	"reflect"
	"strings"
	"testing"
)

// What is read from the kernel and from files that others write.

func TestMountsUnder(t *testing.T) {
	const info = `25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 25 0:26 / /run rw - tmpfs tmpfs rw
31 25 254:0 /var/lib/ours/kubelet /var/lib/ours/kubelet rw shared:2 - ext4 /dev/vda rw
32 31 0:40 / /var/lib/ours/kubelet/pods/1/a\040b rw - tmpfs tmpfs rw
33 25 0:41 / /var/lib/ours-not/x rw - tmpfs tmpfs rw
34 30 0:42 / /run/ours rw - tmpfs tmpfs rw
garbage
`
	want := []string{"/run/ours", "/var/lib/ours/kubelet/pods/1/a b", "/var/lib/ours/kubelet"}
	if got := mountsUnder(info, "/var/lib/ours", "/run/ours"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHierarchies(t *testing.T) {
	for _, tt := range []struct {
		name, mounts string
		count        int
		tracking     string
	}{
		{"v2", "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n", 1, "/sys/fs/cgroup"},
		{"v1 and a v2 tree beside", `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/freezer cgroup rw,freezer 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
`, 3, "/sys/fs/cgroup/freezer"},
		{"v1 without a freezer", `cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0
cgroup /somewhere/else cgroup rw,cpu 0 0
`, 2, "/sys/fs/cgroup/pids"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := parseHierarchies(tt.mounts)
			if len(got) != tt.count {
				t.Fatalf("got %v", got)
			}
			if h := tracking(got); h.path != tt.tracking {
				t.Errorf("tracking in %s", h.path)
			}
		})
	}
}

func TestListeners(t *testing.T) {
	const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0
   1: 0100007F:9C40 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 112 1 0 100 0 0 10 0
`
	const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:192B 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0
`
	all := append(parseListeners(tcp), parseListeners(tcp6)...)
	if len(all) != 2 {
		t.Fatalf("got %v", all)
	}
	if l := all[0]; !l.ip.Equal(net.IPv4(127, 0, 0, 1)) || l.port != 80 || l.inode != "111" {
		t.Errorf("got %+v", l)
	}
	for _, tt := range []struct {
		port  port
		taken bool
	}{
		{port{addr: "127.0.0.1", num: 80}, true},
		{port{addr: "10.244.0.1", num: 80}, false},
		{port{num: 80}, true},
		{port{addr: "127.0.0.1", num: 6443}, true}, // somebody listens at every address
		{port{addr: "127.0.0.1", num: 40000}, false},
	} {
		got := tt.port.taken(all[0]) || tt.port.taken(all[1])
		if got != tt.taken {
			t.Errorf("%+v taken: %v", tt.port, got)
		}
	}
}

func TestCheckPortsNamesTheOwner(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("address %v", l.Addr())
	}
	err = checkPorts([]port{{"127.0.0.1", addr.Port, "the test"}})
	if err == nil || !strings.Contains(err.Error(), "devcluster.test (process ") {
		t.Errorf("error %v", err)
	}
}

func TestSelectTables(t *testing.T) {
	const list = "table inet filter\ntable inet knative-devcluster\ntable ip kube-proxy\ntable ip6 kube-proxy\ntable ip kube-proxy-of-mine\n"
	want := []string{"inet knative-devcluster", "ip kube-proxy", "ip6 kube-proxy"}
	if got := selectTables(list); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"10.244.0.0/24", "10.244.0.0/24", true},
		{"10.96.3.0/24", "10.96.0.0/16", true},
		{"10.0.0.0/8", "10.96.0.0/16", false},
		{"0.0.0.0/0", "10.96.0.0/16", false},
		{"10.244.1.0/24", "10.244.0.0/24", false},
	} {
		_, a, err := net.ParseCIDR(tt.a)
		if err != nil {
			t.Fatal(err)
		}
		_, b, err := net.ParseCIDR(tt.b)
		if err != nil {
			t.Fatal(err)
		}
		if within(a, b) != tt.want {
			t.Errorf("%s within %s: want %v", tt.a, tt.b, tt.want)
		}
	}
}

func TestNameservers(t *testing.T) {
	got := parseNameservers("# a comment\nnameserver 127.0.0.53\nnameserver 192.0.2.1\nsearch example.com\nnameserver fd00::1\nnameserver\n")
	if want := []string{"192.0.2.1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if got := resolvConf(nil); !strings.Contains(got, "nameserver") {
		t.Errorf("without nameservers: %q", got)
	}
}

func TestOurCNIResults(t *testing.T) {
	const dir = "/var/lib/cni/results/"
	got := ourCNIResults([]string{dir + "cni-loopback-a1-lo", dir + "cni-loopback-b2-lo", dir + "devcluster-a1-eth0", dir + "podman-b2-eth0"})
	if want := []string{dir + "cni-loopback-a1-lo", dir + "devcluster-a1-eth0"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

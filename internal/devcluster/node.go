package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	kubeletConfigFile   = stateDir + "/kubelet.yaml"
	kubeProxyConfigFile = stateDir + "/kube-proxy.yaml"
	resolvConfFile      = stateDir + "/resolv.conf"
)

func kubeletConfig() string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
cgroupRoot: /%[2]s
cgroupDriver: cgroupfs
failCgroupV1: false
containerRuntimeEndpoint: unix://%[3]s
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %[4]s/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: %[4]s/kubelet-server.crt
tlsPrivateKeyFile: %[4]s/kubelet-server.key
clusterDNS: [%[5]s]
clusterDomain: cluster.local
resolvConf: %[6]s
podLogsDir: %[7]s/pods
volumePluginDir: %[8]s/volume-plugins
failSwapOn: false
oomScoreAdj: 0 # some machines have no CAP_SYS_RESOURCE
makeIPTablesUtilChains: false
imagePullCredentialsVerificationPolicy: NeverVerify # or what was imported is not seen as pulled
serializeImagePulls: false
registryPullQPS: 0
eventRecordQPS: 0
maxPods: 240
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: "1%%", imagefs.available: "1%%"}
nodeStatusUpdateFrequency: 5s
shutdownGracePeriod: 0s
`, nodeIP, cgroupName, containerdSock, pkiDir, dnsIP, resolvConfFile, logDir, stateDir)
}

func kubeletDaemon(kube string) daemon {
	return daemon{kubeletName, []string{kube, "kubelet", "--config=" + kubeletConfigFile, "--kubeconfig=" + pkiDir + "/kubelet.kubeconfig",
		"--hostname-override=" + nodeName, "--node-ip=" + nodeIP, "--root-dir=" + kubeletDir, "--cert-dir=" + pkiDir}}
}

// kubeProxyConfig leaves the machine's connection tracking as it is.
func kubeProxyConfig() string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: %[1]s/kube-proxy.kubeconfig}
clusterCIDR: %[2]s
hostnameOverride: %[3]s
healthzBindAddress: %[4]s:10256
metricsBindAddress: 127.0.0.1:10249
nodePortAddresses: [%[4]s/32]
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
nftables: {minSyncPeriod: 100ms}
oomScoreAdj: 0
`, pkiDir, podCIDR, nodeName, nodeIP)
}

func kubeProxyDaemon(kube string) daemon {
	return daemon{kubeProxyName, []string{kube, "kube-proxy", "--config=" + kubeProxyConfigFile}}
}

// waitNode waits until the node is Ready.
func waitNode(ctx context.Context, client kubernetes.Interface) error {
	err := poll(ctx, 2*time.Minute, func(ctx context.Context) error { return nodeReady(ctx, client) })
	if err != nil {
		return componentError{kubeletName, err}
	}
	return nil
}

func nodeReady(ctx context.Context, client kubernetes.Interface) error {
	n, err := client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, c := range n.Status.Conditions {
		if c.Type != corev1.NodeReady {
			continue
		}
		if c.Status == corev1.ConditionTrue {
			return nil
		}
		return fmt.Errorf("the node is not Ready: %s", c.Message)
	}
	return errors.New("the node does not say whether it is Ready")
}

// nameservers are the machine's, for names outside the cluster. One on loopback cannot be
// reached from a Pod; systemd-resolved, which puts itself there, keeps a file of the real ones.
func nameservers() []string {
	for _, f := range []string{"/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"} {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		if found := parseNameservers(string(b)); len(found) > 0 {
			return found
		}
	}
	return nil
}

func parseNameservers(conf string) []string {
	var found []string
	for line := range strings.Lines(conf) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "nameserver" {
			continue
		}
		if ip := net.ParseIP(f[1]); ip != nil && ip.To4() != nil && !ip.IsLoopback() {
			found = append(found, f[1])
		}
	}
	return found
}

// resolvConf is what Pods get as the machine's. CoreDNS refuses to start without a
// nameserver: one that does not answer is no worse than none.
func resolvConf(servers []string) string {
	if len(servers) == 0 {
		servers = []string{"127.0.0.1"}
	}
	var b strings.Builder
	for _, s := range servers {
		b.WriteString("nameserver " + s + "\n")
	}
	return b.String()
}

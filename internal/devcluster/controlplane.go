package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/rest"
)

const etcdConfigFile = stateDir + "/etcd.yaml"

// etcdConfig does without fsync: a cluster that was cut off is started anew, not repaired.
func etcdConfig() string {
	const security = "{cert-file: %[1]s/etcd.crt, key-file: %[1]s/etcd.key, trusted-ca-file: %[1]s/etcd-ca.crt, client-cert-auth: true}"
	return fmt.Sprintf(`name: devcluster
data-dir: %[2]s/etcd
listen-client-urls: https://127.0.0.1:2379
advertise-client-urls: https://127.0.0.1:2379
listen-peer-urls: https://127.0.0.1:2380
initial-advertise-peer-urls: https://127.0.0.1:2380
initial-cluster: devcluster=https://127.0.0.1:2380
client-transport-security: `+security+`
peer-transport-security: `+security+`
unsafe-no-fsync: true
`, pkiDir, stateDir)
}

// controlPlaneDaemon is etcd, API server, controller manager and scheduler in one process.
func controlPlaneDaemon(kube string) daemon {
	argv := []string{kube, "all", etcdConfigFile, pkiDir + "/ca.crt"}

	argv = append(argv, "--", "kube-apiserver",
		"--advertise-address="+nodeIP, "--secure-port=6443",
		"--etcd-servers=https://127.0.0.1:2379", "--etcd-cafile="+pkiDir+"/etcd-ca.crt", "--etcd-certfile="+pkiDir+"/etcd.crt", "--etcd-keyfile="+pkiDir+"/etcd.key",
		"--tls-cert-file="+pkiDir+"/apiserver.crt", "--tls-private-key-file="+pkiDir+"/apiserver.key", "--client-ca-file="+pkiDir+"/ca.crt",
		"--kubelet-client-certificate="+pkiDir+"/apiserver-kubelet.crt", "--kubelet-client-key="+pkiDir+"/apiserver-kubelet.key",
		"--kubelet-certificate-authority="+pkiDir+"/ca.crt", "--kubelet-preferred-address-types=InternalIP",
		"--service-account-key-file="+pkiDir+"/sa.pub", "--service-account-signing-key-file="+pkiDir+"/sa.key",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-cluster-ip-range="+serviceCIDR, "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
		"--requestheader-client-ca-file="+pkiDir+"/front-proxy-ca.crt", "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+pkiDir+"/front-proxy-client.crt", "--proxy-client-key-file="+pkiDir+"/front-proxy-client.key",
		"--feature-gates=MutatingAdmissionPolicy=true", "--runtime-config=admissionregistration.k8s.io/v1beta1=true", // for manifests/quick-readiness.yaml
		"--profiling=false")

	kubeconfig := pkiDir + "/controller-manager.kubeconfig"
	argv = append(argv, "--", "kube-controller-manager",
		"--kubeconfig="+kubeconfig, "--authentication-kubeconfig="+kubeconfig, "--authorization-kubeconfig="+kubeconfig,
		"--service-account-private-key-file="+pkiDir+"/sa.key", "--root-ca-file="+pkiDir+"/ca.crt",
		"--cluster-signing-cert-file="+pkiDir+"/ca.crt", "--cluster-signing-key-file="+pkiDir+"/ca.key",
		"--use-service-account-credentials=true", "--leader-elect=false", "--bind-address=127.0.0.1", "--profiling=false",
		"--cluster-cidr="+podCIDR, "--service-cluster-ip-range="+serviceCIDR,
		// Quick, for tests of scaling.
		"--horizontal-pod-autoscaler-sync-period=5s", "--horizontal-pod-autoscaler-downscale-stabilization=20s",
		"--horizontal-pod-autoscaler-initial-readiness-delay=10s", "--horizontal-pod-autoscaler-cpu-initialization-period=20s")

	kubeconfig = pkiDir + "/scheduler.kubeconfig"
	return daemon{controlPlaneName, append(argv, "--", "kube-scheduler",
		"--kubeconfig="+kubeconfig, "--authentication-kubeconfig="+kubeconfig, "--authorization-kubeconfig="+kubeconfig,
		"--leader-elect=false", "--bind-address=127.0.0.1", "--profiling=false")}
}

// waitAPI waits for the API server's /readyz.
func waitAPI(ctx context.Context) (*rest.Config, error) {
	cfg, err := clientConfig()
	if err != nil {
		return nil, err
	}
	rt, err := rest.TransportFor(cfg)
	if err != nil {
		return nil, err
	}
	if err := poll(ctx, time.Minute, func(ctx context.Context) error { return httpOK(ctx, rt, cfg.Host+"/readyz") }); err != nil {
		return nil, componentError{controlPlaneName, fmt.Errorf("API server: %w", err)}
	}
	return cfg, nil
}

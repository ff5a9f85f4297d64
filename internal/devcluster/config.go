package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// There is one cluster a machine, whichever checkout started it, so its places are fixed.
const (
	stateDir       = "/var/lib/knative-devcluster" // state, logs, keys, kubeconfig
	runDir         = "/run/knative-devcluster"     // containerd's sockets and mounts
	lockFile       = "/run/knative-devcluster.lock"
	kubeconfigFile = stateDir + "/kubeconfig"
	logDir         = stateDir + "/logs"
	pkiDir         = stateDir + "/pki"
	kubeletDir     = stateDir + "/kubelet"
	containerdSock = runDir + "/containerd.sock"

	nodeName = "devcluster"
	bridge   = "kdev0"

	// The node's address is the bridge's: the cluster does not depend on a network card that comes and goes.
	nodeIP      = "10.244.0.1"
	podCIDR     = "10.244.0.0/24"
	serviceCIDR = "10.96.0.0/16"
	apiIP       = "10.96.0.1" // the Service "kubernetes" in serviceCIDR
	dnsIP       = "10.96.0.10"

	cgroupName   = "knative-devcluster" // holds everything the cluster runs
	systemCgroup = cgroupName + "/system"
	nftTable     = "inet knative-devcluster" // family and name

	registryAddr = nodeIP + ":5000"
	privatePort  = 8001 // Traefik's cluster-local entry point, on nodeIP
	pingPort     = 9000 // Traefik's health, on nodeIP

	kubeVersion    = "v1.35.4"
	knativeVersion = "0.50.0"
	traefikVersion = "3.6.12"

	ingressDomain = "localhost" // curl and browsers resolve *.localhost to 127.0.0.1
)

// config is what can be chosen.
type config struct {
	HTTPPort int    // of the ingress on 127.0.0.1
	Source   string // this module's directory, to build from
	Cache    string // for build outputs
}

func loadConfig() (config, error) {
	c := config{HTTPPort: 80}
	if v := os.Getenv("DEVCLUSTER_HTTP_PORT"); v != "" {
		p, err := strconv.Atoi(v)
		if err != nil || p < 1 || p > 65535 {
			return c, fmt.Errorf("DEVCLUSTER_HTTP_PORT=%q is not a port: give a number from 1 to 65535", v)
		}
		c.HTTPPort = p
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return c, fmt.Errorf("no cache directory for build outputs: %w (set HOME or XDG_CACHE_HOME)", err)
	}
	c.Cache = filepath.Join(base, "terraform-provider-knative", "devcluster")
	c.Source, err = sourceDir()
	return c, err
}

// sourceDir is this module's directory: the working directory under `go -C internal/devcluster run .`.
func sourceDir() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(wd, "cmd", "kube", "main.go")); err != nil {
		return "", fmt.Errorf("%s is not the devcluster module: run `go -C internal/devcluster run . up` from the repository's root", wd)
	}
	return wd, nil
}

// ingressHost is where the ingress listens, as curl and Go want it.
func (c config) ingressHost() string { return "127.0.0.1:" + strconv.Itoa(c.HTTPPort) }

// url is how Knative's URL of a Service is called from the machine.
func (c config) url(host string) string {
	if c.HTTPPort == 80 {
		return "http://" + host + "." + ingressDomain
	}
	return "http://" + host + "." + ingressDomain + ":" + strconv.Itoa(c.HTTPPort)
}

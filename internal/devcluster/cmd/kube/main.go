// Command kube is etcd and every Kubernetes component in one binary, and with "all" the control plane in one process.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

const usage = `usage: kube kubelet|kube-proxy|kube-apiserver|kube-controller-manager [flags]
       kube all ETCD-CONFIG CA-FILE -- kube-apiserver FLAGS -- kube-controller-manager FLAGS -- kube-scheduler FLAGS
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if os.Args[1] == "all" {
		if err := all(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "kube:", err)
			os.Exit(1)
		}
		return
	}
	os.Args = os.Args[1:]
	cmd := command(context.Background(), os.Args[0])
	if cmd == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	os.Exit(cli.Run(cmd))
}

func command(ctx context.Context, name string) *cobra.Command {
	switch name {
	case "kube-apiserver":
		return apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		return kcm.NewControllerManagerCommand()
	case "kubelet":
		return kubelet.NewKubeletCommand(ctx)
	case "kube-proxy":
		return proxy.NewProxyCommand()
	}
	return nil
}

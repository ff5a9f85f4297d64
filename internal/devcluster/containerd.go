package main

import (
	"context"
	"fmt"
	"net"
	"time"
)

const (
	containerdConfig = stateDir + "/containerd.toml"
	cniNetwork       = "devcluster"
)

// containerdFiles are what containerd and the CNI plugins read.
func containerdFiles(cniDir string) map[string]string {
	return map[string]string{
		containerdConfig: fmt.Sprintf(`version = 2
root = "%[1]s/containerd"
state = "%[2]s/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "%[3]s"
[plugins."io.containerd.internal.v1.opt"]
  path = "%[1]s/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%[4]s"
  restrict_oom_score_adj = true # some machines have no CAP_SYS_RESOURCE
  netns_mounts_under_state_dir = true # so that they are known to be ours
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "%[5]s"
    conf_dir = "%[1]s/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "%[1]s/certs.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "%[2]s/runc"
`, stateDir, runDir, containerdSock, imageRef("pause"), cniDir),

		stateDir + "/certs.d/" + registryAddr + "/hosts.toml": fmt.Sprintf(`server = "http://%[1]s"
[host."http://%[1]s"]
  capabilities = ["pull", "resolve"]
`, registryAddr),

		stateDir + "/cni/10-devcluster.conflist": fmt.Sprintf(`{"cniVersion": "1.0.0", "name": "%s", "plugins": [
  {"type": "bridge", "bridge": "%s", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "%s/ipam", "ranges": [[{"subnet": "%s"}]], "routes": [{"dst": "0.0.0.0/0"}]}}
]}
`, cniNetwork, bridge, stateDir, podCIDR),
	}
}

func containerdDaemon() daemon {
	return daemon{containerdName, []string{"containerd", "--config", containerdConfig}}
}

// waitContainerd waits until its socket takes connections.
func waitContainerd(ctx context.Context) error {
	var d net.Dialer
	err := poll(ctx, 30*time.Second, func(ctx context.Context) error {
		conn, err := d.DialContext(ctx, "unix", containerdSock)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	if err != nil {
		return componentError{containerdName, err}
	}
	return nil
}

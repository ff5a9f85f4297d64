package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Some programs write to places that no setting moves elsewhere.
const (
	podLogLinks   = "/var/log/containers"             // kubelet: links to the Pods' logs
	cniResults    = "/var/lib/cni/results"            // CNI: what it set up for each Pod
	shimSockets   = "/run/containerd/s"               // containerd: a socket for each Pod
	devicePlugins = "/var/lib/kubelet/device-plugins" // kubelet: a socket that plugins register at
)

// shimAddresses are files in which our containerd notes its sockets.
const shimAddresses = runDir + "/containerd/*/k8s.io/*/address"

// traces are the files at such places that are certainly ours.
func traces() ([]string, error) {
	var found []string
	links, err := readDir(podLogLinks)
	for _, l := range links {
		if dst, err := os.Readlink(l); err == nil && strings.HasPrefix(dst, stateDir+"/") {
			found = append(found, l)
		}
	}
	results, err2 := readDir(cniResults)
	found = append(found, ourCNIResults(results)...)

	addresses, err3 := filepath.Glob(shimAddresses)
	seen := map[string]bool{}
	for _, a := range addresses {
		b, err := os.ReadFile(a)
		socket, ok := strings.CutPrefix(strings.TrimSpace(string(b)), "unix://")
		if err != nil || !ok || filepath.Dir(socket) != shimSockets || seen[socket] {
			continue
		}
		seen[socket] = true
		if _, err := os.Lstat(socket); err == nil {
			found = append(found, socket)
		}
	}
	return found, errors.Join(err, err2, err3)
}

// ourCNIResults selects the results of our network, and those of the loopback in the same Pods, which come first:
// if a removal is cut off between the two, the next one still finds both.
func ourCNIResults(paths []string) []string {
	var loopbacks, ours []string
	for _, p := range paths {
		pod, ok := strings.CutPrefix(filepath.Base(p), cniNetwork+"-")
		if !ok {
			continue
		}
		ours = append(ours, p)
		loopback := filepath.Join(filepath.Dir(p), "cni-loopback-"+strings.TrimSuffix(pod, "-eth0")+"-lo")
		for _, q := range paths {
			if q == loopback {
				loopbacks = append(loopbacks, q)
			}
		}
	}
	return append(loopbacks, ours...)
}

// readDir lists a directory's entries by their whole paths; no directory has none.
func readDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var paths []string
	for _, e := range entries {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	return paths, err
}

func removeTraces() error {
	paths, err := traces()
	errs := []error{err}
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	// A kubelet clears this one when it starts, so nobody misses what is in it.
	for _, f := range []string{"kubelet.sock", "kubelet_internal_checkpoint", "DEPRECATION"} {
		_ = os.Remove(filepath.Join(devicePlugins, f))
	}
	// These go only when nothing is left in them.
	for _, dir := range []string{devicePlugins, filepath.Dir(devicePlugins), cniResults, filepath.Dir(cniResults), shimSockets, filepath.Dir(shimSockets), podLogLinks} {
		_ = os.Remove(dir)
	}
	return errors.Join(errs...)
}

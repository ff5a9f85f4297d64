package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// daemon is a program of the cluster that runs on the machine itself.
type daemon struct {
	name string
	argv []string
}

// The daemons' names, in the order in which `status` shows them.
const (
	containerdName   = "containerd"
	controlPlaneName = "control-plane"
	kubeletName      = "kubelet"
	kubeProxyName    = "kube-proxy"
	registryName     = "registry"
)

var daemonNames = []string{containerdName, controlPlaneName, kubeletName, kubeProxyName, registryName}

func logFile(component string) string { return filepath.Join(logDir, component+".log") }

// componentError says which component's log tells more.
type componentError struct {
	component string
	err       error
}

func (e componentError) Error() string { return e.component + ": " + e.err.Error() }
func (e componentError) Unwrap() error { return e.err }

// supervisor starts daemons, records them, and notices when one ends while the cluster starts.
type supervisor struct {
	mu    sync.Mutex
	state *state
	join  string // the cgroup.procs file that a daemon joins
	fail  context.CancelCauseFunc
}

// startDaemon starts a daemon in a session of its own, in our cgroup, with its output in its log.
func (s *supervisor) startDaemon(d daemon) error {
	log, err := os.OpenFile(logFile(d.name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// Not bound to a context: it outlives this program.
	cmd := exec.CommandContext(context.Background(), self, append([]string{enterCommand, s.join}, d.argv...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = "/"
	// Nothing else of the environment: a proxy setting would send the components' own calls there.
	cmd.Env = []string{"PATH=" + daemonPath, "HOME=/root"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return componentError{d.name, err}
	}
	p, err := identify(cmd.Process.Pid)
	if err != nil {
		return componentError{d.name, err}
	}
	go func() {
		err := cmd.Wait()
		if err == nil {
			err = errors.New("exit status 0")
		}
		s.fail(componentError{d.name, fmt.Errorf("ended: %w", err)})
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Daemons[d.name] = p
	return s.state.save()
}

const (
	enterCommand = "__enter"
	daemonPath   = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// enter is the first thing a daemon's process does: it joins the cgroup, then becomes the daemon. So
// there is no moment in which the daemon, or a child of it, runs outside.
func enter(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: " + enterCommand + " CGROUP-PROCS-FILE PROGRAM ARGS")
	}
	if err := os.WriteFile(args[0], []byte("0"), 0o644); err != nil {
		return fmt.Errorf("join cgroup: %w", err)
	}
	program, err := exec.LookPath(args[1])
	if err != nil {
		return err
	}
	return unix.Exec(program, args[1:], os.Environ())
}

func isDaemon(name string) bool { return slices.Contains(daemonNames, name) }

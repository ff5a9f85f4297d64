package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// down removes the cluster, or what is left of one.
func down(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("a cluster needs root: run this as root, or with sudo")
	}
	unlock, err := lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	p := newProgress(os.Stdout)
	left, err := leftovers(ctx)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		p.step("there is no cluster on this machine")
		return nil
	}
	return clean(ctx, p)
}

// clean removes everything that a start may have left, however far it came. It goes on after an error where that is safe.
func clean(ctx context.Context, p *progress) error {
	if err := endProcesses(); err != nil {
		return err // what still runs would use, or make again, what is removed next
	}
	p.step("processes ended")
	if err := unmountOurs(); err != nil {
		return err // to remove directories with something mounted inside would remove that
	}
	p.step("mounts removed")
	errs := []error{removeNftTables(ctx), removeLinks(), restoreSysctls(), removeTraces(), removeCgroups()}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, dir := range []string{runDir, stateDir} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	p.step("network, cgroups and directories removed")
	return nil
}

const (
	gracePeriod = 3 * time.Second  // for processes to end by themselves
	killPeriod  = 20 * time.Second // for the kernel to be done with them
)

// endProcesses ends the daemons and all processes in our cgroups, and nothing else.
func endProcesses() error {
	if err := signalOurs(unix.SIGTERM); err != nil {
		return err
	}
	if gone, err := waitNoProcess(gracePeriod, nil); err != nil || gone {
		return err
	}
	// Again and again, for a process can have started another meanwhile.
	gone, err := waitNoProcess(killPeriod, func() error { return signalOurs(unix.SIGKILL) })
	if err != nil || gone {
		return err
	}
	left, err := ourProcesses()
	if err != nil {
		return err
	}
	return fmt.Errorf("%d processes do not end (waiting in the kernel?): %s", len(left), describe(left))
}

// ourProcesses are the recorded daemons and the members of our cgroups.
func ourProcesses() ([]process, error) {
	found, err := cgroupMembers()
	if err != nil {
		return nil, err
	}
	st, _ := loadState() // when it cannot be read, the cgroups still know the daemons
	if st == nil {
		return found, nil
	}
	for _, p := range st.Daemons {
		if p.alive() && !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	return found, nil
}

func signalOurs(sig unix.Signal) error {
	procs, err := ourProcesses()
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range procs {
		errs = append(errs, p.signal(sig))
	}
	return errors.Join(errs...)
}

func waitNoProcess(limit time.Duration, each func() error) (bool, error) {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		procs, err := ourProcesses()
		if err != nil || len(procs) == 0 {
			return err == nil, err
		}
		if each == nil {
			continue
		}
		if err := each(); err != nil {
			return false, err
		}
	}
	return false, nil
}

func describe(procs []process) string {
	var list []string
	for _, p := range procs {
		comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.PID))
		list = append(list, fmt.Sprintf("%s (%d)", strings.TrimSpace(string(comm)), p.PID))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// leftovers lists, in words, what of a cluster is on this machine. Of nft tables only the one with our name counts:
// kube-proxy's may be another cluster's.
func leftovers(ctx context.Context) ([]string, error) {
	var found []string
	var errs []error
	note := func(what string, n int, err error) {
		errs = append(errs, err)
		if n > 0 {
			found = append(found, fmt.Sprintf("%d %s", n, what))
		}
	}
	procs, err := ourProcesses()
	note("processes", len(procs), err)
	mounts, err := ourMounts()
	note("mounts", len(mounts), err)
	links, err := ourLinks()
	note("network links", len(links), err)
	dirs, err := cgroupDirs()
	note("cgroups", len(dirs), err)
	paths, err := traces()
	note("files of kubelet, CNI and containerd", len(paths), err)
	tables, err := ourNftTables(ctx)
	errs = append(errs, err)
	if slices.Contains(tables, nftTable) {
		found = append(found, "nft table "+nftTable)
	}
	for _, dir := range []string{stateDir, runDir} {
		if _, err := os.Stat(dir); err == nil {
			found = append(found, dir)
		}
	}
	return found, errors.Join(errs...)
}

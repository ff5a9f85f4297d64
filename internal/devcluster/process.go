package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process names one process for good: a pid alone may belong to another process by the time it is used.
type process struct {
	PID   int    `json:"pid"`
	Start int64  `json:"start"` // in clock ticks after boot, field 22 of /proc/PID/stat
	Boot  string `json:"boot"`  // /proc/sys/kernel/random/boot_id
}

// identify names the process that now has a pid.
func identify(pid int) (process, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	_, start, err := parseStat(string(stat))
	if err != nil {
		return process{}, err
	}
	boot, err := bootID()
	if err != nil {
		return process{}, err
	}
	return process{PID: pid, Start: start, Boot: boot}, nil
}

func bootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b)), err
}

// parseStat takes the state and the start time out of /proc/PID/stat. The command, in
// parentheses, may itself hold spaces and parentheses: what counts comes after the last one.
func parseStat(stat string) (state string, start int64, err error) {
	i := strings.LastIndexByte(stat, ')')
	if i < 0 {
		return "", 0, fmt.Errorf("not a process's stat: %q", stat)
	}
	f := strings.Fields(stat[i+1:])
	if len(f) < 20 {
		return "", 0, fmt.Errorf("not a process's stat: %q", stat)
	}
	start, err = strconv.ParseInt(f[19], 10, 64)
	return f[0], start, err
}

// alive says whether this very process still runs; a zombie does not.
func (p process) alive() bool {
	boot, err := bootID()
	if err != nil || boot != p.Boot {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return false
	}
	state, start, err := parseStat(string(stat))
	return err == nil && start == p.Start && state != "Z" && state != "X"
}

// age is how long the process has run.
func (p process) age() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	const ticksPerSecond = 100 // USER_HZ, the same on every Linux that Go runs on
	return time.Duration(now.Nano()) - time.Duration(p.Start)*(time.Second/ticksPerSecond)
}

// signal sends to this process and to no other: the file descriptor is bound to the process
// before its start time is compared, so the pid cannot change hands in between.
func (p process) signal(sig unix.Signal) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open process %d: %w", p.PID, err)
	}
	defer func() { _ = unix.Close(fd) }()
	if !p.alive() {
		return nil
	}
	if err := unix.PidfdSendSignal(fd, sig, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("signal %d to process %d: %w", sig, p.PID, err)
	}
	return nil
}

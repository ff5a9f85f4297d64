package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
)

const sysctlFile = stateDir + "/sysctls.json"

// neededSysctls have to hold for Pods to reach each other and the world.
var neededSysctls = map[string]string{
	"net.ipv4.ip_forward":                "1",
	"net.bridge.bridge-nf-call-iptables": "1", // or answers between Pods of one bridge bypass the Service's address translation
}

// kubeletSysctls are set by kubelet itself when it starts.
var kubeletSysctls = map[string]string{
	"vm.overcommit_memory": "1",
	"vm.panic_on_oom":      "0",
	"kernel.panic":         "10",
	"kernel.panic_on_oops": "1",
}

func sysctlPath(name string) string {
	return "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
}

func readSysctl(name string) (string, error) {
	b, err := os.ReadFile(sysctlPath(name))
	return strings.TrimSpace(string(b)), err
}

func writeSysctl(name, value string) error {
	if err := os.WriteFile(sysctlPath(name), []byte(value), 0o644); err != nil {
		return fmt.Errorf("sysctl %s=%s: %w", name, value, err)
	}
	return nil
}

// sysctlChange is one setting of the machine that the cluster changes.
type sysctlChange struct{ Name, Old, New string }

// planSysctls finds what has to change on this machine.
func planSysctls(ctx context.Context) ([]sysctlChange, error) {
	if _, err := os.Stat("/proc/sys/net/bridge"); err != nil {
		// A module on most machines, built in on some; if it stays away, reading the setting says so.
		_ = exec.CommandContext(ctx, "modprobe", "br_netfilter").Run()
	}
	var changes []sysctlChange
	for _, set := range []map[string]string{neededSysctls, kubeletSysctls} {
		for name, value := range set {
			old, err := readSysctl(name)
			if errors.Is(err, fs.ErrNotExist) && name == "net.bridge.bridge-nf-call-iptables" {
				return nil, errors.New("the kernel has no br_netfilter: `modprobe br_netfilter` has to work (apt-get install kmod, or another kernel)")
			}
			if err != nil {
				return nil, fmt.Errorf("sysctl %s: %w", name, err)
			}
			if old != value {
				changes = append(changes, sysctlChange{name, old, value})
			}
		}
	}
	slices.SortFunc(changes, func(a, b sysctlChange) int { return strings.Compare(a.Name, b.Name) })
	return changes, nil
}

// applySysctls records the old values, then sets those that kubelet does not.
func applySysctls(changes []sysctlChange) error {
	b, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	if err := writeFileAtomic(sysctlFile, b, 0o600); err != nil {
		return err
	}
	for _, c := range changes {
		if _, ok := neededSysctls[c.Name]; !ok {
			continue
		}
		if err := writeSysctl(c.Name, c.New); err != nil {
			return err
		}
	}
	return nil
}

// restoreSysctls sets back what was recorded, unless somebody else has changed it since.
func restoreSysctls() error {
	b, err := os.ReadFile(sysctlFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var changes []sysctlChange
	if err := json.Unmarshal(b, &changes); err != nil {
		return fmt.Errorf("%s: %w", sysctlFile, err)
	}
	for _, c := range changes {
		if now, err := readSysctl(c.Name); err != nil || now != c.New {
			continue
		}
		if err := writeSysctl(c.Name, c.Old); err != nil {
			return err
		}
	}
	return nil
}

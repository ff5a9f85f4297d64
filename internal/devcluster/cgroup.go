package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// hierarchy is a mounted cgroup tree: the only one on v2, one of several on v1. Beside v1
// trees there may be a v2 one without controllers, which container runtimes use as well.
type hierarchy struct {
	path    string
	options []string // of the mount; on v1 they name the controllers
	v2      bool
}

func hierarchies() ([]hierarchy, error) {
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return nil, err
	}
	found := parseHierarchies(string(mounts))
	if len(found) == 0 {
		return nil, errors.New("no cgroups are mounted under /sys/fs/cgroup: containers cannot run here")
	}
	return found, nil
}

// parseHierarchies reads /proc/mounts.
func parseHierarchies(mounts string) []hierarchy {
	var found []hierarchy
	for line := range strings.Lines(mounts) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[1], "/sys/fs/cgroup") {
			continue
		}
		if f[2] == "cgroup" || f[2] == "cgroup2" {
			found = append(found, hierarchy{path: f[1], options: strings.Split(f[3], ","), v2: f[2] == "cgroup2"})
		}
	}
	return found
}

// tracking is the tree whose membership tells our processes from others. On v1 that is the freezer:
// it limits nothing, and session managers, which put their processes into groups of their own, leave it alone.
func tracking(all []hierarchy) hierarchy {
	for _, want := range []string{"freezer", "pids", "name=systemd"} {
		for _, h := range all {
			if slices.Contains(h.options, want) {
				return h
			}
		}
	}
	return all[0]
}

// createCgroups makes our group in every hierarchy, as kubelet's cgroupRoot has to be there, and
// returns the file to which a daemon writes its pid to join.
func createCgroups() (join string, err error) {
	all, err := hierarchies()
	if err != nil {
		return "", err
	}
	for _, h := range all {
		dir := filepath.Join(h.path, cgroupName)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", fmt.Errorf("cgroup: %w", err)
		}
		if h.v2 {
			enableControllers(h.path)
			share(filepath.Join(dir, "cpu.weight"), "1000")
			continue
		}
		share(filepath.Join(dir, "cpu.shares"), "10240")
		if slices.Contains(h.options, "cpuset") {
			if err := inheritCpuset(h.path, dir); err != nil {
				return "", err
			}
		}
	}
	dir := filepath.Join(tracking(all).path, systemCgroup)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("cgroup: %w", err)
	}
	return filepath.Join(dir, "cgroup.procs"), nil
}

// share gives our Pods ten times a process's part of a busy CPU: with the usual one, all of them together get no more than one of the
// compilers that a test starts, and nothing in them is in time. A tree without the controller has no such file.
func share(file, weight string) {
	if _, err := os.Stat(file); err == nil {
		_ = os.WriteFile(file, []byte(weight), 0o644)
	}
}

// enableControllers gives the groups at a v2 tree's top the controllers that kubelet wants to find in
// its root. What is not there cannot be enabled; if that matters, kubelet says so.
func enableControllers(top string) {
	for _, c := range []string{"cpu", "cpuset", "memory", "hugetlb", "pids", "io"} {
		_ = os.WriteFile(filepath.Join(top, "cgroup.subtree_control"), []byte("+"+c), 0o644)
	}
}

// inheritCpuset copies the parent's: a v1 cpuset starts empty, and then takes no processes.
func inheritCpuset(parent, dir string) error {
	for _, f := range []string{"cpuset.cpus", "cpuset.mems"} {
		v, err := os.ReadFile(filepath.Join(parent, f))
		if errors.Is(err, fs.ErrNotExist) {
			continue // mounted with noprefix
		}
		if err != nil {
			return fmt.Errorf("cgroup: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, f), v, 0o644); err != nil {
			return fmt.Errorf("cgroup: %w", err)
		}
	}
	return nil
}

// cgroupDirs are all our groups, children before parents.
func cgroupDirs() ([]string, error) {
	all, err := hierarchies()
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, h := range all {
		err := filepath.WalkDir(filepath.Join(h.path, cgroupName), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // groups of ending containers go away while we look
			}
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("cgroup: %w", err)
		}
	}
	slices.Reverse(dirs)
	return dirs, nil
}

// cgroupMembers are the processes in our groups.
func cgroupMembers() ([]process, error) {
	dirs, err := cgroupDirs()
	if err != nil {
		return nil, err
	}
	pids := map[int]bool{}
	for _, d := range dirs {
		b, err := os.ReadFile(filepath.Join(d, "cgroup.procs"))
		if err != nil {
			continue // gone, or a threaded group, whose processes its parent names
		}
		for f := range strings.FieldsSeq(string(b)) {
			// A process of another pid namespace shows as 0.
			if pid, err := strconv.Atoi(f); err == nil && pid > 0 {
				pids[pid] = true
			}
		}
	}
	var members []process
	for pid := range pids {
		if p, err := identify(pid); err == nil && p.alive() {
			members = append(members, p)
		}
	}
	return members, nil
}

// removeCgroups removes our groups, which have to be empty of processes.
func removeCgroups() error {
	dirs, err := cgroupDirs()
	if err != nil {
		return err
	}
	for _, d := range dirs {
		if err := removeCgroup(d); err != nil {
			return fmt.Errorf("cgroup: %w", err)
		}
	}
	return nil
}

// removeCgroup tries again while the kernel calls the group busy: a process that has ended counts until its parent, which may
// be a slow init, has taken note of it.
func removeCgroup(dir string) error {
	for end := time.Now().Add(killPeriod); ; time.Sleep(50 * time.Millisecond) {
		err := os.Remove(dir)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(end) {
			return err
		}
	}
}

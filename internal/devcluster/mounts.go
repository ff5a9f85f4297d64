package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ourMounts are the mount points under our directories, deepest first.
func ourMounts() ([]string, error) {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return mountsUnder(string(info), stateDir, runDir), nil
}

// mountsUnder selects from a mountinfo the mount points at or below the directories, in the order to
// unmount them: a mount is listed after what it is mounted on, so the reverse.
func mountsUnder(info string, dirs ...string) []string {
	var found []string
	for line := range strings.Lines(info) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		point := unescapeMount.Replace(f[4])
		for _, d := range dirs {
			if point == d || strings.HasPrefix(point, d+"/") {
				found = append(found, point)
				break
			}
		}
	}
	slices.Reverse(found)
	return found
}

// unescapeMount undoes what the kernel does to blanks in mountinfo.
var unescapeMount = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// unmountOurs unmounts all of ours, lazily, so that a busy one does not stand in the way. Whoever removes our
// directories afterwards must know that nothing is mounted there any more, or would delete what is mounted.
func unmountOurs() error {
	for range 10 {
		points, err := ourMounts()
		if err != nil || len(points) == 0 {
			return err
		}
		for _, p := range points {
			if err := unix.Unmount(p, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
				return fmt.Errorf("unmount %s: %w", p, err)
			}
		}
	}
	points, err := ourMounts()
	if err == nil && len(points) > 0 {
		err = fmt.Errorf("%d mounts are still there, the first at %s", len(points), points[0])
	}
	return err
}

// shareMount makes a directory a mount of its own that shares what is mounted inside it, as kubelet
// needs for volumes that propagate mounts. The machine's own mounts stay as they are.
func shareMount(dir string) error {
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s: %w", dir, err)
	}
	if err := unix.Mount("", dir, "", unix.MS_SHARED|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("share %s: %w", dir, err)
	}
	return nil
}

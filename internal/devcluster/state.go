package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const stateFile = stateDir + "/state.json"

// state is what is known of a cluster that was started, whole or in part.
type state struct {
	Key      string             `json:"key"`   // of what was started: see plan.key
	Ready    bool               `json:"ready"` // `up` came to its end
	HTTPPort int                `json:"httpPort"`
	Started  time.Time          `json:"started"`
	Daemons  map[string]process `json:"daemons"`
}

// loadState returns nil when there is none.
func loadState() (*state, error) {
	b, err := os.ReadFile(stateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &state{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%s: %w", stateFile, err)
	}
	return s, nil
}

func (s *state) save() error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFileAtomic(stateFile, b, 0o600)
}

// running says whether the start came to its end and every daemon still runs.
func (s *state) running() bool {
	if s == nil || !s.Ready || len(s.Daemons) == 0 {
		return false
	}
	for _, p := range s.Daemons {
		if !p.alive() {
			return false
		}
	}
	return true
}

// writeFileAtomic writes the whole file or none of it.
func writeFileAtomic(path string, data []byte, mode os.FileMode) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	if _, err := tmp.Write(data); err != nil {
		_ = tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Chmod(tmp.Name(), mode); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// lock keeps a second `up` or `down` waiting until this one ends; the kernel drops it with the process.
func lock(ctx context.Context) (unlock func(), err error) {
	f, err := os.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = takeLock(ctx, f)
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", lockFile, err)
	}
	return func() { _ = f.Close() }, nil
}

func takeLock(ctx context.Context, f *os.File) error {
	for told := false; ; told = true {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return err
		}
		if !told {
			holder, _ := os.ReadFile(lockFile)
			fmt.Fprintf(os.Stderr, "waiting for another up or down (process %s) to end\n", strings.TrimSpace(string(holder)))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// artifact is something made once and kept in the cache: a directory of files. Its key says what it is made from.
type artifact struct {
	name string
	key  string
	slow string // how long making takes with nothing cached, if that is long
	make func(ctx context.Context, dir string) error
}

func (a artifact) dir(c config) string { return filepath.Join(c.Cache, a.name+"-"+a.key) }

func (a artifact) cached(c config) bool {
	_, err := os.Stat(a.dir(c))
	return err == nil
}

// ensure makes the artifact unless it is there. It appears whole or not at all.
func (a artifact) ensure(ctx context.Context, c config) error {
	if a.cached(c) {
		return nil
	}
	if err := os.MkdirAll(c.Cache, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(c.Cache, tmpPrefix)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // gone already when all went well
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err := a.removeOld(c, filepath.Base(tmp)); err != nil {
		return err
	}
	if err := a.make(ctx, tmp); err != nil {
		return fmt.Errorf("making %s: %w", a.name, err)
	}
	return os.Rename(tmp, a.dir(c))
}

// tmpPrefix is of directories in which something is being made.
const tmpPrefix = ".making-"

// removeOld removes what was made under the same name from something else, and what a killed process did not finish.
// The caller holds the machine's lock, so nobody else is just making or using it.
func (a artifact) removeOld(c config, except string) error {
	entries, err := os.ReadDir(c.Cache)
	if err != nil {
		return err
	}
	for _, e := range entries {
		unfinished := strings.HasPrefix(e.Name(), tmpPrefix) && e.Name() != except
		if unfinished || a.outdated(e.Name()) {
			if err := os.RemoveAll(filepath.Join(c.Cache, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

var keyPattern = regexp.MustCompile(`^[0-9a-f]{16}$`)

func (a artifact) outdated(entry string) bool {
	key, ok := strings.CutPrefix(entry, a.name+"-")
	return ok && key != a.key && keyPattern.MatchString(key)
}

// hasher makes keys. Every part is written with its length, so that no two lists of parts look alike.
type hasher struct{ parts []string }

func (h *hasher) add(parts ...string) *hasher {
	h.parts = append(h.parts, parts...)
	return h
}

// addTree adds the names and contents of the files below root (or of root itself).
func (h *hasher) addTree(fsys fs.FS, root string) error {
	return fs.WalkDir(fsys, root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := fs.ReadFile(fsys, path)
		if err != nil {
			return err
		}
		h.add(path, string(b))
		return nil
	})
}

func (h *hasher) key() string {
	sum := sha256.New()
	for _, p := range h.parts {
		_, _ = fmt.Fprintf(sum, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// treeKey is the key of some files below dir and of some values.
func treeKey(dir string, paths []string, values ...string) (string, error) {
	h := (&hasher{}).add(values...)
	var errs []error
	for _, p := range paths {
		errs = append(errs, h.addTree(os.DirFS(dir), p))
	}
	return h.key(), errors.Join(errs...)
}

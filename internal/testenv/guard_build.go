package testenv

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// build links it, once for all tests of this source. A binary that is older than a day was another's.
func (g *Guard) build(ctx context.Context) error {
	var err error
	if g.top, err = repository(ctx); err != nil {
		return err
	}
	id, err := output(ctx, g.top, nil, "go", "list", "-export", "-f", "{{.BuildID}}", "./webhook")
	if err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	dir := filepath.Join(cache, "terraform-provider-knative", "guard")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	g.bin = filepath.Join(dir, fmt.Sprintf("%x", sha256.Sum256([]byte(id)))[:16])
	if _, err := os.Stat(g.bin); err == nil {
		return nil
	}
	old, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, file := range old {
		if info, err := os.Stat(file); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.Remove(file)
		}
	}
	tmp := filepath.Join(g.work, "guard")
	if _, err := output(ctx, g.top, nil, "go", "build", "-ldflags", "-s -w", "-o", tmp, "./webhook"); err != nil {
		return err
	}
	return move(tmp, g.bin)
}

// move is a rename from one file system to another, of a file that is there as a whole or not at all.
func move(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(to), ".part-")
	if err != nil {
		return err
	}
	_, err = part.Write(raw)
	return errors.Join(err, part.Chmod(0o700), part.Close(), os.Rename(part.Name(), to), os.Remove(from))
}

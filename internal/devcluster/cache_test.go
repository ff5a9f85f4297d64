package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestTreeKey(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	key := func(values ...string) string {
		t.Helper()
		k, err := treeKey(dir, []string{"go.mod", "cmd"}, values...)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	write("go.mod", "module a")
	write("cmd/main.go", "package main")
	first := key("go1.26")

	if got := key("go1.26"); got != first {
		t.Errorf("the same made another key: %s, %s", got, first)
	}
	if !keyPattern.MatchString(first) {
		t.Errorf("key %q", first)
	}
	if key("go1.27") == first {
		t.Error("another Go made the same key")
	}
	if key("go1.2", "6") == first {
		t.Error("values run into each other")
	}
	write("cmd/main_test.go", "package main")
	if key("go1.26") != first {
		t.Error("a test made another key")
	}
	write("cmd/main.go", "package  main")
	if key("go1.26") == first {
		t.Error("another source made the same key")
	}
}

func TestEnsure(t *testing.T) {
	c := config{Cache: t.TempDir()}
	made := 0
	a := artifact{name: "app", key: "0123456789abcdef", make: func(_ context.Context, dir string) error {
		made++
		return os.WriteFile(filepath.Join(dir, "app"), nil, 0o644)
	}}
	for _, old := range []string{"app-aaaaaaaaaaaaaaaa", "app-images-aaaaaaaaaaaaaaaa", "app-short", ".making-1"} {
		if err := os.Mkdir(filepath.Join(c.Cache, old), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := a.ensure(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if made != 1 {
		t.Errorf("made %d times", made)
	}
	for name, want := range map[string]bool{"app-0123456789abcdef/app": true, "app-aaaaaaaaaaaaaaaa": false, "app-images-aaaaaaaaaaaaaaaa": true, "app-short": true, ".making-1": false} {
		if _, err := os.Stat(filepath.Join(c.Cache, name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
}

func TestEnsureLeavesNothingHalf(t *testing.T) {
	c := config{Cache: t.TempDir()}
	broken := errors.New("broken")
	a := artifact{name: "app", key: "0123456789abcdef", make: func(_ context.Context, dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "app"), nil, 0o644), broken)
	}}
	if err := a.ensure(t.Context(), c); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if entries, err := os.ReadDir(c.Cache); err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}

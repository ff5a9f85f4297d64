package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// cycle goes up and down n times, sees after each `down` that nothing is left, and prints the times.
func cycle(ctx context.Context, c config, args []string) error {
	flags := flag.NewFlagSet("cycle", flag.ContinueOnError)
	n := flags.Int("n", 20, "how many times")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := down(ctx); err != nil {
		return err
	}
	var table strings.Builder
	fmt.Fprintf(&table, "\n%5s  %8s  %8s\n", "cycle", "up", "down")
	defer func() { _, _ = fmt.Fprint(os.Stdout, table.String()) }()
	for i := 1; i <= *n; i++ {
		fmt.Printf("\n== cycle %d of %d\n", i, *n)
		t := time.Now()
		if err := up(ctx, c); err != nil {
			return fmt.Errorf("cycle %d: up: %w", i, err)
		}
		tookUp := time.Since(t)
		if err := status(ctx); err != nil {
			return fmt.Errorf("cycle %d: status: %w", i, err)
		}
		t = time.Now()
		if err := down(ctx); err != nil {
			return fmt.Errorf("cycle %d: down: %w", i, err)
		}
		fmt.Fprintf(&table, "%5d  %8s  %8s\n", i, seconds(tookUp), seconds(time.Since(t)))
		if err := checkNothingLeft(ctx); err != nil {
			return fmt.Errorf("cycle %d: %w", i, err)
		}
	}
	return nil
}

// checkNothingLeft is what `down` promises. It looks for processes in a way of its own, by their command lines.
func checkNothingLeft(ctx context.Context) error {
	left, err := leftovers(ctx)
	// With the cluster gone, no kube-proxy should have tables on a machine where this is run.
	tables, err2 := ourNftTables(ctx)
	for _, t := range tables {
		left = append(left, "nft table "+t)
	}
	files, err3 := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err == nil && (strings.Contains(string(b), stateDir) || strings.Contains(string(b), runDir)) {
			left = append(left, "process "+strings.ReplaceAll(string(b), "\x00", " "))
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("left after down: %s", strings.Join(left, ", "))
	}
	return errors.Join(err, err2, err3)
}

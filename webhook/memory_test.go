package main

import "testing"

func TestPercentFor(t *testing.T) {
	for kept, want := range map[uint64]int{0: 400, 10 << 20: 400, 48 << 20: 200, 96 << 20: 100, 128 << 20: 75, 1 << 30: 50} {
		if got := percentFor(kept); got != want {
			t.Errorf("%d MiB: %d, want %d", kept>>20, got, want)
		}
	}
}

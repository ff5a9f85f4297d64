package main

import "testing"

func TestPercentFor(t *testing.T) {
	for kept, want := range map[uint64]int{0: 400, 10 << 20: 400, 32 << 20: 150, 64 << 20: 75, 100 << 20: 48, 1 << 30: 25} {
		if got := percentFor(kept); got != want {
			t.Errorf("%d MiB: %d, want %d", kept>>20, got, want)
		}
	}
}

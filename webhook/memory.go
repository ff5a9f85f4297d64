package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
)

const (
	// startPercent is Go's GOGC while the caches are filled: reading 50,000 Revisions leaves garbage of several times their size.
	startPercent = 50
	// startLimit is how much the process may have meanwhile before it collects more eagerly than that.
	startLimit = 232 << 20
	// room is how much garbage may gather between two collections after that, whatever the caches hold: with Go's own default it would
	// be as much as they hold, too little for a small cluster and too much for a large one.
	room = 48 << 20
	// leastPercent bounds what that costs in CPU.
	leastPercent = 25
)

// frugal is for the time when caches are filled. An operator's GOGC and GOMEMLIMIT go before.
func frugal() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(startPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(startLimit)
	}
}

// makeRoom is for the time after.
func makeRoom() {
	debug.FreeOSMemory() // what was read, and is not kept
	if os.Getenv("GOGC") == "" {
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		debug.SetGCPercent(percentFor(now.HeapAlloc))
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(math.MaxInt64) // a cluster may grow
	}
}

// percentFor is the GOGC that leaves that room beside what is kept, within reason.
func percentFor(kept uint64) int {
	return int(min(400, max(leastPercent, room*100/max(1, kept))))
}

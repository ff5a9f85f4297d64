package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

const (
	// startPercent is Go's GOGC while the caches are filled: reading 50,000 Revisions leaves garbage of several times their size.
	startPercent = 50
	// room is how much garbage may gather between two collections after that, whatever the caches hold: with Go's own default it would
	// be as much as they hold, too little for a small cluster and too much for a large one.
	room = 96 << 20
)

// frugal is for the time when caches are filled. An operator's GOGC goes before.
func frugal() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(startPercent)
	}
}

// makeRoom is for the time after.
func makeRoom() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.FreeOSMemory() // what was read, and is not kept
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	debug.SetGCPercent(percentFor(now.HeapAlloc))
}

// percentFor is the GOGC that leaves that room beside what is kept, within reason.
func percentFor(kept uint64) int {
	return int(min(400, max(startPercent, room*100/max(1, kept))))
}

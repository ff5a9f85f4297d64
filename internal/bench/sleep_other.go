//go:build !linux

package main

import "time"

// sleepUntil is for editors and linters: the bed runs on Linux only.
func sleepUntil(at time.Time) { time.Sleep(time.Until(at)) }

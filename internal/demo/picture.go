package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// frame is a split as it was observed after a step.
type frame struct {
	title   string
	percent map[string]float64
}

const barWidth = 25

// draw shows frames as bars, one line a frame and one column a release.
func draw(frames []frame) string {
	releases := map[string]bool{}
	width := 0
	for _, f := range frames {
		width = max(width, len([]rune(f.title)))
		for r := range f.percent {
			releases[r] = true
		}
	}
	var b strings.Builder
	for _, f := range frames {
		fmt.Fprintf(&b, "  %-*s", width, f.title)
		for _, r := range slices.Sorted(maps.Keys(releases)) {
			full := int(f.percent[r]*barWidth/100 + 0.5)
			fmt.Fprintf(&b, "  %s %s%s %5.1f %%", r, strings.Repeat("█", full), strings.Repeat("░", barWidth-full), f.percent[r])
		}
		b.WriteString("\n")
	}
	return b.String()
}

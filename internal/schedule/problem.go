package schedule

import "fmt"

// Problem is a reason for which windows are refused: what was seen, what is allowed, and the way out.
type Problem struct {
	// Path is the attribute by its API name, below the list of windows: [1].oneOffs[0].end.
	Path string
	// Observed, Allowed and WayOut are sentences for a person.
	Observed, Allowed, WayOut string
}

func (p Problem) String() string {
	return fmt.Sprintf("%s: %s %s %s", p.Path, p.Observed, p.Allowed, p.WayOut)
}

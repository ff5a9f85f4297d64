package schedule

import (
	"fmt"
	"time"

	// Both programs judge time zones: the provider on laptops that have no database of them (Windows), the guard in an image
	// that has none. Here no program can forget it, for 450 KB. A database that the machine has is taken first: it is newer.
	_ "time/tzdata"
)

// The most excluded dates, and the most one-offs, of a window: Floor may have to look at each.
const maxDates = 366

// Compile makes a timetable of a policy's windows, or says all that is wrong with them.
func Compile(windows []Window) (*Timetable, []Problem) {
	c := compiler{zones: map[string]*time.Location{}, names: map[string]int{}}
	for i := range windows {
		c.at = fmt.Sprintf("[%d]", i)
		c.window(i, &windows[i])
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return &Timetable{c.sources}, nil
}

type compiler struct {
	at       string // the path of the window
	names    map[string]int
	zones    map[string]*time.Location
	sources  []source
	problems []Problem
}

func (c *compiler) window(i int, w *Window) {
	c.name(i, w.Name)
	if w.Replicas < 0 {
		c.refuse("replicas", fmt.Sprintf("The floor is %d.", w.Replicas), "A floor is 0 or more.", "Write how many Pods are wanted at least.")
	}
	c.seconds("leadTime", w.LeadTime)
	loc := c.zone(w.TimeZone)
	excluded := c.dates(w.ExcludedDates)
	if r := c.recurring(w); r != nil {
		r.excluded = excluded
		c.sources = append(c.sources, source{w.Name, w.Replicas, loc, r})
	}
	if f := c.oneOffs(w, loc); len(f) > 0 {
		c.sources = append(c.sources, source{w.Name, w.Replicas, loc, f})
	}
}

func (c *compiler) name(i int, name string) {
	first, taken := c.names[name]
	switch {
	case name == "":
		c.refuse("name", "The window has no name.", "Status and Events tell windows apart by their names.", `Name it, for example "office-hours".`)
	case taken:
		c.refuse("name", fmt.Sprintf("%q is the name of window %d already.", name, first), "A name is used once in a policy.", "Give this window another name.")
	default:
		c.names[name] = i
	}
}

func (c *compiler) zone(name string) *time.Location {
	if loc, ok := c.zones[name]; ok {
		return loc
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // Local would be that of whoever asks
		c.refuse("timeZone", fmt.Sprintf("%q is no time zone.", name), "A time zone is a name of the IANA database; none is UTC.",
			`Write it as Region/City, for example "Asia/Shanghai" or "Europe/Berlin".`)
		return time.UTC
	}
	c.zones[name] = loc
	return loc
}

// recurring reads how a window recurs:
//
//	start    end    duration    one-offs    verdict
//	yes      yes    no          any         until end
//	yes      no     yes         any         for the duration
//	yes      yes    yes         any         refused: one of the two
//	yes      no     no          any         refused: it never ends
//	no       no     no          some        does not recur
//	no       no     no          none        refused: it never starts
//	no       any    any         any         refused: what is to end never starts
func (c *compiler) recurring(w *Window) *recurring {
	switch {
	case w.Start == "" && w.End == "" && w.Duration == 0 && len(w.OneOffs) > 0:
		return nil
	case w.Start == "":
		c.refuse("start", "The window never starts: start is empty.", "A window has a start, or one-offs alone.", "Write when it starts. "+exampleCron)
		return nil
	case w.End != "" && w.Duration != 0:
		c.refuse("duration", fmt.Sprintf("The window has an end, %q, and a duration, %s.", w.End, w.Duration), "It has one of the two.", "Keep one of them.")
		return nil
	case w.End == "" && w.Duration == 0:
		c.refuse("end", "The window never ends: it has neither end nor duration.", "It has one of the two.",
			`Write an end, for example "0 18 * * MON-FRI", or a duration; for a floor at all times use min.`)
		return nil
	}
	c.seconds("duration", w.Duration)
	start := c.cron("start", w.Start)
	r := &recurring{start: start, length: int64(w.Duration / time.Second), lead: int64(w.LeadTime / time.Second)}
	if w.End == "" {
		return r
	}
	r.end = c.cron("end", w.End)
	if start != nil && r.end != nil && *start == *r.end {
		c.refuse("end", fmt.Sprintf("The end, %q, is the start as well: each window would end when the next one starts.", w.End),
			"A window ends at another time than it starts.", "Write when it ends; for a floor at all times use min.")
	}
	return r
}

func (c *compiler) cron(field, expression string) *calendar {
	k, p := parse(expression)
	if p != nil {
		c.refuse(field, p.Observed, p.Allowed, p.WayOut)
	}
	return k
}

func (c *compiler) seconds(field string, d time.Duration) {
	if d >= 0 && d%time.Second == 0 {
		return
	}
	c.refuse(field, fmt.Sprintf("It is %s.", d), "It is whole seconds, and not negative.", `Write it as, for example, "90s" or "8h".`)
}

func (c *compiler) refuse(field, observed, allowed, wayOut string) {
	c.problems = append(c.problems, Problem{c.at + "." + field, observed, allowed, wayOut})
}

package schedule

import (
	"fmt"
	"time"
)

const (
	dateFormat   = "2006-01-02"
	oneOffFormat = "2006-01-02T15:04"
)

func (c *compiler) dates(dates []string) map[civil]bool {
	c.atMost("excludedDates", len(dates))
	out := make(map[civil]bool, len(dates))
	for i, text := range dates {
		date, err := time.Parse(dateFormat, text)
		if err != nil {
			c.refuse(fmt.Sprintf("excludedDates[%d]", i), fmt.Sprintf("%q is no date.", text), "A date is a day of the calendar, as year-month-day.",
				`Write it as, for example, "2026-12-24".`)
		}
		out[civil(date.Unix())] = true
	}
	return out
}

func (c *compiler) oneOffs(w *Window, loc *time.Location) fixed {
	c.atMost("oneOffs", len(w.OneOffs))
	var out fixed
	for i, o := range w.OneOffs {
		from, startOK := c.moment(fmt.Sprintf("oneOffs[%d].start", i), o.Start, loc)
		until, endOK := c.moment(fmt.Sprintf("oneOffs[%d].end", i), o.End, loc)
		if startOK && endOK && until <= from {
			c.refuse(fmt.Sprintf("oneOffs[%d].end", i), fmt.Sprintf("The end, %q, is not after the start, %q, in %s.", o.End, o.Start, loc),
				"A window ends after it starts; times in the gap of a change of the clocks are all the gap's end.", "Write a later end.")
		}
		out = append(out, span{from - instant(w.LeadTime/time.Second), until})
	}
	return out
}

func (c *compiler) moment(field, text string, loc *time.Location) (instant, bool) {
	wall, err := time.Parse(oneOffFormat, text)
	if err != nil {
		c.refuse(field, fmt.Sprintf("%q is no time.", text), "It is a date and a time of the window's time zone, to the minute, without an offset.",
			`Write it as, for example, "2026-11-11T00:00".`)
		return 0, false
	}
	zone := around(loc, instant(wall.Unix()))
	return zone.fires(civil(wall.Unix())), true
}

func (c *compiler) atMost(field string, n int) {
	if n > maxDates {
		c.refuse(field, fmt.Sprintf("There are %d.", n), fmt.Sprintf("A window has %d at most.", maxDates), "Leave out those that are over, or make a second window.")
	}
}

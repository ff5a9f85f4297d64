package schedule

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/robfig/cron/v3"
)

// The fields of an expression in their order, each with robfig's parser for it alone: its own errors say neither the field nor
// the position.
var cronFields = []struct {
	name, values string
	parser       cron.Parser
}{
	{"minute", "0–59", cron.NewParser(cron.Minute)},
	{"hour", "0–23", cron.NewParser(cron.Hour)},
	{"day of month", "1–31", cron.NewParser(cron.Dom)},
	{"month", "1–12 or JAN–DEC", cron.NewParser(cron.Month)},
	{"day of week", "0–6 (0 is Sunday) or SUN–SAT", cron.NewParser(cron.Dow)},
}

const (
	fiveFields  = "It has five fields: minute, hour, day of month, month, day of week."
	exampleCron = `For example, "0 9 * * MON-FRI" is 09:00 from Monday to Friday.`
	descriptors = "@hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually"
)

// parse reads a cron expression. Parsing is robfig's, save for what it lets through by mistake; matching is not, because robfig
// skips what lies in the gap of a change of the clocks, and fires what lies in the fold twice (cron/v3 v3.0.1, spec.go).
func parse(expression string) (*calendar, *Problem) {
	if strings.HasPrefix(strings.TrimSpace(expression), "@") {
		return parseDescriptor(strings.TrimSpace(expression))
	}
	words, columns := split(expression)
	if len(words) > 0 && strings.Contains(words[0], "TZ=") {
		// robfig would take it, and panics where nothing follows.
		return nil, &Problem{"", fmt.Sprintf("The expression %q names a time zone, at column %d.", expression, columns[0]),
			"The time zone of a window is in timeZone.", "Write it there."}
	}
	if len(words) != len(cronFields) {
		return nil, wrongCount(expression, words, columns)
	}
	for i, word := range words {
		if p := checkField(expression, i, word, columns[i]); p != nil {
			return nil, p
		}
	}
	return compileCron(expression, strings.Join(words, " "))
}

func parseDescriptor(descriptor string) (*calendar, *Problem) {
	if strings.HasPrefix(descriptor, "@every") {
		// It counts from when a program started: after a restart it would be another schedule.
		return nil, &Problem{"", fmt.Sprintf("The expression is %q.", descriptor),
			"@every has no moments of its own.", `Write minutes or hours of the clock, for example "*/30 * * * *".`}
	}
	return compileCron(descriptor, descriptor)
}

func compileCron(expression, normal string) (*calendar, *Problem) {
	parsed, err := cron.ParseStandard(normal)
	spec, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		return nil, &Problem{"", fmt.Sprintf("The expression %q cannot be read: %v.", expression, err),
			"It has five fields, or is one of " + descriptors + ".", exampleCron}
	}
	k := &calendar{spec.Minute, spec.Hour, spec.Dom, spec.Month, spec.Dow}
	if _, ok := k.next(0); !ok {
		return nil, &Problem{"", fmt.Sprintf("The expression %q never fires: none of its months (field 4) has such a day (field 3).", expression),
			"It has to fire at some time.", "Write a day of month that exists."}
	}
	return k, nil
}

// checkField finds the item of a field that robfig refuses, or reads as something else than was meant.
func checkField(expression string, i int, word string, column int) *Problem {
	f := cronFields[i]
	for item := range strings.SplitSeq(word, ",") {
		if reason := checkItem(f.parser, item); reason != "" {
			p := &Problem{"", fmt.Sprintf("Field %d (%s) of %q has %q at column %d: %s.", i+1, f.name, expression, item, column, reason),
				fmt.Sprintf("It is %s, *, a range a-b, a step */n or a-b/n, or several of these with commas.", f.values), exampleCron}
			if f.name == "day of week" && item == "7" {
				p.WayOut = "Write 0 or SUN for Sunday."
			}
			return p
		}
		column += utf8.RuneCountInString(item) + 1
	}
	return nil
}

func checkItem(parser cron.Parser, item string) string {
	base, _, _ := strings.Cut(item, "/")
	switch {
	case item == "":
		return "nothing beside a comma" // robfig leaves it out
	case len(base) > 1 && strings.ContainsAny(base, "*?"):
		return "a star stands alone" // robfig ignores what follows, so that *-5 is *
	case strings.Contains(item, "+"):
		return "a number has no sign"
	}
	if _, err := parser.Parse(item); err != nil {
		return strings.TrimSuffix(err.Error(), ": "+item)
	}
	return ""
}

func wrongCount(expression string, words []string, columns []int) *Problem {
	p := &Problem{"", fmt.Sprintf("The expression %q has %d fields.", expression, len(words)), fiveFields, exampleCron}
	switch {
	case len(words) == 0:
		p.Observed = "The expression is empty."
	case len(words) == len(cronFields)+1:
		p.WayOut = fmt.Sprintf("Leave out the seconds, or what begins at column %d.", columns[len(cronFields)])
	}
	return p
}

// split gives the words of an expression, and the column at which each begins, from 1.
func split(expression string) (words []string, columns []int) {
	words = strings.Fields(expression)
	column, inWord := 0, false
	for _, r := range expression {
		column++
		if !unicode.IsSpace(r) && !inWord {
			columns = append(columns, column)
		}
		inWord = !unicode.IsSpace(r)
	}
	return words, columns
}

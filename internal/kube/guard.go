package kube

import (
	"regexp"
	"strings"
)

// guardSays begins whatever the guard says.
const guardSays = "knative-guard: "

// Denial is what the guard says to a change that it refuses.
type Denial struct {
	// Text is in the guard's own words: what was seen, what is allowed, and the way out.
	Text string
	// Rules are those that the change breaks, each once; none where it breaks something else.
	Rules []string
}

// ruleBroken is how a denial names each rule: see rollout.Finding.
var ruleBroken = regexp.MustCompile(`\brule ([a-z]+(?:-[a-z]+)*): `)

// GuardDenial reads a refusal of the guard's, or of a ValidatingAdmissionPolicy that comes with it; nil for any other error.
func GuardDenial(err error) *Denial {
	if err == nil || !Denied(err) {
		return nil
	}
	_, text, ok := strings.Cut(err.Error(), guardSays)
	if !ok {
		return nil
	}
	d := &Denial{Text: text}
	seen := map[string]bool{}
	for _, m := range ruleBroken.FindAllStringSubmatch(text, -1) {
		if !seen[m[1]] {
			seen[m[1]] = true
			d.Rules = append(d.Rules, m[1])
		}
	}
	return d
}

// problem tells the denial as it is: it names the object and the way out itself.
func (d *Denial) problem() *Problem {
	summary := "Refused by the guard"
	if len(d.Rules) > 0 {
		summary += ": " + strings.Join(d.Rules, ", ")
	}
	return &Problem{summary, d.Text}
}

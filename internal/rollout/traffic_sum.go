package rollout

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// TrafficSum is the name of the rule that a split is well-formed.
const TrafficSum = "traffic-sum"

// CheckTrafficSum holds a split to what Knative can carry out:
//
//	each percent    0–100
//	all percents    add up to 100
//	each tag        a DNS label of RFC 1035, used once
//	each target     a revision or the latest, not both, not neither
//
// Source: knative.dev/serving v0.50.0, pkg/apis/serving/v1/route_validation.go.
func CheckTrafficSum(targets []Target) []Violation {
	var out []Violation
	firstWithTag := make(map[string]int, len(targets))
	var sum int64
	for i, t := range targets {
		out = append(out, checkPercent(i, t)...)
		out = append(out, checkTag(i, t, firstWithTag)...)
		out = append(out, checkReference(i, t)...)
		sum += t.Percent
	}
	if len(out) == 0 && sum != 100 {
		out = append(out, Violation{TrafficSum, -1, "",
			fmt.Sprintf("The percents add up to %d (%s).", sum, strings.Join(shares(targets), " + ")),
			"They must add up to exactly 100.", wayToHundred(sum)})
	}
	return out
}

func checkPercent(i int, t Target) []Violation {
	if t.Percent >= 0 && t.Percent <= 100 {
		return nil
	}
	return []Violation{{TrafficSum, i, "percent", fmt.Sprintf("The percent is %d.", t.Percent),
		"A percent is a whole number from 0 to 100.", "Write the share of requests that this target is to get."}}
}

func checkTag(i int, t Target, firstWithTag map[string]int) []Violation {
	if t.Tag == "" {
		return nil
	}
	if first, taken := firstWithTag[t.Tag]; taken {
		return []Violation{{TrafficSum, i, "tag", fmt.Sprintf("The tag %q is that of target %d already.", t.Tag, first),
			"A tag names one target.", "Give this target another tag, or none."}}
	}
	firstWithTag[t.Tag] = i
	if isLabel(t.Tag) {
		return nil
	}
	return []Violation{{TrafficSum, i, "tag", fmt.Sprintf("The tag is %q.", t.Tag),
		"A tag is part of a host name: at most 63 lower-case letters, digits and '-', beginning with a letter and not ending with '-'.",
		fmt.Sprintf("Write it as, for example, %q.", label(t.Tag))}}
}

func checkReference(i int, t Target) []Violation {
	switch {
	case t.Revision == "" && !t.Latest:
		return []Violation{{TrafficSum, i, "revisionName", "The target names no revision and is not the latest.",
			"A target is one revision, or the latest.", "Name the revision, or say that it is the latest."}}
	case t.Revision != "" && t.Latest:
		return []Violation{{TrafficSum, i, "latestRevision", fmt.Sprintf("The target names revision %q and says that it is the latest.", t.Revision),
			"A target is one revision, or the latest.", "Keep one of the two."}}
	}
	return nil
}

func shares(targets []Target) []string {
	out := make([]string, 0, len(targets))
	for _, t := range targets {
		out = append(out, fmt.Sprint(t.Percent))
	}
	return out
}

func wayToHundred(sum int64) string {
	if sum < 100 {
		return fmt.Sprintf("Give %d more to one or several targets.", 100-sum)
	}
	return fmt.Sprintf("Take %d away from one or several targets.", sum-100)
}

// isLabel says what validation.IsDNS1035Label says, without a regular expression: every decision asks it of every tag.
func isLabel(tag string) bool {
	for i := range len(tag) {
		letter, other := tag[i] >= 'a' && tag[i] <= 'z', tag[i] >= '0' && tag[i] <= '9' || tag[i] == '-' && i < len(tag)-1
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return tag != "" && len(tag) <= validation.DNS1035LabelMaxLength
}

// label is the nearest well-formed tag.
func label(tag string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		}
		return '-'
	}, strings.ToLower(tag))
	clean = strings.TrimLeft(clean, "-0123456789")
	if len(clean) > 63 {
		clean = clean[:63]
	}
	if clean = strings.TrimRight(clean, "-"); clean == "" {
		return "canary"
	}
	return clean
}

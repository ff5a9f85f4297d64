package wire

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// verify holds a bound value against its check tag, a list with commas:
//
//	required     the parameter must be sent, and not empty
//	A..B         an int from A to B; a string of A to B characters; a slice of A to B items
//	in=X|Y       one of these strings
//
// The limits hold only for what was sent.
func (b binder) verify(v reflect.Value, tag string, sent bool, name string) error {
	if tag == "" {
		return nil
	}
	for rule := range strings.SplitSeq(tag, ",") {
		switch {
		case rule == "required":
			if !sent || empty(v) {
				return b.Missing(name)
			}
		case sent && !holds(reflect.Indirect(v), rule):
			return b.Illegal(name)
		}
	}
	return nil
}

func empty(v reflect.Value) bool {
	return (v.Kind() == reflect.String || v.Kind() == reflect.Slice) && v.Len() == 0
}

func holds(v reflect.Value, rule string) bool {
	if choices, ok := strings.CutPrefix(rule, "in="); ok {
		return slices.Contains(strings.Split(choices, "|"), v.String())
	}
	low, high, ok := strings.Cut(rule, "..")
	from, err1 := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	if !ok || err1 != nil || err2 != nil {
		panic("wire: no such check: " + rule)
	}
	size := size(v)
	return size >= from && size <= to
}

func size(v reflect.Value) int {
	switch v.Kind() {
	case reflect.Int:
		return int(v.Int())
	case reflect.String:
		return utf8.RuneCountInString(v.String())
	default:
		return v.Len()
	}
}

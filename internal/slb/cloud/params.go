package cloud

import (
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
)

// flatten makes the wire's flat parameters of a struct: a field's json tag names its parameter, and lists are numbered from 1, as in
// Servers.1.Port. Empty strings, nil and zero numbers are not sent, as the SDK does, unless the field is a pointer or has the tag
// send:"always". A field with send:"body" goes into the form, which has no limit of length.
//
// A map is sent as it is.
func flatten(in any) (query, form map[string]string) {
	query, form = map[string]string{}, map[string]string{}
	if flat, ok := in.(map[string]string); ok {
		maps.Copy(query, flat)
		return query, form
	}
	if in != nil {
		flattenStruct(reflect.Indirect(reflect.ValueOf(in)), "", query, form)
	}
	return query, form
}

func flattenStruct(v reflect.Value, prefix string, query, form map[string]string) {
	for _, field := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous || name == "" || name == "-" {
			continue
		}
		to, how := query, field.Tag.Get("send")
		switch how {
		case "never": // only read
			continue
		case "body":
			to = form
		}
		flattenValue(v.FieldByIndex(field.Index), prefix+name, how == "always", to, form)
	}
}

func flattenValue(v reflect.Value, name string, always bool, to, form map[string]string) {
	if text, ok := reflect.TypeAssert[fmt.Stringer](v); ok && v.Kind() != reflect.Struct {
		if always || !v.IsZero() {
			to[name] = text.String()
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			flattenValue(v.Elem(), name, true, to, form)
		}
	case reflect.Struct:
		flattenStruct(v, name+".", to, form)
	case reflect.Slice:
		for i := range v.Len() {
			flattenValue(v.Index(i), name+"."+strconv.Itoa(i+1), true, to, form)
		}
	case reflect.String:
		if v.Len() > 0 { // "typed empty strings are dropped"
			to[name] = v.String()
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		if always || v.Int() != 0 {
			to[name] = strconv.FormatInt(v.Int(), 10)
		}
	case reflect.Bool:
		if always || v.Bool() {
			to[name] = strconv.FormatBool(v.Bool())
		}
	default:
		panic("cloud: cannot send " + name + " of type " + v.Type().String())
	}
}

// Int is a number that an API may write with or without quotes.
type Int int

// UnmarshalJSON reads 5, "5", "" and null.
func (i *Int) UnmarshalJSON(text []byte) error {
	value := strings.Trim(string(text), `"`)
	if value == "" || value == "null" {
		*i = 0
		return nil
	}
	n, err := strconv.Atoi(value)
	*i = Int(n)
	return err
}

// Bool is a truth that an API may write with or without quotes, or as on and off.
type Bool bool

// UnmarshalJSON reads true, "true", "on", 1 and their opposites.
func (b *Bool) UnmarshalJSON(text []byte) error {
	switch value := strings.ToLower(strings.Trim(string(text), `"`)); value {
	case "true", "on", "1":
		*b = true
	case "false", "off", "0", "", "null":
		*b = false
	default:
		return fmt.Errorf("%q is neither true nor false", value)
	}
	return nil
}

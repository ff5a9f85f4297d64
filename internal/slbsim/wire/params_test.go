package wire

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type shape struct {
	Name    string   `json:"Name" check:"required,2..4"`
	Kind    string   `json:"Kind" check:"in=A|B"`
	Count   *int     `json:"Count" check:"0..10"`
	On      *bool    `json:"On"`
	Values  []string `json:"Values" check:"1..2"`
	Servers []struct {
		Port int `json:"Port" check:"required"`
	} `json:"Servers"`
	Deep *struct {
		Of struct {
			It string `json:"It"`
		} `json:"Of"`
	} `json:"Deep"`
}

func TestBind(t *testing.T) {
	for name, test := range map[string]struct {
		params Params
		code   string
	}{
		"all":              {Params{"Name": "abc", "Kind": "A", "Count": "0", "On": "true", "Values.1": "x", "Values.2": "y", "Servers.1.Port": "80", "Deep.Of.It": "z", "Action": "any"}, ""},
		"little":           {Params{"Name": "abc"}, ""},
		"nothing":          {Params{}, "MissingParameter"},
		"empty":            {Params{"Name": ""}, "MissingParameter"},
		"too short":        {Params{"Name": "a"}, "InvalidParameter"},
		"too long":         {Params{"Name": "abcde"}, "InvalidParameter"},
		"four characters":  {Params{"Name": "äöüß"}, ""},
		"no choice":        {Params{"Name": "abc", "Kind": "C"}, "InvalidParameter"},
		"not a number":     {Params{"Name": "abc", "Count": "x"}, "InvalidParameter"},
		"too high":         {Params{"Name": "abc", "Count": "11"}, "InvalidParameter"},
		"above 32 bits":    {Params{"Name": "abc", "Count": "4294967297"}, "InvalidParameter"},
		"not a truth":      {Params{"Name": "abc", "On": "True"}, "InvalidParameter"},
		"too many":         {Params{"Name": "abc", "Values.1": "x", "Values.2": "x", "Values.3": "x"}, "InvalidParameter"},
		"numbered from 0":  {Params{"Name": "abc", "Values.0": "x"}, "InvalidParameter"},
		"a gap":            {Params{"Name": "abc", "Values.1": "x", "Values.3": "x"}, "InvalidParameter"},
		"not numbered":     {Params{"Name": "abc", "Values.x": "x"}, "InvalidParameter"},
		"missing within":   {Params{"Name": "abc", "Servers.1": ""}, "MissingParameter"},
		"text with fields": {Params{"Name.It": "abc"}, "InvalidParameter"},
		"unknown":          {Params{"Name": "abc", "Colour": "red"}, "InvalidParameter"},
		"unknown within":   {Params{"Name": "abc", "Deep.Of.Us": "z"}, "InvalidParameter"},
	} {
		t.Run(name, func(t *testing.T) {
			var got shape
			err := test.params.Bind(&got, Classic)
			if code := codeOf(err); code != test.code {
				t.Fatalf("bound with %q (%v), want %q", code, err, test.code)
			}
		})
	}
}

func TestBindFills(t *testing.T) {
	var got shape
	err := Params{"Name": "abc", "Count": "7", "On": "false", "Values.2": "y", "Values.1": "x", "Servers.1.Port": "80", "Deep.Of.It": "z"}.Bind(&got, Classic)
	if err != nil {
		t.Fatal(err)
	}
	want := shape{Name: "abc", Count: new(7), On: new(false), Values: []string{"x", "y"}}
	want.Servers = append(want.Servers, struct {
		Port int `json:"Port" check:"required"`
	}{80})
	want.Deep = &struct {
		Of struct {
			It string `json:"It"`
		} `json:"Of"`
	}{}
	want.Deep.Of.It = "z"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func codeOf(err error) string {
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// Whatever is sent, it is bound or refused in the API's words.
func FuzzBind(f *testing.F) {
	f.Add("Servers.1.Port", "80", "Values.1", "x")
	f.Add("Deep.Of.It.", "", "Values..1", "x")
	f.Add("Values.99999999999", "x", ".", "")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		var got shape
		err := Params{"Name": "abc", name1: value1, name2: value2}.Bind(&got, Classic)
		if code := codeOf(err); err != nil && code != "InvalidParameter" && code != "MissingParameter" {
			t.Fatalf("refused with %v", err)
		}
	})
}

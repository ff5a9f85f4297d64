package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every complaint has a test, and every test that the guide names exists.
func TestComplaintsHaveTests(t *testing.T) {
	guide, err := os.ReadFile("../docs/guides/complaints.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	row := regexp.MustCompile(`(?m)^\| (\d+) \|.*$`)
	name := regexp.MustCompile("`(Test\\w+)`")
	rows := row.FindAllStringSubmatch(string(guide), -1)
	if len(rows) != 18 {
		t.Errorf("the guide has %d complaints", len(rows))
	}
	for i, r := range rows {
		tests := name.FindAllStringSubmatch(r[0], -1)
		if len(tests) == 0 || r[1] != fmt.Sprint(i+1) {
			t.Errorf("row %d is complaint %s and names %d tests", i+1, r[1], len(tests))
		}
		for _, test := range tests {
			if !strings.Contains(code.String(), "func "+test[1]+"(t *testing.T)") {
				t.Errorf("complaint %s: there is no %s", r[1], test[1])
			}
		}
	}
}

package main

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParseStat(t *testing.T) {
	const rest = " 1 5 5 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 2703360 200"
	for _, tt := range []struct {
		name, stat, state string
		start             int64
		fails             bool
	}{
		{name: "plain", stat: "42 (kubelet) S" + rest, state: "S", start: 12345},
		{name: "blanks and parentheses in the command", stat: "42 (a) R (b c) Z" + rest, state: "Z", start: 12345},
		{name: "cut off", stat: "42 (kubelet) S 1 5", fails: true},
		{name: "empty", fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			state, start, err := parseStat(tt.stat)
			if (err != nil) != tt.fails {
				t.Fatalf("error %v", err)
			}
			if state != tt.state || start != tt.start {
				t.Errorf("got %q %d, want %q %d", state, start, tt.state, tt.start)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if !p.alive() {
		t.Error("a running process is not alive")
	}

	// The same pid, as another process would have it.
	later, otherBoot := p, p
	later.Start++
	otherBoot.Boot = "another"
	for _, other := range []process{later, otherBoot} {
		if other.alive() {
			t.Errorf("%+v is alive", other)
		}
		if err := other.signal(unix.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	if !p.alive() {
		t.Fatal("a signal for another process went to this one")
	}

	if err := p.signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its error is the signal
	if p.alive() {
		t.Error("alive after SIGKILL")
	}
	if err := p.signal(unix.SIGKILL); err != nil {
		t.Errorf("signal to a process that is gone: %v", err)
	}
}

func TestStateRunning(t *testing.T) {
	self, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	gone := self
	gone.Start++
	for _, tt := range []struct {
		name string
		st   *state
		want bool
	}{
		{"no state", nil, false},
		{"all run", &state{Ready: true, Daemons: map[string]process{"a": self}}, true},
		{"start cut off", &state{Daemons: map[string]process{"a": self}}, false},
		{"one gone", &state{Ready: true, Daemons: map[string]process{"a": self, "b": gone}}, false},
		{"none recorded", &state{Ready: true}, false},
	} {
		if got := tt.st.running(); got != tt.want {
			t.Errorf("%s: running %v", tt.name, got)
		}
	}
}

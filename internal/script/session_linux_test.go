package script

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func init() {
	roles["session"] = func() {
		stat, _ := os.ReadFile("/proc/self/stat")
		_, rest, _ := strings.Cut(string(stat), ") ") // behind the number and the name
		fields := strings.Fields(rest)                // state, parent, group, session, terminal
		fmt.Println(fields[2] == fmt.Sprint(os.Getpid()), fields[3] == fields[2], fields[4])
	}
}

// A script has no terminal that it could type into: where the server has one, it leads a
// session that has none.
func TestNoTerminal(t *testing.T) {
	for terminal, want := range map[bool]string{true: "true true 0\n", false: "true false "} {
		before := hasTerminal
		defer func() { hasTerminal = before }()
		hasTerminal = func() bool { return terminal }
		b := newBench(t)
		s := b.play("session")
		output, err := readAll(s)
		if !strings.HasPrefix(output, want) || err != nil {
			t.Errorf("terminal %v: %q, %v", terminal, output, err)
		}
		b.expectExit(s, 0)
	}
}

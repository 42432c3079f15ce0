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

// A script has no terminal that it could type into: it leads a session, which has none.
func TestNoTerminal(t *testing.T) {
	b := newBench(t)
	s := b.play("session")
	b.expectOutput(s, "true true 0\n")
	b.expectExit(s, 0)
}

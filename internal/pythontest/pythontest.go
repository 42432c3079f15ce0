// Package pythontest asks the python3 on PATH what CPython does, for tests that compare.
package pythontest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// A Version is what sys.version_info begins with.
type Version [3]int

// Before reports whether v is older than release major.minor.
func (v Version) Before(major, minor int) bool {
	return v[0] < major || v[0] == major && v[1] < minor
}

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

const before = `
import base64, json, sys
inp = json.load(sys.stdin)
`

const after = `
json.dump({"Version": sys.version_info[:3], "Out": out}, sys.stdout)
`

// Run runs script, which finds in as the variable inp and leaves its answer in the variable out: both
// travel as JSON, so a []byte arrives as base64. One call is one process: send all inputs at once. A test
// without python3 on PATH is skipped.
func Run(t testing.TB, script string, in, out any) Version {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", before+script+after)
	cmd.Env = append(os.Environ(), "PYTHONUTF8=1")
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, &stderr)
	}
	answer := struct {
		Version Version
		Out     any
	}{Out: out}
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatalf("python3 wrote no answer: %v", err)
	}
	t.Logf("compared with Python %v", answer.Version)
	return answer.Version
}

package script

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// cut gives the lines of text that comes size bytes at a time.
func cut(text string, size int) (got []string) {
	var l lines
	log := func(line string) { got = append(got, line) }
	for p := range slices.Chunk([]byte(text), size) {
		l.add(bytes.Clone(p), log)
	}
	l.end(log)
	l.end(log) // there is no more
	return got
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"a line", "one\n", []string{"one"}},
		{"unended", "one", []string{"one"}},
		{"CRLF", "one\r\ntwo\r\n", []string{"one", "two"}},
		{"a CR within", "one\rtwo\n", []string{"one\rtwo"}},
		{"empty ones", "\n\none\n\r\n\ntwo\n\n", []string{"one", "two"}},
		{"bytes as they are", "\xff\x00\x1b[2J\n", []string{"\xff\x00\x1b[2J"}},
		{"just not too long", long + "\nnext\n", []string{long, "next"}},
		{"too long", long + "yz\nnext\n", []string{long, "next"}},
		{"just not too many", strings.Repeat("x\n", maxLines), slices.Repeat([]string{"x"}, maxLines)},
		{"too many", strings.Repeat("x\n", maxLines+2), append(slices.Repeat([]string{"x"}, maxLines), "2 more lines")},
	} {
		for _, size := range []int{1, 2, 3, 4096, 1 << 20} {
			if got := cut(test.text, size); !slices.Equal(got, test.want) {
				t.Errorf("%s, by %d: %.80q, want %.80q", test.name, size, got, test.want)
			}
		}
	}
}

func TestLinesForNobody(t *testing.T) {
	var l lines
	l.add([]byte("one\ntwo"), nil)
	l.end(nil)
}

// FuzzLines: the pieces in which text comes make no difference, and lines are what
// splitting all of it gives.
func FuzzLines(f *testing.F) {
	f.Add("one\r\n\ntwo", 3)
	f.Add(strings.Repeat("x", maxLine+1)+"\nnext", 4096)
	f.Fuzz(func(t *testing.T, text string, size int) {
		size = max(1, size)
		got := cut(text, size)
		var want []string
		for line := range strings.SplitSeq(text, "\n") {
			line = line[:min(len(line), maxLine)]
			if line = strings.TrimSuffix(line, "\r"); line != "" {
				want = append(want, line)
			}
		}
		if len(want) > maxLines {
			want = want[:maxLines]
			got = got[:min(len(got), maxLines)]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q by %d: %q, want %q", text, size, got, want)
		}
	})
}

package pystr

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"example.com/httpserver/internal/pythontest"
)

func TestLower(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"lower already", "readme.txt", "readme.txt"},
		{"ASCII", "README.Txt", "readme.txt"},
		{"Latin", "ÀÉ", "àé"},
		{"Kelvin sign", "\u212a", "k"},
		{"dotted I is two characters", "İ", "i\u0307"},
		{"sharp S", "ẞß", "ßß"},
		{"sigma ends a word", "ΟΔΟΣ", "οδος"},
		{"sigma inside a word", "ΟΣΟ", "οσο"},
		{"sigma alone", "Σ", "σ"},
		{"sigma, then an apostrophe and a letter", "ΑΣ'Α", "ασ'α"},
		{"sigma, then a dot", "ΑΣ.", "ας."},
		{"sigma, then a digit", "ΑΣ1", "ας1"},
		{"a byte that is no UTF-8", "A\xffB", "a\xffb"},
		{"sigma after a byte that is no UTF-8", "A\xffΣ", "a\xffσ"},
		{"an encoded U+FFFD", "A\ufffdÀ", "a\ufffdà"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Lower(tt.in); got != tt.want {
				t.Errorf("Lower(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// TestIsLowerASCII: wherever a byte stands, it is looked at.
func TestIsLowerASCII(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			b := []byte("no capital is in here")
			b[at] = byte(c)
			if got, want := IsLowerASCII(string(b)), c < 'A' || 'Z' < c && c < 0x80; got != want {
				t.Errorf("%q: %v", b, got)
			}
		}
	}
}

func TestLowerAllocs(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Lower("readme.txt") }); n != 0 {
		t.Errorf("%v allocations for text that is lower-case already, want 0", n)
	}
}

// Every character, alone and on either side of a sigma.
func TestPython(t *testing.T) {
	var python struct {
		Assigned []bool
		Lower    map[string]string
		Final    []string
		Space    []string
	}
	pythontest.Run(t, `
import unicodedata
chars = [c for c in map(chr, range(0x110000)) if not 0xd800 <= ord(c) < 0xe000]
assigned = {c for c in chars if unicodedata.category(c) not in ('Cn', 'Co')}
tests = [s for c in sorted(assigned) for s in ('A' + c + 'Σ', 'AΣ' + c + 'a')]
out = {
    'Assigned': [chr(n) in assigned for n in range(0x110000)],
    'Lower': {c: c.lower() for c in assigned if c.lower() != c},
    'Final': [s for s in tests if 'ς' in s.lower() and 'ς' not in s],
    'Space': [c for c in assigned if c.isspace()],
}
`, nil, &python)
	final := set(python.Final)
	space := set(python.Space)
	for r := range rune(unicode.MaxRune + 1) {
		if !python.Assigned[r] {
			continue
		}
		c := string(r)
		want, ok := python.Lower[c]
		if !ok {
			want = c
		}
		if got := Lower(c); got != want {
			t.Errorf("Lower(%+q) = %+q, want %+q", c, got, want)
		}
		for _, s := range []string{"A" + c + "Σ", "AΣ" + c + "a"} {
			if r == 'ς' {
				continue
			}
			if got := set(chars(Lower(s)))["ς"]; got != final[s] {
				t.Errorf("Lower(%+q) has ς: %v, want %v", s, got, final[s])
			}
		}
		if got := IsSpace(r); got != space[c] {
			t.Errorf("IsSpace(%+q) = %v, want %v", r, got, space[c])
		}
	}
}

func FuzzLower(f *testing.F) {
	f.Add("README")
	f.Fuzz(func(t *testing.T, s string) {
		lower := Lower(s)
		if utf8.ValidString(lower) != utf8.ValidString(s) {
			t.Errorf("Lower(%q) = %q: only one is UTF-8", s, lower)
		}
		if again := Lower(lower); again != lower {
			t.Errorf("Lower(%q) = %q, lowered again %q", s, lower, again)
		}
	})
}

func set(list []string) map[string]bool {
	m := map[string]bool{}
	for _, s := range list {
		m[s] = true
	}
	return m
}

func chars(s string) (list []string) {
	for _, r := range s {
		list = append(list, string(r))
	}
	return list
}

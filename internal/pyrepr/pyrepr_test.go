package pyrepr

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"example.com/httpserver/internal/pythontest"
)

func TestQuote(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", `''`},
		{"plain", "FTP/1.0", `'FTP/1.0'`},
		{"backslash", `a\b`, `'a\\b'`},
		{"single quote", "it's", `"it's"`},
		{"double quote", `"it"`, `'"it"'`},
		{"both quotes", `"it's"`, `'"it\'s"'`},
		{"white space", "\t\n\v\f\r ", `'\t\n\x0b\x0c\r '`},
		{"NUL and DEL", "\x00\x7f", `'\x00\x7f'`},
		{"C1 controls", "\x80\x9f", `'\x80\x9f'`},
		{"no-break space", "\xa0\xa1", `'\xa0` + "\xa1'"},
		{"soft hyphen", "\xac\xad\xae", "'\xac" + `\xad` + "\xae'"},
		{"printable latin-1", "caf\xe9\xff", "'caf\xe9\xff'"},
		{"UTF-8 is bytes", "é", "'\xc3\xa9'"},
		{"TLS to a plain port", "\x16\x03\x01", `'\x16\x03\x01'`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Quote(tt.in); got != tt.want {
				t.Errorf("Quote(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if got := string(AppendQuote([]byte("Bad "), tt.in)); got != "Bad "+tt.want {
				t.Errorf("AppendQuote(%q) = %q, want %q", tt.in, got, "Bad "+tt.want)
			}
		})
	}
}

// Every byte, every pair with a quotation mark, and random lines.
func TestPython(t *testing.T) {
	var inputs [][]byte
	for c := range 256 {
		b := byte(c)
		inputs = append(inputs, []byte{b}, []byte{b, '\''}, []byte{b, '"'}, []byte{'\'', b, '"'})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		line := make([]byte, random.IntN(40))
		for i := range line {
			line[i] = byte(random.Uint32())
		}
		inputs = append(inputs, line)
	}
	var want [][]byte
	pythontest.Run(t, `
out = [base64.b64encode(repr(base64.b64decode(s).decode('latin-1')).encode('latin-1')).decode() for s in inp]
`, inputs, &want)
	for i, in := range inputs {
		if got := Quote(string(in)); got != string(want[i]) {
			t.Errorf("Quote(%q) = %q, want %q", in, got, want[i])
		}
	}
}

// A repr evaluates to what it was made of.
func FuzzQuote(f *testing.F) {
	f.Add("GET / FTP/1.0")
	f.Fuzz(func(t *testing.T, s string) {
		quoted := Quote(s)
		if got, ok := evaluate(quoted); !ok || got != s {
			t.Errorf("Quote(%q) = %q, which evaluates to %q, %v", s, quoted, got, ok)
		}
		for i := range len(quoted) {
			if c := quoted[i]; c < ' ' || 0x7f <= c && c <= 0xa0 || c == 0xad {
				t.Errorf("Quote(%q) = %q has the byte %#x", s, quoted, c)
			}
		}
	})
}

// evaluate reads the string literals that repr writes.
func evaluate(literal string) (string, bool) {
	if len(literal) < 2 || literal[0] != '\'' && literal[0] != '"' || literal[0] != literal[len(literal)-1] {
		return "", false
	}
	quote, body := literal[0], literal[1:len(literal)-1]
	var s []byte
	for body != "" {
		c := body[0]
		body = body[1:]
		if c == quote {
			return "", false
		}
		if c != '\\' {
			s = append(s, c)
			continue
		}
		if body == "" {
			return "", false
		}
		c, body = body[0], body[1:]
		switch c {
		case 't':
			s = append(s, '\t')
		case 'n':
			s = append(s, '\n')
		case 'r':
			s = append(s, '\r')
		case '\\', quote:
			s = append(s, c)
		case 'x':
			if len(body) < 2 {
				return "", false
			}
			n, err := strconv.ParseUint(body[:2], 16, 8)
			if err != nil {
				return "", false
			}
			s, body = append(s, byte(n)), body[2:]
		default:
			return "", false
		}
	}
	return string(s), true
}

func BenchmarkAppendQuote(b *testing.B) {
	dst := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendQuote(dst[:0], "GET /index.html FTP/1.0")
	}
}

package logline

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/httpserver/internal/pythontest"
)

func TestAppend(t *testing.T) {
	got := string(Append([]byte("before\n"), "127.0.0.1", "06/Nov/1994 08:49:37", `"GET / HTTP/1.1" 200 -`))
	want := "before\n" + `127.0.0.1 - - [06/Nov/1994 08:49:37] "GET / HTTP/1.1" 200 -` + "\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = string(Append(nil, "a\nb", "c\rd", "e\\f"))
	if want := `a\x0ab - - [c\x0dd] e\\f` + "\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAppendEscaped(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", `"GET / HTTP/1.1" 200 -`, `"GET / HTTP/1.1" 200 -`},
		{"a forged line", "x\n127.0.0.1 - - [", `x\x0a127.0.0.1 - - [`},
		{"C0", "\x00\t\r\x1b[2J", `\x00\x09\x0d\x1b[2J`},
		{"DEL", "a\x7fb", `a\x7fb`},
		{"backslash", `a\b`, `a\\b`},
		{"a repr in a message", `('\x16')`, `('\\x16')`},
		{"C1 in UTF-8", "a\u0080\u0085\u009fb", `a\x80\x85\x9fb`},
		{"the first beyond C1", "\u00a0", "\u00a0"},
		{"text", "é € 😀", "é € 😀"},
		{"an encoded U+FFFD", "\ufffd", "\ufffd"},
		{"latin-1", "caf\xe9 x", `caf\xe9 x`},
		{"UTF-8 cut short", "\xe2\x82", `\xe2\x82`},
		{"an encoded surrogate", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"overlong newline", "\xc0\x8a", `\xc0\x8a`},
		{"escape at both ends", "\na\n", `\x0aa\x0a`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(AppendEscaped(nil, tt.in)); got != tt.want {
				t.Errorf("AppendEscaped(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestAppendAllocs(t *testing.T) {
	dst := make([]byte, 0, 256)
	n := testing.AllocsPerRun(100, func() {
		Append(dst, "127.0.0.1", "06/Nov/1994 08:49:37", "\"GET /\x16é HTTP/1.1\" 200 -")
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// What log_message writes, for text: bytes that are none have no counterpart there.
func TestPython(t *testing.T) {
	var messages []string
	for r := range rune(0x300) {
		messages = append(messages, "a"+string(r)+"b")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var b strings.Builder
		for range random.IntN(20) {
			b.WriteRune([]rune{'\\', '\n', 0x85, 'é', '€', '😀', rune(random.IntN(0x100))}[random.IntN(7)])
		}
		messages = append(messages, b.String())
	}
	var want []string
	pythontest.Run(t, `
import contextlib, http.server, io
handler = http.server.BaseHTTPRequestHandler.__new__(http.server.BaseHTTPRequestHandler)
handler.client_address = ('127.0.0.1', 4711)
handler.log_date_time_string = lambda: '06/Nov/1994 08:49:37'
out = []
for message in inp:
    with contextlib.redirect_stderr(io.StringIO()) as log:
        handler.log_message('%s', message)
    out.append(log.getvalue())
`, messages, &want)
	for i, message := range messages {
		if got := string(Append(nil, "127.0.0.1", "06/Nov/1994 08:49:37", message)); got != want[i] {
			t.Errorf("Append(%q) = %q, want %q", message, got, want[i])
		}
	}
}

// One record is one line of valid UTF-8 without controls.
func FuzzAppend(f *testing.F) {
	f.Add("127.0.0.1", "06/Nov/1994 08:49:37", `"GET / HTTP/1.1" 200 -`)
	f.Fuzz(func(t *testing.T, addr, date, message string) {
		line := string(Append(nil, addr, date, message))
		if strings.IndexByte(line, '\n') != len(line)-1 {
			t.Errorf("Append(%q, %q, %q) = %q, not one line", addr, date, message, line)
		}
		if !utf8.ValidString(line) {
			t.Errorf("Append(%q, %q, %q) = %q, not UTF-8", addr, date, message, line)
		}
		for _, r := range strings.TrimSuffix(line, "\n") {
			if r < ' ' || r == 0x7f || isC1(r) {
				t.Errorf("Append(%q, %q, %q) = %q, with the control %U", addr, date, message, line, r)
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	dst := make([]byte, 0, 256)
	for _, bb := range []struct{ name, message string }{
		{"plain", `"GET /static/css/main.css?v=17 HTTP/1.1" 200 -`},
		{"text", `"GET /Übersicht/Straße HTTP/1.1" 200 -`},
		{"controls", "\"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\" 400 -"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				dst = Append(dst[:0], "127.0.0.1", "06/Nov/1994 08:49:37", bb.message)
			}
		})
	}
}

package logline

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
)

const (
	addr = "127.0.0.1"
	date = "06/Nov/1994 08:49:37"
)

// plainly makes a line as Line did before it knew any format.
func plainly(addr, date, format string, args ...any) string {
	return string(Append(nil, addr, date, fmt.Sprintf(format, args...)))
}

type (
	text   string
	number int
)

// A line is fmt's, whichever way it is made.
func TestLine(t *testing.T) {
	var m Memory
	for _, tt := range []struct {
		name, format string
		args         []any
	}{
		{"a request", RequestFormat, []any{"GET / HTTP/1.1", 200, "-"}},
		{"a size", RequestFormat, []any{"GET / HTTP/1.1", 200, int64(1 << 40)}},
		{"sizes of no kind of ours", RequestFormat, []any{"GET / HTTP/1.1", 200, uint8(7)}},
		{"nothing known", RequestFormat, []any{"", "-", "-"}},
		{"numbers below zero", RequestFormat, []any{"x", -1, int64(math.MinInt64)}},
		{"controls everywhere", RequestFormat, []any{"\x16\\\n", "\x1b", "\u0085\xe2\x82"}},
		{"UTF-8 cut short at its end", RequestFormat, []any{"GET /\xe2\x82", "\xe2\x82", "\xac"}},
		{"a type of somebody's", RequestFormat, []any{text("GET /"), number(200), nil}},
		{"a code of somebody's", RequestFormat, []any{"GET /", number(200), "-"}},
		{"too few", RequestFormat, []any{"GET / HTTP/1.1", 200}},
		{"too many", RequestFormat, []any{"GET / HTTP/1.1", 200, "-", 1}},
		{"none", RequestFormat, nil},
		{"an error", "code %d, message %s", []any{404, "File not \x7ffound"}},
		{"no arguments", "100%\n", nil},
		{"long", "%s", []any{strings.Repeat("\x00", 5000)}},
		{"a long request", RequestFormat, []any{strings.Repeat("a", 5000), 414, "-"}},
		{"after long ones", RequestFormat, []any{"GET / HTTP/1.1", 404, "-"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := m.Line(addr, date, tt.format, slices.Clone(tt.args)...)
			if want := plainly(addr, date, tt.format, tt.args...); string(got) != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if cap(m.line) > mostKept || cap(m.text) > mostKept {
				t.Errorf("%d and %d bytes are kept", cap(m.line), cap(m.text))
			}
		})
	}
}

// Request makes the line that Line does of the arguments that stand for its own.
func FuzzRequest(f *testing.F) {
	f.Add("GET / HTTP/1.1", 200, int64(-1))
	f.Add("GET /\xe2\x82", 0, int64(0))
	f.Add("\x16\x03\\\u0085\u2028", -404, int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, requestLine string, code int, size int64) {
		args := []any{requestLine, code, size}
		if code == 0 {
			args[1] = "-"
		}
		if size < 0 {
			args[2] = "-"
		}
		want := plainly(addr, date, RequestFormat, args...)
		var m Memory
		if got := string(m.Request(addr, date, requestLine, code, size)); got != want {
			t.Errorf("Request(%q, %d, %d) = %q, want %q", requestLine, code, size, got, want)
		}
		if got := string(m.Line(addr, date, RequestFormat, args...)); got != want {
			t.Errorf("Line of %q = %q, want %q", args, got, want)
		}
	})
}

type elsewhere string

func (elsewhere) Network() string  { return "elsewhere" }
func (e elsewhere) String() string { return string(e) }

// The host is what SplitHostPort finds in the address as text.
func TestHost(t *testing.T) {
	var m Memory
	for _, tt := range []struct {
		name string
		addr net.Addr
		want string
	}{
		{"IPv4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}, "127.0.0.1"},
		{"IPv4 in four bytes", &net.TCPAddr{IP: net.IP{10, 0, 0, 1}, Port: 4711}, "10.0.0.1"},
		{"IPv6", &net.TCPAddr{IP: net.IPv6loopback, Port: 4711}, "::1"},
		{"a zone", &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0", Port: 4711}, "fe80::1%eth0"},
		{"a zone that is none", &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "]", Port: 4711}, "[fe80::1%]]:4711"},
		{"no IP", &net.TCPAddr{Port: 4711}, ""},
		{"an IP that is none", &net.TCPAddr{IP: net.IP{1, 2}, Port: 4711}, "?0102"},
		{"no TCP address", (*net.TCPAddr)(nil), "<nil>"},
		{"a Unix socket", &net.UnixAddr{Name: "/run/x", Net: "unix"}, "/run/x"},
		{"a Unix socket without a name", &net.UnixAddr{Net: "unix"}, ""},
		{"a pipe", elsewhere("pipe"), "pipe"},
		{"none", nil, "<nil>"},
		{"a host and a port", elsewhere("host:80"), "host"},
		{"IPv4 once more", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2), Port: 4711}, "127.0.0.2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				if got := m.Host(tt.addr); got != tt.want || got != hostOf(fmt.Sprint(tt.addr)) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			}
		})
	}
}

func TestMemoryAllocs(t *testing.T) {
	var m Memory
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	args := []any{"GET / HTTP/1.1", 404, "-"}
	for _, tt := range []struct {
		name string
		f    func()
	}{
		{"Request", func() { m.Request(m.Host(from), date, "GET /\x16é HTTP/1.1", 404, 1<<40) }},
		{"Line of a request", func() { m.Line(m.Host(from), date, RequestFormat, args...) }},
	} {
		if n := testing.AllocsPerRun(100, tt.f); n != 0 {
			t.Errorf("%s: %v allocations, want 0", tt.name, n)
		}
	}
}

func BenchmarkMemory(b *testing.B) {
	var m Memory
	args := []any{"GET /static/css/main.css?v=17 HTTP/1.1", 200, "-"}
	b.Run("Request", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Request(addr, date, "GET /static/css/main.css?v=17 HTTP/1.1", 200, -1)
		}
	})
	b.Run("Line", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Line(addr, date, RequestFormat, args...)
		}
	})
	b.Run("Line of another format", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Line(addr, date, "code %d, message %v%s", args...)
		}
	})
}

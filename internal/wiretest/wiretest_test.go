package wiretest

import (
	"reflect"
	"strings"
	"testing"
)

func TestUnquote(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", `""`, ""},
		{"bytes", `"GET /\xff\r\n"`, "GET /\xff\r\n"},
		{"repeated", `"a" "b"*3 "c"`, "abbbc"},
		{"repeated at the end", `"a"*2`, "aa"},
		{"no quotation mark", `GET`, "error"},
		{"no number", `"a"*x`, "error"},
		{"no end", `"a`, "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Unquote(tt.text)
			if err != nil {
				got = "error"
			}
			if got != tt.want {
				t.Errorf("Unquote(%s) = %q, %v; want %q", tt.text, got, err, tt.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, stream string
		want         []Message
	}{
		{"nothing", "", nil},
		{"content alone", "hello\n", []Message{{Content: "hello\n"}}},
		{"head alone", "HTTP/1.0 304 Not Modified\r\nA: b\r\n\r\n", []Message{{"HTTP/1.0 304 Not Modified", []string{"A: b"}, ""}}},
		{"no fields", "HTTP/1.1 100 Continue\r\n\r\n", []Message{{"HTTP/1.1 100 Continue", []string{}, ""}}},
		{"content to the end", "HTTP/1.0 200 OK\r\nA: b\r\n\r\nhello", []Message{{"HTTP/1.0 200 OK", []string{"A: b"}, "hello"}}},
		{"content too short", "HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nhello", []Message{{"HTTP/1.0 200 OK", []string{"Content-Length: 9"}, "hello"}}},
		{"head cut off", "HTTP/1.0 200 OK\r\nA: b\r\n", []Message{{Content: "HTTP/1.0 200 OK\r\nA: b\r\n"}}},
		{"two", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb",
			[]Message{{"HTTP/1.1 200 OK", []string{"Content-Length: 1"}, "a"}, {"HTTP/1.1 200 OK", []string{"Content-Length: 1"}, "b"}}},
		{"to HEAD, then another", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nHTTP/1.1 404 No\r\n\r\n",
			[]Message{{"HTTP/1.1 200 OK", []string{"Content-Length: 1"}, ""}, {"HTTP/1.1 404 No", []string{}, ""}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Parse(tt.stream)
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Parse(%q) = %q, want %q", tt.stream, got, tt.want)
			}
			var whole strings.Builder
			for _, m := range got {
				whole.WriteString(m.String())
			}
			if whole.String() != tt.stream {
				t.Errorf("Parse(%q) loses bytes: %q", tt.stream, whole.String())
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	ok := func(content string, fields ...string) Answer {
		return Answer{[]Message{{"200 OK", fields, content}}, []string{"GET"}}
	}
	long := strings.Repeat("x", 100)
	for _, tt := range []struct {
		name string
		a, b Answer
		x, y string
	}{
		{"the same", ok("hello", "A", "B"), ok("hello", "A", "B"), "", ""},
		{"a field more", ok("", "A", "B"), ok("", "A", "X", "B"), "`200 OK`<br>…1<br>…1", "`200 OK`<br>…1<br>`X`<br>…1"},
		{"a field moved", ok("", "A", "B", "C"), ok("", "B", "C", "A"), "`200 OK`<br>`A`<br>…2", "`200 OK`<br>…2<br>`A`"},
		{"content", ok("hello", "A"), ok("|`", "A"), "`200 OK`<br>content `\"hello\"`", "`200 OK`<br>content `\"\\x7c\\x60\"`"},
		{"long content", ok(long), ok(""), "`200 OK`<br>content of 100 bytes #09ecb6eb", "`200 OK`<br>content `\"\"`"},
		{"log", ok(""), Answer{ok("").Messages, nil}, "`200 OK`<br>log: `GET`", "`200 OK`<br>log: nothing"},
		{"status", ok(""), Answer{[]Message{{"404 No", nil, ""}}, nil}, "`200 OK` #f1921b1b", "`404 No` #3133163c"},
		{"no head", Answer{[]Message{{"", nil, "hello"}}, nil}, Answer{}, "no head, `\"hello\"` #5449618a", "nothing<br>log: nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x, y := Describe(tt.a, tt.b)
			if x != tt.x || y != tt.y {
				t.Errorf("got\n%s\n%s\nwant\n%s\n%s", x, y, tt.x, tt.y)
			}
		})
	}
}

func TestRows(t *testing.T) {
	protocols, versions := []string{"1.0", "1.1"}, []string{"3.9.1", "3.11.2"}
	row := func(protocol, version, ours string) Row {
		return Row{"Because", `"GET /"`, []string{protocol}, []string{version}, "`a` b", ours}
	}
	merged := Merge([]Row{row("1.1", "3.11.2", "x"), row("1.0", "3.9.1", "x"), row("1.0", "3.11.2", "x"), row("1.1", "3.9.1", "y")}, nil)
	text := "#### Because\n\n" + FormatRows(merged, protocols, versions)
	want := "#### Because\n\n" + columns +
		"| `\"GET /\"` | 1.0 | 3.9.1 | `a` b | x |\n" +
		"| `\"GET /\"` | all | 3.11.2 | `a` b | x |\n" +
		"| `\"GET /\"` | 1.1 | 3.9.1 | `a` b | y |\n"
	if text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	rows, err := ParseRows("| other | table |\n\n"+text+"\n", protocols, versions)
	if err != nil || !reflect.DeepEqual(rows, merged) {
		t.Errorf("ParseRows gives %q, %v; want %q", rows, err, merged)
	}
}

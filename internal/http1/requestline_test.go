package http1

import (
	"strings"
	"testing"
)

func TestParseRequestLine(t *testing.T) {
	get := func(target, version string, major, minor int) RequestLine {
		return RequestLine{"GET", target, version, major, minor}
	}
	for _, tc := range []struct {
		name, line string
		want       RequestLine
		message    string // of the error
	}{
		{"RFC 9112 §3 three words", "GET / HTTP/1.1", get("/", "HTTP/1.1", 1, 1), ""},
		{"RFC 9112 §3 CRLF", "GET / HTTP/1.1\r\n", get("/", "HTTP/1.1", 1, 1), ""},
		{"RFC 9112 §2.2 bare LF", "GET / HTTP/1.1\n", get("/", "HTTP/1.1", 1, 1), ""},
		{"RFC 9112 §3 runs of blanks", " GET \t /  HTTP/1.1 ", get("/", "HTTP/1.1", 1, 1), ""},
		{"RFC 9112 §3 any method", "<b> / HTTP/1.1", RequestLine{"<b>", "/", "HTTP/1.1", 1, 1}, ""},
		{"RFC 9112 §3 lower case method", "get / HTTP/1.1", RequestLine{"get", "/", "HTTP/1.1", 1, 1}, ""},
		{"RFC 9112 §3.2 raw UTF-8", "GET /à HTTP/1.1", get("/à", "HTTP/1.1", 1, 1), ""},
		{"RFC 9112 §3.2 NEL and NBSP are no blanks", "GET /\x85\xa0 HTTP/1.1", get("/\x85\xa0", "HTTP/1.1", 1, 1), ""},
		{"RFC 1945 §4.1 two words", "GET /", get("/", "", 0, 9), ""},
		{"RFC 1945 §4.1 two words, not GET", "POST /", RequestLine{}, "Bad HTTP/0.9 request type ('POST')"},
		{"no word", " \t", RequestLine{}, ""},
		{"empty", "", RequestLine{}, ""},
		{"one word", "BOGUS", RequestLine{}, "Bad request syntax ('BOGUS')"},
		{"one word with blanks", " / ", RequestLine{}, "Bad request syntax (' / ')"},
		{"four words", "GET /spaced out HTTP/1.1", RequestLine{}, "Bad request syntax ('GET /spaced out HTTP/1.1')"},
		{"five words", "GET / x y HTTP/1.1", RequestLine{}, "Bad request syntax ('GET / x y HTTP/1.1')"},
		{"RFC 9112 §2.2 CR inside", "GET /\rX HTTP/1.1", RequestLine{}, `Bad request syntax ('GET /\rX HTTP/1.1')`},
		{"NUL inside", "GET /\x00 HTTP/1.1", RequestLine{}, `Bad request syntax ('GET /\x00 HTTP/1.1')`},
		{"DEL inside", "GET /\x7f HTTP/1.1", RequestLine{}, `Bad request syntax ('GET /\x7f HTTP/1.1')`},
		{"RFC 9112 §2.2 two CR at the end", "GET / HTTP/1.1\r\r\n", RequestLine{}, `Bad request version ('HTTP/1.1\r')`},
		{"VT is no blank", "GET\v/ HTTP/1.1", RequestLine{}, "Bad request syntax ('GET\\x0b/ HTTP/1.1')"},
		{"FF is no blank", "GET /\fx HTTP/1.1", RequestLine{}, `Bad request syntax ('GET /\x0cx HTTP/1.1')`},
		{"ESC in two words", "GET /\x1b", RequestLine{}, `Bad request syntax ('GET /\x1b')`},

		{"RFC 9112 §2.3 leading zeros", "GET / HTTP/01.01", get("/", "HTTP/01.01", 1, 1), ""},
		{"RFC 9112 §2.3 later minor", "GET / HTTP/1.999", get("/", "HTTP/1.999", 1, 999), ""},
		{"RFC 9112 §2.3 ten digits", "GET / HTTP/0000000001.0000000009", get("/", "HTTP/0000000001.0000000009", 1, 9), ""},
		{"RFC 9112 §2.3 HTTP/0.9 said", "GET / HTTP/0.9", get("/", "HTTP/0.9", 0, 9), ""},
		{"eleven digits", "GET / HTTP/00000000001.1", RequestLine{}, "Bad request version ('HTTP/00000000001.1')"},
		{"not HTTP", "GET / FTP/1.0", RequestLine{}, "Bad request version ('FTP/1.0')"},
		{"lower case", "GET / http/1.1", RequestLine{}, "Bad request version ('http/1.1')"},
		{"no dot", "GET / HTTP/1", RequestLine{}, "Bad request version ('HTTP/1')"},
		{"two dots", "GET / HTTP/1.1.1", RequestLine{}, "Bad request version ('HTTP/1.1.1')"},
		{"signs", "GET / HTTP/-9_9_9.+9_9_9", RequestLine{}, "Bad request version ('HTTP/-9_9_9.+9_9_9')"},
		{"no minor", "GET / HTTP/1.", RequestLine{}, "Bad request version ('HTTP/1.')"},
		{"the last of many words", "GET / x HTTP/x", RequestLine{}, "Bad request version ('HTTP/x')"},
		{"a quote", "GET / it's", RequestLine{}, `Bad request version ("it's")`},
		{"HTTP/2", "GET / HTTP/2.0", RequestLine{}, "Invalid HTTP version (2.0)"},
		{"HTTP/9.9", "GET / HTTP/9.9", RequestLine{}, "Invalid HTTP version (9.9)"},
		{"a huge version", "GET / HTTP/9999999999.0", RequestLine{}, "Invalid HTTP version (9999999999.0)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseRequestLine(tc.line)
			message := ""
			if err != nil {
				message = err.Message
			}
			if got != tc.want || message != tc.message {
				t.Errorf("ParseRequestLine(%q)\n got %+v, %q\nwant %+v, %q", tc.line, got, message, tc.want, tc.message)
			}
			if want505 := strings.HasPrefix(message, "Invalid HTTP"); err != nil && (err.Status == 505) != want505 {
				t.Errorf("ParseRequestLine(%q): status %d", tc.line, err.Status)
			}
		})
	}
}

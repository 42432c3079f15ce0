package cgi

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/httpserver/internal/http1"
)

// format writes what a Head says, shortly.
func format(h *Head) string {
	text := strconv.Itoa(h.Status)
	if h.Reason != "" {
		text += " " + h.Reason
	}
	if h.Location != "" {
		text += " -> " + h.Location
	}
	if h.Local {
		text += " local"
	}
	if h.ContentLength >= 0 {
		text += " length " + strconv.FormatInt(h.ContentLength, 10)
	}
	for _, f := range h.Fields {
		text += " | " + f.Name + ": " + f.Value
	}
	return text
}

func TestParseHead(t *testing.T) {
	for _, tc := range []struct{ name, section, want, err string }{
		{"RFC 3875 §6.2.1 a document", "Content-Type: text/plain\n\n", "200 | Content-Type: text/plain", ""},
		{"RFC 3875 §6.2.1 with a status", "Status: 404 Not Found\nContent-Type: text/plain\n\n", "404 Not Found | Content-Type: text/plain", ""},
		{"RFC 3875 §6.2.1 in another order", "Content-Type: text/plain\nX-A: 1\nStatus: 201 Created\n\n", "201 Created | Content-Type: text/plain | X-A: 1", ""},
		{"RFC 3875 §6.2.1 without a type", "X-A: 1\n\n", "200 | X-A: 1", ""},
		{"RFC 3875 §6.2.1 a status alone", "Status: 204\n\n", "204", ""},

		{"RFC 3875 §6.2.2 a local redirect", "Location: /a/b?c=d\n\n", "200 -> /a/b?c=d local", ""},
		{"RFC 3875 §6.2.2 with a type", "Content-Type: text/html\nLocation: /a\n\n", "200 -> /a local", ""},
		{"RFC 3875 §6.2.2 with fields about the connection", "Connection: close\nLocation: /a\n\n", "200 -> /a local", ""},
		{"RFC 3875 §6.2.2 with fields without a value", "Status:\nSet-Cookie: \nLocation: /a\n\n", "200 -> /a local", ""},
		{"RFC 3875 §6.2.2 with a cookie", "Location: /a\nSet-Cookie: a=b\n\n", "302 -> /a | Location: /a | Set-Cookie: a=b", ""},
		{"RFC 3875 §6.2.2 with a length", "Location: /a\nContent-Length: 0\n\n", "302 -> /a length 0 | Location: /a | Content-Length: 0", ""},
		{"RFC 3875 §6.2.2 with a status", "Location: /a\nStatus: 303 See Other\n\n", "303 See Other -> /a | Location: /a", ""},
		{"RFC 3875 §6.2.2 with a fragment", "Location: /a#b\n\n", "302 -> /a#b | Location: /a#b", ""},
		{"RFC 3875 §6.2.2 another site", "Location: //host/a\n\n", "302 -> //host/a | Location: //host/a", ""},
		{"RFC 3875 §6.2.2 a blank", "Location: /a b\n\n", "302 -> /a b | Location: /a b", ""},
		{"RFC 3875 §6.2.2 the top", "Location: /\n\n", "200 -> / local", ""},
		{"RFC 3875 §6.2.2 a question mark", "Location: /?//\n\n", "200 -> /?// local", ""},

		{"RFC 3875 §6.2.3 a client redirect", "Location: http://h/a\n\n", "302 -> http://h/a | Location: http://h/a", ""},
		{"RFC 3875 §6.2.3 with a fragment", "Location: http://h/a#b\n\n", "302 -> http://h/a#b | Location: http://h/a#b", ""},
		{"RFC 3875 §6.2.3 with other fields", "Location: http://h/a\nSet-Cookie: a=b\n\n", "302 -> http://h/a | Location: http://h/a | Set-Cookie: a=b", ""},
		{"RFC 3875 §6.2.3 a relative one", "Location: a.html\n\n", "302 -> a.html | Location: a.html", ""},

		{"RFC 3875 §6.2.4 with a document", "Location: http://h/a\nStatus: 302 Found\nContent-Type: text/html\n\n", "302 Found -> http://h/a | Location: http://h/a | Content-Type: text/html", ""},
		{"RFC 3875 §6.2.4 another status", "Status: 308 Permanent Redirect\nLocation: http://h/a\n\n", "308 Permanent Redirect -> http://h/a | Location: http://h/a", ""},
		{"RFC 3875 §6.2.4 a status that is no redirection", "Status: 201 Created\nLocation: /a\nContent-Type: a/b\n\n", "201 Created -> /a | Location: /a | Content-Type: a/b", ""},

		{"RFC 3875 §6.3 CRLF", "Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\n", "404 Not Found | Content-Type: text/plain", ""},
		{"RFC 3875 §6.3 one and the other", "Content-Type: text/plain\r\nX-A: 1\n\r\n", "200 | Content-Type: text/plain | X-A: 1", ""},
		{"RFC 3875 §6.3 names in any case", "STATUS: 404\ncontent-TYPE: a/b\nlocation: http://h/\n\n", "404 -> http://h/ | content-TYPE: a/b | location: http://h/", ""},
		{"RFC 3875 §6.3 no white space", "Status:404\nContent-Type:a/b\n\n", "404 | Content-Type: a/b", ""},
		{"RFC 3875 §6.3 much white space", "Status: \t 404 \nContent-Type:\t a/b \t\n\n", "404 | Content-Type: a/b", ""},
		{"RFC 3875 §6.3 a field without a value", "Content-Type:\nX-A:\nX-B: 1\n\n", "200 | X-B: 1", ""},
		{"RFC 3875 §6.3 twice, but once without a value", "Status: \nStatus: 404\n\n", "404", ""},
		{"RFC 3875 §6.3 nothing but a field without a value", "Content-Type:\n\n", "", "there is no field"},
		{"RFC 3875 §6.3 nothing", "\n", "", "there is no field"},
		{"RFC 3875 §6.3 nothing, with CRLF", "\r\n", "", "there is no field"},
		{"RFC 3875 §6.3 nothing at all", "", "", "there is no field"},
		{"RFC 3875 §6.3 Status twice", "Status: 200\nstatus: 200\n\n", "", "there is a second status"},
		{"RFC 3875 §6.3 Location twice", "Location: /a\nLocation: /a\n\n", "", "there is a second Location"},
		{"RFC 3875 §6.3 Content-Type twice", "Content-Type: a/b\nContent-type: a/b\n\n", "", "there is a second Content-type"},
		{"RFC 3875 §6.3 Content-Length twice", "Content-Length: 1\nContent-Length: 1\n\n", "", "there is a second Content-Length"},
		{"RFC 3875 §6.3 others twice", "Set-Cookie: a\nSet-Cookie: b\n\n", "200 | Set-Cookie: a | Set-Cookie: b", ""},
		{"RFC 3875 §6.3 a line without a colon", "Content-Type: a/b\nHello, world\n\n", "", "bad header line ('Hello, world'): a field's name holds a character that no name may hold"},
		{"RFC 3875 §6.3 a word", "Hello\n\n", "", "bad header line ('Hello'): a field line has no colon"},
		{"RFC 3875 §6.3 white space before the colon", "Status : 200\n\n", "", "bad header line ('Status : 200'): white space stands between a field's name and its colon"},
		{"RFC 3875 §6.3 a continuation line", "X-A: 1\n 2\n\n", "", "bad header line (' 2'): a field line begins with white space: line folding is obsolete"},
		{"RFC 3875 §6.3 a control character", "X-A: 1\r2\n\n", "", `bad header line ('X-A: 1\r2'): a control character stands in the field's value`},
		{"RFC 3875 §6.3 NUL", "X-A: \x00\n\n", "", `bad header line ('X-A: \x00'): a control character stands in the field's value`},
		{"RFC 3875 §6.3 the line end of a text file on Windows", "X-A: 1\r\r\n\r\n", "", `bad header line ('X-A: 1\r'): a control character stands in the field's value`},
		{"RFC 3875 §6.3 a page without a head", "<html>\n\n", "", "bad header line ('<html>'): a field's name holds a character that no name may hold"},
		{"RFC 3875 §6.3 what follows the empty line", "X-A: 1\n\nX B\n", "200 | X-A: 1", ""},
		{"RFC 3875 §6.3 bytes", "X-A: \xe4\n\n", "200 | X-A: \xe4", ""},

		{"RFC 3875 §5.2 a status line", "HTTP/1.1 200 OK\nContent-Type: a/b\n\n", "", "it begins with a status line, as only that of a script whose name begins with nph- may"},

		{"RFC 3875 §6.3.1 the type is sent as it is", "Content-Type: Text/HTML ;charset=x\n\n", "200 | Content-Type: Text/HTML ;charset=x", ""},

		{"RFC 3875 §6.3.3 without a reason", "Status: 404\n\n", "404", ""},
		{"RFC 3875 §6.3.3 a reason of bytes", "Status: 404 Gibt's \xe4h nicht\t: \"\n\n", "404 Gibt's \xe4h nicht\t: \"", ""},
		{"RFC 3875 §6.3.3 a status nobody knows", "Status: 299 X\n\n", "299 X", ""},
		{"RFC 3875 §6.3.3 the first", "Status: 200\n\n", "200", ""},
		{"RFC 3875 §6.3.3 the last", "Status: 599\n\n", "599", ""},
		{"RFC 3875 §6.3.3 an interim one", "Status: 100 Continue\n\n", "", "the Status is none from 200 to 599 ('100 Continue')"},
		{"RFC 3875 §6.3.3 an upgrade", "Status: 101\n\n", "", "the Status is none from 200 to 599 ('101')"},
		{"RFC 3875 §6.3.3 too high", "Status: 600\n\n", "", "the Status is none from 200 to 599 ('600')"},
		{"RFC 3875 §6.3.3 a reason alone", "Status: OK\n\n", "", "the Status is none from 200 to 599 ('OK')"},
		{"RFC 3875 §6.3.3 two digits", "Status: 20\n\n", "", "the Status is none from 200 to 599 ('20')"},
		{"RFC 3875 §6.3.3 four digits", "Status: 2000\n\n", "", "the Status is none from 200 to 599 ('2000')"},
		{"RFC 3875 §6.3.3 no space", "Status: 200OK\n\n", "", "the Status is none from 200 to 599 ('200OK')"},
		{"RFC 3875 §6.3.3 a tab", "Status: 200\tOK\n\n", "", `the Status is none from 200 to 599 ('200\tOK')`},
		{"RFC 3875 §6.3.3 a sign", "Status: +20\n\n", "", "the Status is none from 200 to 599 ('+20')"},
		{"RFC 3875 §6.3.3 a letter", "Status: 20x\n\n", "", "the Status is none from 200 to 599 ('20x')"},
		{"RFC 3875 §6.3.3 a status line", "Status: HTTP/1.1 200 OK\n\n", "", "the Status is none from 200 to 599 ('HTTP/1.1 200 OK')"},
		{"RFC 3875 §6.3.3 a long one", "Status: " + strings.Repeat("9", 100) + "\n\n", "", "the Status is none from 200 to 599 ('" + strings.Repeat("9", 80) + "...')"},

		{"RFC 3875 §6.3.4 a length", "Content-Length: 12\nContent-Type: a/b\n\n", "200 length 12 | Content-Length: 12 | Content-Type: a/b", ""},
		{"RFC 3875 §6.3.4 a length of nothing", "Content-Length: 0\n\n", "200 length 0 | Content-Length: 0", ""},
		{"RFC 3875 §6.3.4 a length that is none", "Content-Length: 1, 1\n\n", "", "the Content-Length is no number ('1, 1')"},
		{"RFC 3875 §6.3.4 a negative length", "Content-Length: -1\n\n", "", "the Content-Length is no number ('-1')"},
		{"RFC 3875 §6.3.4 a length beyond all", "Content-Length: 99999999999999999999\n\n", "", "the Content-Length is no number ('99999999999999999999')"},
		{"RFC 3875 §6.3.4 a transfer coding", "Transfer-Encoding: chunked\n\n", "", "there is a Transfer-Encoding, which is for the server to send"},
		{"RFC 3875 §6.3.4 the connection", "Connection: Upgrade, X-A\nKeep-Alive: 1\nproxy-connection: a\nTE: a\nTrailer: a\nUpgrade: a\nX-A: 1\n\n", "200 | X-A: 1", ""},
		{"RFC 3875 §6.3.4 the connection and nothing else", "Connection: close\n\n", "200", ""},
		{"RFC 3875 §6.3.4 the server's own", "Date: a\nServer: b\n\n", "200 | Date: a | Server: b", ""},

		{"RFC 3875 §6.3.5 an extension", "X-CGI-A: 1\n\n", "200 | X-CGI-A: 1", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h, err := ParseHead(tc.section)
			got, text := "", ""
			if h != nil {
				got = format(h)
			}
			if err != nil {
				text = err.Error()
			}
			if got != tc.want || text != tc.err || (h == nil) != (err != nil) {
				t.Errorf("ParseHead(%q)\n got %s, %s\nwant %s, %s", tc.section, got, text, tc.want, tc.err)
			}
		})
	}
}

const fieldName = "[-!#$%&'*+.^_`|~0-9A-Za-z]+"

var (
	fieldForm  = regexp.MustCompile(`^(` + fieldName + `):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*$`)
	statusForm = regexp.MustCompile(`^([2-5][0-9][0-9])(?: ((?s:.*)))?$`)
	lengthForm = regexp.MustCompile(`^[0-9]+$`)
	localForm  = regexp.MustCompile(`^/([^/# \t][^# \t]*)?$`)
	hopForm    = regexp.MustCompile(`(?i)^(connection|keep-alive|proxy-connection|te|trailer|upgrade)$`)
)

// parseSlowly is ParseHead by the grammar. It gives nil for what is wrong.
func parseSlowly(section string) *Head {
	h := &Head{ContentLength: -1}
	values := map[string][]string{}
	none := true
	for line := range strings.Lines(section) {
		if text, ok := strings.CutSuffix(line, "\n"); ok {
			line = strings.TrimSuffix(text, "\r")
		}
		if line == "" {
			break
		}
		m := fieldForm.FindStringSubmatch(line)
		if m == nil {
			return nil
		}
		if m[2] == "" {
			continue
		}
		none = false
		if hopForm.MatchString(m[1]) {
			continue
		}
		name := strings.ToLower(m[1])
		values[name] = append(values[name], m[2])
		if name != "status" {
			h.Fields = append(h.Fields, http1.Field{Name: m[1], Value: m[2]})
		}
	}
	for _, name := range []string{"status", "location", "content-type", "content-length"} {
		if len(values[name]) > 1 {
			return nil
		}
		values[name] = append(values[name], "")
	}
	if none || values["transfer-encoding"] != nil {
		return nil
	}
	h.Location = values["location"][0]
	if length := values["content-length"][0]; length != "" {
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil || !lengthForm.MatchString(length) {
			return nil
		}
		h.ContentLength = n
	}
	m := statusForm.FindStringSubmatch(values["status"][0])
	switch {
	case m != nil:
		h.Status, _ = strconv.Atoi(m[1])
		h.Reason = m[2]
	case values["status"][0] != "":
		return nil
	case h.Location == "":
		h.Status = 200
	case localForm.MatchString(h.Location) && !slices.ContainsFunc(h.Fields, func(f http1.Field) bool {
		return !strings.EqualFold(f.Name, "location") && !strings.EqualFold(f.Name, "content-type")
	}):
		h.Status, h.Local, h.Fields = 200, true, nil
	default:
		h.Status = 302
	}
	return h
}

// FuzzParseHead: a section is taken if and only if the grammar has it, and then
// says what it says there, with line ends of either kind, and when it is written
// again.
func FuzzParseHead(f *testing.F) {
	for _, section := range []string{"Content-Type: a/b\n\n", "Status: 404 Not Found\r\n\r\n", "Location: /a\n\n", "Location: http://h/\nContent-Length: 5\n\n",
		"Connection: close\nTE:\n\n", "HTTP/1.1 200 OK\n\n", "Transfer-Encoding: chunked\n\n", "Status: 1000\n\n", "A\n\n"} {
		f.Add(section)
	}
	f.Fuzz(func(t *testing.T, section string) {
		h, err := ParseHead(section)
		want := parseSlowly(section)
		if (h == nil) != (err != nil) || !reflect.DeepEqual(h, want) {
			t.Fatalf("ParseHead(%q) = %+v, %v, want %+v", section, h, err, want)
		}
		if err != nil {
			if text := err.Error(); strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) || len(text) > 1000 {
				t.Errorf("%q: %q", section, text)
			}
			return
		}
		again := "Status: " + strconv.Itoa(h.Status) + " " + h.Reason + "\n"
		if h.Local {
			again = "Location: " + h.Location + "\n"
		}
		for _, field := range h.Fields {
			again += field.Name + ": " + field.Value + "\n"
		}
		for _, end := range []string{"\n", "\r\n"} {
			text := strings.ReplaceAll(again+"\n", "\n", end)
			if h2, err := ParseHead(text); !reflect.DeepEqual(h, h2) {
				t.Errorf("%q written again, %q: %+v, %v", section, text, h2, err)
			}
		}
		if slices.ContainsFunc(h.Fields, func(f http1.Field) bool { return f.Value == "" || hopForm.MatchString(f.Name) }) {
			t.Errorf("ParseHead(%q) = %+v", section, h)
		}
	})
}

const ordinaryHead = "Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nSet-Cookie: a=b\r\nContent-Length: 123\r\n\r\n"

func BenchmarkParseHead(b *testing.B) {
	for _, bc := range []struct{ name, section string }{
		{"small", "Content-Type: text/plain\n\n"},
		{"ordinary", ordinaryHead},
		{"hundred", strings.Repeat("X-Field-Name: of a field value\n", 100) + "\n"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseHead(bc.section); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

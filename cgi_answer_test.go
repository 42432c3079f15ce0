//go:build unix

package httpserver_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"example.com/httpserver/internal/wiretest"
)

// TestScriptExit: how a script ends matters to its log, and to its answer where
// that may lack something.
func TestScriptExit(t *testing.T) {
	const chunked, length = "A: b\n\nhello", "Content-Length: 5\n\nhello"
	ok11 := head("HTTP/1.1 200 OK", "A: b", "Transfer-Encoding: chunked") + "5\r\nhello\r\n"
	okLength := head("HTTP/1.1 200 OK", "Content-Length: 5") + "hello"
	bad := refusal("HTTP/1.1", 502, "Bad Gateway", "Invalid responses from another server/proxy")
	for _, tc := range []struct {
		name, output, end string
		want              string
		goesOn            bool
		log               string
	}{
		{"well", chunked, "0", ok11 + "0\r\n\r\n", true, ""},
		{"with a complaint", chunked, "0/help", ok11 + "0\r\n\r\n", true, "CGI script /cgi-bin/say: help"},
		{"with complaints", chunked, "0/a%0A%0Ab%0D%0Ac", ok11 + "0\r\n\r\n", true, "CGI script /cgi-bin/say: a; CGI script /cgi-bin/say: b; CGI script /cgi-bin/say: c"},
		{"with a status", chunked, "3", ok11 + "0\r\n\r\n", true, "CGI script exit code 3"},
		{"with a status and a complaint", chunked, "255/help", ok11 + "0\r\n\r\n", true, "CGI script /cgi-bin/say: help; CGI script exit code 255"},
		{"with a status, before the head", "", "3", bad, false, "CGI script exit code 3; CGI script /cgi-bin/say: the output ended before the header section did"},
		{"with a status, within the head", "A: b\n", "3/help", bad, false, "CGI script /cgi-bin/say: help; CGI script exit code 3; CGI script /cgi-bin/say: the output ended before the header section did"},
		{"by a signal, before the head", "", "-9", bad, false, "CGI script exit code -9; CGI script /cgi-bin/say: the output ended before the header section did"},
		{"by a signal, in the content", chunked, "-9", ok11, false, "CGI script exit code -9"},
		{"by TERM, in the content", chunked, "-15", ok11, false, "CGI script exit code -15"},
		{"by a signal, with all that was announced", length, "-9", okLength, false, "CGI script exit code -9"},
		{"with a status, with all that was announced", length, "9", okLength, true, "CGI script exit code 9"},
		{"less than announced", "Content-Length: 6\n\nhello", "0", head("HTTP/1.1 200 OK", "Content-Length: 6") + "hello", false, "GET: Content-Length announced 6 bytes and 5 were written"},
		{"nothing of what was announced", "Content-Length: 6\n\n", "0", head("HTTP/1.1 200 OK", "Content-Length: 6"), false, "GET: Content-Length announced 6 bytes and 0 were written"},
		{"more than announced", "Content-Length: 4\n\nhello", "0", head("HTTP/1.1 200 OK", "Content-Length: 4") + "hell", false, "GET: httpserver: more content than the Content-Length that was sent"},
		{"more than nothing", "Content-Length: 0\n\nhello", "0", head("HTTP/1.1 200 OK", "Content-Length: 0"), false, "GET: httpserver: more content than the Content-Length that was sent"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newStage(t)
			s := h.serve(t)
			target := strings.Replace(say(tc.output), "?", "/"+tc.end+"?", 1)
			next := head("HTTP/1.1 200 OK", "Content-Length: 4") + "next"
			got := send(t, s, "GET "+target+" HTTP/1.1\r\nHost: x\r\n\r\nGET "+say("Content-Length: 4\n\nnext")+" HTTP/1.1\r\nHost: x\r\n\r\n")
			want := tc.want
			if tc.goesOn {
				want += next
			}
			if got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if got := h.complaints(); got != tc.log {
				t.Errorf("log  %q\nwant %q", got, tc.log)
			}
		})
	}
}

// TestScriptServerAndDate: those of the script stand in for the server's.
func TestScriptServerAndDate(t *testing.T) {
	h := newStage(t)
	s := h.serve(t)
	for _, tc := range []struct{ name, output, want string }{
		{"Server", "Server: mine\nA: b\n\n", "HTTP/1.1 200 OK\r\nDate: D\r\nServer: mine\r\nA: b\r\n"},
		{"Date", "A: b\nDate: today\n\n", "HTTP/1.1 200 OK\r\nServer: S\r\nA: b\r\nDate: today\r\n"},
		{"both", "date: today\nserver: mine\n\n", "HTTP/1.1 200 OK\r\ndate: today\r\nserver: mine\r\n"},
		{"an empty one", "Server:\nA: b\n\n", "HTTP/1.1 200 OK\r\nServer: S\r\nDate: D\r\nA: b\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := tc.want + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
			if got := send(t, s, "GET "+say(tc.output)+" HTTP/1.1\r\nHost: x\r\n\r\n"); got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// TestScriptRaw: the output of a script whose name begins with nph- is the answer.
func TestScriptRaw(t *testing.T) {
	h := newStage(t)
	s := h.serve(t)
	for _, tc := range []struct{ name, output, end, log string }{
		{"an answer", "HTTP/1.1 200 Mine\r\nServer: me\r\nContent-Length: 5\r\n\r\nhello", "0", `"GET … HTTP/1.1" 200 -`},
		{"any status", "HTTP/1.0 999 x\nA: b\n\n", "0", `"GET … HTTP/1.1" 999 -`},
		{"no reason", "HTTP/1.1 404\r\n\r\n", "0", `"GET … HTTP/1.1" 404 -`},
		{"an interim answer before", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "0", `"GET … HTTP/1.1" 103 -`},
		{"content alone", "hello", "0", `"GET … HTTP/1.1" - -; GET: content without a head: SendResponse is missing`},
		{"any bytes", "\x00\xff\n\r\n", "0", `"GET … HTTP/1.1" - -; GET: content without a head: SendResponse is missing`},
		{"a status", "HTTP/1.1 200 OK\r\n\r\n", "3/help", `"GET … HTTP/1.1" 200 -; CGI script /cgi-bin/nph-say: help; CGI script exit code 3`},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(tc.name+", "+method, func(t *testing.T) {
				h.log.clear()
				target := strings.Replace(say(tc.output), "say?", "nph-say/"+tc.end+"?", 1)
				request := method + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"
				if got := send(t, s, request+request); got != tc.output {
					t.Errorf("got  %q\nwant %q", got, tc.output)
				}
				want := strings.ReplaceAll(strings.Replace(tc.log, "…", target, 1), "GET", method)
				if got := strings.Join(h.log.all(), "; "); got != want {
					t.Errorf("log  %q\nwant %q", got, want)
				}
			})
		}
	}
	t.Run("nothing", func(t *testing.T) {
		h.log.clear()
		if got, want := send(t, s, "GET /cgi-bin/nph-say HTTP/1.1\r\nHost: x\r\n\r\n"), refusal("HTTP/1.1", 502, "Bad Gateway", "Invalid responses from another server/proxy"); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if got, want := h.complaints(), "CGI script /cgi-bin/nph-say: the output ended before the header section did"; got != want {
			t.Errorf("log  %q\nwant %q", got, want)
		}
	})
}

// TestLocalRedirects: some in a row are followed, and no more.
func TestLocalRedirects(t *testing.T) {
	h := newStage(t)
	s := h.serve(t)
	to := func(n int) string { // n of them in a row
		output := "A: b\n\nend"
		for range n {
			output = "Location: " + say(output) + "\n\n"
		}
		return say(output)
	}
	end := head("HTTP/1.1 200 OK", "A: b", "Transfer-Encoding: chunked") + "3\r\nend\r\n0\r\n\r\n"
	for n, want := range map[int]string{1: end, 3: end} {
		if got := send(t, s, "GET "+to(n)+" HTTP/1.1\r\nHost: x\r\n\r\n"); got != want {
			t.Errorf("%d: got  %q\nwant %q", n, got, want)
		}
	}
}

// TestLocalRedirectLoop: a script that sends the server to itself is found out.
func TestLocalRedirectLoop(t *testing.T) {
	h := newStage(t)
	puppets := h.strings(t)
	s := h.serve(t)
	for _, redirects := range []int{10, 11} {
		t.Run(fmt.Sprint(redirects), func(t *testing.T) {
			h.log.clear()
			conn := dial(t, s.ServerAddress())
			io.WriteString(conn, "POST /cgi-bin/puppet HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"+
				"GET "+say("Content-Length: 4\n\nnext")+" HTTP/1.1\r\nHost: x\r\n\r\n")
			for i := range redirects {
				p := puppets.next(t)
				p.write(fmt.Sprintf("Location: /cgi-bin/puppet?%d\n\n", i))
				p.do("close", "stdout")
				p.begin("exit", 0)
				p.awaitEnd()
			}
			want := refusal("HTTP/1.1", 502, "Bad Gateway", "Invalid responses from another server/proxy")
			log := "CGI script /cgi-bin/puppet: too many local redirects, one after the other"
			if redirects == 10 {
				p := puppets.next(t)
				p.write("Content-Length: 3\n\nend")
				p.begin("exit", 0)
				want, log = head("HTTP/1.1 200 OK", "Content-Length: 3")+"end"+head("HTTP/1.1 200 OK", "Content-Length: 4")+"next", ""
			}
			conn.(*net.TCPConn).CloseWrite()
			got, err := io.ReadAll(conn)
			if string(got) != want || err != nil {
				t.Errorf("got  %q, %v\nwant %q", got, err, want)
			}
			if got := h.complaints(); got != log {
				t.Errorf("log  %q\nwant %q", got, log)
			}
		})
	}
}

// TestScriptStreamsPieces: output goes to the client as the script writes it, from the
// head on, and its end when the script closes it.
func TestScriptStreamsPieces(t *testing.T) {
	for _, tc := range []struct {
		name, script, protocol, head, wantHead string
		piece                                  func(string) string
		end                                    string
	}{
		{"HTTP/1.1", "puppet", "HTTP/1.1", "A: b\n\n", head("HTTP/1.1 200 OK", "A: b", "Transfer-Encoding: chunked"),
			func(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }, "0\r\n\r\n"},
		{"HTTP/1.0", "puppet", "HTTP/1.0", "A: b\n\n", head("HTTP/1.0 200 OK", "A: b"), func(s string) string { return s }, ""},
		{"with a length", "puppet", "HTTP/1.1", "Content-Length: 8\n\n", head("HTTP/1.1 200 OK", "Content-Length: 8"), func(s string) string { return s }, ""},
		{"nph-", "nph-puppet", "HTTP/1.1", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", func(s string) string { return s }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			livesOn(t)
			h := newStage(t)
			h.ProtocolVersion = tc.protocol
			puppets := h.strings(t)
			s := h.serve(t)
			conn := dial(t, s.ServerAddress())
			io.WriteString(conn, "GET /cgi-bin/"+tc.script+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			p := puppets.next(t)
			wantHead := tc.wantHead
			if tc.protocol == "HTTP/1.1" && tc.script == "puppet" {
				wantHead = strings.TrimSuffix(wantHead, "\r\n") + "Connection: close\r\n\r\n"
			}
			p.write(tc.head[:3]) // half a head says nothing
			p.write(tc.head[3:])
			expect(t, conn, wantHead) // before any content
			for _, piece := range []string{"a", "bc\n", "defg"} {
				p.write(piece)
				expect(t, conn, tc.piece(piece))
			}
			p.do("close", "stdout")
			expect(t, conn, tc.end)
			expectEOF(t, conn) // though the script is there still
			p.begin("exit", 0)
			p.awaitEnd()
		})
	}
}

// TestScriptClosesOutput: a script that has closed its standard output may live on,
// while the connection goes on, and can say so in the log.
func TestScriptClosesOutput(t *testing.T) {
	livesOn(t)
	h := newStage(t)
	puppets := h.strings(t)
	late := make(lateLines, 9)
	s := h.serve(t, late.option)
	conn := dial(t, s.ServerAddress())
	ask := "GET /cgi-bin/puppet HTTP/1.1\r\nHost: x\r\n\r\n"
	io.WriteString(conn, ask)
	first := puppets.next(t)
	first.write("Content-Length: 1\n\na")
	first.do("close", "stdout")
	expect(t, conn, head("HTTP/1.1 200 OK", "Content-Length: 1")+"a")
	io.WriteString(conn, ask)
	second := puppets.next(t)
	second.write("Content-Length: 1\n\nb")
	second.begin("exit", 0)
	second.awaitEnd()
	expect(t, conn, head("HTTP/1.1 200 OK", "Content-Length: 1")+"b")
	conn.Close()
	if got := first.do("complain", "I live\n"); got != "" {
		t.Errorf("complaining: %s", got)
	}
	first.begin("exit", 7)
	first.awaitEnd()
	late.expect(t, "CGI script /cgi-bin/puppet: I live", "CGI script /cgi-bin/puppet: exit code 7") // about no request any more
	if got := h.complaints(); got != "" {
		t.Errorf("log %q", got)
	}
}

// TestScriptHeadBounds: a header section has the bounds that a request's has.
func TestScriptHeadBounds(t *testing.T) {
	const (
		tooLong = "CGI script /cgi-bin/puppet: the header section: 431 Line too long: got more than 65536 bytes when reading header line (RFC 9110 §5.4)"
		tooMany = "CGI script /cgi-bin/puppet: the header section: 431 Too many headers: got more than 100 headers (RFC 9110 §5.4)"
		tooMuch = "CGI script /cgi-bin/puppet: the header section: 431: got more than 262144 bytes of headers (RFC 9110 §5.4)"
	)
	for _, tc := range []struct {
		name, output string
		want         string // the status
		log          string
	}{
		{"a long line", "A: " + strings.Repeat("b", 65000) + "\n\nhello", "200", ""},
		{"too long a line", "A: " + strings.Repeat("b", 70000) + "\n\nhello", "502", tooLong},
		{"a line without end", "A: " + strings.Repeat("b", 70000), "502", tooLong},
		{"many fields", strings.Repeat("A: b\n", 99) + "\nhello", "200", ""},
		{"too many fields", strings.Repeat("A: b\n", 110) + "\nhello", "502", tooMany},
		{"fields without end", strings.Repeat("A: b\n", 100000), "502", tooMany},
		{"in all too long", strings.Repeat("A: "+strings.Repeat("b", 60000)+"\n", 5) + "\nhello", "502", tooMuch},
		{"a page without a head", strings.Repeat("<p>hello\n", 100000), "502", tooMany},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newStage(t)
			puppets := h.strings(t)
			s := h.serve(t)
			conn := dial(t, s.ServerAddress())
			io.WriteString(conn, "GET /cgi-bin/puppet HTTP/1.0\r\n\r\n")
			p := puppets.next(t)
			for rest := tc.output; rest != ""; rest = rest[min(len(rest), 8192):] {
				p.try("write", rest[:min(len(rest), 8192)])
			}
			p.try("exit", 0)
			got, err := io.ReadAll(conn)
			m := wiretest.Parse(string(got))
			if err != nil || len(m) != 1 || !strings.HasPrefix(m[0].Status, "HTTP/1.1 "+tc.want) || tc.want == "200" && m[0].Content != "hello" {
				t.Errorf("got %.300q, %v", got, err)
			}
			p.awaitEnd()
			if got := h.complaints(); got != tc.log {
				t.Errorf("log  %q\nwant %q", got, tc.log)
			}
		})
	}
}

//go:build unix

package httpserver_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/httpserver/internal/wiretest"
)

// aBody is one of n bytes, no two lines of which are the same.
func aBody(n int) string {
	var b []byte
	for i := 0; len(b) < n; i++ {
		b = append(strconv.AppendInt(b, int64(i), 10), '\n')
	}
	return string(b[:n])
}

// inChunks is a body in chunks of that size at most.
func inChunks(body string, size int) string {
	var b strings.Builder
	for ; body != ""; body = body[min(size, len(body)):] {
		piece := body[:min(size, len(body))]
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(piece), piece)
	}
	return b.String() + "0\r\n\r\n"
}

// post is a request with a body, of that length or in chunks.
func post(target, body string, chunked bool, fields ...string) string {
	head := "POST " + target + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(append(fields, ""), "\r\n")
	if chunked {
		return head + "Transfer-Encoding: chunked\r\n\r\n" + inChunks(body, 1000)
	}
	return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
}

// dechunked gives the content of the first answer in a stream, and the rest.
func dechunked(t *testing.T, stream string) (status, content, rest string) {
	t.Helper()
	head, rest, _ := strings.Cut(stream, "\r\n\r\n")
	status, _, _ = strings.Cut(head, "\r\n")
	for {
		size, after, _ := strings.Cut(rest, "\r\n")
		var n int
		if _, err := fmt.Sscanf(size, "%x", &n); err != nil || len(after) < n+2 {
			t.Fatalf("no chunk at %.100q after %.300q", rest, head)
		}
		content, rest = content+after[:n], after[n+2:]
		if n == 0 {
			return status, content, rest
		}
	}
}

// emptyTemp makes an empty directory the one for temporary files, and checks at the
// end that it is empty again.
func emptyTemp(t *testing.T) (check func()) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	check = func() {
		t.Helper()
		if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil {
			t.Errorf("temporary files: %v, %v", entries, err)
		}
	}
	t.Cleanup(check)
	return check
}

const servedNext = "GET /cgi-bin/say?Content-Length:%204%0A%0Anext HTTP/1.1\r\nHost: x\r\n\r\n"

var answeredNext = head("HTTP/1.1 200 OK", "Content-Length: 4") + "next"

// TestScriptBody: a script's standard input is the body, all of it and no more, and
// CONTENT_LENGTH says how long that is.
func TestScriptBody(t *testing.T) {
	small, page, large, huge := aBody(5), aBody(64<<10), aBody(64<<10+1), aBody(3<<20)
	h := newStage(t)
	emptyTemp(t)
	s := h.serve(t)
	for _, tc := range []struct{ name, request, length, body string }{
		{"no body, GET", "GET /cgi-bin/echo HTTP/1.1\r\nHost: x\r\n\r\n", "", ""},
		{"no body, POST", "POST /cgi-bin/echo HTTP/1.1\r\nHost: x\r\n\r\n", "", ""},
		{"empty", post("/cgi-bin/echo", "", false), "0", ""},
		{"empty, in chunks", post("/cgi-bin/echo", "", true), "0", ""},
		{"small", post("/cgi-bin/echo", small, false), "5", small},
		{"small, in chunks", post("/cgi-bin/echo", small, true), "5", small},
		{"of GET", "GET /cgi-bin/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n" + small, "5", small},
		{"with a trailer", "POST /cgi-bin/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", "5", "hello"},
		{"as much as memory takes", post("/cgi-bin/echo", page, false), "65536", page},
		{"as much as memory takes, in chunks", post("/cgi-bin/echo", page, true), "65536", page},
		{"large", post("/cgi-bin/echo", large, false), "65537", large},
		{"large, in chunks", post("/cgi-bin/echo", large, true), "65537", large},
		{"huge", post("/cgi-bin/echo", huge, false), "3145728", huge},
		{"huge, in chunks", post("/cgi-bin/echo", huge, true), "3145728", huge},
		{"any bytes", post("/cgi-bin/echo", "\x00\xff\r\n\x1a", false), "5", "\x00\xff\r\n\x1a"},
		{"looks like a request", post("/cgi-bin/echo", servedNext, true), fmt.Sprint(len(servedNext)), servedNext},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, content, rest := dechunked(t, hear(t, s.ServerAddress(), tc.request+servedNext))
			want := fmt.Sprintf("%q %d %s", tc.length, len(tc.body), tc.body)
			if status != "HTTP/1.1 200 OK" || content != want {
				t.Errorf("got %q, %d bytes: %.100q\nwant %d bytes: %.100q", status, len(content), content, len(want), want)
			}
			if rest != answeredNext {
				t.Errorf("then %.300q", rest)
			}
			if got := h.complaints(); got != "" {
				t.Errorf("log %s", got)
			}
		})
	}
	t.Run("of HTTP/1.0", func(t *testing.T) {
		got := send(t, s, "POST /cgi-bin/echo HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello, and more")
		if want := head("HTTP/1.1 200 OK", "Content-Type: text/plain", "Connection: close") + `"5" 5 hello`; got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

// hear is send for what may be too much to be sent before anything is read.
func hear(t *testing.T, addr net.Addr, raw string) string {
	t.Helper()
	answer, err := wiretest.Send(addr.String(), raw)
	if err != nil {
		t.Errorf("%.100q: after %.300q: %v", raw, answer, err)
	}
	return answer
}

// TestScriptBodyRefused: what is no body, or too large a one, reaches no script.
func TestScriptBodyRefused(t *testing.T) {
	const tooLong = "The body is longer than it may be"
	tooLarge := refusal("HTTP/1.1", 413, "Content Too Large", tooLong)
	chunks := "POST /cgi-bin/puppet HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, tc := range []struct {
		name, request string
		most          int64
		want          string // the answer or, if it is a number, its status
	}{
		{"too long", post("/cgi-bin/puppet", "hello", false), 4, tooLarge},
		{"too long, in chunks", post("/cgi-bin/puppet", "hello", true), 4, tooLarge},
		{"much too long", "POST /cgi-bin/puppet HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741825\r\n\r\n", 0, tooLarge},
		{"too long for a file", post("/cgi-bin/puppet", aBody(200_000), true), 100_000, tooLarge},
		{"too long, and only announced", "POST /cgi-bin/puppet HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", 4, "HTTP/1.1 100 Continue\r\n\r\n" + tooLarge},
		{"cut off", strings.TrimSuffix(post("/cgi-bin/puppet", "hello", false), "o"), 0, "400"},
		{"cut off, in chunks", chunks + "5\r\nhell", 0, "400"},
		{"cut off, in a file", chunks + "20000\r\n" + aBody(100_000), 0, "400"},
		{"no chunk", chunks + "5\r\nhello\r\nx\r\n", 0, "400"},
		{"no chunk, in a file", chunks + "11000\r\n" + aBody(0x11000) + "\r\nx\r\n", 0, "400"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newStage(t)
			puppets := h.strings(t)
			h.CGIMaxBody = tc.most
			emptyTemp(t)
			s := h.serve(t)
			got := hear(t, s.ServerAddress(), tc.request)
			if len(tc.want) == 3 && !strings.HasPrefix(got, "HTTP/1.1 "+tc.want+" ") || len(tc.want) > 3 && got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
			s.Close() // what has been started has been reaped
			puppets.none(t)
			if got := h.complaints(); got != "" && strings.HasSuffix(tc.want, tooLarge) {
				t.Errorf("log %s", got)
			}
		})
	}
}

// TestScriptBodyContinue: who asks is told to go on, where the body is wanted.
func TestScriptBodyContinue(t *testing.T) {
	for _, n := range []int{5, 100_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			h := newStage(t)
			s := h.serve(t)
			conn := dial(t, s.ServerAddress())
			body := aBody(n)
			request := post("/cgi-bin/echo", body, false, "Expect: 100-continue")
			io.WriteString(conn, request[:len(request)-n])
			expect(t, conn, "HTTP/1.1 100 Continue\r\n\r\n")
			io.WriteString(conn, body)
			io.WriteString(conn, servedNext)
			conn.(*net.TCPConn).CloseWrite()
			answer, _ := io.ReadAll(conn)
			_, content, rest := dechunked(t, string(answer))
			if want := fmt.Sprintf(`"%d" %[1]d %s`, n, body); content != want || rest != answeredNext {
				t.Errorf("got %.100q, then %q", content, rest)
			}
		})
	}
}

// TestScriptBodyUnread: a script need not read its input, or not all of it.
func TestScriptBodyUnread(t *testing.T) {
	for _, tc := range []struct {
		name   string
		n      int
		read   int
		close  bool // its standard input
		goesOn bool
	}{
		{"small", 100, 0, false, true},
		{"small, of which some is read", 100, 10, false, true},
		{"small, closed", 100, 0, true, true},
		{"large", 100_000, 0, false, true},
		{"large, of which some is read", 100_000, 10, false, true},
		{"huge", 10 << 20, 0, false, false},
		{"huge, of which some is read", 10 << 20, 1 << 20, false, false},
		{"huge, closed", 10 << 20, 0, true, false},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, %v", tc.name, chunked), func(t *testing.T) {
				h := newStage(t)
				puppets := h.strings(t)
				emptyTemp(t)
				s := h.serve(t)
				body := aBody(tc.n)
				answer := make(chan string)
				go func() {
					got, err := wiretest.Send(s.ServerAddress().String(), post("/cgi-bin/puppet", body, chunked)+servedNext)
					if err != nil {
						got += err.Error()
					}
					answer <- got
				}()
				p := puppets.next(t)
				if got := p.do("read", tc.read); got != body[:tc.read] {
					t.Errorf("it has read %.100q", got)
				}
				if tc.close {
					p.do("close", "stdin")
				}
				p.write("Content-Length: 5\n\nhello")
				p.begin("exit", 0)
				p.awaitEnd()
				got := <-answer
				got = strings.Replace(got, "Connection: close\r\n", "", 1) // it may know already that it cannot go on
				rest, ok := strings.CutPrefix(got, head("HTTP/1.1 200 OK", "Content-Length: 5")+"hello")
				if !ok || rest != "" && rest != answeredNext || (tc.goesOn || chunked) && rest == "" {
					t.Errorf("got %q", got)
				}
				if got := h.complaints(); got != "" {
					t.Errorf("log %s", got)
				}
			})
		}
	}
}

// TestScriptAnswersFirst: a script may answer before it reads, and while it does.
func TestScriptAnswersFirst(t *testing.T) {
	h := newStage(t)
	puppets := h.strings(t)
	s := h.serve(t)
	conn := dial(t, s.ServerAddress())
	body := aBody(200_000)
	request := post("/cgi-bin/puppet", body, false)
	io.WriteString(conn, request[:len(request)-len(body)])
	p := puppets.next(t)
	p.write("Content-Length: 10\n\nbegun")
	expect(t, conn, head("HTTP/1.1 200 OK", "Content-Length: 10")+"begun")
	for n := 10; len(body) > 0; n *= 4 {
		n = min(n, len(body))
		io.WriteString(conn, body[:n])
		if got := p.do("read", n); got != body[:n] {
			t.Fatalf("it has read %.100q", got)
		}
		body = body[n:]
	}
	if got := p.do("read", 1); got != " EOF" {
		t.Errorf("at the end it reads %q", got)
	}
	p.write("ended")
	p.begin("exit", 0)
	expect(t, conn, "ended")
	io.WriteString(conn, servedNext)
	expect(t, conn, answeredNext)
	p.awaitEnd()
}

// TestScriptBodyFile: what is more than memory takes is in a file without a name
// while the script runs.
func TestScriptBodyFile(t *testing.T) {
	h := newStage(t)
	puppets := h.strings(t)
	check := emptyTemp(t)
	s := h.serve(t)
	conn := dial(t, s.ServerAddress())
	body := aBody(100_000)
	io.WriteString(conn, post("/cgi-bin/puppet", body, true))
	p := puppets.next(t)
	check()
	if got := p.do("read", 100_000); got != body {
		t.Errorf("it has read %.100q", got)
	}
	if got := p.do("read", 1); got != " EOF" {
		t.Errorf("at the end it reads %q", got)
	}
	p.write("Content-Length: 0\n\n")
	p.begin("exit", 0)
	expect(t, conn, head("HTTP/1.1 200 OK", "Content-Length: 0"))
	p.awaitEnd()
}

// TestScriptSlowBody: a client may take its time with the body: that is none of the
// script's.
func TestScriptSlowBody(t *testing.T) {
	for limit := 50 * time.Millisecond; ; limit *= 2 {
		h := newStage(t)
		puppets := h.strings(t)
		h.CGITimeout = limit
		s := h.serve(t)
		conn := dial(t, s.ServerAddress())
		body := aBody(100_000)
		request := post("/cgi-bin/puppet", body, false)
		io.WriteString(conn, request[:len(request)-len(body)])
		p := puppets.next(t)
		p.begin("count", "")
		for rest := body; rest != ""; rest = rest[20_000:] {
			time.Sleep(2 * limit)
			io.WriteString(conn, rest[:20_000])
		}
		read, err := p.tryReply()
		p.try("write", "Content-Length: 0\n\n")
		p.try("exit", 0)
		got := readUntil(t, conn, "\r\n")
		p.awaitEnd()
		if read == "100000" && strings.HasPrefix(got, "HTTP/1.1 200") {
			return
		}
		// Once it has its body it may have been slow itself, where the machine is busy.
		if err == nil && read != "100000" || !strings.HasPrefix(got, "HTTP/1.1 200") && !strings.HasPrefix(got, "HTTP/1.1 504") || limit > 2*time.Second {
			t.Fatalf("it has read %s, %v; the client got %q", read, err, got)
		}
	}
}

// TestScriptRedirectsBody: the request that a local redirect makes has no body, and the
// rest of this one's is in nobody's way.
func TestScriptRedirectsBody(t *testing.T) {
	h := newStage(t)
	s := h.serve(t)
	location := "Location: /cgi-bin/echo\n\n"
	for _, n := range []int{5, 100_000} {
		for _, chunked := range []bool{false, true} {
			answer := hear(t, s.ServerAddress(), post(say(location), aBody(n), chunked)+servedNext)
			_, content, rest := dechunked(t, answer)
			if content != `"" 0 ` || rest != answeredNext {
				t.Errorf("%d, %v: got %q, then %q", n, chunked, content, rest)
			}
		}
	}
}

// TestScriptRedirectsUnsentBody: a local redirect is answered though the client has not
// sent all of its body.
func TestScriptRedirectsUnsentBody(t *testing.T) {
	for _, to := range []string{"/cgi-bin/echo", "/page.txt", "/none"} {
		t.Run(to, func(t *testing.T) {
			h := newStage(t)
			h.write(t, "page.txt", "page\n", 0o644)
			puppets := h.strings(t)
			s := h.serve(t)
			conn := dial(t, s.ServerAddress())
			request := post("/cgi-bin/puppet", aBody(100_000), false)
			io.WriteString(conn, request[:1000])
			p := puppets.next(t)
			p.do("read", 100) // so that somebody waits for the rest
			p.write("Location: " + to + "\n\n")
			p.begin("exit", 0)
			p.awaitEnd()
			if got, want := readUntil(t, conn, "\r\n"), map[string]string{"/none": "HTTP/1.1 404 File not found\r\n"}[to]; got != want && (want != "" || got != "HTTP/1.1 200 OK\r\n") {
				t.Errorf("got %q", got)
			}
			if to != "/none" { // which ends the connection
				io.WriteString(conn, request[1000:]+servedNext)
				conn.(*net.TCPConn).CloseWrite()
			}
			rest, err := io.ReadAll(conn)
			if to != "/none" && !strings.HasSuffix(string(rest), answeredNext) {
				t.Errorf("then %q", rest)
			}
			if content := map[string]string{"/cgi-bin/echo": `"" 0 `, "/page.txt": "page\n", "/none": notFound}[to]; err != nil || !strings.Contains(string(rest), content) {
				t.Errorf("got %q, %v", rest, err)
			}
			if got := h.complaints(); got != "" {
				t.Errorf("log %s", got)
			}
		})
	}
}

//go:build unix

package httpserver_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/internal/wiretest"
)

// checkIdle checks at the test's end that the server, which goes on then, has nothing
// left of requests and scripts. Connections are to have ended.
func checkIdle(t *testing.T, s *httpserver.ThreadingServer) {
	t.Helper()
	send(t, s, "GET "+say("A: b\n\n")+" HTTP/1.0\r\n\r\n") // so that there is what the first script brings, and stays
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors()
	t.Cleanup(func() {
		for deadline := time.Now().Add(patience); runtime.NumGoroutine() > goroutines || openDescriptors() > descriptors; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Errorf("the server has goroutines: %d before, %d after; descriptors: %d before, %d after\n%s",
					goroutines, runtime.NumGoroutine(), descriptors, openDescriptors(), stacks[:runtime.Stack(stacks, true)])
				return
			}
		}
	})
}

// reset ends a connection so that the other side sees it at once.
func reset(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

const askPuppet = "GET /cgi-bin/puppet HTTP/1.1\r\nHost: x\r\n\r\n"

// A scriptState is what a script does while it has to end.
type scriptState struct {
	name    string
	request string
	prepare func(p *puppet)
	sent    string          // what the client has of the answer by then
	spawns  []string        // what it starts
	spawned func(p *puppet) // what each of those does
	busy    func(p *puppet) // what it is at then, if there is no answer to it
	slow    bool            // it takes seconds, where it has them
	ended   bool            // the client has ended its output
	stuck   bool            // a reset is not seen there, but on Linux: CGITimeout ends it
}

var aHead = head("HTTP/1.1 200 OK", "Content-Length: 1000000000")

func beginAnswer(p *puppet) { p.write("Content-Length: 1000000000\n\n") }

// scriptStates gives them all. It is no variable: the scripts are this program too, and
// would make what they never send.
func scriptStates() []scriptState {
	return []scriptState{
		{name: "silent", request: askPuppet},
		{name: "silent, for a client that sends no more", request: askPuppet, ended: true, stuck: true},
		{name: "in an answer", request: askPuppet, prepare: beginAnswer, sent: aHead},
		{name: "writing what nobody takes", request: askPuppet, busy: func(p *puppet) {
			beginAnswer(p)
			p.begin("flood", 200_000_000)
		}},
		{name: "waiting for its body", request: "POST /cgi-bin/puppet HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhello",
			prepare: func(p *puppet) { p.do("read", 5) }, busy: func(p *puppet) { p.begin("count", "") }},
		{name: "not taking its body", request: "POST /cgi-bin/puppet HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + aBody(300_000), stuck: true},
		{name: "with a child", request: askPuppet, prepare: beginAnswer, sent: aHead, spawns: []string{"group", "group"}},
		{name: "with a child that is deaf", request: askPuppet, spawns: []string{"group"}, spawned: func(p *puppet) { p.do("ignore", 15) }},
		{name: "complaining without end", request: askPuppet, busy: func(p *puppet) { p.begin("rant", 1_000_000_000) }},
		{name: "deaf", request: askPuppet, prepare: func(p *puppet) { p.do("ignore", 15) }, slow: true},
	}
}

// A scriptEnd is how the server, or who asks, ends a script.
type scriptEnd struct {
	name string
	end  func(t *testing.T, s *httpserver.ThreadingServer, conn net.Conn)
	now  bool // it has ended when that returns
}

var scriptEnds = []scriptEnd{
	{"the client resets", func(_ *testing.T, _ *httpserver.ThreadingServer, conn net.Conn) { reset(conn) }, false},
	{"Close", func(_ *testing.T, s *httpserver.ThreadingServer, _ net.Conn) { s.Close() }, true},
	{"Shutdown", func(t *testing.T, s *httpserver.ThreadingServer, _ net.Conn) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := s.Shutdown(ctx); err != context.Canceled {
			t.Errorf("Shutdown: %v", err)
		}
	}, true},
}

// TestScriptsEnd: whatever a script does, it ends when it has to, and its group with it,
// and nothing is left of it.
func TestScriptsEnd(t *testing.T) {
	for _, state := range scriptStates() {
		for _, end := range scriptEnds {
			t.Run(state.name+", "+end.name, func(t *testing.T) {
				if state.slow && !end.now && testing.Short() {
					t.Skip("it takes seconds")
				}
				h := newStage(t)
				puppets := h.strings(t)
				if state.stuck && !end.now && runtime.GOOS != "linux" {
					h.CGITimeout = 300 * time.Millisecond
				}
				s := h.serve(t)
				if !end.now {
					checkIdle(t, s)
				}
				conn := dial(t, s.ServerAddress())
				io.WriteString(conn, state.request)
				if state.ended {
					conn.(*net.TCPConn).CloseWrite()
				}
				p := puppets.next(t)
				all := []*puppet{p}
				if state.prepare != nil {
					state.prepare(p)
				}
				expect(t, conn, state.sent)
				for _, where := range state.spawns {
					p.do("spawn", where)
					child := puppets.next(t)
					if state.spawned != nil {
						state.spawned(child)
					}
					all = append(all, child)
				}
				if state.busy != nil {
					state.busy(p)
				}
				end.end(t, s, conn)
				if end.now && !p.isReaped() {
					t.Error("the script is there still")
				}
				for _, p := range all {
					p.awaitEnd()
				}
			})
		}
	}
}

// TestScriptsEndOverOthers: a client that goes ends its script over a Unix socket and TLS
// too, whatever it has sent before. Closing a Unix socket is going: ending its output is
// something else, and is told apart.
func TestScriptsEndOverOthers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this system tells of a client that goes by reads and writes alone")
	}
	for _, network := range []string{"unix", "tcp"} {
		for _, tc := range []struct {
			name, request string
			ended         bool
		}{
			{"silent", askPuppet, false},
			{"sends no more", askPuppet, true},
			{"a body that nobody takes", post("/cgi-bin/puppet", aBody(100_000), false), false},
			{"much of one", "POST /cgi-bin/puppet HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + aBody(500_000), false},
		} {
			t.Run(map[string]string{"unix": "Unix", "tcp": "TLS"}[network]+", "+tc.name, func(t *testing.T) {
				h := newStage(t)
				puppets := h.strings(t)
				h.CGITimeout = -1
				checkLeaks(t)
				s := &httpserver.ThreadingServer{}
				s.Handler = h
				var conn, outer net.Conn
				if network == "unix" {
					l := listenUnix(t)
					inBackground(t, s, func() error { return s.Serve(l) })
					conn = dial(t, l.Addr())
					outer = conn
				} else {
					l := listen(t)
					inBackground(t, s, func() error {
						return s.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate(t)}}))
					})
					conn = dial(t, l.Addr())
					outer = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
				}
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					io.WriteString(outer, tc.request)
					if tc.ended {
						outer.(interface{ CloseWrite() error }).CloseWrite()
					}
				}()
				p := puppets.next(t)
				p.write("A: b\n\n") // it has not gone, and is waited for
				readUntil(t, outer, "\r\n\r\n")
				if p.isReaped() {
					t.Error("the script has been ended")
				}
				if network == "tcp" {
					reset(conn)
				} else {
					conn.Close()
				}
				p.awaitEnd()
				<-sent
			})
		}
	}
}

// TestScriptsEndBeforeServeForever: when ServeForever returns, no script is left.
func TestScriptsEndBeforeServeForever(t *testing.T) {
	for _, peaceful := range []bool{false, true} {
		h := newStage(t)
		puppets := h.strings(t)
		checkLeaks(t)
		s, err := httpserver.NewThreadingServer("127.0.0.1:0", h)
		if err != nil {
			t.Fatal(err)
		}
		conn := dial(t, s.ServerAddress())
		go func() {
			io.WriteString(conn, askPuppet)
			p := puppets.next(t)
			p.do("ignore", 15)
			if peaceful {
				ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
				defer cancel()
				s.Shutdown(ctx)
			} else {
				s.Close()
			}
		}()
		s.ServeForever()
		// Nobody is the child of this process any more.
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
			t.Errorf("%v: process %d, %v", peaceful, pid, err)
		}
	}
}

// TestScriptOutlivesItsAnswer: a script that has closed its output lives on when its
// connection ends, but not when the server does.
func TestScriptOutlivesItsAnswer(t *testing.T) {
	livesOn(t)
	for _, end := range scriptEnds {
		t.Run(end.name, func(t *testing.T) {
			h := newStage(t)
			puppets := h.strings(t)
			s := h.serve(t)
			conn := dial(t, s.ServerAddress())
			io.WriteString(conn, askPuppet)
			p := puppets.next(t)
			p.write("Content-Length: 0\n\n")
			p.do("close", "stdout")
			expect(t, conn, head("HTTP/1.1 200 OK", "Content-Length: 0"))
			io.WriteString(conn, servedNext)
			expect(t, conn, answeredNext)
			if !end.now {
				end.end(t, s, conn)
				if got := p.do("read", 1); got != " EOF" { // it is there
					t.Errorf("it reads %q", got)
				}
				s.Close()
			} else if s.Shutdown(context.Background()); end.name == "Close" {
				s.Close()
			}
			if !p.isReaped() {
				t.Error("the script is there still")
			}
			p.awaitEnd()
		})
	}
}

// TestScriptHalfClose: a client that sends no more has not gone.
func TestScriptHalfClose(t *testing.T) {
	h := newStage(t)
	puppets := h.strings(t)
	h.CGITimeout = -1
	s := h.serve(t)
	checkIdle(t, s)
	conn := dial(t, s.ServerAddress())
	io.WriteString(conn, askPuppet)
	p := puppets.next(t)
	conn.(*net.TCPConn).CloseWrite()
	send(t, s, "GET "+say("A: b\n\n")+" HTTP/1.0\r\n\r\n") // there was time to see it
	p.write("Content-Length: 5\n\nhello")
	p.begin("exit", 0)
	expect(t, conn, head("HTTP/1.1 200 OK", "Content-Length: 5")+"hello")
	expectEOF(t, conn)
	p.awaitEnd()
	if got := h.complaints(); got != "" {
		t.Errorf("log %s", got)
	}
}

// TestScriptClientLeaves: a script that writes for nobody ends, and the log says so
// once.
func TestScriptClientLeaves(t *testing.T) {
	for _, tc := range []struct{ name, head string }{
		{"with a length", "Content-Length: 1000000000\n\n"},
		{"in chunks", "A: b\n\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newStage(t)
			puppets := h.strings(t)
			s := h.serve(t)
			checkIdle(t, s)
			conn := dial(t, s.ServerAddress())
			io.WriteString(conn, askPuppet)
			p := puppets.next(t)
			p.write(tc.head)
			p.begin("flood", 1_000_000_000)
			io.CopyN(io.Discard, conn, 1_000_000)
			conn.Close()
			p.awaitEnd()
			for deadline := time.Now().Add(patience); h.complaints() == "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			}
			if got := h.complaints(); strings.Count(got, "; ") > 0 || !strings.HasPrefix(got, "GET: client went away: ") {
				t.Errorf("log %q", got)
			}
		})
	}
}

// TestScriptTimeout: a script that does nothing for too long is ended, and who waits
// for it hears of that.
func TestScriptTimeout(t *testing.T) {
	late := refusal("HTTP/1.1", 504, "Gateway Timeout", "The gateway server did not receive a timely response")
	for _, tc := range []struct {
		name, request string
		act           func(p *puppet)
		want          []string // one of these; the script may have been slow before it did that
		slow          bool
	}{
		{"silent", askPuppet, nil, []string{late}, false},
		{"in its head", askPuppet, func(p *puppet) { p.try("write", "A: b\n") }, []string{late}, false},
		{"behind its head", askPuppet, func(p *puppet) { p.try("write", "Content-Length: 5\n\nh") }, []string{late, head("HTTP/1.1 200 OK", "Content-Length: 5") + "h"}, false},
		{"behind its head, in chunks", askPuppet, func(p *puppet) { p.try("write", "A: b\n\nh") }, []string{late, head("HTTP/1.1 200 OK", "A: b", "Transfer-Encoding: chunked") + "1\r\nh\r\n"}, false},
		{"complaining", askPuppet, func(p *puppet) { p.try("complain", "I am busy\n") }, []string{late}, false},
		{"not taking its body", post("/cgi-bin/puppet", aBody(300_000), false), nil, []string{late}, false},
		{"not taking all of its body", post("/cgi-bin/puppet", aBody(300_000), false), func(p *puppet) { p.try("read", 1) }, []string{late}, false},
		{"waiting for a body that is complete", post("/cgi-bin/puppet", aBody(1000), false), func(p *puppet) { p.try("count", "") }, []string{late}, false},
		{"deaf", askPuppet, func(p *puppet) { p.try("ignore", 15) }, []string{late}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.slow && testing.Short() {
				t.Skip("it takes seconds")
			}
			h, conn, p := hurried(t, 300*time.Millisecond, tc.request)
			if tc.act != nil {
				tc.act(p)
			}
			got, err := io.ReadAll(conn)
			if err != nil {
				t.Error(err)
			}
			ok := false
			for _, want := range tc.want {
				ok = ok || string(got) == want
			}
			if !ok {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
			p.awaitEnd()
			const why = "CGI script /cgi-bin/puppet: script: it did nothing for too long"
			if got := strings.TrimPrefix(h.complaints(), "CGI script /cgi-bin/puppet: I am busy; "); got != why {
				t.Errorf("log  %q\nwant %q", got, why)
			}
		})
	}
}

// TestScriptTimeoutAfterAnswer: a script that has closed its output does not live on
// for ever.
func TestScriptTimeoutAfterAnswer(t *testing.T) {
	livesOn(t)
	_, _, p := hurried(t, 100*time.Millisecond, askPuppet)
	p.try("write", "Content-Length: 0\n\n")
	p.try("close", "stdout")
	p.awaitEnd()
}

// TestScriptLeavesChildren: what a script has left in its group when it exits is ended,
// and what has left the group holds nothing up.
func TestScriptLeavesChildren(t *testing.T) {
	for _, where := range []string{"group", "session"} {
		t.Run(where, func(t *testing.T) {
			h := newStage(t)
			puppets := h.strings(t)
			s := h.serve(t)
			checkIdle(t, s)
			conn := dial(t, s.ServerAddress())
			io.WriteString(conn, askPuppet)
			p := puppets.next(t)
			p.write("A: b\n\n")
			p.do("spawn", where)
			child := puppets.next(t)
			child.do("ignore", 15)
			child.write("from the child")
			p.write("the end")
			p.begin("exit", 0)
			p.awaitEnd()
			if where == "group" {
				child.awaitEnd()
			}
			io.WriteString(conn, servedNext)
			conn.(*net.TCPConn).CloseWrite()
			answer, err := io.ReadAll(conn)
			if err != nil {
				t.Error(err)
			}
			_, content, rest := dechunked(t, string(answer))
			if content != "from the childthe end" || rest != answeredNext {
				t.Errorf("got %q, then %q", content, rest)
			}
			if where == "session" {
				child.release()
			}
			if got := h.complaints(); got != "" {
				t.Errorf("log %s", got)
			}
		})
	}
}

// TestScriptComplainsALot: what a script writes to its standard error does not hold it up,
// and the log has a bound.
func TestScriptComplainsALot(t *testing.T) {
	h := newStage(t)
	puppets := h.strings(t)
	s := h.serve(t)
	checkIdle(t, s)
	conn := dial(t, s.ServerAddress())
	io.WriteString(conn, askPuppet)
	p := puppets.next(t)
	if got := p.do("rant", 80*100_000); got != "" { // before it says anything else
		t.Error(got)
	}
	p.do("complain", strings.Repeat("x", 10_000)+"\n\x1b[31mred\x00\n")
	p.write("Content-Length: 5\n\nhello")
	if got := p.do("rant", 80*100_000); got != "" {
		t.Error(got)
	}
	p.begin("exit", 0)
	expect(t, conn, head("HTTP/1.1 200 OK", "Content-Length: 5")+"hello")
	io.WriteString(conn, servedNext)
	expect(t, conn, answeredNext)
	p.awaitEnd()
	lines := strings.Split(h.complaints(), "; ")
	if n := len(lines); n != 1001 || lines[0] != "CGI script /cgi-bin/puppet: "+string(zeroLine[:79]) || lines[1000] != "CGI script /cgi-bin/puppet: 199002 more lines" {
		t.Errorf("%d lines, the last is %q", n, lines[n-1])
	}
}

// TestScriptWritesALot: as much as the client takes.
func TestScriptWritesALot(t *testing.T) {
	const n = 200_000_000
	for _, tc := range []struct{ name, head, protocol string }{
		{"in chunks", "A: b\n\n", "HTTP/1.1"},
		{"with a length", fmt.Sprintf("Content-Length: %d\n\n", n), "HTTP/1.1"},
		{"to the end", "A: b\n\n", "HTTP/1.0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newStage(t)
			h.ProtocolVersion = tc.protocol
			puppets := h.strings(t)
			s := h.serve(t)
			checkIdle(t, s)
			conn := dial(t, s.ServerAddress())
			conn.SetDeadline(time.Now().Add(6 * patience))
			io.WriteString(conn, "GET /cgi-bin/puppet HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			p := puppets.next(t)
			p.conn.SetDeadline(time.Now().Add(6 * patience))
			p.write(tc.head)
			p.begin("flood", n)
			p.begin("exit", 0)
			readUntil(t, conn, "\r\n\r\n")
			got, err := io.Copy(io.Discard, conn)
			if err != nil || got < n || tc.name != "in chunks" && got != n || got > n+n/100 {
				t.Errorf("%d bytes, %v", got, err)
			}
			p.awaitEnd()
		})
	}
}

// TestScriptWritesForNobody: a client that takes nothing of its answer loses it, and the
// script ends.
func TestScriptWritesForNobody(t *testing.T) {
	h := newStage(t)
	puppets := h.strings(t)
	s := h.serve(t, func(s *httpserver.ThreadingServer) { s.ProgressTimeout = 300 * time.Millisecond })
	checkIdle(t, s)
	conn := dial(t, s.ServerAddress())
	io.WriteString(conn, askPuppet)
	p := puppets.next(t)
	p.write("Content-Length: 200000000\n\n")
	p.begin("flood", 200_000_000)
	p.awaitEnd()
	if n, err := io.Copy(io.Discard, conn); n >= 200_000_000 || err == nil && n == 0 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// TestManyScripts: fifty run at once, each for its own client.
func TestManyScripts(t *testing.T) {
	const n = 50
	h := newStage(t)
	puppets := h.strings(t)
	s := h.serve(t)
	checkIdle(t, s)
	conns := map[string]net.Conn{}
	var running []*puppet
	for i := range n {
		conn := dial(t, s.ServerAddress())
		body := fmt.Sprintf("%03d", i)
		io.WriteString(conn, post("/cgi-bin/puppet", body, i%2 == 0))
		conns[body] = conn
	}
	for range n {
		running = append(running, puppets.next(t))
	}
	for _, p := range running { // all are there
		body := p.do("read", 3)
		p.write("Content-Length: 3\n\n" + body)
		expect(t, conns[body], head("HTTP/1.1 200 OK", "Content-Length: 3")+body)
		delete(conns, body)
	}
	for _, p := range running {
		p.begin("exit", 0)
	}
	for _, p := range running {
		p.awaitEnd()
	}
}

// TestCGIMaxScripts: there are not more at once than may be. Others wait their turn, as
// long as not too many do, and not for too long.
func TestCGIMaxScripts(t *testing.T) {
	before := httpserver.WaitForScripts(time.Hour)
	defer httpserver.WaitForScripts(before)
	h := newStage(t)
	puppets := h.strings(t)
	h.CGIMaxScripts = 1
	s := h.serve(t)
	checkIdle(t, s)
	full := refusal("HTTP/1.1", 503, "Service Unavailable", "The server cannot process the request due to a high load")

	first := dial(t, s.ServerAddress())
	io.WriteString(first, askPuppet)
	p := puppets.next(t)
	waiting := map[net.Conn]bool{}
	answers, refused := make(chan string), make(chan net.Conn)
	for range 17 {
		conn := dial(t, s.ServerAddress())
		io.WriteString(conn, "GET /cgi-bin/puppet HTTP/1.0\r\n\r\n")
		waiting[conn] = true
		go func() {
			got, err := io.ReadAll(conn)
			switch {
			case string(got) == full:
				refused <- conn
			case err != nil:
				answers <- "gone"
			default:
				answers <- string(got)
			}
		}()
	}
	delete(waiting, <-refused) // sixteen may wait
	h.log.clear()
	for conn := range waiting { // whoever leaves makes room
		reset(conn)
		break
	}
	if got := <-answers; got != "gone" {
		t.Errorf("got %q", got)
	}
	p.write("Content-Length: 5\n\nfirst")
	p.begin("exit", 0)
	expect(t, first, head("HTTP/1.1 200 OK", "Content-Length: 5")+"first")
	p.awaitEnd()
	for range 3 { // then it is their turn
		p := puppets.next(t)
		p.write("Content-Length: 2\n\nok")
		p.begin("exit", 0)
		if got := <-answers; got != head("HTTP/1.1 200 OK", "Content-Length: 2", "Connection: close")+"ok" {
			t.Errorf("got %q", got)
		}
		p.awaitEnd()
	}
	p = puppets.next(t)
	puppets.none(t)
	s.Close() // and none of the others'
	p.awaitEnd()
	for range 12 {
		if got := <-answers; got != "gone" && got != "" {
			t.Errorf("after Close: got %q", got)
		}
	}
	if t.Failed() {
		t.Logf("log:\n%s", h.log)
	}
}

// TestCGIMaxScriptsPatience: whoever has waited for too long is told so.
func TestCGIMaxScriptsPatience(t *testing.T) {
	before := httpserver.WaitForScripts(50 * time.Millisecond)
	defer httpserver.WaitForScripts(before)
	h := newStage(t)
	puppets := h.strings(t)
	h.CGIMaxScripts = 2
	s := h.serve(t)
	checkIdle(t, s)
	var running []*puppet
	for range 2 {
		io.WriteString(dial(t, s.ServerAddress()), askPuppet)
		running = append(running, puppets.next(t))
	}
	h.log.clear()
	full := refusal("HTTP/1.1", 503, "Service Unavailable", "The server cannot process the request due to a high load")
	for _, request := range []string{askPuppet, post("/cgi-bin/puppet", "hello", false), post("/cgi-bin/puppet", aBody(100_000), true)} {
		if got := hear(t, s.ServerAddress(), request); got != full {
			t.Errorf("%.60q: got %q", request, got)
		}
	}
	if got, want := h.complaints(), strings.Repeat("; CGI script /cgi-bin/puppet: script: too many are running", 3)[2:]; got != want {
		t.Errorf("log  %q\nwant %q", got, want)
	}
	puppets.none(t)
	for _, p := range running {
		p.write("A: b\n\n")
		p.begin("exit", 0)
		p.awaitEnd()
	}
}

// TestScriptOfServeConn: a connection that is served by itself leaves nothing either.
func TestScriptOfServeConn(t *testing.T) {
	h := newStage(t)
	puppets := h.strings(t)
	l := listen(t)
	defer l.Close()
	checkLeaks(t)
	client := dial(t, l.Addr())
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { httpserver.ServeConn(conn, h); close(done) }()
	io.WriteString(client, askPuppet)
	p := puppets.next(t)
	p.write("Content-Length: 0\n\n")
	expect(t, client, head("HTTP/1.1 200 OK", "Content-Length: 0"))
	reset(client)
	p.awaitEnd()
	<-done
}

// A fallingStage falls where a script has begun.
type fallingStage struct {
	stage
	where string
	once  chan struct{} // has one for the fall
}

func (h *fallingStage) fall(where string) {
	if h.where != where {
		return
	}
	select {
	case <-h.once:
		panic("on purpose")
	default:
	}
}

func (h *fallingStage) SendResponseOnly(code int, message string) {
	h.fall("head")
	h.stage.SendResponseOnly(code, message)
}

func (h *fallingStage) LogError(format string, args ...any) {
	h.fall("log")
	h.stage.LogError(format, args...)
}

// TestScriptOfPanic: a script ends with a handler that panics.
func TestScriptOfPanic(t *testing.T) {
	for _, where := range []string{"head", "log"} {
		t.Run(where, func(t *testing.T) {
			h := &fallingStage{*newStage(t), where, make(chan struct{}, 1)}
			h.once <- struct{}{}
			puppets := h.strings(t)
			panics := make(chan any, 9)
			s := serveDuring(t, h, func(s *httpserver.ThreadingServer) {
				s.HandleError = func(_ net.Conn, problem any) { panics <- problem }
			})
			conn := dial(t, s.ServerAddress())
			io.WriteString(conn, askPuppet)
			p := puppets.next(t)
			if where == "log" {
				p.try("complain", "help\n")
			} else {
				p.try("write", "A: b\n\n")
			}
			got, err := io.ReadAll(conn)
			m := wiretest.Parse(string(got))
			if err != nil || len(m) != 1 || !strings.HasPrefix(m[0].Status, "HTTP/1.1 500 ") {
				t.Errorf("got %q, %v", got, err)
			}
			select {
			case problem := <-panics:
				if problem != "on purpose" {
					t.Errorf("panic: %v", problem)
				}
			case <-time.After(patience):
				t.Error("no panic")
			}
			p.try("write", strings.Repeat("x", 1000)) // which nobody reads
			p.awaitEnd()
		})
	}
}

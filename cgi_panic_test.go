//go:build unix

package httpserver_test

import (
	"io"
	"strings"
	"testing"

	"example.com/httpserver"
	"example.com/httpserver/internal/wiretest"
)

// A breaking reads bodies by a reader that panics when it has given more than fits
// in memory.
type breaking struct{ cgiSite }

func (h *breaking) DoPOST() {
	h.RFile = io.MultiReader(strings.NewReader(strings.Repeat("x", 100_000)), panicking{})
	h.cgiSite.DoPOST()
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("no more") }

// TestScriptTurnAfterPanic: a request that panics while its body is read gives its
// turn to run a script back.
func TestScriptTurnAfterPanic(t *testing.T) {
	h := &breaking{*newCGISite(t)}
	h.CGIMaxScripts = 1
	h.script(t, "hello", "#!/bin/sh\necho Content-Type: text/plain\necho\necho hello\n")
	s := serveDuring(t, h, func(s *httpserver.ThreadingServer) { h.logTo(s) })
	addr := s.ServerAddress().String()
	if got, _ := wiretest.Send(addr, "POST /cgi-bin/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"); !strings.Contains(got, " 500 ") {
		t.Errorf("the body: %q", got)
	}
	got, err := wiretest.Send(addr, "GET /cgi-bin/hello HTTP/1.0\r\n\r\n")
	if !strings.HasSuffix(got, "\r\n\r\nhello\n") {
		t.Errorf("the next script: %q, %v\n%v", got, err, h.log)
	}
}

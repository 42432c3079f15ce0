package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/examples/internal/loopback"
)

// TestMain lets the test binary be the program too.
func TestMain(m *testing.M) {
	if os.Getenv("JSONAPI_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func newServer(t *testing.T) *httpserver.ThreadingServer {
	t.Helper()
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", NewAPI())
	if err != nil {
		t.Fatal(err)
	}
	srv.Logger = slog.New(slog.NewTextHandler(unexpected{t}, nil))
	return srv
}

// unexpected is a log that nothing should be written to.
type unexpected struct{ t *testing.T }

func (u unexpected) Write(p []byte) (int, error) {
	u.t.Errorf("logged: %s", p)
	return len(p), nil
}

// post gives a request that adds a note, or would.
func post(body string, fields ...string) string {
	lines := append([]string{"POST /notes HTTP/1.1", "Host: notes", "Content-Type: application/json"}, fields...)
	return loopback.Lines(append(lines, "Content-Length: "+strconv.Itoa(len(body)), "", body)...)
}

func ask(method, target string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: notes\r\n\r\n"
}

// answer gives an answer in JSON. The fields stand behind Content-Length.
func answer(status, body string, fields ...string) string {
	lines := []string{"HTTP/1.1 " + status, "Server: *", "Date: *",
		"Content-Type: application/json", "Content-Length: " + strconv.Itoa(len(body))}
	lines = append(lines, fields...)
	return loopback.Lines(append(lines, "Access-Control-Allow-Origin: *", "", body)...)
}

// closing gives an answer that ends its connection.
func closing(answer string) string {
	return strings.Replace(answer, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)
}

func fault(message, explain string) string {
	return fmt.Sprintf(`{"error":%q,"explain":%q}`, message, explain)
}

// TestNotes sends one request after the other over one connection, which stays
// open through all errors that leave no doubt where the next request begins.
func TestNotes(t *testing.T) {
	c := loopback.Dial(t, loopback.Serve(t, newServer(t)))
	notAllowed := fault("Method Not Allowed", "Specified method is invalid for this resource")
	for _, tt := range []struct{ name, request, want string }{
		{"nothing yet", ask("GET", "/notes"), answer("200 OK", `[]`)},
		{"add", post(`{"text":"eggs"}`), answer("201 Created", `{"id":1,"text":"eggs"}`, "Location: /notes/1")},
		{"add another", post(`{"text":"spam"}`), answer("201 Created", `{"id":2,"text":"spam"}`, "Location: /notes/2")},
		{"collection", ask("GET", "/notes?by=age"), answer("200 OK", `[{"id":1,"text":"eggs"},{"id":2,"text":"spam"}]`)},
		{"item", ask("GET", "/notes/2"), answer("200 OK", `{"id":2,"text":"spam"}`)},
		{"absolute-form", ask("GET", "http://notes/notes/2"), answer("200 OK", `{"id":2,"text":"spam"}`)},
		{"HEAD has the fields alone", ask("HEAD", "/notes/1"), strings.TrimSuffix(answer("200 OK", `{"id":1,"text":"eggs"}`), `{"id":1,"text":"eggs"}`)},
		{"delete", ask("DELETE", "/notes/1"), loopback.Lines("HTTP/1.1 204 No Content", "Server: *", "Date: *", "Access-Control-Allow-Origin: *", "", "")},
		{"deleted", ask("GET", "/notes/1"), answer("404 Not Found", fault("Not Found", "There is no note 1"))},
		{"delete again", ask("DELETE", "/notes/1"), answer("404 Not Found", fault("Not Found", "There is no note 1"))},
		{"no such resource", ask("GET", "/"), answer("404 Not Found", fault("Not Found", "Nothing matches the given URI"))},
		{"POST to a note", strings.Replace(post(`{"text":"x"}`), "/notes", "/notes/2", 1), answer("405 Method Not Allowed", notAllowed, "Allow: GET, HEAD, DELETE, OPTIONS")},
		{"DELETE the collection", ask("DELETE", "/notes"), answer("405 Method Not Allowed", notAllowed, "Allow: GET, HEAD, POST, OPTIONS")},
		{"PUT a note", ask("PUT", "/notes/2"), answer("405 Method Not Allowed", notAllowed, "Allow: GET, HEAD, DELETE, OPTIONS")},
		{"unknown verb", ask("SPAM", "/notes"), answer("501 Not Implemented", fault("Not Implemented", "Unsupported method ('SPAM')"))},
		{"bad JSON", post(`{"text":`), answer("400 Bad Request", fault("Bad Request", "unexpected end of JSON input"))},
		{"JSON of another type", post(`{"text":1}`), answer("400 Bad Request", fault("Bad Request", "json: cannot unmarshal number into Go struct field .Text of type string"))},
		{"no text", post(`{}`), answer("422 Unprocessable Content", fault("Unprocessable Content", "A note has a text"))},
		{"no JSON", strings.Replace(post("eggs"), "application/json", "text/plain", 1), answer("415 Unsupported Media Type", fault("Unsupported Media Type", "Send application/json"), "Accept: application/json")},
		{"JSON in UTF-8", strings.Replace(post(`{"text":"é"}`), "json", "json; charset=utf-8", 1), answer("201 Created", `{"id":3,"text":"é"}`, "Location: /notes/3")},
		{"preflight", loopback.Lines("OPTIONS /notes/2 HTTP/1.1", "Host: notes", "Origin: https://example.org", "Access-Control-Request-Method: DELETE", "", ""),
			loopback.Lines("HTTP/1.1 204 No Content", "Server: *", "Date: *", "Allow: GET, HEAD, DELETE, OPTIONS",
				"Access-Control-Allow-Methods: GET, HEAD, DELETE, OPTIONS", "Access-Control-Allow-Headers: Content-Type",
				"Access-Control-Max-Age: 600", "Access-Control-Allow-Origin: *", "", "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			loopback.Same(t, tt.request, c.Ask(tt.request), tt.want)
		})
	}
}

// TestMalformed sends what the library itself refuses: that is JSON too, and
// ends the connection.
func TestMalformed(t *testing.T) {
	addr := loopback.Serve(t, newServer(t))
	for _, tt := range []struct{ name, request, explain string }{
		{"one word", "GET\r\n\r\n", "Bad request syntax ('GET')"},
		{"no Host", "GET /notes HTTP/1.1\r\n\r\n", "A request of HTTP/1.1 names its Host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := closing(answer("400 Bad Request", fault("Bad Request", tt.explain)))
			loopback.Same(t, tt.request, loopback.Ask(t, addr, tt.request), want)
		})
	}
}

func TestLimit(t *testing.T) {
	addr := loopback.Serve(t, newServer(t))
	note := func(size int) string { return `{"text":"` + strings.Repeat("x", size-11) + `"}` }
	tooLarge := fault("Content Too Large", "65536 bytes are the most")

	t.Run("just within", func(t *testing.T) {
		c := loopback.Dial(t, addr)
		if got, want := c.Ask(post(note(64<<10))), "HTTP/1.1 201 Created\r\n"; !strings.HasPrefix(got, want) {
			t.Errorf("got %.200q, want %q", got, want)
		}
	})
	t.Run("a byte beyond, and the connection goes on", func(t *testing.T) {
		c := loopback.Dial(t, addr)
		loopback.Same(t, "POST", c.Ask(post(note(64<<10+1))), answer("413 Content Too Large", tooLarge))
		loopback.Same(t, "GET", c.Ask(ask("GET", "/notes/0")), answer("404 Not Found", fault("Not Found", "Nothing matches the given URI")))
	})
	t.Run("far beyond, and the client still reads the answer", func(t *testing.T) {
		got := loopback.Ask(t, addr, post(note(400<<10)))
		if !strings.HasPrefix(got, "HTTP/1.1 413 Content Too Large\r\n") || !strings.HasSuffix(got, "\r\n\r\n"+tooLarge) {
			t.Errorf("got %q", got)
		}
	})
}

func TestConcurrentClients(t *testing.T) {
	addr := loopback.Serve(t, newServer(t))
	const clients, each = 8, 25
	var all sync.WaitGroup
	for i := range clients {
		c := loopback.Dial(t, addr)
		all.Go(func() {
			for j := range each {
				text := fmt.Sprintf("note %d of client %d", j, i)
				got := c.Ask(post(`{"text":"` + text + `"}`))
				_, target, _ := strings.Cut(got, "Location: ")
				target, _, _ = strings.Cut(target, "\r\n")
				body := fmt.Sprintf(`{"id":%s,"text":"%s"}`, strings.TrimPrefix(target, "/notes/"), text)
				loopback.Same(t, "POST", got, answer("201 Created", body, "Location: "+target))
				loopback.Same(t, "GET", c.Ask(ask("GET", target)), answer("200 OK", body))
			}
		})
	}
	all.Wait()
	got := loopback.Dial(t, addr).Ask(ask("GET", "/notes"))
	for id := 1; id <= clients*each; id++ {
		if !strings.Contains(got, fmt.Sprintf(`{"id":%d,`, id)) {
			t.Errorf("note %d is missing", id)
		}
	}
	if n := strings.Count(got, `"id"`); n != clients*each {
		t.Errorf("got %d notes, want %d", n, clients*each)
	}
}

// TestStop ends the server while a request is half read and another connection
// is idle.
func TestStop(t *testing.T) {
	before := runtime.NumGoroutine()
	srv := newServer(t)
	addr := srv.ServerAddress().String()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	served := make(chan error, 1)
	go func() { served <- serve(ctx, srv) }()

	slow, idle := loopback.Dial(t, addr), loopback.Dial(t, addr)
	beginPost(t, slow)
	loopback.Same(t, "GET", idle.Ask(ask("GET", "/notes")), answer("200 OK", `[]`))

	stop()
	loopback.Same(t, "an idle connection", idle.Rest(), "") // it ends at once
	select {
	case err := <-served:
		t.Fatalf("the server ended (%v) before the answer", err)
	default:
	}
	endPost(t, slow)
	if err := loopback.Wait(t, served); err != nil {
		t.Errorf("serve: got %v, want nil", err)
	}
	loopback.NoMoreGoroutines(t, before)
}

const slowNote = `{"text":"take your time"}`

// beginPost sends a request up to the middle of its body. The 100 says that the
// handler is at work.
func beginPost(t *testing.T, c *loopback.Conn) {
	t.Helper()
	head, _ := strings.CutSuffix(post(slowNote, "Expect: 100-continue"), slowNote)
	loopback.Same(t, "POST", c.Ask(head), "HTTP/1.1 100 Continue\r\nAccess-Control-Allow-Origin: *\r\n\r\n")
	c.Send(slowNote[:9])
}

// endPost sends the rest of the body and reads the answer of a server that
// ends.
func endPost(t *testing.T, c *loopback.Conn) {
	t.Helper()
	c.Send(slowNote[9:])
	want := answer("201 Created", `{"id":1,"text":"take your time"}`, "Location: /notes/1")
	loopback.Same(t, "POST", c.Rest(), closing(want))
}

// TestSignal runs the program itself and ends it as a service manager does.
func TestSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGTERM")
	}
	ctx, cancel := context.WithTimeout(context.Background(), loopback.Patience)
	defer cancel()
	program := exec.CommandContext(ctx, os.Args[0], "-addr", "127.0.0.1:0")
	program.Env = append(os.Environ(), "JSONAPI_MAIN=1", "GORACE=atexit_sleep_ms=0")
	program.Stderr = os.Stderr
	program.WaitDelay = time.Second
	stdout, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	defer program.Process.Kill()
	line, err := bufio.NewReader(io.LimitReader(stdout, 100)).ReadString('\n')
	if err != nil {
		t.Fatalf("the program said %q: %v", line, err)
	}
	addr := strings.TrimSuffix(strings.TrimPrefix(line, "http://"), "/notes\n")

	slow, idle := loopback.Dial(t, addr), loopback.Dial(t, addr)
	beginPost(t, slow)
	idle.Ask(ask("GET", "/notes"))
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	loopback.Same(t, "an idle connection", idle.Rest(), "")
	endPost(t, slow)
	if err := program.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

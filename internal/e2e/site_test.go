package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/httpserver"
)

// A site is a SimpleHandler that remembers what it was asked.
type site struct {
	httpserver.SimpleHandler
	visits *visits
}

// LogRequest is called once for every answer.
func (h *site) LogRequest(code int, size int64) {
	h.visits.add(visit{h.Command, h.Path, h.Headers.Get("Range"), code})
	h.SimpleHandler.LogRequest(code, size)
}

// LogMessage keeps the log for when the test fails.
func (h *site) LogMessage(format string, args ...any) { h.visits.say(fmt.Sprintf(format, args...)) }

// A visit is a request, and how it was answered.
type visit struct {
	method, path, ranges string
	status               int
}

// visits are what a site was asked, from any of its connections.
type visits struct {
	mu  sync.Mutex
	all []visit
	log []string
}

func (v *visits) add(one visit) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all = append(v.all, one)
}

func (v *visits) say(line string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.log = append(v.log, line)
}

// take gives the visits since the last time.
func (v *visits) take() []visit {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := v.all
	v.all = nil
	return all
}

func (v *visits) String() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return strings.Join(v.log, "\n")
}

// serve serves h until the test ends, and gives its origin, as "http://…".
func serve(t *testing.T, h *site) (origin string) {
	t.Helper()
	h.visits = new(visits)
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.ServeForever() }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-served; !errors.Is(err, httpserver.ErrServerClosed) {
			t.Errorf("serving ended with %v", err)
		}
		if t.Failed() {
			t.Logf("the log of %s:\n%s", srv.ServerAddress(), h.visits)
		}
	})
	return "http://" + srv.ServerAddress().String()
}

// modified is when the files of tests were changed, if nothing else is said: long
// ago enough to be at rest.
var modified = time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)

// write makes a directory of files; names that end in a slash are directories.
func write(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			path += "/"
		}
		err := os.MkdirAll(path[:strings.LastIndexByte(path, '/')], 0o755)
		if err == nil && !strings.HasSuffix(name, "/") {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range files {
		touch(t, filepath.Join(dir, name), modified)
	}
	return dir
}

func touch(t *testing.T, path string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

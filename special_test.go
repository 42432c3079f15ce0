//go:build unix

package httpserver_test

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
)

// TestSpecialFiles: what is neither a file nor a directory, and what may not be read,
// is 404 at once, for many clients at a time and by whatever name it is come by. A
// writer that waits for a reader of a FIFO goes on waiting.
func TestSpecialFiles(t *testing.T) {
	dir := plant(t, map[string]string{"a.txt": "a", "form.txt": "plain", "locked/a.txt": "a", "locked/index.html": "a", "unreadable.txt": "a", "index/a.txt": "a"})
	var fifos []string
	for _, name := range []string{"fifo", "form.txt.gz", "index/index.html", "gone.txt.br"} {
		fifos = append(fifos, filepath.Join(dir, name))
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l := listenUnix(t)
	defer l.Close()
	for name, target := range map[string]string{
		"to-fifo": "fifo", "abs-fifo": filepath.Join(dir, "fifo"), "socket": l.Addr().String(), "zero": "/dev/zero", "null": "/dev/null", "tty": "/dev/tty",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(l.Addr().String(), filepath.Join(dir, "own-socket")); err != nil {
		t.Logf("the socket is on another disk: %v", err)
	}
	const navigate = "Sec-Fetch-Mode: navigate\r\n" // for which there is a Fallback
	asks := []special{
		{"/a.txt", "", 200}, {"/", "", 200}, {"/nothing", "", 404}, {"/nothing", navigate, 404}, {"/index/", navigate, 404},
		{"/fifo", "", 404}, {"/fifo/", "", 404}, {"/fifo/x", "", 404}, {"/to-fifo", "", 404}, {"/to-fifo/", "", 404}, {"/abs-fifo", "", 404}, {"/%66ifo", "", 404}, {"/x/../fifo", "", 404},
		{"/socket", "", 404}, {"/socket/", "", 404}, {"/own-socket", "", 404}, {"/zero", "", 404}, {"/zero/", "", 404}, {"/zero/x", "", 404}, {"/null", "", 404}, {"/tty", "", 404},
		{"/form.txt", "", 200}, {"/form.txt.gz", "", 404}, {"/index/", "", 200}, {"/index/index.html", "", 404}, {"/gone.txt", "", 404}, {"/gone.txt.br", "", 404},
	}
	if os.Getuid() != 0 { // to whom nothing is forbidden
		for name, mode := range map[string]fs.FileMode{"locked": 0, "unreadable.txt": 0} {
			name := filepath.Join(dir, name)
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(name, 0o755) })
		}
		asks = append(asks, special{"/locked", "", 301}, special{"/locked/", "", 404}, special{"/locked/a.txt", "", 404}, special{"/locked/nothing", "", 404}, special{"/unreadable.txt", "", 404})
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, tc := range []struct {
		name   string
		option func(h *quietFiles, s *httpserver.Server)
	}{
		{"the system's own way", func(*quietFiles, *httpserver.Server) {}},
		{"the portable way", func(_ *quietFiles, s *httpserver.Server) { httpserver.ServePortably(s) }},
		{"following links", func(h *quietFiles, _ *httpserver.Server) { h.FollowSymlinks = true }},
		{"os.DirFS", func(h *quietFiles, _ *httpserver.Server) { h.FS, h.Directory = os.DirFS(dir), "" }},
		{"os.Root", func(h *quietFiles, _ *httpserver.Server) { h.FS, h.Directory = root.FS(), "" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := new(quietFiles)
			h.Directory, h.Precompressed, h.Listing, h.Fallback = dir, true, httpserver.RichListing, "fifo"
			s := serveDuring(t, h, func(s *httpserver.ThreadingServer) { tc.option(h, &s.Server) })
			opened := watchOpens(t, fifos)
			letGo := awaitReaders(t, fifos)
			var clients sync.WaitGroup
			for i := range 8 {
				clients.Go(func() {
					for range 5 {
						for n := range asks {
							ask := asks[(n+i*3)%len(asks)] // not all the same at a time
							if err := ask.by(s.ServerAddress(), i); err != nil {
								t.Error(err)
								return
							}
						}
					}
				})
			}
			clients.Wait()
			if names := opened(); len(names) > 0 {
				t.Errorf("opened: %v", names)
			}
			letGo()
		})
	}
}

// A special is a path, fields to ask with, and the status that this is answered with.
type special struct {
	path, fields string
	status       int
}

// by asks for it, every client in another way.
func (a special) by(addr net.Addr, client int) error {
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	method := []string{"GET", "HEAD"}[client%2]
	fields := []string{"", "Accept-Encoding: gzip, br\r\n", "Range: bytes=0-\r\n", "Accept: application/json\r\n"}[client/2] + a.fields
	fmt.Fprintf(conn, "%s %s HTTP/1.0\r\n%s\r\n", method, a.path, fields)
	b, err := io.ReadAll(conn)
	status := a.status
	if strings.HasPrefix(fields, "Range") && method == "GET" && status == 200 && !strings.HasSuffix(a.path, "/") {
		status = 206
	}
	if err != nil || !strings.HasPrefix(string(b), fmt.Sprintf("HTTP/1.0 %d ", status)) {
		return fmt.Errorf("%s %s, %q: want %d, got %.300q, %v", method, a.path, fields, status, b, err)
	}
	return nil
}

// awaitReaders has a writer wait for a reader of each FIFO. It gives a function that
// lets them go, and fails the test for one that somebody let go before.
func awaitReaders(t *testing.T, fifos []string) (letGo func()) {
	t.Helper()
	waiting := map[string]chan error{}
	for _, name := range fifos {
		done := make(chan error, 1)
		waiting[name] = done
		go func() {
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			if err == nil {
				f.Close()
			}
			done <- err
		}()
	}
	return func() {
		t.Helper()
		for name, done := range waiting {
			select {
			case err := <-done:
				t.Errorf("%s: its writer goes on: %v", name, err)
				done <- nil
			default:
			}
			f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NONBLOCK, 0) // nor is any reader left waiting
			if err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			f.Close()
		}
	}
}

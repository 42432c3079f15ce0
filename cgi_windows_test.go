package httpserver_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
)

// partName is the variable that makes this program a script.
const partName = "HTTPSERVER_TEST_PART"

func init() {
	if os.Getenv(partName) == "" {
		return
	}
	fmt.Print("Content-Type: text/plain\n\n")
	switch os.Getenv("PATH_INFO") {
	case "/cat":
		fmt.Println(os.Getenv("REQUEST_METHOD"), os.Getenv("CONTENT_LENGTH"))
		io.Copy(os.Stdout, os.Stdin)
	case "/facts":
		dir, _ := os.Getwd()
		fmt.Printf("%q %q %q", os.Args[1:], filepath.Base(dir), os.Getenv("SCRIPT_NAME"))
	case "/hang", "/unread": // with a child, whose number it says
		exe, _ := os.Executable()
		child := exec.Command(exe)
		child.Env = []string{partName + "=child", "PATH_INFO=/child", "SystemRoot=" + os.Getenv("SystemRoot")}
		if err := child.Start(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(child.Process.Pid)
		time.Sleep(time.Hour)
	case "/child":
		time.Sleep(time.Hour)
	}
	os.Exit(0)
}

// cgiSite is a CGIHandler that keeps its log, and a directory with scripts in it.
type cgiSite struct {
	httpserver.CGIHandler
	log *journal
}

func (h *cgiSite) LogMessage(format string, args ...any) { h.log.add(fmt.Sprintf(format, args...)) }

// source is in every script, where a reader of it sees it and nobody else.
const source = "the source of a script"

func newCGISite(t *testing.T) *cgiSite {
	t.Helper()
	batch := "@rem " + source + "\r\n@echo Content-Type: text/plain\r\n@echo.\r\n@echo ran [%1]\r\n"
	h := &cgiSite{log: &journal{}}
	h.Directory = plant(t, map[string]string{
		"page.html": "page", "cgi-scripts/hello.bat": batch, "cgi-scripts/UPPER.CMD": batch, "cgi-scripts/sub/R&D.bat": batch,
		"cgi-scripts/long name of a script.bat": batch, "cgi-scripts/data.txt": source, "cgi-scripts/python.py": "#!python\nprint() # " + source,
		"cgi-scripts/none": "#!/bin/sh\n# " + source,
	})
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(exe)
	if err == nil {
		err = os.WriteFile(filepath.Join(h.Directory, "cgi-scripts", "part.exe"), program, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	// Where the system makes none of these, nothing is there, as nothing is to be seen.
	at := func(name string) string { return filepath.Join(h.Directory, name) }
	links := []error{
		exec.Command("cmd", "/c", "mklink", "/J", at("junction"), at("cgi-scripts")).Run(),
		os.Symlink("cgi-scripts", at("link")),
		os.Symlink(`cgi-scripts\hello.bat`, at("link.bat")),
	}
	t.Logf("a junction, and links: %v", links)
	h.CGIDirectories = []string{"/cgi-scripts"}
	h.CGIEnv = []string{partName + "=script"}
	return h
}

// shortName gives the second name that Windows has for a file, or "".
func shortName(t *testing.T, path string) string {
	long, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	var short [1024]uint16
	n, err := syscall.GetShortPathName(long, &short[0], uint32(len(short)))
	if err != nil {
		t.Log(err)
		return ""
	}
	name := filepath.Base(syscall.UTF16ToString(short[:n]))
	if strings.EqualFold(name, filepath.Base(path)) {
		return ""
	}
	return name
}

// TestCGISpellings: a script is run, or it is not there. However a request spells its
// name, nobody gets what is in it.
func TestCGISpellings(t *testing.T) {
	const ran, data, not = "200 ran []", "502", "404"
	for _, follow := range []bool{false, true} {
		h := newCGISite(t)
		h.FollowSymlinks = follow
		t.Setenv("PATH", filepath.Join(os.Getenv("SystemRoot"), "System32")) // no Python there
		s := serveDuring(t, h)
		at := filepath.ToSlash(h.Directory)
		for _, tc := range []struct{ name, target, want string }{
			{"its name", "/cgi-scripts/hello.bat", ran},
			{"another case", "/cgi-scripts/Hello.BAT", ran},
			{"its own case", "/cgi-scripts/UPPER.CMD", ran},
			{"of the directory", "/CGI-Scripts/hello.bat", not},
			{"in a directory, with an ampersand", "/cgi-scripts/sub/R&D.bat", ran},
			{"blanks", "/cgi-scripts/long%20name%20of%20a%20script.bat", ran},
			{"a path behind it", "/cgi-scripts/hello.bat/a/b", ran},
			{"a search", "/cgi-scripts/hello.bat?word+%26calc", ran},
			{"a slash behind it", "/cgi-scripts/hello.bat/", ran},
			{"no script", "/cgi-scripts/data.txt", data},
			{"no script, by its first line", "/cgi-scripts/none", data},
			{"no interpreter", "/cgi-scripts/python.py", data},
			{"no extension", "/cgi-scripts/hello", not},
			{"a dot", "/cgi-scripts/hello.bat.", not},
			{"dots", "/cgi-scripts/hello.bat...", not},
			{"a blank", "/cgi-scripts/hello.bat%20", not},
			{"a blank and a dot", "/cgi-scripts/hello.bat%20.", not},
			{"a dot behind the directory", "/cgi-scripts./hello.bat", not},
			{"a blank behind the directory", "/cgi-scripts%20/hello.bat", not},
			{"a stream", "/cgi-scripts/hello.bat::$DATA", "403"},
			{"a stream, encoded", "/cgi-scripts/hello.bat%3a%3a%24data", "403"},
			{"a named stream", "/cgi-scripts/hello.bat:x", "403"},
			{"a stream, another case", "/CGI-scripts/hello.bat::$DATA", "301"},
			{"a stream of data", "/cgi-scripts/data.txt::$DATA", "403"},
			{"the directory's stream", "/cgi-scripts::$INDEX_ALLOCATION/hello.bat", not},
			{"the directory's named stream", "/cgi-scripts:$I30:$INDEX_ALLOCATION/hello.bat", not},
			{"a colon before it", "/x:/cgi-scripts/hello.bat", not},
			{"a drive", "/C:/cgi-scripts/hello.bat", not},
			{"a drive, at once", "/C:cgi-scripts/hello.bat", not},
			{"all of the path", "/" + at + "/cgi-scripts/hello.bat", not},
			{"all of the path, a slash more", "//" + at + "/cgi-scripts/hello.bat", not},
			{"without limits", "//?/" + at + "/cgi-scripts/hello.bat", "200 page"},
			{"without limits, encoded", "//%3f/" + at + "/cgi-scripts/hello.bat", not},
			{"without limits, backslashes", `/%5c%5c%3f%5cC:/cgi-scripts/hello.bat`, not},
			{"a device", "//./" + at + "/cgi-scripts/hello.bat", not},
			{"a backslash", "/cgi-scripts%5chello.bat", "301"},
			{"a backslash, plain", `/cgi-scripts\hello.bat`, "301"},
			{"a backslash before it", "/%5ccgi-scripts/hello.bat", not},
			{"a backslash as a word", "/%5c/cgi-scripts/hello.bat", not},
			{"a backslash and dots", "/x/..%5ccgi-scripts/hello.bat", not},
			{"up and down", "/x/../cgi-scripts/hello.bat", ran},
			{"up and down, encoded", "/x%2f..%2fcgi-scripts%2fhello.bat", ran},
			{"a backslash within", "/cgi-scripts/sub%5cR&D.bat", "403"},
			{"a device's name", "/cgi-scripts/nul", not},
			{"a device's name, with an extension", "/cgi-scripts/con.bat", not},
			{"a wildcard", "/cgi-scripts/hel*.bat", not},
			{"a wildcard of old", "/cgi-scripts/hello%3cbat", not},
			{"a NUL", "/cgi-scripts/hello.bat%00.txt", not},
			{"the directory", "/cgi-scripts/", "403"},
			{"the directory, another case", "/CGI-SCRIPTS/", "404"},
			{"the directory by a colon", "/x:/cgi-scripts/", "404"},
			{"short", "/cgi-scripts/" + shortName(t, filepath.Join(h.Directory, "cgi-scripts", "long name of a script.bat")), ran},
			{"of the directory, short", "/" + shortName(t, filepath.Join(h.Directory, "cgi-scripts")) + "/hello.bat", not},
			{"the directory, short", "/" + shortName(t, filepath.Join(h.Directory, "cgi-scripts")) + "/", "404"},
			{"a junction", "/junction/hello.bat", not},
			{"a link to the directory", "/link/hello.bat", not},
			{"a link", "/link.bat", not},
			{"a page", "/page.html", "200 page"},
		} {
			if strings.HasPrefix(tc.name, "short") && strings.HasSuffix(tc.target, "/") || strings.HasSuffix(tc.name, "short") && strings.HasPrefix(tc.target, "//") {
				t.Logf("%s: there are no short names here", tc.name)
				continue
			}
			for _, method := range []string{"GET", "HEAD", "POST"} {
				answer := send(t, s, method+" "+tc.target+" HTTP/1.0\r\n\r\n")
				if strings.Contains(answer, source) {
					t.Errorf("%s: %s %s gives the source: %q", tc.name, method, tc.target, answer)
				}
				if method != "GET" {
					continue
				}
				head, content, _ := strings.Cut(answer, "\r\n\r\n")
				got := strings.Fields(head + " - -")[1]
				if got == "200" {
					got += " " + strings.TrimSpace(content)
				}
				if strings.Contains(got, "Directory listing for") {
					got = "200 page" // of the top, as CPython
				}
				if got != tc.want {
					t.Errorf("%s: %s is %.80q, want %q", tc.name, tc.target, got, tc.want)
				}
			}
		}
		if log := h.log.String(); !strings.Contains(log, "python.exe") {
			t.Errorf("the log does not say that there is no Python:\n%s", log)
		}
	}
}

// TestCGIProgram: a program gets its input, and arguments where they are harmless.
func TestCGIProgram(t *testing.T) {
	h := newCGISite(t)
	s := serveDuring(t, h)
	large := strings.Repeat("x", 300_000)
	for _, tc := range []struct{ name, request, want string }{
		{"no body", "GET /cgi-scripts/part.exe/cat HTTP/1.0\r\n\r\n", "GET \n"},
		{"a body", "POST /cgi-scripts/part.exe/cat HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody", "POST 4\nbody"},
		{"a large body", "POST /cgi-scripts/part.exe/cat HTTP/1.0\r\nContent-Length: 300000\r\n\r\n" + large, "POST 300000\n" + large},
		{"a large body in chunks", "POST /cgi-scripts/part.exe/cat HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n" + large + "\r\n0\r\n\r\n",
			"POST 300000\n" + large},
		{"arguments", "GET /cgi-scripts/part.exe/facts?a+b.c HTTP/1.0\r\n\r\n", `["a" "b.c"] "cgi-scripts" "/cgi-scripts/part.exe"`},
		{"arguments that are none", "GET /cgi-scripts/part.exe/facts?a+%22b HTTP/1.0\r\n\r\n", `[] "cgi-scripts" "/cgi-scripts/part.exe"`},
		{"an option", "GET /cgi-scripts/part.exe/facts?/s HTTP/1.0\r\n\r\n", `[] "cgi-scripts" "/cgi-scripts/part.exe"`},
	} {
		_, content, _ := strings.Cut(send(t, s, tc.request), "\r\n\r\n")
		if content != tc.want {
			t.Errorf("%s: %.100q, want %.100q", tc.name, content, tc.want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "httpserver-body-*")); len(left) > 0 {
		t.Errorf("bodies were left: %q", left)
	}
	if log := h.log.String(); strings.Contains(log, "CGI script") {
		t.Error(log)
	}
}

// TestCGIEnds: a script that hangs is ended with its child: by its time, with its
// client, with the server.
func TestCGIEnds(t *testing.T) {
	const body = "Content-Length: 100000000\r\n\r\n"
	for _, tc := range []struct{ name, request, by string }{
		{"time", "GET /cgi-scripts/part.exe/hang HTTP/1.0\r\n\r\n", "time"},
		{"time, its input unread", "POST /cgi-scripts/part.exe/unread HTTP/1.0\r\n" + body, "time"},
		{"its client", "GET /cgi-scripts/part.exe/hang HTTP/1.0\r\n\r\n", "client"},
		{"Close", "GET /cgi-scripts/part.exe/hang HTTP/1.0\r\n\r\n", "close"},
		{"Close, its input unread", "POST /cgi-scripts/part.exe/unread HTTP/1.0\r\n" + body, "close"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newCGISite(t)
			if tc.by == "time" {
				h.CGITimeout = 2 * time.Second
			}
			s := serveDuring(t, h)
			conn := dial(t, s.ServerAddress())
			io.WriteString(conn, tc.request)
			if strings.HasPrefix(tc.request, "POST") {
				go io.Copy(conn, strings.NewReader(strings.Repeat("x", 1<<20)))
			}
			r := bufio.NewReader(conn)
			for line := "."; strings.TrimSpace(line) != ""; {
				var err error
				if line, err = r.ReadString('\n'); err != nil {
					t.Fatal(err, h.log)
				}
			}
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			child, err := syscall.OpenProcess(syscall.SYNCHRONIZE, false, uint32(pid))
			if errors.Is(err, syscall.Errno(87)) { // ERROR_INVALID_PARAMETER: it is gone
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer syscall.CloseHandle(child)
			switch tc.by {
			case "client":
				conn.(*net.TCPConn).SetLinger(0) // the end of its requests alone would be no reason
				conn.Close()
			case "close":
				s.Close()
			}
			if event, err := syscall.WaitForSingleObject(child, 20_000); event != syscall.WAIT_OBJECT_0 {
				t.Errorf("the child still runs: %#x, %v", event, err)
			}
		})
	}
}

package httpserver_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program finds a client, or skips the test.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name + " is not installed")
	}
	return path
}

// run runs a client to its end.
func run(t *testing.T, name string, args ...string) (stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, name), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Errorf("%s %q: %v\n%s", name, args, err, &errs)
	}
	return out.String(), errs.String()
}

func TestCurl(t *testing.T) {
	program(t, "curl")
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			h := new(answers)
			h.ProtocolVersion = version
			url := "http://" + serveDuring(t, h).ServerAddress().String()
			body := filepath.Join(t.TempDir(), "body")
			large := strings.Repeat("x", 1<<21)
			if err := os.WriteFile(body, []byte(large), 0o644); err != nil {
				t.Fatal(err)
			}
			for _, tc := range []struct {
				name string
				args []string
				want string
			}{
				{"GET", []string{url + "/a?b"}, "path /a?b"},
				{"three on a connection, if it may be", []string{url + "/a", url + "/b", url + "/c"}, "path /apath /bpath /c"},
				{"HEAD", []string{"-I", "-o", os.DevNull, "-w", "%{http_code}", url}, "200"},
				{"HTTP/1.0", []string{"-0", url + "/a"}, "path /a"},
				{"POST", []string{"-d", "hello", url}, "hello <nil>"},
				{"POST that expects 100", []string{"-H", "Expect: 100-continue", "-d", "hello", url}, "hello <nil>"},
				{"a large POST", []string{"--data-binary", "@" + body, url}, large + " <nil>"},
				{"a large POST in chunks", []string{"-H", "Transfer-Encoding: chunked", "--data-binary", "@" + body, url}, large + " <nil>"},
				{"an upload of unknown length", []string{"-X", "POST", "-T", "-", url}, " <nil>"},
				{"an answer in chunks", []string{"-X", "WRITER", url + "/?large"}, "hello " + strings.Repeat("x", 20) + strings.Repeat("y", 20000) + "z"},
				{"an answer in chunks, to HTTP/1.0", []string{"-0", "-X", "WRITER", url + "/?large"}, "hello " + strings.Repeat("x", 20) + strings.Repeat("y", 20000) + "z"},
				{"PUT that nobody reads", []string{"-T", body, url + "/", "-o", os.DevNull, "-w", "%{http_code}"}, "200"},
				{"a verb that is there", []string{"-X", "HINTS", url}, "after hints"},
				{"a verb that is not", []string{"-X", "SPAM", "-o", os.DevNull, "-w", "%{http_code}", url}, "501"},
				{"no content", []string{"-X", "NOCONTENT", "-w", "%{http_code}", url}, "204"},
				{"by a proxy's target", []string{"-x", url, "-X", "OPTIONS", "http://elsewhere.example:81/x"}, "http://elsewhere.example:81/x elsewhere.example:81"},
				{"asterisk-form", []string{"-X", "OPTIONS", "--request-target", "*", "-H", "Host: h", url}, "* h"},
			} {
				got, _ := run(t, "curl", append([]string{"-sS", "--noproxy", "", "--max-time", "8"}, tc.args...)...)
				if got != tc.want {
					t.Errorf("%s: %.100q, want %.100q", tc.name, got, tc.want)
				}
			}
		})
	}
}

// TestRefusedUpload: a client that is still sending gets to read why nobody
// wants it.
func TestRefusedUpload(t *testing.T) {
	h := new(answers)
	h.ProtocolVersion = "HTTP/1.1"
	url := "http://" + serveDuring(t, h).ServerAddress().String()
	for _, length := range []int64{20 << 20, -1} {
		for range 3 {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
			request, err := http.NewRequest("LIMIT", url, io.LimitReader(endless{}, 20<<20))
			if err != nil {
				t.Fatal(err)
			}
			request.ContentLength = length
			response, err := client.Do(request)
			if err != nil {
				t.Errorf("length %d: %v", length, err)
				continue
			}
			if response.StatusCode != 413 {
				t.Errorf("length %d: %s", length, response.Status)
			}
			response.Body.Close()
		}
	}
}

// TestCurlReuses: connections stay open where they are said to.
func TestCurlReuses(t *testing.T) {
	h := new(answers)
	h.ProtocolVersion = "HTTP/1.1"
	url := "http://" + serveDuring(t, h).ServerAddress().String()
	_, trace := run(t, "curl", "-sv", "--noproxy", "*", url+"/a", url+"/b", "-0", "-H", "Connection: keep-alive", url+"/c")
	if n := strings.Count(trace, "Re-using existing connection"); n != 2 {
		t.Errorf("%d connections were used again:\n%s", n, trace)
	}
}

// TestWget mirrors a tree by its listings and compares it with the original.
func TestWget(t *testing.T) {
	program(t, "wget")
	dir, mirror := t.TempDir(), t.TempDir()
	want := map[string]string{}
	for i, name := range []string{"a.txt", "b c.txt", "sub/d&e.txt", "sub/deep/f#g.txt", "sub/h?i.txt", "ü/j%.txt", "k+l;m=n.txt", "<o>.txt", `"p'.txt`, "q:r.txt", ".s"} {
		want[name] = fmt.Sprint(i)
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want[name]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h := new(quietFiles)
	h.Directory = dir
	h.ProtocolVersion = "HTTP/1.1"
	s := serveDuring(t, h)
	run(t, "wget", "-q", "--no-proxy", "-r", "-np", "-nH", "-e", "robots=off", "--restrict-file-names=nocontrol", "-P", mirror, "http://"+s.ServerAddress().String()+"/")
	got := map[string]string{}
	filepath.WalkDir(mirror, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && e.Name() != "index.html" {
			content, _ := os.ReadFile(path)
			name, _ := filepath.Rel(mirror, path)
			got[filepath.ToSlash(name)] = string(content)
		}
		return err
	})
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%q came as %q, want %q, among %q", name, got[name], content, got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files came, want %d: %q", len(got), len(want), got)
	}
}

// TestGit clones a repository that is served as plain files.
func TestGit(t *testing.T) {
	program(t, "git")
	dir := t.TempDir()
	work, bare, clone := filepath.Join(dir, "work"), filepath.Join(dir, "bare.git"), filepath.Join(dir, "clone")
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	run(t, "git", "init", "-q", work)
	if err := os.WriteFile(filepath.Join(work, "file"), []byte("content\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "git", "-C", work, "add", "file")
	run(t, "git", "-C", work, "-c", "user.name=n", "-c", "user.email=n@example.com", "commit", "-qm", "m")
	run(t, "git", "clone", "-q", "--bare", work, bare)
	run(t, "git", "-C", bare, "update-server-info")
	h := new(quietFiles)
	h.Directory = dir
	h.ProtocolVersion = "HTTP/1.1"
	s := serveDuring(t, h)
	run(t, "git", "-c", "http.proxy=", "clone", "-q", "http://"+s.ServerAddress().String()+"/bare.git", clone)
	if got, err := os.ReadFile(filepath.Join(clone, "file")); string(got) != "content\n" {
		t.Errorf("%q, %v", got, err)
	}
}

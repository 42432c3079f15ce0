package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/examples/internal/loopback"
)

// A recorder is a Git that keeps what it was asked, and how.
type recorder struct {
	Git
	seen *record
}

type record struct {
	mu    sync.Mutex
	lines []string
}

func (h *recorder) LogRequest(code int, size int64) {
	line := fmt.Sprint(h.Command, " ", h.Path, " ", code)
	for _, name := range []string{"Content-Encoding", "Transfer-Encoding", "Git-Protocol"} {
		if value := h.Headers.Get(name); value != "" {
			line += " " + name + ": " + value
		}
	}
	h.seen.mu.Lock()
	defer h.seen.mu.Unlock()
	h.seen.lines = append(h.seen.lines, line)
}

// since gives what was asked since it was last called.
func (r *record) since() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.lines
	r.lines = nil
	return lines
}

// expect checks that a request was made with all of these words.
func (r *record) expect(t *testing.T, words ...string) {
	t.Helper()
	lines := r.since()
	if !slices.ContainsFunc(lines, func(line string) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) })
	}) {
		t.Errorf("no request was made with %q, but\n%s", words, strings.Join(lines, "\n"))
	}
}

// A client runs git, at home in a directory of its own and with nobody's settings.
type client struct {
	t     *testing.T
	home  string
	input string // for the next git
}

func newClient(t *testing.T) *client {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	return &client{t: t, home: t.TempDir()}
}

// git runs git, which is to end with that status, and gives what it says.
func (c *client) git(status int, args ...string) (stdout, stderr string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*loopback.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = c.home
	if c.input != "" {
		cmd.Stdin, c.input = strings.NewReader(c.input), ""
	}
	cmd.Env = append(os.Environ(), "HOME="+c.home, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=",
		"GIT_AUTHOR_NAME=n", "GIT_AUTHOR_EMAIL=n@example.com", "GIT_COMMITTER_NAME=n", "GIT_COMMITTER_EMAIL=n@example.com", "NO_PROXY=*", "LC_ALL=C")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &errs, time.Second
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != status {
		c.t.Errorf("git %q: %v, want exit status %d\n%s%s", args, err, status, &out, &errs)
	}
	return strings.TrimSpace(out.String()), errs.String()
}

// commit adds a commit to the repository in work.
func (c *client) commit(name string, content []byte) (id string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.home, "work", name), content, 0o644); err != nil {
		c.t.Fatal(err)
	}
	c.git(0, "-C", "work", "add", "-A")
	c.git(0, "-C", "work", "commit", "-qm", "add "+name)
	id, _ = c.git(0, "-C", "work", "rev-parse", "HEAD")
	return id
}

// head checks what a repository's HEAD is, and that it is whole.
func (c *client) head(repository, want string) {
	c.t.Helper()
	if got, _ := c.git(0, "-C", repository, "rev-parse", "HEAD"); got != want {
		c.t.Errorf("%s is at %s, want %s", repository, got, want)
	}
	c.git(0, "-C", repository, "fsck", "--strict")
}

// newRepositories gives a directory with an empty repository, "repo.git", which
// belongs to who git runs as; it greets those who push.
func newRepositories(t *testing.T, c *client) string {
	t.Helper()
	root := loopback.PublicDir(t)
	bare := filepath.Join(root, "repo.git")
	c.git(0, "init", "-q", "-b", "main", "--bare", bare)
	c.git(0, "-C", bare, "config", "uploadpack.allowFilter", "true")
	c.git(0, "-C", bare, "config", "core.logAllRefUpdates", "true")
	const hook = "#!/bin/sh\necho \"$AUTH_TYPE $REMOTE_USER pushed, and nobody said ${GITCGI_PASSWORD-what}\"\n"
	if err := os.WriteFile(filepath.Join(bare, "hooks", "post-receive"), []byte(hook), 0o755); err != nil {
		t.Fatal(err)
	}
	giveToNobody(t, root)
	return root
}

// giveToNobody makes a tree nobody's, if the test is root's: as whom git runs then,
// and it takes no other's repositories.
func giveToNobody(t *testing.T, root string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// noise gives n bytes that do not get smaller.
func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// serveGit serves an empty repository, of which alice has the password.
func serveGit(t *testing.T, c *client, version string, private bool) (addr string, seen *record) {
	t.Helper()
	t.Setenv("GITCGI_PASSWORD", "s3cret: it is")
	g, err := NewGit(newRepositories(t, c))
	if err != nil {
		t.Fatal(err)
	}
	g.ProtocolVersion, g.User, g.Password, g.Private = version, "alice", os.Getenv("GITCGI_PASSWORD"), private
	seen = new(record)
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", &recorder{*g, seen})
	if err != nil {
		t.Fatal(err)
	}
	srv.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	return loopback.Serve(t, srv), seen
}

const alice = "alice:s3cret%3a%20it%20is@"

// TestGit does with a repository what people do.
func TestGit(t *testing.T) {
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			c := newClient(t)
			addr, seen := serveGit(t, c, version, false)
			url, own := "http://"+addr+"/repo.git", "http://"+alice+addr+"/repo.git"

			c.git(0, "init", "-q", "-b", "main", "work")
			c.commit("first", []byte("1\n"))
			c.git(0, "-C", "work", "remote", "add", "origin", own)

			// A push in one piece, and the hook's words.
			_, says := c.git(0, "-C", "work", "push", "origin", "main")
			if want := "remote: Basic alice pushed, and nobody said what"; !strings.Contains(says, want) {
				t.Errorf("the push said %q, want %q in it", says, want)
			}
			seen.expect(t, "POST /repo.git/git-receive-pack 200")
			c.git(0, "clone", "-q", url, "clone")
			seen.expect(t, "POST /repo.git/git-upload-pack 200")

			// A push that is larger than the client's buffer comes in chunks.
			want := c.commit("large", noise(1, 3<<20))
			c.git(0, "-C", "work", "-c", "http.postBuffer=65536", "push", "-q", "origin", "main")
			seen.expect(t, "POST /repo.git/git-receive-pack 200", "Transfer-Encoding: chunked")
			c.git(0, "-C", "clone", "fetch", "-q")
			c.git(0, "-C", "clone", "merge", "-q", "--ff-only", "origin/main")
			c.head("clone", want)

			// Many branches make a request that the client compresses, and each
			// version of the protocol.
			for i := range 60 {
				c.input += fmt.Sprintf("commit refs/heads/b%d\ncommitter n <n@example.com> 0 +0000\ndata 1\nm\nfrom refs/heads/main\nM 644 inline b%[1]d\ndata 1\nx\n", i)
			}
			c.git(0, "-C", "work", "fast-import", "--quiet")
			want = c.commit("branch", []byte("last\n"))
			c.git(0, "-C", "work", "push", "-q", "--all", "origin")
			for _, protocol := range []string{"0", "1", "2"} {
				name := "protocol" + protocol
				seen.since()
				c.git(0, "-c", "protocol.version="+protocol, "clone", "-q", "-n", url, name)
				seen.expect(t, "POST /repo.git/git-upload-pack 200", "Content-Encoding: gzip", map[string]string{"0": "", "1": "Git-Protocol: version=1", "2": "Git-Protocol: version=2"}[protocol])
				c.head(name, want)
				if branches, _ := c.git(0, "-C", name, "branch", "-r"); strings.Count(branches, "origin/b") != 60 {
					t.Errorf("protocol %s: cloned %s", protocol, branches)
				}
			}

			// Some of the history, then all; and history without contents.
			c.git(0, "clone", "-q", "--depth", "1", url, "shallow")
			if n, _ := c.git(0, "-C", "shallow", "rev-list", "--count", "HEAD"); n != "1" {
				t.Errorf("a shallow clone has %s commits", n)
			}
			c.head("shallow", want)
			c.git(0, "-C", "shallow", "fetch", "-q", "--unshallow")
			if n, _ := c.git(0, "-C", "shallow", "rev-list", "--count", "HEAD"); n != "3" {
				t.Errorf("a clone that is no longer shallow has %s commits, want 3", n)
			}
			c.git(0, "clone", "-q", "--filter=blob:none", url, "partial")
			c.head("partial", want)

			// Tags, and a branch that goes.
			c.git(0, "-C", "work", "tag", "-a", "-m", "m", "v1")
			c.git(0, "-C", "work", "push", "-q", "origin", "v1", ":b0")
			refs, _ := c.git(0, "ls-remote", url)
			if !strings.Contains(refs, "refs/tags/v1^{}") || strings.Contains(refs, "refs/heads/b0\n") {
				t.Errorf("the repository has\n%s", refs)
			}

			// As clients of old do, who take files.
			t.Setenv("GIT_SMART_HTTP", "0")
			seen.since()
			c.git(0, "clone", "-q", url, "files")
			seen.expect(t, "GET /repo.git/objects/pack/pack-", ".pack 200")
			c.head("files", want)
			got := loopback.Ask(t, addr, "GET /repo.git/HEAD HTTP/1.0\r\n\r\n")
			if !strings.Contains(got, " 200 OK\r\n") || !strings.HasSuffix(got, "\r\n\r\nref: refs/heads/main\n") {
				t.Errorf("HEAD is %q", got)
			}
		})
	}
}

// TestClones has several clients at once.
func TestClones(t *testing.T) {
	c := newClient(t)
	addr, _ := serveGit(t, c, "HTTP/1.1", false)
	c.git(0, "init", "-q", "-b", "main", "work")
	want := c.commit("large", noise(2, 1<<20))
	c.git(0, "-C", "work", "push", "-q", "http://"+alice+addr+"/repo.git", "main")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			name := fmt.Sprint("clone", i)
			c.git(0, "clone", "-q", "http://"+addr+"/repo.git", name)
			c.head(name, want)
		})
	}
	all.Wait()
}

// TestPassword: who has none gets what everybody may have, and pushes nothing.
func TestPassword(t *testing.T) {
	const basic = "Authorization: Basic "
	const right = basic + "YWxpY2U6czNjcmV0OiBpdCBpcw==" // alice:s3cret: it is
	for _, private := range []bool{false, true} {
		t.Run(fmt.Sprintf("private %v", private), func(t *testing.T) {
			c := newClient(t)
			addr, seen := serveGit(t, c, "HTTP/1.1", private)
			c.git(0, "init", "-q", "-b", "main", "work")
			pushed := c.commit("first", []byte("1\n"))
			c.git(0, "-C", "work", "push", "-q", "http://"+alice+addr+"/repo.git", "main")
			c.commit("second", []byte("2\n"))
			for _, tt := range []struct{ name, who, says string }{
				{"no name", "", "could not read Username"},
				{"no password", "alice@", "could not read Password"},
				{"an empty password", "alice:@", "Authentication failed"},
				{"another password", "alice:s3cret@", "Authentication failed"},
				{"another name", "bob:s3cret%3a%20it%20is@", "Authentication failed"},
			} {
				seen.since()
				if _, says := c.git(128, "-C", "work", "push", "http://"+tt.who+addr+"/repo.git", "main"); !strings.Contains(says, tt.says) {
					t.Errorf("%s: git said %q, want %q in it", tt.name, says, tt.says)
				}
				seen.expect(t, "GET /repo.git/info/refs?service=git-receive-pack 401")
			}
			if refs, _ := c.git(0, "ls-remote", "http://"+alice+addr+"/repo.git", "main"); !strings.HasPrefix(refs, pushed) {
				t.Errorf("main is at %s, want %s", refs, pushed)
			}
			status := map[bool]int{false: 0, true: 128}[private]
			c.git(status, "clone", "-q", "http://"+addr+"/repo.git", "clone")

			fetch := map[bool]string{false: "200 OK", true: "401 Unauthorized"}[private]
			for _, tt := range []struct{ name, target, field, want string }{
				{"fetch", "/repo.git/info/refs?service=git-upload-pack", "X: y", fetch},
				{"fetch, with the password", "/repo.git/info/refs?service=git-upload-pack", right, "200 OK"},
				{"fetch, with another", "/repo.git/info/refs?service=git-upload-pack", basic + "YWxpY2U6eA==", "401 Unauthorized"},
				{"fetch, with no password that anybody can read", "/repo.git/info/refs?service=git-upload-pack", basic + "%", "401 Unauthorized"},
				{"push", "/repo.git/info/refs?service=git-receive-pack", "X: y", "401 Unauthorized"},
				{"push, with the password", "/repo.git/info/refs?service=git-receive-pack", right, "200 OK"},
				{"push, the scheme in other letters", "/repo.git/info/refs?service=git-receive-pack", strings.Replace(right, "Basic", "bAsIc ", 1), "200 OK"},
				{"push, by another scheme", "/repo.git/info/refs?service=git-receive-pack", strings.Replace(right, "Basic", "Bearer", 1), "401 Unauthorized"},
				{"push, spelled otherwise", "/repo.git/info/refs?service=git%2dreceive-pack", "X: y", map[bool]string{false: "403 Forbidden", true: "401 Unauthorized"}[private]},
				{"push, spelled otherwise, with the password", "/repo.git/info/refs?service=git%2dreceive-pack", right, "200 OK"},
				{"a path spelled otherwise", "//x/..//repo%2egit%2f./info/refs?service=git-upload-pack", right, "200 OK"},
				{"another repository", "/none.git/info/refs?service=git-upload-pack", right, "404 Not Found"},
				{"the top", "/", right, "404 Not Found"},
				{"above it", "/../../etc/passwd", right, "404 Not Found"},
				{"above it, spelled otherwise", "/repo.git/%2e%2e/..%2f../etc/passwd", right, "404 Not Found"},
				{"what lies in the repository", "/repo.git/config", right, "404 Not Found"},
				{"what lies beside the program", "/git-http-backend", right, "404 Not Found"},
			} {
				got := loopback.Ask(t, addr, "GET "+tt.target+" HTTP/1.0\r\n"+tt.field+"\r\n\r\n")
				if status, _, _ := strings.Cut(got, "\r\n"); status != "HTTP/1.1 "+tt.want {
					t.Errorf("%s: %s, want %s\n%s", tt.name, status, tt.want, got)
				}
				if asks := strings.Contains(got, "\r\nWWW-Authenticate: Basic realm=\"git\", charset=\"UTF-8\"\r\n"); asks != strings.HasPrefix(tt.want, "401") {
					t.Errorf("%s: %q", tt.name, got)
				}
			}
			got := loopback.Ask(t, addr, "POST /repo.git/git-receive-pack HTTP/1.0\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 4\r\n\r\n0000")
			if !strings.HasPrefix(got, "HTTP/1.1 401 ") {
				t.Errorf("a push without asking first got %q", got)
			}
		})
	}
	t.Run("a server that has none", func(t *testing.T) {
		g := new(Git)
		g.User = "git"
		g.Headers, _ = httpserver.ParseHeaders("Authorization: Basic Z2l0Og==\r\n\r\n") // git:
		if g.authorized() {
			t.Error("an empty password is none")
		}
	})
}

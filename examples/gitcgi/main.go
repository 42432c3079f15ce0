// Gitcgi is a server for git repositories. git http-backend does the work,
// CGIHandler runs it, and the handler says who may push.
//
//	git init --bare /srv/git/repo.git
//	GITCGI_PASSWORD=secret go run ./examples/gitcgi -dir /srv/git
//	git clone http://git@localhost:8000/repo.git
//
// Everybody may fetch, unless there is -private. The password crosses the network
// as it is: beyond this machine, serve on a TLS listener (ThreadingServer.Serve).
// Run it as the user whose the repositories are; root's scripts run as nobody.
package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"example.com/httpserver"
)

// Git leaves every request to git http-backend, if its client may make it.
type Git struct {
	httpserver.CGIHandler
	User, Password string // who may push, and with -private fetch. Without a Password nobody may
	Private        bool
	program        string
}

// NewGit gives a Git that serves the repositories below root.
func NewGit(root string) (*Git, error) {
	root, err := filepath.Abs(root) // a script runs in its own directory
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(root); err != nil {
		return nil, err
	}
	dir, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("git --exec-path: %w", err)
	}
	program, err := exec.LookPath(filepath.Join(strings.TrimSpace(string(dir)), "git-http-backend"))
	if err != nil {
		return nil, err
	}
	h := &Git{program: filepath.Base(program)}
	h.ProtocolVersion = "HTTP/1.1"
	h.Directory = filepath.Dir(program)
	h.CGIEnv = []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"}
	return h, nil
}

// IsCGI makes of each path, as TranslatePath decodes it, the PATH_INFO of the one
// script, which is not named in it: /repo.git/info/refs.
func (h *Git) IsCGI() bool {
	path := strings.TrimPrefix(h.TranslatePath(h.Path), h.Directory)
	h.CGIInfo = httpserver.CGIInfo{Rest: h.program + filepath.ToSlash(path)}
	return true
}

// RunCGI asks for the password where one is needed. However a push is spelled, git
// http-backend takes it from nobody but a RemoteUser; that "git-receive-pack" is
// in its target only says when to ask.
func (h *Git) RunCGI() {
	switch {
	case h.authorized():
		h.AuthType, h.RemoteUser = "Basic", h.User
	case h.Private, h.Headers.Has("Authorization"), strings.Contains(h.Path, "git-receive-pack"):
		h.SendResponse(401, "")
		h.SendHeader("WWW-Authenticate", `Basic realm="git", charset="UTF-8"`)
		h.SendHeader("Content-Length", "0")
		h.EndHeaders()
		return
	}
	h.CGIHandler.RunCGI()
}

// authorized reports whether the request has name and password (RFC 7617). It
// takes as long for one that is nearly right.
func (h *Git) authorized() bool {
	scheme, token, _ := strings.Cut(h.Headers.Get("Authorization"), " ")
	got, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token))
	if err != nil || !strings.EqualFold(scheme, "Basic") || h.Password == "" {
		return false
	}
	a, b := sha256.Sum256(got), sha256.Sum256([]byte(h.User+":"+h.Password))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func main() {
	addr := flag.String("addr", "localhost:8000", "where to listen")
	dir := flag.String("dir", ".", "the directory of the repositories")
	user := flag.String("user", "git", "who may push, with the password of $GITCGI_PASSWORD")
	private := flag.Bool("private", false, "ask for the password for a fetch, too")
	flag.Parse()
	h, err := NewGit(*dir)
	if err != nil {
		log.Fatal(err)
	}
	// Scripts do not see the password: this environment is not theirs.
	h.User, h.Password, h.Private = *user, os.Getenv("GITCGI_PASSWORD"), *private
	if h.Password == "" {
		fmt.Println("GITCGI_PASSWORD is not set: nobody may push")
	}
	srv, err := httpserver.NewThreadingServer(*addr, h)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%v/\n", srv.ServerAddress())
	log.Fatal(srv.ServeForever())
}

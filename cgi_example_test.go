//go:build unix

package httpserver_test

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"example.com/httpserver"
)

// siteWith makes a directory with a script in it, that an ordinary user can read.
func siteWith(name, script string) (dir string) {
	dir, err := os.MkdirTemp("", "site")
	if err != nil {
		log.Fatal(err)
	}
	for _, err := range []error{
		os.Chmod(dir, 0o755),
		os.Mkdir(filepath.Join(dir, "cgi-bin"), 0o755),
		os.WriteFile(filepath.Join(dir, "cgi-bin", name), []byte(script), 0o755),
	} {
		if err != nil {
			log.Fatal(err)
		}
	}
	return dir
}

const helloScript = `#!/bin/sh
echo "Content-Type: text/plain"
echo
echo "$REQUEST_METHOD of $PATH_INFO, with $QUERY_STRING, for $REMOTE_USER, in $GREETING"
`

// Scripts in cgi-bin are run, and told of the request by their environment.
func ExampleCGIHandler() {
	dir := siteWith("hello", helloScript)
	defer os.RemoveAll(dir)
	h := new(httpserver.CGIHandler)
	h.Directory = dir
	h.CGIEnv = []string{"GREETING=German"}
	addr, stop := serveInBackground(h)
	defer stop()

	fmt.Print(fetch(addr, "GET /cgi-bin/hello/world?a=b HTTP/1.0\n\n"))
	// Output:
	// HTTP/1.0 200 OK
	// Content-Type: text/plain
	//
	// GET of /world, with a=b, for , in German
}

// members asks for a password before it runs a script, and tells the script who
// has asked.
type members struct{ httpserver.CGIHandler }

func (h *members) RunCGI() {
	const ada = "Basic YWRhOmxvdmVsYWNl" // "ada:lovelace", in base64
	if subtle.ConstantTimeCompare([]byte(h.Headers.Get("Authorization")), []byte(ada)) == 0 {
		h.SendResponse(401, "")
		h.SendHeader("WWW-Authenticate", `Basic realm="members"`)
		h.SendHeader("Content-Length", "0")
		h.EndHeaders()
		return
	}
	h.AuthType, h.RemoteUser = "Basic", "ada"
	h.CGIHandler.RunCGI()
}

func ExampleCGIHandler_RunCGI() {
	dir := siteWith("hello", helloScript)
	defer os.RemoveAll(dir)
	h := new(members)
	h.Directory = dir
	addr, stop := serveInBackground(h)
	defer stop()

	fmt.Print(fetch(addr, "GET /cgi-bin/hello HTTP/1.0\n\n"))
	fmt.Print(fetch(addr, "GET /cgi-bin/hello HTTP/1.0\nAuthorization: Basic YWRhOmxvdmVsYWNl\n\n"))
	// Output:
	// HTTP/1.0 401 Unauthorized
	// WWW-Authenticate: Basic realm="members"
	// Content-Length: 0
	//
	// HTTP/1.0 200 OK
	// Content-Type: text/plain
	//
	// GET of , with , for ada, in
}

// one answers every request with the same script.
type one struct{ httpserver.CGIHandler }

// IsCGI asks CGIHandler first, which decodes the path and leaves out the query:
// below "/", all of the path is Rest. h.Path is the target as it was sent.
func (h *one) IsCGI() bool {
	h.CGIHandler.IsCGI()
	h.CGIInfo = httpserver.CGIInfo{Directory: "/cgi-bin", Rest: "hello/" + h.CGIInfo.Rest}
	return true
}

func ExampleCGIHandler_IsCGI() {
	dir := siteWith("hello", helloScript)
	defer os.RemoveAll(dir)
	h := new(one)
	h.Directory = dir
	h.CGIDirectories = []string{"/"}
	addr, stop := serveInBackground(h)
	defer stop()

	io.WriteString(os.Stdout, fetch(addr, "GET /any%20path?a=b HTTP/1.0\n\n"))
	// Output:
	// HTTP/1.0 200 OK
	// Content-Type: text/plain
	//
	// GET of /any path, with a=b, for , in
}

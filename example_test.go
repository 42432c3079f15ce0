package httpserver_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"html/template"
	"io"
	"log"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"
	"time"

	"example.com/httpserver"
)

// fetch sends a request to a server, as it stands, and gives the answer but for
// Server and Date, which differ from run to run.
func fetch(addr net.Addr, request string) string {
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n"))
	answer, err := io.ReadAll(conn)
	if err != nil {
		log.Fatal(err)
	}
	var lines strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(string(answer), "\r\n", "\n")) {
		if !strings.HasPrefix(line, "Server: ") && !strings.HasPrefix(line, "Date: ") && !strings.HasPrefix(line, "ETag: ") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

// serveInBackground serves in the background, without a log, until stop is called.
func serveInBackground(handler httpserver.RequestHandler) (addr net.Addr, stop func()) {
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", handler)
	if err != nil {
		log.Fatal(err)
	}
	srv.Logger = slog.New(slog.DiscardHandler)
	served := make(chan error)
	go func() { served <- srv.ServeForever() }()
	return srv.ServerAddress(), func() {
		srv.Close()
		<-served
	}
}

type Hello struct{ httpserver.BaseHandler }

func (h *Hello) DoGET() {
	h.SendResponse(200, "")
	h.SendHeader("Content-Type", "text/plain")
	h.EndHeaders()
	fmt.Fprintf(h.WFile, "you asked for %s\n", h.Path)
}

// A handler is a type that embeds BaseHandler and has a Do method for each verb
// that it answers. Every connection gets a copy of the one that the server was
// made with.
func Example() {
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", &Hello{})
	if err != nil {
		log.Fatal(err)
	}
	srv.Logger = slog.New(slog.DiscardHandler)
	go srv.ServeForever() // most programs end with log.Fatal(srv.ServeForever())
	defer srv.Close()

	fmt.Print(fetch(srv.ServerAddress(), "GET /eggs?style=fried HTTP/1.0\n\n"))
	// Output:
	// HTTP/1.0 200 OK
	// Content-Type: text/plain
	//
	// you asked for /eggs?style=fried
}

type Cafe struct{ httpserver.BaseHandler }

func (h *Cafe) DoSPAM() {
	h.SendResponse(200, "Spam!")
	h.EndHeaders()
}

// A method DoSPAM answers the verb SPAM. Verbs without a method are a 501.
func Example_customVerb() {
	addr, stop := serveInBackground(&Cafe{})
	defer stop()

	fmt.Print(fetch(addr, "SPAM / HTTP/1.0\n\n"))
	answer := fetch(addr, "EGGS / HTTP/1.0\n\n")
	fmt.Println(strings.Split(answer, "\n")[0])
	// Output:
	// HTTP/1.0 200 Spam!
	//
	// HTTP/1.0 501 Unsupported method ('EGGS')
}

type Discovery struct{ httpserver.BaseHandler }

func (h *Discovery) MethodTable() map[string]func() {
	return map[string]func(){"M-SEARCH": h.search}
}

func (h *Discovery) search() {
	h.SendResponse(200, "")
	h.SendHeader("ST", h.Headers.Get("ST"))
	h.EndHeaders()
}

// MethodTable answers the verbs that no Go method can be named after.
func ExampleBaseHandler_MethodTable() {
	addr, stop := serveInBackground(&Discovery{})
	defer stop()

	fmt.Print(fetch(addr, "M-SEARCH * HTTP/1.0\nST: ssdp:all\n\n"))
	// Output:
	// HTTP/1.0 200 OK
	// ST: ssdp:all
}

type Terse struct{ httpserver.BaseHandler }

func (h *Terse) SendError(code int, message, explain string) {
	text := fmt.Sprintf("%d %s\n", code, message)
	h.SendResponse(code, "")
	h.SendHeader("Content-Type", "text/plain")
	h.SendHeader("Content-Length", strconv.Itoa(len(text)))
	h.EndHeaders()
	io.WriteString(h.WFile, text)
}

// The library sends its own errors through SendError too, so a type that
// overrides it words them all.
func ExampleBaseHandler_SendError() {
	addr, stop := serveInBackground(&Terse{})
	defer stop()

	fmt.Print(fetch(addr, "GET / HTTP/1.0\n\n"))
	fmt.Print(fetch(addr, "nonsense\n\n"))
	// Output:
	// HTTP/1.0 501 Not Implemented
	// Content-Type: text/plain
	// Content-Length: 31
	//
	// 501 Unsupported method ('GET')
	// HTTP/1.0 400 Bad Request
	// Content-Type: text/plain
	// Content-Length: 36
	//
	// 400 Bad request syntax ('nonsense')
}

type Greeter struct{ httpserver.BaseHandler }

func (h *Greeter) DoGET() {
	text := "hello, " + strings.TrimPrefix(h.Path, "/") + "\n"
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", strconv.Itoa(len(text)))
	h.EndHeaders()
	io.WriteString(h.WFile, text)
}

// With HTTP/1.1 a connection goes on after an answer that announces its
// Content-Length. One that does not ends its connection.
func ExampleBaseHandler_SendHeader() {
	handler := &Greeter{}
	handler.ProtocolVersion = "HTTP/1.1"
	addr, stop := serveInBackground(handler)
	defer stop()

	fmt.Print(fetch(addr, "GET /Eric HTTP/1.1\nHost: localhost\n\n"+
		"GET /Terry HTTP/1.1\nHost: localhost\nConnection: close\n\n"))
	// Output:
	// HTTP/1.1 200 OK
	// Content-Length: 12
	//
	// hello, Eric
	// HTTP/1.1 200 OK
	// Content-Length: 13
	// Connection: close
	//
	// hello, Terry
}

type Counter struct{ httpserver.BaseHandler }

func (h *Counter) DoPOST() {
	h.LimitBody(1 << 20)
	body, err := io.ReadAll(h.RFile)
	if err != nil {
		return // a 400, 408 or 413 says why
	}
	h.SendResponse(200, "")
	h.EndHeaders()
	fmt.Fprintf(h.WFile, "%d words\n", len(strings.Fields(string(body))))
}

// RFile is the request's body and ends with it, chunked or not, so there is no
// need to look at Content-Length.
func ExampleBaseHandler_body() {
	addr, stop := serveInBackground(&Counter{})
	defer stop()

	fmt.Print(fetch(addr, "POST / HTTP/1.0\nContent-Length: 21\n\nspam egg sausage spam"))
	fmt.Print(fetch(addr, "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n5\nspam \n3\negg\n0\n\n"))
	// Output:
	// HTTP/1.0 200 OK
	//
	// 4 words
	// HTTP/1.0 200 OK
	//
	// 2 words
}

type Summer struct{ httpserver.BaseHandler }

// DoGET sends rows as they come to be known, and a checksum behind them.
func (h *Summer) DoGET() {
	h.SendResponse(200, "")
	h.SendHeader("Content-Type", "text/csv")
	h.SendHeader("Trailer", "X-Checksum")
	w := h.EndHeadersChunked()
	sum := crc32.NewIEEE()
	for i := range 3 {
		fmt.Fprintf(io.MultiWriter(w, sum), "%d,%d\n", i, i*i)
	}
	w.SendTrailer("X-Checksum", fmt.Sprintf("%08x", sum.Sum32()))
	w.Close()
}

// DoPUT compares a checksum that came behind a body.
func (h *Summer) DoPUT() {
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, h.RFile); err != nil {
		return
	}
	if got := fmt.Sprintf("%08x", sum.Sum32()); h.Trailers().Get("X-Checksum") != got {
		h.SendError(422, "", "The checksum is "+got)
		return
	}
	h.SendResponse(204, "")
	h.EndHeaders()
}

// Content whose length is not known at the start goes out in chunks, and the
// connection stays open.
func ExampleBaseHandler_EndHeadersChunked() {
	h := &Summer{}
	h.ProtocolVersion = "HTTP/1.1"
	addr, stop := serveInBackground(h)
	defer stop()

	fmt.Print(fetch(addr, "GET / HTTP/1.1\nHost: a\nConnection: close\n\n"))
	// Output:
	// HTTP/1.1 200 OK
	// Content-Type: text/csv
	// Trailer: X-Checksum
	// Transfer-Encoding: chunked
	// Connection: close
	//
	// 4
	// 0,0
	//
	// 4
	// 1,1
	//
	// 4
	// 2,4
	//
	// 0
	// X-Checksum: eac1bc38
}

func ExampleBaseHandler_Trailers() {
	addr, stop := serveInBackground(&Summer{})
	defer stop()

	fmt.Print(fetch(addr, "PUT / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n4\nspam\n0\nX-Checksum: 43daff3d\n\n"))
	// Output:
	// HTTP/1.0 204 No Content
}

type Frugal struct{ httpserver.BaseHandler }

func (h *Frugal) HandleExpect100() bool {
	if h.ContentLength() > 1000 {
		h.SendError(413, "", "")
		return false
	}
	return h.BaseHandler.HandleExpect100()
}

func (h *Frugal) DoPUT() {
	n, _ := io.Copy(io.Discard, h.RFile)
	h.SendResponse(200, fmt.Sprintf("Took %d bytes", n))
	h.EndHeaders()
}

// Catcher waits for an OAuth server to send the browser back.
type Catcher struct {
	httpserver.BaseHandler
	Code *string
}

func (h *Catcher) DoGET() {
	target, err := url.Parse(h.Path)
	if err != nil || target.Path != "/callback" {
		h.SendError(404, "", "")
		return
	}
	*h.Code = target.Query().Get("code")
	h.SendResponse(200, "")
	h.EndHeaders()
	io.WriteString(h.WFile, "You may close this page.")
}

func (h *Catcher) LogMessage(format string, args ...any) {}

// HandleRequest serves one connection, and a Server is done with it when it
// returns. A browser opens others, so wait for what is needed.
func ExampleServer_HandleRequest() {
	var code string
	srv, err := httpserver.NewServer("127.0.0.1:0", &Catcher{Code: &code})
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	go func() {
		fetch(srv.ServerAddress(), "GET /favicon.ico HTTP/1.0\n\n")
		fetch(srv.ServerAddress(), "GET /callback?code=s3cret HTTP/1.0\n\n")
	}()
	for code == "" {
		if err := srv.HandleRequest(); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(code)
	// Output: s3cret
}

// HandleExpect100 can refuse a body before the client sends it.
func ExampleBaseHandler_HandleExpect100() {
	handler := &Frugal{}
	handler.ProtocolVersion = "HTTP/1.1"
	handler.ErrorMessageFormat = "%(code)d %(message)s"
	addr, stop := serveInBackground(handler)
	defer stop()

	const head = "PUT / HTTP/1.1\nHost: localhost\nExpect: 100-continue\n"
	fmt.Print(fetch(addr, head+"Content-Length: 4\n\nspam"))
	fmt.Print(fetch(addr, head+"Content-Length: 4000\n\n"))
	// Output:
	// HTTP/1.1 100 Continue
	//
	// HTTP/1.1 200 Took 4 bytes
	// Connection: close
	//
	// HTTP/1.1 413 Content Too Large
	// Connection: close
	// Content-Type: text/html;charset=utf-8
	// Content-Length: 21
	//
	// 413 Content Too Large
}

type Site struct{ httpserver.BaseHandler }

func (h *Site) Title() string { return "A site" }

func (h *Site) DoGET() {
	h.SendResponse(200, "")
	h.EndHeaders()
	title := h.Self().(interface{ Title() string }).Title()
	io.WriteString(h.WFile, title+"\n")
}

type Shop struct{ Site }

func (h *Shop) Title() string { return "The Cheese Shop" }

// A type that others embed calls what they override through Self: in a method
// of Site, h.Title() is always Site's.
func ExampleBaseHandler_Self() {
	addr, stop := serveInBackground(&Shop{})
	defer stop()

	fmt.Print(fetch(addr, "GET / HTTP/1.0\n\n"))
	// Output:
	// HTTP/1.0 200 OK
	//
	// The Cheese Shop
}

type Session struct {
	httpserver.BaseHandler
	Visits []string // of this connection
}

func (h *Session) DoGET() {
	h.Visits = append(h.Visits, h.Path)
	h.SendResponse(200, strings.Join(h.Visits, " "))
	h.SendHeader("Content-Length", "0")
	h.EndHeaders()
}

// NewHandler makes the handler of each connection, where a copy will not do.
func ExampleServer_newHandler() {
	srv := new(httpserver.ThreadingServer)
	srv.Addr = "127.0.0.1:0"
	srv.Logger = slog.New(slog.DiscardHandler)
	srv.NewHandler = func() httpserver.RequestHandler {
		h := &Session{Visits: make([]string, 0, 8)}
		h.ProtocolVersion = "HTTP/1.1"
		return h
	}
	if err := srv.Listen(); err != nil {
		log.Fatal(err)
	}
	go srv.ServeForever()
	defer srv.Close()

	fmt.Print(fetch(srv.ServerAddress(), "GET /a HTTP/1.1\nHost: localhost\n\n"+
		"GET /b HTTP/1.1\nHost: localhost\nConnection: close\n\n"))
	// Output:
	// HTTP/1.1 200 /a
	// Content-Length: 0
	//
	// HTTP/1.1 200 /a /b
	// Content-Length: 0
	// Connection: close
}

type Wordless struct{ Hello }

func (h *Wordless) LogMessage(format string, args ...any) {}

// ServeConn serves a connection that is there already, without a listener: in a
// test, over the two ends of a pipe.
func ExampleServeConn() {
	client, server := net.Pipe()
	defer client.Close()
	go httpserver.ServeConn(server, &Wordless{})

	io.WriteString(client, "GET /\r\n") // HTTP/0.9 is answered without a head
	answer, err := io.ReadAll(client)
	fmt.Printf("%q %v\n", answer, err)
	// Output:
	// "you asked for /\n" <nil>
}

// VerifyRequest turns connections away before anything is read from them.
func ExampleServer_verifyRequest() {
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", &Hello{})
	if err != nil {
		log.Fatal(err)
	}
	srv.VerifyRequest = func(conn net.Conn) bool {
		addr, ok := conn.RemoteAddr().(*net.TCPAddr)
		return ok && !addr.IP.IsLoopback()
	}
	go srv.ServeForever()
	defer srv.Close()

	conn, err := net.Dial("tcp", srv.ServerAddress().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	n, err := conn.Read(make([]byte, 1))
	fmt.Println(n, err)
	// Output: 0 EOF
}

// ServeForever returns when Shutdown has let the requests in flight end.
func ExampleServer_Shutdown() {
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", &Hello{})
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- srv.ServeForever() }()

	// A program does this when signal.NotifyContext tells it to end.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(srv.Shutdown(ctx))
	fmt.Println(<-served)
	// Output:
	// <nil>
	// httpserver: server closed
}

// Search looks for something for a long time, and stops when nobody wants it any
// more: when the client has reset the connection, or the server closes.
type Search struct{ httpserver.BaseHandler }

func (h *Search) DoGET() {
	ctx := h.Context()
	found, err := find(ctx, h.Path)
	if err != nil {
		fmt.Println("search:", context.Cause(ctx))
		return
	}
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", strconv.Itoa(len(found)))
	h.EndHeaders()
	io.WriteString(h.WFile, found)
}

// searching is for the example to know that a search has begun.
var searching = make(chan string)

// find is any function that takes a context, as those of database/sql do.
func find(ctx context.Context, what string) (string, error) {
	select {
	case searching <- what:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	select {
	case <-time.After(time.Hour):
		return "42", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Context is for functions that take one: it ends when the request is of no more
// use. BaseContext puts a context of the program above it.
func ExampleBaseHandler_Context() {
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", &Search{})
	if err != nil {
		log.Fatal(err)
	}
	srv.Logger = slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancelCause(context.Background())
	srv.BaseContext = func(net.Conn) context.Context { return ctx }
	served := make(chan error)
	go func() { served <- srv.ServeForever() }()

	conn, err := net.Dial("tcp", srv.ServerAddress().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /answer HTTP/1.0\r\n\r\n")
	fmt.Println("searching for", <-searching)
	stop(errors.New("the answer is known"))
	io.ReadAll(conn)

	srv.Close()
	fmt.Println(<-served)
	// Output:
	// searching for /answer
	// search: the answer is known
	// httpserver: server closed
}

// Logger gets a record for what would be a line on standard error. Its
// attributes are the parts of that line.
func ExampleServer_logger() {
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", &Hello{})
	if err != nil {
		log.Fatal(err)
	}
	srv.Logger = slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	go srv.ServeForever()
	defer srv.Close()

	fetch(srv.ServerAddress(), "GET /eggs HTTP/1.0\n\n")
	fetch(srv.ServerAddress(), "SPAM / HTTP/1.0\n\n")
	// Output:
	// level=INFO msg=request remote=127.0.0.1 method=GET target=/eggs version=HTTP/1.0 status=200
	// level=WARN msg="code 501, message Unsupported method ('SPAM')" remote=127.0.0.1 method=SPAM target=/ version=HTTP/1.0
	// level=INFO msg=request remote=127.0.0.1 method=SPAM target=/ version=HTTP/1.0 status=501
}

// writeFiles makes a directory with files in it, by name and content, for an
// example to serve.
func writeFiles(files map[string]string) (dir string) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	modified := time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)
	for name, content := range files {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			log.Fatal(err)
		}
		if err := os.Chtimes(name, modified, modified); err != nil {
			log.Fatal(err)
		}
	}
	return dir
}

// SimpleHandler serves the files of Directory. It needs no type of one's own.
func ExampleSimpleHandler() {
	dir := writeFiles(map[string]string{"eggs.txt": "fried\n"})
	defer os.RemoveAll(dir)

	handler := new(httpserver.SimpleHandler)
	handler.Directory = dir
	addr, stop := serveInBackground(handler)
	defer stop()

	fmt.Print(fetch(addr, "GET /eggs.txt HTTP/1.0\n\n"))
	// Output:
	// HTTP/1.0 200 OK
	// Content-type: text/plain
	// Content-Length: 6
	// Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT
	// Accept-Ranges: bytes
	//
	// fried
}

// IndexPages are looked for, in this order, before a directory is listed.
func ExampleSimpleHandler_indexPages() {
	dir := writeFiles(map[string]string{"README.txt": "read me\n", "index.html": "<p>not me\n"})
	defer os.RemoveAll(dir)

	handler := &httpserver.SimpleHandler{Directory: dir, IndexPages: []string{"home.html", "README.txt"}}
	addr, stop := serveInBackground(handler)
	defer stop()

	fmt.Print(fetch(addr, "GET / HTTP/1.0\n\n"))
	// Output:
	// HTTP/1.0 200 OK
	// Content-type: text/plain
	// Content-Length: 8
	// Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT
	// Accept-Ranges: bytes
	//
	// read me
}

// ExtensionsMap is asked before any other table. Begin with the default one to
// keep what it has.
func ExampleSimpleHandler_extensionsMap() {
	types := httpserver.DefaultExtensionsMap()
	types[".py"] = "text/plain;charset=utf-8"
	types[""] = "text/plain" // names without an extension
	handler := &httpserver.SimpleHandler{ExtensionsMap: types}

	fmt.Println(handler.GuessType("spam.py"))
	fmt.Println(handler.GuessType("LICENSE"))
	fmt.Println(handler.GuessType("spam.html"))
	fmt.Println(handler.GuessType("spam.tar.gz"))
	fmt.Println(handler.GuessType("spam.eggs"))
	// Output:
	// text/plain;charset=utf-8
	// text/plain
	// text/html
	// application/gzip
	// application/octet-stream
}

type Album struct {
	httpserver.SimpleHandler
	Pictures string // the directory that /pictures leads to
}

func (h *Album) TranslatePath(path string) string {
	file := h.SimpleHandler.TranslatePath(path)
	pictures := h.SimpleHandler.TranslatePath("/pictures/")
	if name, ok := strings.CutPrefix(filepath.ToSlash(file), filepath.ToSlash(pictures)); ok {
		return h.Pictures + "/" + name
	}
	return file
}

// TranslatePath leads to other directories. What it makes of a path has no ".."
// left in it, so an override begins with that and not with the path.
func ExampleSimpleHandler_TranslatePath() {
	dir, pictures := writeFiles(nil), writeFiles(map[string]string{"cat.svg": "<svg/>\n"})
	defer os.RemoveAll(dir)
	defer os.RemoveAll(pictures)

	handler := &Album{Pictures: pictures}
	handler.Directory = dir
	addr, stop := serveInBackground(handler)
	defer stop()

	fmt.Print(fetch(addr, "GET /x/../pictures/cat.svg HTTP/1.0\n\n"))
	// Output:
	// HTTP/1.0 200 OK
	// Content-type: image/svg+xml
	// Content-Length: 7
	// Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT
	// Accept-Ranges: bytes
	//
	// <svg/>
}

// FS serves what is embedded in the program, or in a zip, with ranges where its
// files seek.
func ExampleSimpleHandler_fS() {
	dist := fstest.MapFS{ // or an embed.FS
		"dist/index.html": {Data: []byte("<p>the page\n")},
		"dist/app.js":     {Data: []byte("// the script\n")},
	}
	handler := &httpserver.SimpleHandler{FS: dist, Directory: "dist", Fallback: "index.html"}
	addr, stop := serveInBackground(handler)
	defer stop()

	fmt.Print(fetch(addr, "GET /app.js HTTP/1.0\nRange: bytes=3-5\n\n"), "\n\n")
	fmt.Print(fetch(addr, "GET /settings/profile HTTP/1.0\nAccept: text/html\n\n"))
	// Output:
	// HTTP/1.0 206 Partial Content
	// Content-type: text/javascript
	// Content-Length: 3
	// Accept-Ranges: bytes
	// Content-Range: bytes 3-5/14
	//
	// the
	//
	// HTTP/1.0 200 OK
	// Content-type: text/html
	// Content-Length: 12
	// Accept-Ranges: bytes
	// Vary: Accept, Sec-Fetch-Mode
	//
	// <p>the page
}

// ExtraHeaders go with files and listings, AlwaysHeaders with every answer.
func ExampleSimpleHandler_alwaysHeaders() {
	handler := &httpserver.SimpleHandler{
		FS:            fstest.MapFS{"eggs.txt": {Data: []byte("fried\n")}},
		ExtraHeaders:  []httpserver.HeaderField{{Name: "Cache-Control", Value: "max-age=60"}},
		AlwaysHeaders: []httpserver.HeaderField{{Name: "X-Frame-Options", Value: "DENY"}},
		Listing:       httpserver.NoListing,
	}
	addr, stop := serveInBackground(handler)
	defer stop()

	for _, path := range []string{"/eggs.txt", "/"} {
		head, _, _ := strings.Cut(fetch(addr, "GET "+path+" HTTP/1.0\n\n"), "\n\n")
		fmt.Print(head, "\n\n")
	}
	// Output:
	// HTTP/1.0 200 OK
	// Content-type: text/plain
	// Content-Length: 6
	// Cache-Control: max-age=60
	// Accept-Ranges: bytes
	// X-Frame-Options: DENY
	//
	// HTTP/1.0 404 No permission to list directory
	// Connection: close
	// Content-Type: text/html;charset=utf-8
	// Content-Length: 352
	// X-Frame-Options: DENY
}

type Menu struct{ httpserver.SimpleHandler }

var menu = template.Must(template.New("menu").Funcs(template.FuncMap{"link": link}).
	Parse("<ul>{{range .}}<li><a href={{link .}}>{{.Name}}</a>, {{.Size}} bytes{{end}}</ul>\n"))

// link gives the link to an entry: no name is taken for another site, or for two.
func link(e httpserver.DirEntry) string {
	to := "./" + url.PathEscape(e.Name)
	if e.Dir {
		to += "/"
	}
	return to
}

func (h *Menu) ListDirectory(path string) io.ReadCloser {
	entries, err := h.ReadDirectory(path)
	if err != nil {
		return h.SimpleHandler.ListDirectory(path) // which says what is wrong
	}
	slices.SortFunc(entries, func(a, b httpserver.DirEntry) int { return cmp.Compare(a.Name, b.Name) })
	var page bytes.Buffer
	if err := menu.Execute(&page, entries); err != nil {
		h.SendError(500, "", "")
		return nil
	}
	h.SendResponse(200, "")
	h.SendHeader("Content-Type", "text/html; charset=utf-8")
	h.SendHeader("Content-Length", strconv.Itoa(page.Len()))
	h.EndHeaders()
	return io.NopCloser(&page)
}

// A ListDirectory of one's own makes another page of what ReadDirectory finds.
func ExampleSimpleHandler_ReadDirectory() {
	handler := new(Menu)
	handler.FS = fstest.MapFS{"eggs.txt": {Data: []byte("fried\n")}, "spam/eggs.txt": {Data: []byte("both\n")}}
	addr, stop := serveInBackground(handler)
	defer stop()

	fmt.Print(fetch(addr, "GET / HTTP/1.0\n\n"))
	// Output:
	// HTTP/1.0 200 OK
	// Content-Type: text/html; charset=utf-8
	// Content-Length: 91
	//
	// <ul><li><a href=./eggs.txt>eggs.txt</a>, 6 bytes<li><a href=./spam/>spam</a>, 0 bytes</ul>
}

// Types that the built-in table lacks come from a mime.types file, or from
// lines like its.
func ExampleMIMETypes() {
	types := httpserver.NewMIMETypes()
	if err := types.Parse(strings.NewReader("text/x-breakfast spam eggs")); err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"menu.spam", "menu.svg.gz"} {
		mediaType, encoding := types.GuessType(name)
		fmt.Printf("%s %q\n", mediaType, encoding)
	}

	handler := &httpserver.SimpleHandler{MIMETypes: types}
	fmt.Println(handler.GuessType("menu.eggs"))
	// Output:
	// text/x-breakfast ""
	// image/svg+xml "gzip"
	// text/x-breakfast
}

// Fields keep their order and their spelling. Get finds them in any.
func ExampleHeaders_All() {
	headers, err := httpserver.ParseHeaders("host: localhost\r\nX-Egg: fried\r\nx-egg: poached\r\n\r\n")
	if err != nil {
		log.Fatal(err)
	}
	for name, value := range headers.All() {
		fmt.Printf("%s=%s\n", name, value)
	}
	fmt.Println(headers.Get("Host"), headers.Values("X-EGG"), headers.Has("Cookie"))
	// Output:
	// host=localhost
	// X-Egg=fried
	// x-egg=poached
	// localhost [fried poached] false
}

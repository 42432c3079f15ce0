// Package httpserver is Python's http.server for Go: a server for HTTP/1.x
// whose handlers mirror the same class hierarchy, under the same names, with
// the same bytes on the wire, strict and with limits that are on by default.
//
// # A first server
//
// Embed [BaseHandler] and define a method for each verb:
//
//	type Hello struct{ httpserver.BaseHandler }
//
//	func (h *Hello) DoGET() {
//		h.SendResponse(200, "")
//		h.SendHeader("Content-Type", "text/plain")
//		h.EndHeaders()
//		io.WriteString(h.WFile, "you asked for "+h.Path+"\n")
//	}
//
//	func main() {
//		srv, err := httpserver.NewThreadingServer(":8000", &Hello{})
//		if err != nil {
//			log.Fatal(err)
//		}
//		log.Fatal(srv.ServeForever())
//	}
//
// A verb is a method without arguments or results whose name is Do and capital
// letters, digits or underscores: DoSPAM answers SPAM. Verbs that Go cannot
// spell go into [BaseHandler.MethodTable]. What has no method is answered 501.
//
// [SimpleHandler] answers GET and HEAD with the files of a directory:
//
//	h := new(httpserver.SimpleHandler)
//	h.Directory = "site"
//	srv, err := httpserver.NewThreadingServer(":8000", h)
//
// # Classes and instances
//
// The handler given to a server is the class: what is set in it holds for all
// connections. Each connection gets a shallow copy as its instance, as CPython
// makes an instance of a handler class. So a field that is set while serving
// belongs to one connection. What all share sits behind a pointer:
//
//	type Counter struct {
//		httpserver.BaseHandler
//		hits *atomic.Int64 // not atomic.Int64: each connection would count its own
//	}
//
// Making a server panics where a handler holds such a value directly, embeds a
// pointer to a handler, or has a method whose signature cannot be right: a
// mistake of the program shows when it starts.
//
// # Overriding
//
// Every method of [RequestHandler] is a hook. Define one of the same name and
// signature, call up by the embedded type's name, and the library calls yours
// wherever it would have called its own, however deep the embedding:
//
//	func (h *Site) EndHeaders() {
//		h.SendHeader("X-Frame-Options", "DENY")
//		h.SimpleHandler.EndHeaders()
//	}
//
// Go's embedding does not do that by itself: a method of the embedded type does
// not know what embeds it. The library binds each handler to its outermost type
// for it, and [BaseHandler.Self] gives that to types of your own that others
// embed.
//
// # The route of a request
//
// The server accepts a connection, asks VerifyRequest, and makes a handler.
// Setup makes RFile and WFile. Handle calls HandleOneRequest until
// CloseConnection is set. That reads the request line; ParseRequest parses it,
// reads the header section and hands it to ParseHeaders; the verb's method
// answers:
//
//	SendResponse  LogRequest, then the status line, Server and Date
//	SendHeader    a field
//	EndHeaders    the end of the head, and FlushHeaders
//	WFile         the content
//
// SendError does all of it for an error. Finish comes last.
//
// # Keeping connections open
//
// As in CPython, the default is HTTP/1.0 and a connection for each request. Set
// ProtocolVersion to "HTTP/1.1" to keep connections open. An answer needs a
// Content-Length then, or [BaseHandler.EndHeadersChunked], or ends its
// connection. The library sees to it that what was announced and what is sent
// agree, says when it closes, and sends no content where there is none: to HEAD,
// and with 1xx, 204 and 304.
//
// # When things leave
//
// A head waits a moment for the content and leaves with it, so a small answer
// is one system call. Writes after that leave at once. A head that nothing
// follows is on the wire within ten milliseconds, and sooner where the method
// returns or begins a read that has to wait: server-sent events and long polls
// need nothing special. WFile.Flush sends it now.
//
// A write to a client that has left fails, one write late, and the log says so
// in one line. A method that waits without writing has [BaseHandler.Context],
// which ends with the client's connection, with the time it had, or with the
// server.
//
// # Bodies
//
// RFile is the body and ends with it, however it was framed. Bound it with
// [BaseHandler.LimitBody] before reading all of it:
//
//	h.LimitBody(1 << 20)
//	body, err := io.ReadAll(h.RFile)
//	if err != nil {
//		return // the answer is 400, 408 or 413, as it has to be
//	}
//
// A method that does not look at the error is no danger: an answer that says
// that all is well gives way to the one that is due. What a method does not read
// is read away, up to MaxDrainBytes.
//
// # Files
//
// SimpleHandler gives files entity tags and ranges, and answers preconditions, in
// the order of RFC 9110 §13.2.2. A video seeks, and a download goes on where it
// was. Its fields are what people otherwise write a handler for:
//
//	h := &httpserver.SimpleHandler{
//		FS:            dist,         // an embed.FS, or leave it out and serve the disk
//		Directory:     "dist",       // a name within it
//		Fallback:      "index.html", // for what the application routes itself
//		Precompressed: true,         // app.js.br in place of app.js, where that is accepted
//		AlwaysHeaders: []httpserver.HeaderField{{Name: "X-Frame-Options", Value: "DENY"}},
//	}
//	h.ProtocolVersion = "HTTP/1.1" // a field of BaseHandler
//
// Override SendHead to answer some paths in another way, and ListDirectory, with
// the help of [SimpleHandler.ReadDirectory], to have another page for directories.
//
// # Scripts
//
// CGIHandler is a SimpleHandler that runs what lies below /cgi-bin and /htbin as
// CGI scripts (RFC 3875), which CPython has given up:
//
//	h := new(httpserver.CGIHandler)
//	h.Directory = "site"
//	h.CGIEnv = []string{"DATABASE=/var/lib/site.db"}
//
// What a script writes is streamed, and the script is ended with all of its process
// group when the client goes, when it does nothing for CGITimeout or when the server
// closes. Where the server is root, scripts run as nobody. Override IsCGI to find
// scripts in another way, and RunCGI to ask for a password before any of them runs,
// whatever the method.
//
// # In a test
//
// Port 0 is any that is free, and ServerAddress tells which:
//
//	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", handler)
//	if err != nil {
//		t.Fatal(err)
//	}
//	go srv.ServeForever()
//	t.Cleanup(func() { srv.Close() })
//	resp, err := http.Get("http://" + srv.ServerAddress().String() + "/")
//
// In a testing/synctest bubble, give one end of a net.Pipe to
// [Server.ServeConn]: every wait then takes the bubble's time.
//
// # Safety
//
// What is a message is decided by RFC 9112, strictly: what could be read in two
// ways is refused, with an answer that says why, and the connection closes. A
// name or value with a line break never gets into a head: the answer becomes a
// 500, and the log says which. Every wait for a client has a limit, and so has
// everything that a client can make grow: see the fields of [Server]; a method
// changes its own with SetReadDeadline and SetWriteDeadline. SimpleHandler opens
// nothing outside its directory. A panic ends its own connection and nothing
// else, with a 500 where no head had ended.
//
// Strings are bytes: what the client sent is what a handler reads, and what
// SendHeader gets is what goes out. There is no latin-1 in between, as there is
// in CPython.
//
// # Size
//
// Finding a type's verbs by reflection makes the linker keep every exported
// method in a program. The build tag httpserver_noreflect leaves that out, and
// with it verbs beyond the nine of RFC 9110 and RFC 5789, which then go into
// MethodTable, and the check of the verbs' signatures.
//
// The README lists where the bytes on the wire differ from CPython's, and why.
package httpserver

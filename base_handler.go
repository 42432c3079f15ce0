package httpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"example.com/httpserver/internal/class"
	"example.com/httpserver/internal/exchange"
	"example.com/httpserver/internal/http1"
	"example.com/httpserver/internal/httpdate"
	"example.com/httpserver/internal/logline"
	"example.com/httpserver/internal/pyrepr"
)

// A RequestHandler answers the requests of a connection. It is to a server what
// the RequestHandlerClass is to CPython's: the value given to a server is the
// class, and every connection gets a shallow copy of it as its instance.
//
// Only a pointer to a struct that embeds [BaseHandler], or a type that does,
// is one. The methods below are the hooks: the library calls them through the
// outermost type, so a method of the same name on your own type overrides
// them, however deep the embedding. Beyond them, a method whose name is Do and
// a verb in capitals, without arguments or results, answers that verb.
//
// A handler's methods are called by one goroutine at a time. On Linux that may be
// another one for each request of a connection.
type RequestHandler interface {
	// Setup is called before the first request. Override it to prepare a
	// connection, or to wrap Connection before calling up.
	Setup()
	// Handle serves the connection's requests. Override it to speak another
	// protocol.
	Handle()
	// Finish is called after the last request, unless Setup panicked.
	Finish()

	// HandleOneRequest reads one request and answers it.
	HandleOneRequest()
	// ParseRequest parses RawRequestLine and reads the header section. It
	// reports whether the request is to be answered by a verb's method; if not,
	// it has answered. Override it to rewrite Path or Command after calling up.
	ParseRequest() bool
	// ParseHeaders makes Headers of a header section, given with the line ends
	// and the empty line that ends it. Override it to read one in another way,
	// as CPython's MessageClass would. The framing of the body is decided by
	// what it gives. An error is answered 400, or as a *RequestError says.
	ParseHeaders(section string) (Headers, error)
	// HandleExpect100 is asked whether the client of a request with "Expect:
	// 100-continue" may send the body. Override it to answer with SendError and
	// report false.
	HandleExpect100() bool
	// MethodTable gives verbs beyond those that Do methods answer: names that
	// Go cannot spell, as "M-SEARCH", or that are not in capitals. It goes
	// before the Do methods. It is called once, at a connection's first request.
	MethodTable() map[string]func()

	// SendError answers with an error page. "" stands for the standard message
	// and explanation, which Response tells. Override it to answer errors in a
	// form of your own.
	SendError(code int, message, explain string)
	// SendResponse logs the request and begins the head of an answer.
	SendResponse(code int, message string)
	// SendResponseOnly begins the head of an answer.
	SendResponseOnly(code int, message string)
	// SendHeader adds a field to the head.
	SendHeader(name, value string)
	// EndHeaders ends the head. Override it to add fields to every answer
	// before calling up.
	EndHeaders()
	// FlushHeaders hands what there is of the head to WFile.
	FlushHeaders()

	// LogRequest logs an answered request. A code of 0 and a size below 0 are
	// unknown and show as "-".
	LogRequest(code int, size int64)
	// LogError logs a request that could not be answered as it was meant.
	LogError(format string, args ...any)
	// LogMessage is where every line of the log passes. Override it to send
	// them elsewhere, or nowhere. args are good until it returns. They may hold
	// what a client has sent, control characters and all: see EscapeControls.
	LogMessage(format string, args ...any)

	// VersionString is what the Server field says.
	VersionString() string
	// DateTimeString formats t for a field. The zero time is now.
	DateTimeString(t time.Time) string
	// LogDateTimeString is the current time for the log.
	LogDateTimeString() string
	// AddressString is the client's address for the log.
	AddressString() string

	base() *BaseHandler
	bind(self RequestHandler)
	// check tells what is wrong with the configuration.
	check() error
}

// BaseHandler reads requests, dispatches them to Do methods and has what these
// need to answer. It answers no verb itself: embed it, and define some. It
// mirrors http.server.BaseHTTPRequestHandler, and each of its methods the one of
// that name there, as SendError does send_error.
//
// The first group of fields is configuration, CPython's class attributes. The
// second is set for each connection and each request, CPython's instance
// attributes. Fields and methods are for the goroutine that serves the
// request.
type BaseHandler struct {
	// ProtocolVersion is the version to answer with. If empty, HTTP/1.0.
	// HTTP/1.1 keeps connections open, so every answer then needs a
	// Content-Length or EndHeadersChunked; one without closes its connection.
	ProtocolVersion string
	// ServerVersion is the first part of VersionString. If empty, "BaseHTTP/"
	// and the module's version.
	ServerVersion string
	// SysVersion is the second part of VersionString. If empty, "Go/" and the
	// runtime's version.
	SysVersion string
	// ErrorMessageFormat is the page that SendError sends, with %(code)d,
	// %(message)s and %(explain)s in it, and %% for a percent sign. If empty,
	// [DefaultErrorMessage].
	ErrorMessageFormat string
	// ErrorContentType is the type of that page. If empty,
	// "text/html;charset=utf-8".
	ErrorContentType string
	// Responses maps a status code to its reason phrase and explanation. If
	// nil, [DefaultResponses].
	Responses map[int]Response
	// DefaultRequestVersion is the version of a request that names none. If
	// empty, HTTP/0.9.
	DefaultRequestVersion string
	// Timeout bounds each wait for the client: for a request, for the rest of
	// its head, for more of its body, and for the client to take some of an
	// answer. If zero or negative, the limits of Server hold.
	Timeout time.Duration
	// WBufSize is the size of a buffer for WFile, in bytes. If zero, every
	// write leaves at once. If negative, 8192.
	WBufSize int
	// DisableNagleAlgorithm sets TCP_NODELAY in Setup. Go's listeners set it on
	// every connection that they accept, so this is for others.
	DisableNagleAlgorithm bool

	// CloseConnection says whether the connection ends with this request.
	CloseConnection bool
	// Command is the method: "GET".
	Command string
	// Path is the request target, as sent: a query, if any, is still on it, and
	// a client that takes this server for a proxy sends an absolute-form one,
	// "http://host/path". Like CPython, several slashes at its beginning are one.
	Path string
	// RequestVersion is the HTTP version of the request: "HTTP/1.1".
	RequestVersion string
	// RequestLine is the request line without its line end.
	RequestLine string
	// RawRequestLine is the request line as it came.
	RawRequestLine string
	// Headers holds the header fields. It is good until the method returns:
	// Clone keeps it. Its strings may be kept.
	Headers Headers
	// RFile reads the message body, and nothing else, and reports io.EOF at its
	// end. A chunked body comes without its framing (RFC 9112 §7.1).
	//
	// It fails with a *[RequestError] where the framing is at fault or the body
	// longer than LimitBody lets it be, with io.ErrUnexpectedEOF where the client
	// closes early, and with an error that is os.ErrDeadlineExceeded where it is
	// too slow for the server's limits. A method that does not look at the error
	// need not worry: unless the head of its answer has ended by then, an answer
	// that is no error gives way to the 400, 413 or 408 that is due. So does the
	// lack of an answer.
	//
	// What a method puts in its place, or in WFile's, holds for that request.
	RFile io.Reader
	// WFile takes the content of the answer.
	WFile WriteFlusher
	// ClientAddress is the address of the other side.
	ClientAddress net.Addr
	// Server is the server that accepted the connection.
	Server *Server
	// Connection is the connection itself. What is read from it has been taken
	// from RFile, and what is written to it goes past WFile: either ends the
	// connection with the request, and how long to wait is for the method to
	// say. Deadlines that a method sets hold for its request.
	//
	// Setup puts this library's own net.Conn here, whose NetConn method gives the
	// listener's, as a *tls.Conn. In place of a *net.TCPConn that may be a type of
	// this library's with the same methods, but for File: assert an interface.
	//
	//	h.Connection.(interface{ NetConn() net.Conn }).NetConn().(*tls.Conn)
	Connection net.Conn

	self RequestHandler
	c    *connection
	host string
}

// http09 is the version whose answers are content alone.
const http09 = "HTTP/0.9"

func (h *BaseHandler) base() *BaseHandler { return h }

func (h *BaseHandler) bind(self RequestHandler) { h.self = self }

func (h *BaseHandler) check() error { return nil }

// Self gives the handler as its outermost type. A type that others embed uses
// it to call what they override, as this package does:
//
//	h.Self().(interface{ Greeting() string }).Greeting()
//
// Unlike the hooks of this package, those are not checked when a server is made:
// declare the interface and write var _ greeter = (*App)(nil) beside the type.
func (h *BaseHandler) Self() RequestHandler { return h.self }

func (h *BaseHandler) protocolVersion() string {
	if h.ProtocolVersion == "" {
		return "HTTP/1.0"
	}
	return h.ProtocolVersion
}

// keepsAlive reports whether answers keep connections open. Like CPython, the
// versions are compared as text.
func (h *BaseHandler) keepsAlive() bool {
	return h.ProtocolVersion == "HTTP/1.1" || h.protocolVersion() > "HTTP/1.1"
}

// Setup makes RFile and WFile of Connection.
func (h *BaseHandler) Setup() {
	if h.DisableNagleAlgorithm {
		if tcp, ok := h.Connection.(interface{ SetNoDelay(bool) error }); ok {
			tcp.SetNoDelay(true)
		}
	}
	h.c.setUp(h)
}

// Handle answers requests until CloseConnection is set.
func (h *BaseHandler) Handle() {
	h.CloseConnection = true
	if h.c.leaveHandle() {
		return
	}
	h.self.HandleOneRequest()
	for !h.CloseConnection {
		h.self.HandleOneRequest()
	}
}

// Finish writes what WFile still holds.
func (h *BaseHandler) Finish() {
	if h.WFile != nil {
		h.WFile.Flush()
	}
}

// HandleOneRequest reads one request, parses it and calls the method for its
// verb. A verb without one is answered 501.
func (h *BaseHandler) HandleOneRequest() {
	c := h.c
	c.noteRequest()
	h.forget()
	c.Next()
	line, err := c.ReadRequestLine()
	if err != nil {
		h.failRead(err)
		return
	}
	h.RawRequestLine = line
	c.answering = true
	if h.self.ParseRequest() && !h.verbs().Call(h.Command) {
		h.refuseMethod()
	}
	h.endRequest()
}

// forget lets go of the last request, nothing of which is kept while waiting for
// the next, which may not come for a long time, but for a field section that may
// come again: see Exchange.ParseFields.
func (h *BaseHandler) forget() {
	c := h.c
	h.Command, h.Path, h.RequestLine, h.RawRequestLine, h.RequestVersion, h.host = "", "", "", "", "", ""
	h.Headers = Headers{}
	h.RFile, h.WFile = c.rfile, c.wfile
}

// verbs gives what the handler answers.
func (h *BaseHandler) verbs() *class.Verbs {
	if h.c.verbs == nil {
		h.c.verbs = h.c.class.Verbs(h.self, h.self.MethodTable())
	}
	return h.c.verbs
}

// refuseMethod answers a request whose method nobody has.
func (h *BaseHandler) refuseMethod() {
	h.self.SendError(501, "Unsupported method ("+pyrepr.Quote(h.Command)+")", "")
}

// failRead ends a connection whose next request cannot be read.
func (h *BaseHandler) failRead(err error) {
	h.CloseConnection = true
	fault, isFault := errors.AsType[*http1.Error](err)
	switch {
	case isFault:
		h.refuse(fault)
	case err == exchange.ErrLate:
		h.self.SendError(408, "", "")
	case err == exchange.ErrIncomplete:
		h.self.SendError(400, "Incomplete request", "The connection ended before the request's head did")
	case err == exchange.ErrIdle && h.Timeout > 0:
		h.logTimeout()
	}
}

// logTimeout logs the end of a wait in CPython's words.
func (h *BaseHandler) logTimeout() {
	h.self.LogError("Request timed out: %s", "TimeoutError('timed out')")
}

// ParseRequest parses the request line, reads the header section and decides
// what they mean for the body and the connection. Like CPython, it answers a
// request that it refuses and reports false.
func (h *BaseHandler) ParseRequest() bool {
	c := h.c
	h.CloseConnection = true
	h.RequestLine = withoutLineEnds(h.RawRequestLine)
	line, fault := c.ParseRequestLine(h.RawRequestLine)
	if fault != nil {
		return h.refuse(fault)
	}
	if line.Method == "" {
		return false
	}
	h.RequestVersion = line.Version
	if line.Version == "" {
		h.RequestVersion = cmp.Or(h.DefaultRequestVersion, http09)
	}
	h.Command, h.Path = line.Method, line.Target
	if strings.HasPrefix(h.Path, "//") {
		h.Path = "/" + strings.TrimLeft(h.Path, "/")
	}
	if line.Version == "" && h.RequestVersion == http09 {
		return true // answered at once: HTTP/0.9 has no header section to wait for
	}
	section, err := c.ReadSection()
	if err != nil {
		h.failRead(err)
		return false
	}
	if h.Headers, err = h.self.ParseHeaders(section); err != nil {
		return h.refuseHeaders(err)
	}
	framing, fault := c.ReadFraming(h.Headers.fields)
	if fault != nil {
		return h.refuse(fault)
	}
	c.Expect(framing)
	h.host = framing.Host
	if h.keepsAlive() {
		h.CloseConnection = framing.Close || !framing.KeepAlive && !line.AtLeast(1, 1)
	}
	return framing.Expect == "" || h.expect(framing.Expect)
}

// withoutLineEnds takes every CR and LF off the end of s.
func withoutLineEnds(s string) string {
	end := len(s)
	for end > 0 && (s[end-1] == '\n' || s[end-1] == '\r') {
		end--
	}
	return s[:end]
}

// expect answers an expectation (RFC 9110 §10.1.1). A client that still waits
// for the 100 may send its body or not, so its connection ends.
func (h *BaseHandler) expect(expectation string) bool {
	switch {
	case !h.keepsAlive() || !h.c.TakesInterim():
		return true
	case !strings.EqualFold(expectation, "100-continue"):
		h.self.SendError(417, "", "")
		return false
	}
	ok := h.self.HandleExpect100()
	h.CloseConnection = h.CloseConnection || !ok
	return ok
}

// refuse answers a request whose framing or syntax is at fault. What follows it
// on the connection cannot be trusted, so it ends.
func (h *BaseHandler) refuse(fault *http1.Error) bool {
	h.c.Distrust()
	h.self.SendError(fault.Status, fault.Message, fault.Explain)
	return false
}

func (h *BaseHandler) refuseHeaders(err error) bool {
	if r, ok := errors.AsType[*RequestError](err); ok {
		return h.refuse(&http1.Error{Status: r.Code, Message: r.Message, Explain: r.Explain, Rule: r.Rule})
	}
	h.self.LogError("header section refused: %v", err)
	return h.refuse(&http1.Error{Status: 400, Message: "Bad header section"})
}

// A RequestError is a request that is refused, and the answer that says so.
type RequestError struct {
	Code    int    // the status code
	Message string // the reason phrase; "" for the standard one
	Explain string // a sentence for the page; "" for the standard one
	Rule    string // what was broken, as "RFC 9112 §5.1"
}

func (e *RequestError) Error() string {
	return "httpserver: " + (&http1.Error{Status: e.Code, Message: e.Message, Explain: e.Explain, Rule: e.Rule}).Error()
}

func newRequestError(fault *http1.Error) *RequestError {
	return &RequestError{fault.Status, fault.Message, fault.Explain, fault.Rule}
}

// ParseHeaders parses the header section, strictly. Its errors are
// *RequestError.
func (h *BaseHandler) ParseHeaders(section string) (Headers, error) {
	fields, fault := h.c.ParseFields(section)
	if fault != nil {
		return Headers{}, newRequestError(fault)
	}
	return Headers{fields, section}, nil
}

// HandleExpect100 answers 100 Continue and reports true.
func (h *BaseHandler) HandleExpect100() bool {
	h.self.SendResponseOnly(100, "")
	h.self.EndHeaders()
	return true
}

// MethodTable gives no verbs.
func (h *BaseHandler) MethodTable() map[string]func() { return nil }

// Host is the host that the request is for, with its port if it names one: the
// authority of an absolute-form target or the value of Host, or "".
func (h *BaseHandler) Host() string { return h.host }

// ContentLength is the length of the body in bytes, as announced: 0 where there
// is none, and -1 for a chunked one, whose length shows at its end.
func (h *BaseHandler) ContentLength() int64 { return h.c.ContentLength() }

// LimitBody bounds what RFile gives from now on, in bytes. A body that is longer
// makes it fail with a *[RequestError] of 413, which becomes the answer as RFile
// describes; one that was announced to be longer fails before any of it is read.
// With 0 or less, no content may come. A later call counts from there anew.
//
//	h.LimitBody(1 << 20)
//	body, err := io.ReadAll(h.RFile)
//	if err != nil {
//		return
//	}
func (h *BaseHandler) LimitBody(n int64) { h.c.LimitBody(n) }

// Trailers gives the trailer fields of a chunked body (RFC 9112 §7.1.2) once
// RFile has reported io.EOF, and is empty before that. They are the client's
// word and no part of Headers: nothing that a header field decides is to be
// decided by one of them.
func (h *BaseHandler) Trailers() Headers {
	fields, section := h.c.Trailers()
	return Headers{fields, section}
}

// Context gives the context of the request: it begins with its first call, and
// ends with the request. It ends earlier, and context.Cause tells why,
//
//   - when the client resets the connection, or a write to it fails;
//   - when the time for a read or a write is up (os.ErrDeadlineExceeded), or a
//     deadline that the method set has come, even if nothing waits for it;
//   - when the server closes (ErrServerClosed), but not while Shutdown waits;
//   - when the context that Server.BaseContext gave does.
//
// A client that only ends its output, as many do that have sent their request
// and wait, does not end it. Over TCP that looks the same as one that closes in peace:
// it is noticed with the next write, or the one after it. A long job that has to
// know may send an interim 102 now and then, with SendResponseOnly.
//
// Watching for the client takes a goroutine, until the request ends, which reads
// ahead up to 32 KiB, for RFile, Connection and the next request. Behind more than
// that, which the method leaves unread, and behind the end of the client's output, a
// reset is noticed on Linux; elsewhere it is with a write. On Linux a client that
// closes a Unix socket has gone, too.
func (h *BaseHandler) Context() context.Context { return h.c.Exchange.Context(h.c.baseContext) }

// SetReadDeadline sets when reads from RFile fail with os.ErrDeadlineExceeded,
// in place of the server's limits, for this request. The zero time is never.
// What is late by it is for the method to answer: it gets no 408 by itself, and
// the connection closes behind the answer.
func (h *BaseHandler) SetReadDeadline(t time.Time) error { return h.c.SetReadDeadline(t) }

// SetWriteDeadline sets when writes to WFile fail with os.ErrDeadlineExceeded, in
// place of the server's limits, for this request: the connection is of no use
// after that. The zero time is never.
func (h *BaseHandler) SetWriteDeadline(t time.Time) error { return h.c.SetWriteDeadline(t) }

// endRequest settles what the answer leaves behind: it decides whether the
// connection can carry another request, and logs what went wrong.
func (h *BaseHandler) endRequest() {
	c := h.c
	// A method may have put a writer of its own over the buffer that WBufSize
	// makes: both are emptied, in that order.
	h.flushBuffer()
	h.WFile = c.wfile
	h.flushBuffer()
	if fault := c.BodyFault(); fault != nil && !c.Answer.Begun() && c.Replace() {
		h.refuse(fault)
		h.flushBuffer()
	}
	goOn, problem := c.Settle(h.CloseConnection || c.isLast())
	switch {
	case problem == nil:
	case isTimeout(problem):
		h.logTimeout()
	default:
		h.self.LogError("%s: %v", cmp.Or(h.Command, "request"), problem)
	}
	h.CloseConnection = !goOn
	c.answering = false
}

// LogRequest logs the request line, the status code and the size.
func (h *BaseHandler) LogRequest(code int, size int64) {
	log := &h.c.log
	switch h.self.(type) {
	case *BaseHandler, *SimpleHandler, *CGIHandler:
		if h.Server.Logger == nil { // and nobody's LogMessage: no arguments need be made for it
			(*logLines)(h.Server).Write(log.Request(h.self.AddressString(), h.self.LogDateTimeString(), h.RequestLine, code, size))
			return
		}
	}
	log.kind, log.code, log.size = requestEvent, code, size
	h.self.LogMessage(logline.RequestFormat, log.requestArgs(h.RequestLine)...)
	log.kind, log.args[0] = messageEvent, nil
}

// LogError logs a line through LogMessage.
func (h *BaseHandler) LogError(format string, args ...any) {
	log := &h.c.log
	log.kind = errorEvent
	h.self.LogMessage(format, args...)
	log.kind = messageEvent
}

// LogMessage writes a line to the server's LogOutput, standard error by default,
// or gives a record to its Logger. The line begins with the client's address and
// the time:
//
//	127.0.0.1 - - [06/Nov/1994 08:49:37] "GET / HTTP/1.1" 200 -
//
// Control characters in it are escaped, at this one place: one message is one
// line.
func (h *BaseHandler) LogMessage(format string, args ...any) {
	if h.Server.Logger != nil {
		h.logRecord(h.Server.Logger, fmt.Sprintf(format, args...))
		return
	}
	(*logLines)(h.Server).Write(h.c.log.Line(h.self.AddressString(), h.self.LogDateTimeString(), format, args...))
}

// logLines is where a server's lines go. One goroutine at a time writes to what
// a user gives; os.Stderr sees to that itself.
type logLines Server

func (l *logLines) Write(p []byte) (int, error) {
	if l.LogOutput == nil {
		return os.Stderr.Write(p)
	}
	l.logging.Lock()
	defer l.logging.Unlock()
	return l.LogOutput.Write(p)
}

// EscapeControls escapes a text as LogMessage does, after CPython's log_message:
// a control character becomes its code, as in \x1b, and a backslash becomes two.
// So does what is not UTF-8, or turns the direction of writing. The result is
// one line that no terminal obeys.
func EscapeControls(s string) string { return string(logline.AppendEscaped(nil, s)) }

// logRecord gives a message to a structured log. A request is its parts, an
// error a warning with the request it is about.
func (h *BaseHandler) logRecord(logger *slog.Logger, message string) {
	log := &h.c.log
	level := slog.LevelInfo
	attrs := append(make([]slog.Attr, 0, 6), slog.String("remote", h.self.AddressString()))
	if log.kind != messageEvent && h.Command != "" {
		attrs = append(attrs, slog.String("method", h.Command), slog.String("target", h.Path), slog.String("version", h.RequestVersion))
	}
	switch log.kind {
	case requestEvent:
		message = "request"
		attrs = append(attrs, slog.Int("status", log.code))
		if log.size >= 0 {
			attrs = append(attrs, slog.Int64("size", log.size))
		}
	case errorEvent:
		level = slog.LevelWarn
		message = EscapeControls(message)
	default:
		message = EscapeControls(message)
	}
	logger.LogAttrs(context.Background(), level, message, attrs...)
}

// logMemory is what logging keeps from line to line: what the line is about,
// and the memory it is made in.
type logMemory struct {
	kind eventKind
	code int
	size int64

	args  [3]any
	boxed int // the code that args holds

	logline.Memory
}

type eventKind uint8

const (
	messageEvent eventKind = iota
	requestEvent
	errorEvent
)

// requestArgs gives the arguments of a request's line. A number is boxed only
// when it is another than last time.
func (l *logMemory) requestArgs(requestLine string) []any {
	l.args[0] = requestLine
	if l.args[1] == nil || l.boxed != l.code {
		l.args[1], l.boxed = any(l.code), l.code
		if l.code == 0 {
			l.args[1] = "-"
		}
	}
	l.args[2] = "-"
	if l.size >= 0 {
		l.args[2] = l.size
	}
	return l.args[:]
}

// VersionString joins ServerVersion and SysVersion.
func (h *BaseHandler) VersionString() string {
	server, sys := h.ServerVersion, h.SysVersion
	if server == "" {
		server = "BaseHTTP/" + Version
	}
	if sys == "" {
		sys = sysVersion
	}
	return h.c.joinVersions(server, sys)
}

// DateTimeString formats t, or the current time if t is zero, as an
// IMF-fixdate (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
func (h *BaseHandler) DateTimeString(t time.Time) string {
	if t.IsZero() {
		return h.Server.dates.Now()
	}
	if h.Server == nil { // nobody keeps what was asked for
		return httpdate.Format(t)
	}
	return h.Server.recent.Format(t)
}

// LogDateTimeString formats the current local time: "06/Nov/1994 08:49:37".
func (h *BaseHandler) LogDateTimeString() string { return h.Server.dates.LogNow() }

// AddressString is the host part of ClientAddress. Like CPython, no name is
// looked up.
func (h *BaseHandler) AddressString() string { return h.c.log.Host(h.ClientAddress) }

// Headers is the header section of a message: its fields in order, each as it
// was sent. It mirrors http.client.HTTPMessage. The zero Headers is empty.
type Headers struct {
	fields []http1.Field
	raw    string
}

// ParseHeaders parses a header section, strictly as RFC 9112 §5 has it. The
// empty line at its end may be missing. Its errors are *RequestError. It mirrors
// http.client.parse_headers.
func ParseHeaders(section string) (Headers, error) {
	fields, fault := http1.ParseFields(section, nil)
	if fault != nil {
		return Headers{}, newRequestError(fault)
	}
	return Headers{fields, section}, nil
}

// Get gives the value of the first field of that name, in any case, or "".
func (h Headers) Get(name string) string {
	value, _ := h.lookup(name)
	return value
}

// Has reports whether there is a field of that name, in any case.
func (h Headers) Has(name string) bool {
	_, ok := h.lookup(name)
	return ok
}

func (h Headers) lookup(name string) (value string, ok bool) {
	for i := range h.fields {
		if http1.EqualName(h.fields[i].Name, name) {
			return h.fields[i].Value, true
		}
	}
	return "", false
}

// Values gives the values of all fields of that name, in any case, in order.
func (h Headers) Values(name string) []string {
	var values []string
	for _, f := range h.fields {
		if http1.EqualName(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// All ranges over names and values, in order.
func (h Headers) All() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, f := range h.fields {
			if !yield(f.Name, f.Value) {
				return
			}
		}
	}
}

// Len is the number of fields.
func (h Headers) Len() int { return len(h.fields) }

// Raw is the header section as it was sent, with its line ends and the empty
// line.
func (h Headers) Raw() string { return h.raw }

// Clone gives a copy that may be kept after the request.
func (h Headers) Clone() Headers {
	return Headers{append([]http1.Field(nil), h.fields...), h.raw}
}

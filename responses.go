package httpserver

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"example.com/httpserver/internal/cors"
	"example.com/httpserver/internal/exchange"
	"example.com/httpserver/internal/http1"
)

// A Response is what is said of a status code.
type Response struct {
	Message string // the reason phrase
	Explain string // a sentence for the error page
}

// DefaultResponses gives the reason phrase and explanation of every status
// code that has one, in a map of the caller's own. The explanations are
// CPython's, and the phrases those of RFC 9110, as in CPython since 3.13.
func DefaultResponses() map[int]Response {
	responses := map[int]Response{}
	for code, r := range defaultResponses {
		if r.Message != "" {
			responses[code] = r
		}
	}
	return responses
}

// defaultResponses has the code for an index: every answer looks one up, and no
// map has to be made at the start of the program.
var defaultResponses = [512]Response{
	100: {"Continue", "Request received, please continue"},
	101: {"Switching Protocols", "Switching to new protocol; obey Upgrade header"},
	102: {"Processing", ""},
	103: {"Early Hints", ""},

	200: {"OK", "Request fulfilled, document follows"},
	201: {"Created", "Document created, URL follows"},
	202: {"Accepted", "Request accepted, processing continues off-line"},
	203: {"Non-Authoritative Information", "Request fulfilled from cache"},
	204: {"No Content", "Request fulfilled, nothing follows"},
	205: {"Reset Content", "Clear input form for further input"},
	206: {"Partial Content", "Partial content follows"},
	207: {"Multi-Status", ""},
	208: {"Already Reported", ""},
	226: {"IM Used", ""},

	300: {"Multiple Choices", "Object has several resources -- see URI list"},
	301: {"Moved Permanently", "Object moved permanently -- see URI list"},
	302: {"Found", "Object moved temporarily -- see URI list"},
	303: {"See Other", "Object moved -- see Method and URL list"},
	304: {"Not Modified", "Document has not changed since given time"},
	305: {"Use Proxy", "You must use proxy specified in Location to access this resource"},
	307: {"Temporary Redirect", "Object moved temporarily -- see URI list"},
	308: {"Permanent Redirect", "Object moved permanently -- see URI list"},

	400: {"Bad Request", "Bad request syntax or unsupported method"},
	401: {"Unauthorized", "No permission -- see authorization schemes"},
	402: {"Payment Required", "No payment -- see charging schemes"},
	403: {"Forbidden", "Request forbidden -- authorization will not help"},
	404: {"Not Found", "Nothing matches the given URI"},
	405: {"Method Not Allowed", "Specified method is invalid for this resource"},
	406: {"Not Acceptable", "URI not available in preferred format"},
	407: {"Proxy Authentication Required", "You must authenticate with this proxy before proceeding"},
	408: {"Request Timeout", "Request timed out; try again later"},
	409: {"Conflict", "Request conflict"},
	410: {"Gone", "URI no longer exists and has been permanently removed"},
	411: {"Length Required", "Client must specify Content-Length"},
	412: {"Precondition Failed", "Precondition in headers is false"},
	413: {"Content Too Large", "Content is too large"},
	414: {"URI Too Long", "URI is too long"},
	415: {"Unsupported Media Type", "Entity body in unsupported format"},
	416: {"Range Not Satisfiable", "Cannot satisfy request range"},
	417: {"Expectation Failed", "Expect condition could not be satisfied"},
	418: {"I'm a Teapot", "Server refuses to brew coffee because it is a teapot."},
	421: {"Misdirected Request", "Server is not able to produce a response"},
	422: {"Unprocessable Content", ""},
	423: {"Locked", ""},
	424: {"Failed Dependency", ""},
	425: {"Too Early", ""},
	426: {"Upgrade Required", ""},
	428: {"Precondition Required", "The origin server requires the request to be conditional"},
	429: {"Too Many Requests", `The user has sent too many requests in a given amount of time ("rate limiting")`},
	431: {"Request Header Fields Too Large", "The server is unwilling to process the request because its header fields are too large"},
	451: {"Unavailable For Legal Reasons", "The server is denying access to the resource as a consequence of a legal demand"},

	500: {"Internal Server Error", "Server got itself in trouble"},
	501: {"Not Implemented", "Server does not support this operation"},
	502: {"Bad Gateway", "Invalid responses from another server/proxy"},
	503: {"Service Unavailable", "The server cannot process the request due to a high load"},
	504: {"Gateway Timeout", "The gateway server did not receive a timely response"},
	505: {"HTTP Version Not Supported", "Cannot fulfill request"},
	506: {"Variant Also Negotiates", ""},
	507: {"Insufficient Storage", ""},
	508: {"Loop Detected", ""},
	510: {"Not Extended", ""},
	511: {"Network Authentication Required", "The client needs to authenticate to gain network access."},
}

// Response looks a status code up in Responses, or in the default ones, and
// reports whether it is there: an override of SendError needs it where message
// or explain is "".
func (h *BaseHandler) Response(code int) (Response, bool) {
	switch {
	case h.Responses != nil:
		r, ok := h.Responses[code]
		return r, ok
	case code < 0 || code >= len(defaultResponses):
		return Response{}, false
	}
	r := defaultResponses[code]
	return r, r.Message != ""
}

// DefaultErrorMessage is the page that SendError sends, CPython's to the byte.
const DefaultErrorMessage = `<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: %(code)d</p>
        <p>Message: %(message)s.</p>
        <p>Error code explanation: %(code)s - %(explain)s.</p>
    </body>
</html>
`

// htmlEscaper escapes what CPython's html.escape(s, quote=False) does.
var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// errorPage fills the handler's ErrorMessageFormat.
func (h *BaseHandler) errorPage(code int, message, explain string) string {
	number := strconv.Itoa(code)
	return strings.NewReplacer(
		"%(code)d", number,
		"%(code)s", number,
		"%(message)s", htmlEscaper.Replace(asUTF8(message)),
		"%(explain)s", htmlEscaper.Replace(asUTF8(explain)),
		"%%", "%",
	).Replace(cmp.Or(h.ErrorMessageFormat, DefaultErrorMessage))
}

// asUTF8 gives s for a page that says it is UTF-8. Like CPython, a text that
// repeats bytes of the request which are none is read as latin-1.
func asUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = utf8.AppendRune(b, rune(s[i]))
	}
	return string(b)
}

// SendError logs an error and answers with a page about it, made of
// ErrorMessageFormat. message is the reason phrase and explain a sentence; ""
// stands for the standard ones, which for a code that has none are "???". The
// page is left out to HEAD and where there can be none: 1xx, 204, 205 and 304.
// The connection closes.
//
// It has no room for more fields. An answer that needs one, as 405 needs Allow,
// is made with SendResponse and SendHeader, or by an EndHeaders that adds it.
func (h *BaseHandler) SendError(code int, message, explain string) {
	standard, ok := h.Response(code)
	if !ok {
		standard = Response{"???", "???"}
	}
	message = cmp.Or(message, standard.Message)
	explain = cmp.Or(explain, standard.Explain)
	h.self.LogError("code %d, message %s", code, message)
	h.self.SendResponse(code, withoutControls(message))
	h.self.SendHeader("Connection", "close")
	page := ""
	if code >= 200 && code != 204 && code != 205 && code != 304 {
		page = h.errorPage(code, message, explain)
		h.self.SendHeader("Content-Type", cmp.Or(h.ErrorContentType, "text/html;charset=utf-8"))
		h.self.SendHeader("Content-Length", strconv.Itoa(len(page)))
	}
	h.self.EndHeaders()
	if page != "" && !h.toHEAD() {
		io.WriteString(h.WFile, page)
	}
}

// toHEAD reports whether the client has sent HEAD, and so expects no content:
// what counts is what it has sent, whatever was made of Command since.
func (h *BaseHandler) toHEAD() bool {
	method := h.c.Method()
	if method == "" {
		method = h.Command
	}
	return method == "HEAD"
}

// withoutControls replaces what would end a status line by spaces.
func withoutControls(s string) string {
	if strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if isControl(rune(c)) {
			b[i] = ' '
		}
	}
	return string(b)
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// SendResponse logs the request with its status code and begins the head with
// a status line, Server and Date. "" stands for the standard message.
func (h *BaseHandler) SendResponse(code int, message string) {
	h.self.LogRequest(code, -1)
	h.self.SendResponseOnly(code, message)
	h.self.SendHeader("Server", h.self.VersionString())
	h.self.SendHeader("Date", h.self.DateTimeString(time.Time{}))
}

// SendResponseOnly begins the head with a status line and nothing else. Its
// version is ProtocolVersion, whatever the client's. A head that was begun and
// not ended gives way to the new one.
//
// An interim answer (1xx) is sent like another, and the final one after it. It
// leaves at once, and is left out where the client or ProtocolVersion is below
// HTTP/1.1. Early Hints, before the answer proper:
//
//	h.SendResponseOnly(103, "")
//	h.SendHeader("Link", "</a.css>; rel=preload; as=style")
//	h.EndHeaders()
//	h.SendResponse(200, "")
func (h *BaseHandler) SendResponseOnly(code int, message string) {
	if h.RequestVersion == http09 {
		return
	}
	h.flushBuffer()
	if message == "" {
		r, _ := h.Response(code)
		message = r.Message
	}
	h.c.Answer.Begin(h.protocolVersion(), code, message, h.toHEAD())
}

// SendHeader adds a field to the head. A name that is no token (RFC 9110
// §5.6.2), a control character in the value, and framing that contradicts
// itself are refused: the answer becomes a 500, and the log says why.
//
// Like CPython, a Connection of "close" or "keep-alive" sets CloseConnection.
func (h *BaseHandler) SendHeader(name, value string) {
	if h.RequestVersion != http09 {
		h.c.Answer.Field(name, value)
	}
	if http1.EqualName(name, "Connection") {
		switch {
		case strings.EqualFold(value, "close"):
			h.CloseConnection = true
		case strings.EqualFold(value, "keep-alive"):
			h.CloseConnection = false
		}
	}
}

// SendHeaderRaw adds text to the head as it stands, so it needs its own line
// ends: what a client makes of broken answers can be tested with it. Nothing
// is checked, and nothing is known of the framing, so the connection closes.
// Never give it what a client has sent.
func (h *BaseHandler) SendHeaderRaw(text string) {
	if h.RequestVersion != http09 {
		h.c.Answer.Raw(text)
	}
}

// EndHeaders ends the head and flushes it, through FlushHeaders. Where the handler has not, it says
// what becomes of the connection: an answer of HTTP/1.1 that announces no
// length ends it, and a client of HTTP/1.0 is told when it may go on. It ends
// interim heads too, 100 Continue's among them, so an override that adds fields
// adds them there as well.
func (h *BaseHandler) EndHeaders() {
	c := h.c
	if h.RequestVersion == http09 {
		return
	}
	h.flushBuffer()
	switch {
	case c.Answer.Ended():
	case c.Answer.Fault() != nil:
		if !h.refuseAnswer() {
			return
		}
	case c.Answer.Interim() && !(h.keepsAlive() && c.TakesInterim()):
		c.Answer.Reset()
		return
	case c.Answer.Succeeds() && c.BodyFault() != nil && !c.refusing:
		h.replaceAnswer(c.BodyFault())
		return
	}
	if !c.Answer.Interim() && (!c.Answer.Framed() || c.Answer.Closes() || c.Doomed() || c.isLast()) {
		h.CloseConnection = true
	}
	interim := c.Answer.Interim()
	c.EndHead(h.keepsAlive(), !h.CloseConnection)
	h.self.FlushHeaders()
	if interim {
		h.flushBuffer() // the client waits for it
	}
}

// refuseAnswer puts a 500 in place of an answer with a line that SendHeader
// refused, and drops what the handler goes on to send. While that 500 is made,
// a bad line is left out instead; it reports whether the head can end so.
func (h *BaseHandler) refuseAnswer() bool {
	c := h.c
	if c.refusing {
		c.Answer.Forgive()
		return c.Answer.Begun()
	}
	h.self.LogError("%s: answer refused: %v", h.Command, c.Answer.Fault())
	h.replaceAnswer(&http1.Error{Status: 500})
	return false
}

// replaceAnswer puts an error in place of an answer whose head has not ended,
// and drops what the handler goes on to send.
func (h *BaseHandler) replaceAnswer(fault *http1.Error) {
	c := h.c
	h.CloseConnection = true
	if !c.Replace() {
		return
	}
	c.refusing = true
	h.self.SendError(fault.Status, fault.Message, fault.Explain)
	h.flushBuffer()
	c.Answer.Sink()
	c.refusing = false
}

// FlushHeaders hands the head, as far as it goes, to WFile. There it waits a
// moment for the content that may follow, and leaves with it.
func (h *BaseHandler) FlushHeaders() {
	if head := h.c.TakeHead(); len(head) > 0 {
		h.WFile.Write(head)
	}
}

// EndHeadersChunked ends the head as EndHeaders does, for content whose length
// is not known yet: it adds "Transfer-Encoding: chunked", so that the connection
// can go on, and gives the writer for the content. To a client of HTTP/1.0, or
// with a ProtocolVersion of HTTP/1.0, the content goes out as it is and the
// connection ends with it.
//
// From then on content goes to that writer alone, and not to WFile. A
// Content-Length has no place beside chunks.
//
//	h.SendResponse(200, "")
//	h.SendHeader("Content-Type", "text/csv")
//	w := h.EndHeadersChunked()
//	for row := range rows {
//		if _, err := fmt.Fprintln(w, row); err != nil {
//			return // without Close: the client sees that the answer was cut
//		}
//	}
//	w.SendTrailer("X-Rows", "all")
//	w.Close()
func (h *BaseHandler) EndHeadersChunked() *ChunkedWriter {
	c := h.c
	if h.keepsAlive() && c.TakesInterim() && c.Answer.MayChunk() {
		h.self.SendHeader("Transfer-Encoding", "chunked")
		c.Answer.Chunk()
	}
	h.self.EndHeaders()
	h.flushBuffer()
	return &ChunkedWriter{c: c, chunked: c.Answer.Chunked()}
}

// A ChunkedWriter writes the content of an answer in chunks (RFC 9112 §7.1), with
// trailer fields behind it. Each Write is a chunk and leaves at once: put a
// bufio.Writer before it where writes are small. Close has to be called when the
// content is complete, and only then: a client takes an answer without its end
// for one that was cut, and the connection closes. To HEAD, and where there is
// no content, it writes nothing.
//
// It is for one goroutine at a time, and for its request.
type ChunkedWriter struct {
	c        *connection
	chunked  bool // otherwise content goes out as it is
	closed   bool
	trailers []byte
}

// Write sends p as a chunk. It fails when the client has gone, and with
// io.ErrClosedPipe after Close.
func (w *ChunkedWriter) Write(p []byte) (int, error) {
	switch {
	case w.closed:
		return 0, io.ErrClosedPipe
	case !w.chunked:
		return w.c.Output().Write(p)
	}
	if err := w.c.WriteChunk(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writeLast is Write before Close, with which a small piece leaves.
func (w *ChunkedWriter) writeLast(p []byte) (int, error) {
	if !w.chunked {
		return w.Write(p)
	}
	if err := w.c.HoldChunk(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush sends what is held back: a head that no content has followed.
func (w *ChunkedWriter) Flush() error { return w.c.Output().Flush() }

// SendTrailer adds a field to those that Close sends behind the content. Where
// content goes out as it is they are left out. A name that has no place in
// trailers (RFC 9110 §6.5.1), and what SendHeader refuses, is an error and is
// left out. A client may want to know the names before: that is what the field
// Trailer is for.
func (w *ChunkedWriter) SendTrailer(name, value string) error {
	switch {
	case w.closed:
		return io.ErrClosedPipe
	case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidTrailerHeader(name):
		return fmt.Errorf("httpserver: %q is no name for a trailer field", name)
	case !httpguts.ValidHeaderFieldValue(value):
		return fmt.Errorf("httpserver: a control character in the value of %s: %q", name, value)
	}
	w.trailers = fmt.Appendf(w.trailers, "%s: %s\r\n", name, value)
	return nil
}

// Close ends the content and sends the trailer fields. It may be called again.
func (w *ChunkedWriter) Close() error {
	if w.closed || !w.chunked {
		w.closed = true
		return nil
	}
	w.closed = true
	return w.c.EndChunks(w.trailers)
}

// flushBuffer empties the buffer that WFile may be, so that the library knows
// what comes before a head and what after it.
func (h *BaseHandler) flushBuffer() {
	if output, ok := h.WFile.(*exchange.Output); !ok || output != h.c.Output() {
		h.WFile.Flush()
	}
}

// A WriteFlusher is what WFile is. The library's own also has WriteString and
// ReadFrom, so that io.Copy of a file is left to the system. Each Write leaves
// at once, together with a head that waits; Flush sends a head that nothing
// follows yet, which goes by itself after some milliseconds. It is for one
// goroutine at a time, which need not be the one that reads RFile.
//
// After EndHeaders a method may put another in its place, a *gzip.Writer, say,
// and has to close it before it returns.
type WriteFlusher interface {
	io.Writer
	Flush() error
}

// newWFile gives output a buffer, where size asks for one.
func newWFile(output *exchange.Output, size int) WriteFlusher {
	switch {
	case size == 0:
		return output
	case size < 0:
		size = 8192
	}
	return bufio.NewWriterSize(output, size)
}

// A HeaderField is a field to send. One that cannot be, by its name or a control
// character in its value, makes a 500 of every answer that it goes with, and making
// a server panic.
type HeaderField struct{ Name, Value string }

// errorFields are what an error has beside the fields of every error.
type errorFields struct {
	code   int // another error may take its place
	fields []HeaderField
}

// EndHeaders ends the head, after the fields that go with every answer.
func (h *SimpleHandler) EndHeaders() {
	if h.c.Answer.Begun() && !h.c.Answer.Interim() {
		h.sendAlways()
	}
	h.BaseHandler.EndHeaders()
}

// sendAlways sends the fields that go with every answer.
func (h *SimpleHandler) sendAlways() {
	if h.c.Answer.Code() == h.errorFields.code {
		h.sendAll(h.errorFields.fields)
	}
	h.sendAll(h.AlwaysHeaders)
	if h.NoCache {
		h.self.SendHeader("Cache-Control", "no-store")
	}
	if h.CORS != "" {
		cors.Send(h.CORS, h.Headers.Get("Origin"), h.self.SendHeader)
	}
	if h.CrossOriginIsolated {
		h.self.SendHeader("Cross-Origin-Opener-Policy", "same-origin")
		h.self.SendHeader("Cross-Origin-Embedder-Policy", "require-corp")
	}
}

func (h *SimpleHandler) sendAll(fields []HeaderField) {
	for _, f := range fields {
		h.self.SendHeader(f.Name, f.Value)
	}
}

// sendSome sends a field that has a value.
func (h *SimpleHandler) sendSome(name, value string) {
	if value != "" {
		h.self.SendHeader(name, value)
	}
}

// refuse answers with an error that has fields of its own; those without a value
// are left out.
func (h *SimpleHandler) refuse(code int, message string, fields ...HeaderField) {
	h.errorFields = errorFields{code, slices.DeleteFunc(fields, func(f HeaderField) bool { return f.Value == "" })}
	defer func() { h.errorFields = errorFields{} }()
	h.self.SendError(code, message, "")
}

// sendCacheHeaders sends those of ExtraHeaders that a 304 has to have if the 200
// has them (RFC 9110 §15.4.5).
func (h *SimpleHandler) sendCacheHeaders() {
	for _, f := range h.ExtraHeaders {
		switch {
		case http1.EqualName(f.Name, "Cache-Control"), http1.EqualName(f.Name, "Content-Location"),
			http1.EqualName(f.Name, "Expires"), http1.EqualName(f.Name, "Vary"):
			h.self.SendHeader(f.Name, f.Value)
		}
	}
}

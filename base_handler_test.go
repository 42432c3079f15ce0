package httpserver_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/httpserver"
)

// answers is a handler with a way to answer in each verb's name.
type answers struct{ quiet }

func (h *answers) content(text string) {
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", strconv.Itoa(len(text)))
	h.EndHeaders()
	io.WriteString(h.WFile, text)
}

func (h *answers) DoGET()  { h.content("path " + h.Path) }
func (h *answers) DoHEAD() { h.content("nothing of this is sent") }
func (h *answers) DoUNFRAMED() {
	h.SendResponse(200, "")
	h.EndHeaders()
	io.WriteString(h.WFile, "text")
}
func (h *answers) DoNOCONTENT() {
	h.SendResponse(204, "")
	h.EndHeaders()
	io.WriteString(h.WFile, "text")
}
func (h *answers) DoNOTMODIFIED() {
	h.SendResponse(304, "")
	h.EndHeaders()
	io.WriteString(h.WFile, "text")
}
func (h *answers) DoSHORT() {
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", "10")
	h.EndHeaders()
	io.WriteString(h.WFile, "short")
}
func (h *answers) DoLONG() {
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", "4")
	h.EndHeaders()
	if n, err := io.WriteString(h.WFile, "longer"); n != 4 || err == nil {
		h.LogError("wrote %d: %v", n, err)
	}
}
func (h *answers) DoHINTS() {
	h.SendResponseOnly(103, "")
	h.SendHeader("Link", "</a.css>; rel=preload")
	h.EndHeaders()
	h.content("after hints")
}
func (h *answers) DoCLOSE() { h.CloseConnection = true; h.content("closing") }
func (h *answers) DoSPLIT() {
	h.SendResponse(200, "")
	h.SendHeader("X-Evil", "a\r\nSet-Cookie: b")
	h.SendHeader("Content-Length", "4")
	h.EndHeaders()
	io.WriteString(h.WFile, "text")
}
func (h *answers) DoNAME()   { h.SendResponse(200, ""); h.SendHeader("X Y", "z"); h.EndHeaders() }
func (h *answers) DoREASON() { h.SendResponse(200, "fine\r\nX: y"); h.EndHeaders() }
func (h *answers) DoCLTE() {
	h.SendResponse(200, "")
	h.SendHeader("Transfer-Encoding", "chunked")
	h.SendHeader("Content-Length", "4")
	h.EndHeaders()
}
func (h *answers) DoRAW() {
	h.SendResponseOnly(200, "")
	h.SendHeaderRaw("X-Evil : a\n b\r\n")
	h.EndHeaders()
	io.WriteString(h.WFile, "raw")
}
func (h *answers) DoBYHAND()  { io.WriteString(h.WFile, "HTTP/1.1 299 By Hand\r\nX: y\r\n\r\ntext") }
func (h *answers) DoNOHEAD()  { io.WriteString(h.WFile, "text") }
func (h *answers) DoNOTHING() {}
func (h *answers) DoNOEND() {
	h.SendResponse(200, "")
	h.SendHeader("X", "y")
}
func (h *answers) DoEARLY() { h.SendResponse(200, ""); io.WriteString(h.WFile, "text"); h.EndHeaders() }

// DoLIKEGET copies from a source without end where there is no content.
func (h *answers) DoLIKEGET() {
	h.SendResponse(204, "")
	h.EndHeaders()
	io.Copy(h.WFile, endless{})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func (h *answers) DoTWICE() { h.content("first"); h.SendError(500, "", "") }
func (h *answers) DoCHANGEDMIND() {
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", "100")
	h.SendError(404, "", "")
}
func (h *answers) DoPANIC()  { panic("on purpose") }
func (h *answers) DoPANIC2() { h.SendResponse(200, ""); panic("on purpose") }
func (h *answers) DoPANIC3() {
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", "10")
	h.EndHeaders()
	io.WriteString(h.WFile, "half")
	panic("on purpose")
}
func (h *answers) DoCONTROLS() { h.SendError(400, "a\r\nb\x00c", "<d>\n") }
func (h *answers) DoPOST() {
	b, err := io.ReadAll(h.RFile)
	h.LogMessage("read %s %v", b, err)
	h.content(fmt.Sprintf("%s %v", b, err))
}
func (h *answers) DoPUT() { h.content("unread") }
func (h *answers) DoUPGRADE() {
	h.SendResponse(101, "")
	h.SendHeader("Upgrade", "echo")
	h.SendHeader("Connection", "Upgrade")
	h.EndHeaders()
	io.Copy(h.WFile, h.RFile)
}
func (h *answers) DoTUNNEL() {
	h.SendResponseOnly(101, "")
	h.EndHeaders()
	io.WriteString(h.WFile, "first")
	time.Sleep(time.Second)
}
func (h *answers) DoOPTIONS() { h.content(h.Path + " " + h.Host()) }

// ParseRequest lets a client's query decide on the verb, as some do.
func (h *answers) ParseRequest() bool {
	ok := h.quiet.ParseRequest()
	if _, verb, found := strings.Cut(h.Path, "?verb="); found {
		h.Command = verb
	}
	return ok
}

func (h *answers) chunked(text string) {
	h.SendResponse(200, "")
	h.SendHeader("Transfer-Encoding", "chunked")
	h.EndHeaders()
	for i := range len(text) {
		io.WriteString(h.WFile, text[i:i+1])
	}
}

func (h *answers) DoCHUNKED()   { h.chunked("2\r\nab\r\n0\r\n\r\n") }
func (h *answers) DoHALFCHUNK() { h.chunked("2\r\nab\r\n") }

// DoWRITER answers in chunks, as the query says.
func (h *answers) DoWRITER() {
	_, how, _ := strings.Cut(h.Path, "?")
	h.SendResponse(200, "")
	if how == "length" {
		h.SendHeader("Content-Length", "5")
	}
	w := h.EndHeadersChunked()
	io.WriteString(w, "hello ")
	io.WriteString(w, "")
	io.WriteString(w, strings.Repeat("x", 20))
	switch how {
	case "beside":
		io.WriteString(h.WFile, "beside")
	case "open":
		return
	case "again":
		w.Close()
		again := h.EndHeadersChunked()
		io.WriteString(again, "HTTP/1.1 200 injected")
		again.Close()
		return
	case "trailers":
		for _, f := range [][2]string{{"X-Sum", "5"}, {"Content-Length", "5"}, {"X Y", "z"}, {"X-Evil", "a\r\nb"}} {
			if err := w.SendTrailer(f[0], f[1]); err != nil {
				h.LogMessage("%v", err)
			}
		}
	case "large":
		w.Write(bytes.Repeat([]byte("y"), 20000))
		w.Write([]byte("z"))
	}
	w.Close()
	w.Close()
	_, err := io.WriteString(w, "too late")
	h.LogMessage("after Close: %v, %v", err, w.SendTrailer("A", "b"))
}

// DoRAWHINTS has a raw line in an interim head.
func (h *answers) DoRAWHINTS() {
	h.SendResponseOnly(103, "")
	h.SendHeaderRaw("X-Raw: y\r\n")
	h.EndHeaders()
	h.content("after hints")
}

// DoLISTS says in two ways what becomes of the connection.
func (h *answers) DoLISTS() {
	h.SendResponse(200, "")
	h.SendHeader("Connection", "upgrade, Close")
	h.SendHeader("Connection", "keep-alive")
	h.SendHeader("Content-Length", "0")
	h.EndHeaders()
}

// DoLONGSTRING sends a string that is written piece by piece.
func (h *answers) DoLONGSTRING() { h.content(strings.Repeat("0123456789", 10000)) }

// DoWRITERLESS has an answer without content, in chunks.
func (h *answers) DoWRITERLESS() {
	h.SendResponse(204, "")
	w := h.EndHeadersChunked()
	io.WriteString(w, "hello")
	w.Close()
}

// DoTRAILERS reads a body and gives the trailers before and after.
func (h *answers) DoTRAILERS() {
	before := h.Trailers().Len()
	b, err := io.ReadAll(h.RFile)
	h.content(fmt.Sprintf("%d %s %v %d %s %q %v", h.ContentLength(), b, err, before, h.Trailers().Get("x-sum"), h.Trailers().Raw(), h.Headers.Has("X-Sum")))
}

// DoLIMIT takes four bytes and ignores what it is told.
func (h *answers) DoLIMIT() {
	h.LimitBody(4)
	b, err := io.ReadAll(h.RFile)
	h.LogMessage("%s, %v", b, err)
	h.content("taken")
}

// DoIGNORE reads and does not look at the error; nor does DoSILENT, which does
// not answer either.
func (h *answers) DoIGNORE() { io.ReadAll(h.RFile); h.content("ignored") }
func (h *answers) DoSILENT() { io.ReadAll(h.RFile) }

// DoRAWIGNORE says what it likes.
func (h *answers) DoRAWIGNORE() {
	io.ReadAll(h.RFile)
	h.SendResponseOnly(200, "")
	h.SendHeaderRaw("Content-Length: 2\r\n")
	h.EndHeaders()
	io.WriteString(h.WFile, "ok")
}

func (h *answers) DoBARE() { h.SendHeader("Content-Length", "0"); h.EndHeaders() }
func (h *answers) DoEARLYFIELD() {
	h.SendHeader("X-A", "b")
	h.content("text")
}

// DoREPARSE reads a header section of its own, as one of multipart content.
func (h *answers) DoREPARSE() {
	part, _ := h.ParseHeaders("Content-Type: part\r\n\r\n")
	h.content(h.Headers.Get("Host") + " " + part.Get("Content-Type"))
}
func (h *answers) DoONLY100() {
	h.SendResponseOnly(100, "")
	h.EndHeaders()
}
func (h *answers) DoLATE() {
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", "500")
	h.EndHeaders()
	h.SendError(500, "", "")
}
func (h *answers) DoEMPTY() {
	h.SendResponse(204, "")
	h.SendHeader("Content-Length", "0")
	h.EndHeaders()
}
func (h *answers) DoPANICPARTLY() {
	h.SendResponseOnly(200, "")
	h.FlushHeaders()
	panic("on purpose")
}
func (h *answers) DoPANICBYHAND() { io.WriteString(h.WFile, "by hand"); panic("on purpose") }
func (h *answers) DoPANICCONN()   { io.WriteString(h.Connection, "by hand"); panic("on purpose") }

// DoGZIP leaves its writer where it put it.
func (h *answers) DoGZIP() {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	io.WriteString(zw, "text")
	zw.Close()
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", strconv.Itoa(b.Len()))
	h.EndHeaders()
	zw = gzip.NewWriter(h.WFile)
	h.WFile = zw
	io.WriteString(zw, "text")
	zw.Close()
}

const page500 = "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Type: text/html;charset=utf-8\r\nContent-Length: 341\r\n\r\n"

// TestAnswers sends requests with another behind each, so that what becomes of
// the connection shows.
func TestAnswers(t *testing.T) {
	const next = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
	const nextAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npath /next"
	for _, tc := range []struct {
		name, request string
		want          string // a prefix where it ends in "…"
		goesOn        bool
		log           string // a part of it
	}{
		{"a length", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npath /a", true, `"GET /a HTTP/1.1" 200 -`},
		{"RFC 9110 §9.3.2 HEAD", "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n", true, ""},
		{"RFC 9110 §15.3.5 204", "NOCONTENT / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", true, ""},
		{"RFC 9110 §15.4.5 304", "NOTMODIFIED / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n", true, ""},
		{"RFC 9110 §15.2 103 and then 200", "HINTS / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nafter hints", true, ""},
		{"RFC 9112 §6.3 no length", "UNFRAMED / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntext", false, ""},
		{"RFC 9112 §9.3 HTTP/1.0 is told", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: keep-alive\r\n\r\npath /a", true, ""},
		{"RFC 9112 §9.3 HTTP/1.0 that did not ask", "GET /a HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\npath /a", false, ""},
		{"RFC 9112 §9.6 the client closes", "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\npath /a", false, ""},
		{"RFC 9112 §9.6 the handler closes", "CLOSE / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nclosing", false, ""},
		{"RFC 9112 §6.3 less than announced", "SHORT / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", false, "SHORT: Content-Length announced 10 bytes and 5 were written"},
		{"RFC 9112 §6.3 more than announced", "LONG / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlong", false, "LONG: httpserver: more content than the Content-Length"},
		{"a line break in a value", "SPLIT / HTTP/1.1\r\nHost: x\r\n\r\n", page500 + "…", false, "SPLIT: answer refused: a control character in the value of X-Evil: \"a\r\nSet-Cookie: b\""},
		{"a space in a name", "NAME / HTTP/1.1\r\nHost: x\r\n\r\n", page500 + "…", false, `the field name "X Y" is no token`},
		{"a line break in the reason", "REASON / HTTP/1.1\r\nHost: x\r\n\r\n", page500 + "…", false, `a control character in the status line`},
		{"RFC 9112 §6.2 two framings", "CLTE / HTTP/1.1\r\nHost: x\r\n\r\n", page500 + "…", false, `Content-Length: 4`},
		{"SendHeaderRaw", "RAW / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nX-Evil : a\n b\r\nConnection: close\r\n\r\nraw", false, ""},
		{"an answer by hand", "BYHAND / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 299 By Hand\r\nX: y\r\n\r\ntext", false, ""},
		{"content and no head", "NOHEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "text", false, "NOHEAD: content without a head: SendResponse is missing"},
		{"no answer", "NOTHING / HTTP/1.1\r\nHost: x\r\n\r\n", "", false, "NOTHING: no answer was sent"},
		{"no EndHeaders", "NOEND / HTTP/1.1\r\nHost: x\r\n\r\n", "", false, "EndHeaders is missing"},
		{"content too early", "EARLY / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false, "EARLY: httpserver: content before EndHeaders"},
		{"HEAD answered by GET's method", "LIKEGET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", true, ""},
		{"a second answer", "TWICE / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst", false, "a second answer (500 Internal Server Error) after the first"},
		{"another answer before the first was sent", "CHANGEDMIND / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/html;charset=utf-8\r\nContent-Length: 330\r\n\r\n…", false, ""},
		{"controls in SendError", "CONTROLS / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 a  b c\r\n…", false, "message a\r\nb\x00c"},
		{"RFC 9110 §15.6.2 no such verb", "NOSUCH / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 501 Unsupported method ('NOSUCH')\r\n…", false, "code 501, message Unsupported method ('NOSUCH')"},
		{"RFC 9110 §9.3.2 HEAD that becomes GET", "HEAD /?verb=GET HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n", true, ""},
		{"RFC 9110 §9.3.2 GET that becomes HEAD", "GET /?verb=HEAD HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\nnothing of this is sent", true, ""},
		{"RFC 9112 §7.1 chunks", "CHUNKED / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\n\r\n", false, ""},
		{"RFC 9112 §7.1 chunks without the last", "HALFCHUNK / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n", false, ""},
		{"RFC 9112 §7.1 the ChunkedWriter", "WRITER / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n14\r\nxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n", true, "after Close: io: read/write on closed pipe, io: read/write on closed pipe"},
		{"RFC 9112 §7.1.2 its trailers", "WRITER /?trailers HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n14\r\nxxxxxxxxxxxxxxxxxxxx\r\n0\r\nX-Sum: 5\r\n\r\n", true, `"Content-Length" is no name for a trailer field`},
		{"RFC 9112 §7.1 it was not closed", "WRITER /?open HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n14\r\nxxxxxxxxxxxxxxxxxxxx\r\n", false, "WRITER: the ChunkedWriter was not closed"},
		{"RFC 9112 §7.1 and something beside it", "WRITER /?beside HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n14\r\nxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n", false, "WRITER: httpserver: content beside the ChunkedWriter"},
		{"RFC 9112 §7.1 and another after its end", "WRITER /?again HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n14\r\nxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n", false, "WRITER: "},
		{"a raw line in an interim head", "RAWHINTS / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nX-Raw: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\nafter hints", false, ""},
		{"RFC 9112 §9.6 close in a list, and then keep-alive", "LISTS / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: upgrade, Close\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", false, ""},
		{"a long string", "LONGSTRING / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("0123456789", 10000), true, ""},
		{"RFC 9110 §7.8 another protocol, behind a body", "UPGRADE / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n" + next, false, ""},
		{"RFC 9110 §7.8 another protocol, behind chunks", "UPGRADE / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n" + next, false, ""},
		{"RFC 9110 §7.8 another protocol, behind a body at fault", "UPGRADE / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n", false, ""},
		{"RFC 9112 §7.1 a large chunk", "WRITER /?large HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n14\r\nxxxxxxxxxxxxxxxxxxxx\r\n4e20\r\n" + strings.Repeat("y", 20000) + "\r\n1\r\nz\r\n0\r\n\r\n", true, ""},
		{"RFC 9112 §6.1 the ChunkedWriter to HTTP/1.0", "WRITER /?trailers HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello xxxxxxxxxxxxxxxxxxxx", false, ""},
		{"RFC 9112 §6.2 the ChunkedWriter and a length", "WRITER /?length HTTP/1.1\r\nHost: x\r\n\r\n", page500 + "…", false, "Transfer-Encoding beside Content-Length"},
		{"RFC 9110 §9.3.2 the ChunkedWriter to HEAD", "HEAD /?verb=WRITER HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, ""},
		{"RFC 9112 §6.1 the ChunkedWriter and 204", "WRITERLESS / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", true, ""},
		{"RFC 9110 §15.2 no 103 to HTTP/1.0", "HINTS / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\nafter hints", false, ""},
		{"RFC 9112 §7.1 a chunked body", "TRAILERS / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\n-1 abcde <nil> 0 5 \"X-Sum: 5\\r\\n\\r\\n\" false", true, ""},
		{"RFC 9112 §7.1 a chunked body that nobody reads", "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nunread", true, ""},
		{"RFC 9112 §7.1 one at fault that nobody reads", "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nunread", false, ""},
		{"RFC 9112 §7.1 a large one that nobody reads", "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\nx\r\n", 60000) + "0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nunread", false, ""},
		{"RFC 9112 §7.1 one at fault, and the handler answers", "IGNORE / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", "HTTP/1.1 400 Bad chunk\r\nConnection: close\r\n…", false, "code 400, message Bad chunk"},
		{"RFC 9112 §7.1 one at fault, and no answer", "SILENT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "HTTP/1.1 400 Bad chunk\r\nConnection: close\r\n…", false, "code 400, message Bad chunk"},
		{"RFC 9112 §7.1 one at fault, and a raw answer", "RAWIGNORE / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false, ""},
		{"RFC 9110 §15.5.14 more than LimitBody", "LIMIT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n…", false, ", httpserver: 413: The body is longer than it may be (RFC 9110 §15.5.14)"},
		{"RFC 9110 §15.5.14 more than LimitBody, chunked", "LIMIT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n…", false, "hell, httpserver"},
		{"RFC 9110 §15.5.14 as much as LimitBody", "LIMIT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken", true, "hell, <nil>"},
		{"a head without a status line", "BARE / HTTP/1.1\r\nHost: x\r\n\r\n", "Content-Length: 0\r\nConnection: close\r\n\r\n", false, "a head without a status line"},
		{"a field before the status line", "EARLYFIELD / HTTP/1.1\r\nHost: x\r\n\r\n", page500 + "…", false, "a field before the status line"},
		{"a field before the status line, after 100", "EARLYFIELD / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 100 Continue\r\n\r\n" + page500 + "…", false, "a field before the status line"},
		{"headers parsed again", "REPARSE / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nx part", true, ""},
		{"RFC 9112 §6.1 chunks to HTTP/1.0", "CHUNKED / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\n\r\n", false, ""},
		{"RFC 9110 §15.2 nothing after 100", "ONLY100 / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", false, "no answer was sent"},
		{"RFC 9110 §8.6 204 has no length", "EMPTY / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", true, ""},
		{"an error after the head", "LATE / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", false, "a second answer (500 Internal Server Error)"},
		{"a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello <nil>", true, ""},
		{"no body", "POST / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n <nil>", true, ""},
		{"a body that nobody reads", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 32\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nunread", true, ""},
		{"a large body that nobody reads", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + strings.Repeat("x", 300000), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nunread", false, ""},
		{"RFC 9110 §7.8 another protocol", "UPGRADE / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n" + next, false, ""},
		{"RFC 9112 §3.2.2 absolute-form", "OPTIONS http://h:1/x HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\nhttp://h:1/x h:1", true, ""},
		{"RFC 9112 §3.2.4 asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n* x", true, ""},
		{"RFC 9112 §2.2 empty lines before", "\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npath /a", true, ""},
		{"RFC 9112 §2.2 three empty lines before", "\r\n\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n", "", false, ""},
		{"RFC 1945 §4.1 HTTP/0.9", "GET /a\r\n", "path /a", false, `"GET /a" 200 -`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := new(answers)
			h.ProtocolVersion = "HTTP/1.1"
			h.log = new(journal)
			s := serveDuring(t, h)
			got := brief(send(t, s, tc.request+next))
			want := tc.want
			if tc.goesOn {
				want += nextAnswer
			}
			if prefix, open := strings.CutSuffix(want, "…"); got != want && !(open && strings.HasPrefix(got, prefix) && !strings.Contains(got, "/next")) {
				t.Errorf("%q\n got %q\nwant %q", tc.request, got, want)
			}
			if !strings.Contains(h.log.String(), tc.log) {
				t.Errorf("%q\nlog %q\nwant %q in it", tc.request, h.log, tc.log)
			}
		})
	}
}

// TestPanics shows that a panic ends its own connection and nothing else.
func TestPanics(t *testing.T) {
	for _, tc := range []struct{ verb, want string }{
		{"PANIC", page500 + "…"},
		{"PANIC2", page500 + "…"},
		{"PANIC3", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"},
		{"PANICPARTLY", "HTTP/1.1 200 OK\r\n"},
		{"PANICBYHAND", "by hand"},
		{"PANICCONN", "by hand"},
	} {
		t.Run(tc.verb, func(t *testing.T) {
			h := new(answers)
			h.ProtocolVersion = "HTTP/1.1"
			problems := make(chan any, 1)
			s := serveDuring(t, h, func(s *httpserver.ThreadingServer) {
				s.HandleError = func(_ net.Conn, problem any) { problems <- problem }
			})
			got := brief(send(t, s, tc.verb+" / HTTP/1.1\r\nHost: x\r\n\r\n"))
			if prefix, open := strings.CutSuffix(tc.want, "…"); got != tc.want && !(open && strings.HasPrefix(got, prefix)) {
				t.Errorf("got %q", got)
			}
			if problem := <-problems; problem != "on purpose" {
				t.Errorf("HandleError got %v", problem)
			}
			if got := send(t, s, "GET /a HTTP/1.0\r\n\r\n"); !strings.HasSuffix(got, "path /a") {
				t.Errorf("after the panic: %q", got)
			}
		})
	}
}

// TestBuffered: with a buffer in WFile, whatever it holds, the same arrives.
func TestBuffered(t *testing.T) {
	const next = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, size := range []int{1, 16, 8192, -1} {
		for _, tc := range []struct{ request, want string }{
			{"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" + next, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npath /aHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npath /next"},
			{"SPLIT / HTTP/1.1\r\nHost: x\r\n\r\n" + next, page500 + "<!DOCTYPE HTML>…</html>\n"},
			{"NOCONTENT / HTTP/1.1\r\nHost: x\r\n\r\n" + next, "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npath /next"},
			{"BEFORE / HTTP/1.1\r\nHost: x\r\n\r\n" + next, "xHTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ntext"},
		} {
			h := new(answers)
			h.ProtocolVersion = "HTTP/1.1"
			h.WBufSize = size
			got := brief(send(t, serveDuring(t, h), tc.request))
			if prefix, suffix, open := strings.Cut(tc.want, "…"); got != tc.want && !(open && strings.HasPrefix(got, prefix) && strings.HasSuffix(got, suffix)) {
				t.Errorf("WBufSize %d, %q:\n got %q\nwant %q", size, tc.request, got, tc.want)
			}
		}
	}
}

// DoBEFORE writes before its head.
func (h *answers) DoBEFORE() { io.WriteString(h.WFile, "x"); h.content("text") }

// TestBufferedContinue: the client that waits for 100 Continue gets it.
func TestBufferedContinue(t *testing.T) {
	h := new(answers)
	h.ProtocolVersion = "HTTP/1.1"
	h.WBufSize = -1
	conn := dial(t, serveDuring(t, h).ServerAddress())
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	expect(t, conn, "HTTP/1.1 100 Continue\r\n\r\n")
	io.WriteString(conn, "hi")
	expect(t, conn, "HTTP/1.1 200 OK\r\n")
}

// TestWriterLeftBehind: what a method puts in WFile's place is gone with it.
func TestWriterLeftBehind(t *testing.T) {
	for _, size := range []int{0, -1} {
		h := new(answers)
		h.ProtocolVersion = "HTTP/1.1"
		h.WBufSize = size
		got := brief(send(t, serveDuring(t, h), "GZIP / HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n"))
		if !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n\x1f\x8b") ||
			!strings.HasSuffix(got, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npath /next") {
			t.Errorf("WBufSize %d: %q", size, got)
		}
	}
}

// finishing panics when its connection has ended.
type finishing struct{ answers }

func (h *finishing) Finish() { panic("on purpose") }

// TestPanicOwesNothing: where nobody waits for an answer, none is sent.
func TestPanicOwesNothing(t *testing.T) {
	problems := make(chan any, 1)
	s := serveDuring(t, new(finishing), func(s *httpserver.ThreadingServer) {
		s.HandleError = func(_ net.Conn, problem any) { problems <- problem }
	})
	if got := brief(send(t, s, "GET /a HTTP/1.0\r\n\r\n")); got != "HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\npath /a" {
		t.Errorf("%q", got)
	}
	<-problems
}

// keeping hands its connection to a goroutine that outlives the method.
type keeping struct {
	quiet
	done chan error
}

func (h *keeping) DoGET() {
	h.Connection.SetDeadline(time.Time{})
	h.SendResponseOnly(200, "")
	h.EndHeaders()
	io.WriteString(h.Connection, "mine")
	conn, done := h.Connection, h.done
	go func() {
		_, err := conn.Write(make([]byte, 64<<20))
		done <- err
	}()
}

// TestConnectionKept: a connection that a method has given away ends with it,
// whoever is writing.
func TestConnectionKept(t *testing.T) {
	h := &keeping{done: make(chan error, 1)}
	s := serveDuring(t, h)
	conn := dial(t, s.ServerAddress())
	io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
	select {
	case err := <-h.done:
		if err == nil {
			t.Error("64 MiB were written to a client that reads nothing")
		}
	case <-time.After(patience):
		t.Error("the write did not end")
	}
}

// TestTunnelDoesNotWait: what the client sends early is no request, with whose
// answer the tunnel's bytes could leave.
func TestTunnelDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		served := make(chan struct{})
		go func() { httpserver.ServeConn(server, new(answers)); close(served) }()
		began := time.Now()
		go io.WriteString(client, "TUNNEL / HTTP/1.1\r\nHost: x\r\n\r\nearly")
		readUntil(t, client, "first")
		if waited := time.Since(began); waited > 0 {
			t.Errorf("it came after %v", waited)
		}
		client.Close()
		<-served
	})
}

// giving hands its connection to a goroutine that is stuck in a write by the
// time the method returns.
type giving struct{ quiet }

func (h *giving) DoGET() {
	h.Connection.SetDeadline(time.Time{})
	conn := h.Connection
	go io.WriteString(conn, "nobody reads this")
	time.Sleep(time.Second)
}

// TestConnectionKeptBusy: the end of the method waits for no such write, which
// has no deadline, buffered or not.
func TestConnectionKeptBusy(t *testing.T) {
	for _, size := range []int{0, -1} {
		t.Run(fmt.Sprintf("WBufSize %d", size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				served := make(chan struct{})
				go func() {
					h := new(giving)
					h.WBufSize = size
					httpserver.ServeConn(server, h)
					close(served)
				}()
				io.WriteString(client, "GET / HTTP/1.0\r\n\r\n")
				<-served
			})
		})
	}
}

// TestTunnel: after 101 one goroutine may read and another write.
func TestTunnel(t *testing.T) {
	conn := dial(t, serveDuring(t, new(tunnel)).ServerAddress())
	io.WriteString(conn, "GET / HTTP/1.0\r\n\r\nfirst\n")
	expect(t, conn, "HTTP/1.0 101 Switching Protocols\r\n\r\n")
	r := bufio.NewReader(conn)
	for _, line := range []string{"first\n", "second\n", "third\n"} {
		for {
			got, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if got == line {
				break
			}
			if got != "tick\n" {
				t.Fatalf("%q", got)
			}
		}
		io.WriteString(conn, map[string]string{"first\n": "second\n", "second\n": "third\n"}[line])
	}
	conn.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(r); err != nil || strings.Trim(string(rest), "tick\n") != "" {
		t.Errorf("%q, %v", rest, err)
	}
}

type tunnel struct{ quiet }

// DoGET echoes lines, and ticks meanwhile.
func (h *tunnel) DoGET() {
	h.SendResponseOnly(101, "")
	h.EndHeaders()
	lines := make(chan string)
	go func() {
		defer close(lines)
		r := bufio.NewReader(h.RFile)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			lines <- line
		}
	}()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return
			}
			io.WriteString(h.WFile, line)
		default:
			io.WriteString(h.WFile, "tick\n")
		}
	}
}

// TestBadHeads has a row for each line of the table of what is refused that
// concerns the head. Each is run whole and a byte at a time, with a request
// behind it that must not be answered.
func TestBadHeads(t *testing.T) {
	host := "Host: x\r\n"
	for _, tc := range []struct {
		name, head string
		status     int
		message    string
	}{
		{"RFC 9112 §3 one word", "BOGUS\r\n", 400, "Bad request syntax ('BOGUS')"},
		{"RFC 9112 §3 spaced out", "GET /spaced out HTTP/1.1\r\n" + host + "\r\n", 400, "Bad request syntax ('GET /spaced out HTTP/1.1')"},
		{"RFC 9112 §2.3 bad version", "GET / HTTP/x\r\n", 400, "Bad request version ('HTTP/x')"},
		{"RFC 9112 §2.3 HTTP/2", "GET / HTTP/2.0\r\n", 505, "Invalid HTTP version (2.0)"},
		{"RFC 1945 §4.1 HTTP/0.9 but GET", "POST /\r\n", 400, "Bad HTTP/0.9 request type ('POST')"},
		{"RFC 9112 §3 request line too long", "GET /" + strings.Repeat("x", 65537), 414, "URI Too Long"},
		{"RFC 9110 §5.4 field line too long", "GET / HTTP/1.1\r\nA: " + strings.Repeat("x", 65536), 431, "Line too long"},
		{"RFC 9110 §5.4 too many field lines", "GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 101), 431, "Too many headers"},
		{"RFC 9110 §5.4 head too long", "GET / HTTP/1.1\r\n" + strings.Repeat("A: "+strings.Repeat("x", 65000)+"\r\n", 5), 431, "Request Header Fields Too Large"},
		{"RFC 9112 §2.2 bare CR in the request line", "GET /\ra HTTP/1.1\r\n", 400, `Bad request syntax ('GET /\ra HTTP/1.1')`},
		{"RFC 9112 §2.2 bare CR in a field", "GET / HTTP/1.1\r\n" + host + "A: b\rC: d\r\n\r\n", 400, `Bad header line ('A: b\rC: d')`},
		{"RFC 9110 §5.5 NUL", "GET / HTTP/1.1\r\n" + host + "A: \x00\r\n\r\n", 400, `Bad header line ('A: \x00')`},
		{"RFC 9112 §5.1 space before the colon", "GET / HTTP/1.1\r\n" + host + "A : b\r\n\r\n", 400, `Bad header line ('A : b')`},
		{"RFC 9112 §5.2 obs-fold", "GET / HTTP/1.1\r\n" + host + " b\r\n\r\n", 400, `Bad header line (' b')`},
		{"RFC 9112 §5 empty name", "GET / HTTP/1.1\r\n" + host + ": b\r\n\r\n", 400, `Bad header line (': b')`},
		{"RFC 9112 §5 no colon", "GET / HTTP/1.1\r\n" + host + "b\r\n\r\n", 400, `Bad header line ('b')`},
		{"RFC 9112 §3.2 no Host", "GET / HTTP/1.1\r\n\r\n", 400, "Bad Host header"},
		{"RFC 9112 §3.2 two Hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400, "Bad Host header"},
		{"RFC 9112 §3.2 a Host that is none", "GET / HTTP/1.1\r\nHost: a:b:c\r\n\r\n", 400, "Bad Host header"},
		{"RFC 9112 §3.2.2 an authority that is none", "GET http://a:b:c/ HTTP/1.1\r\n" + host + "\r\n", 400, "Bad request target"},
		{"RFC 9110 §8.6 Content-Length of letters", "GET / HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", 400, "Bad Content-Length"},
		{"RFC 9112 §6.3 two Content-Lengths", "GET / HTTP/1.1\r\n" + host + "Content-Length: 0\r\nContent-Length: 1\r\n\r\n", 400, "Bad Content-Length"},
		{"RFC 9110 §8.6 a list of them", "GET / HTTP/1.1\r\n" + host + "Content-Length: 0, 0\r\n\r\n", 400, "Bad Content-Length"},
		{"RFC 9110 §8.6 Content-Length too large", "GET / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n", 400, "Bad Content-Length"},
		{"RFC 9112 §6.1 both", "GET / HTTP/1.1\r\n" + host + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Bad Transfer-Encoding"},
		{"RFC 9112 §6.1 chunked on HTTP/1.0", "GET / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n", 400, "Bad Transfer-Encoding"},
		{"RFC 9112 §6.3 not ending in chunked", "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, gzip\r\n\r\n", 400, "Bad Transfer-Encoding"},
		{"RFC 9112 §7 chunked twice", "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400, "Bad Transfer-Encoding"},
		{"RFC 9112 §6.1 a coding we do not know", "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "Unsupported transfer coding"},
		{"RFC 9110 §10.1.1 another expectation", "GET / HTTP/1.1\r\n" + host + "Expect: miracles\r\n\r\n", 417, "Expectation Failed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := new(answers)
			h.ProtocolVersion = "HTTP/1.1"
			h.log = new(journal)
			s := serveDuring(t, h)
			want := fmt.Sprintf("HTTP/1.1 %d %s\r\nConnection: close\r\n", tc.status, tc.message)
			check := func(got string) {
				t.Helper()
				if !strings.HasPrefix(brief(got), want) || strings.Contains(got, "smuggled") {
					t.Errorf("%.100q\n got %q\nwant %q…", tc.head, got, want)
				}
			}
			smuggled := "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
			check(send(t, s, tc.head+smuggled))
			check(slowly(t, s, tc.head))
			if line := fmt.Sprintf("code %d, message %s", tc.status, tc.message); !slices.Contains(h.log.all(), line) {
				t.Errorf("log %q\nwant %q in it", h.log, line)
			}
			if got := send(t, s, "GET /still HTTP/1.0\r\n\r\n"); !strings.HasSuffix(got, "path /still") {
				t.Errorf("afterwards: %q", got)
			}
		})
	}
}

// slowly sends a head in small pieces, until the server has answered.
func slowly(t *testing.T, s *httpserver.ThreadingServer, head string) string {
	t.Helper()
	conn := dial(t, s.ServerAddress())
	defer conn.Close()
	size := max(1, len(head)/500)
	for rest := head; rest != ""; rest = rest[min(size, len(rest)):] {
		if _, err := io.WriteString(conn, rest[:min(size, len(rest))]); err != nil {
			break // it has answered and closed
		}
	}
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// TestNoInterim: a server of HTTP/1.0 has no interim answers.
func TestNoInterim(t *testing.T) {
	got := brief(send(t, serveDuring(t, new(answers)), "HINTS / HTTP/1.1\r\nHost: x\r\n\r\n"))
	if want := "HTTP/1.0 200 OK\r\nContent-Length: 11\r\n\r\nafter hints"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// sunny answers errors with 200, as some do.
type sunny struct{ answers }

func (h *sunny) SendError(code int, message, explain string) {
	h.content(fmt.Sprintf("error %d %s", code, message))
}

// TestSunny: what an override makes of an error is what is sent.
func TestSunny(t *testing.T) {
	for _, verb := range []string{"IGNORE", "SILENT"} {
		h := new(sunny)
		h.ProtocolVersion = "HTTP/1.1"
		got := brief(send(t, serveDuring(t, h), verb+" / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"))
		if got != "HTTP/1.1 200 OK\r\nContent-Length: 19\r\nConnection: close\r\n\r\nerror 400 Bad chunk" {
			t.Errorf("%s: %q", verb, got)
		}
	}
}

// recorder keeps what requests were.
type recorder struct {
	httpserver.BaseHandler
	seen *[]string
}

func (h *recorder) LogMessage(string, ...any) {}

func (h *recorder) DoGET() {
	line := h.RequestLine + " " + h.Host() + " " + h.Headers.Raw()
	for name, value := range h.Headers.All() {
		line += "|" + name + "=" + value
	}
	*h.seen = append(*h.seen, line)
	h.SendResponse(204, "")
	h.EndHeaders()
}

// TestRepeatedFields: requests on one connection, in all kinds of pieces, have each
// the fields that were sent with it, be they the same as before or not.
func TestRepeatedFields(t *testing.T) {
	var requests, want []string
	for i, section := range []string{
		"Host: a\r\nX: 1\r\n", "Host: a\r\nX: 1\r\n", "Host: a\r\nX: 2\r\n", "Host: a\r\n", "Host: a\r\nX: 2\r\nY: 3\r\n", "Host: a\r\nX: 2\r\nY: 3\r\n",
		"Host: a\nX: 2\r\nY: 3\r\n", "Host: b\r\nX: " + strings.Repeat("x", 2000) + "\r\n", "Host: b\r\nX: " + strings.Repeat("x", 2000) + "\r\n", "Host: a\r\nX: 1\r\n", "Host: a\r\nX: 1\r\n",
	} {
		line := fmt.Sprintf("GET /%d HTTP/1.1", i)
		requests = append(requests, line+"\r\n"+section+"\r\n")
		host, fields := section[len("Host: "):len("Host: ")+1], strings.NewReplacer(": ", "=", "\r\n", "|", "\n", "|").Replace(section)
		want = append(want, line+" "+host+" "+section+"\r\n|"+strings.TrimSuffix(fields, "|"))
	}
	all := strings.Join(requests, "")
	for _, size := range []int{len(all), 1, 2, 7, 30, 64, 500, 1500} {
		var seen []string
		h := &recorder{seen: &seen}
		h.ProtocolVersion = "HTTP/1.1"
		httpserver.ServeConn(&pieces{rest: all, size: size}, h)
		if !slices.Equal(seen, want) {
			t.Errorf("in pieces of %d\n got %q\nwant %q", size, seen, want)
		}
	}
	var seen []string
	h := &recorder{seen: &seen}
	h.ProtocolVersion = "HTTP/1.1"
	httpserver.ServeConn(&pieces{requests: requests}, h)
	if !slices.Equal(seen, want) {
		t.Errorf("each in one piece\n got %q\nwant %q", seen, want)
	}
}

// pieces is a connection whose client sends requests, or the rest in pieces.
type pieces struct {
	script
	rest     string
	size     int
	requests []string
}

func (c *pieces) Read(p []byte) (int, error) {
	if len(c.requests) > 0 {
		n := copy(p, c.requests[0])
		c.requests = c.requests[1:]
		return n, nil
	}
	if c.rest == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.size)], c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// picky reads header sections in its own way.
type picky struct{ answers }

func (h *picky) ParseHeaders(section string) (httpserver.Headers, error) {
	switch {
	case strings.Contains(section, "teapot"):
		return httpserver.Headers{}, &httpserver.RequestError{Code: 418}
	case strings.Contains(section, "secret"):
		return httpserver.Headers{}, errors.New("with a secret of ours in it")
	}
	return httpserver.ParseHeaders(strings.ReplaceAll(section, " :", ":"))
}

// TestParseHeaders: an override decides what is read, and how it is refused.
func TestParseHeaders(t *testing.T) {
	h := new(picky)
	h.log = new(journal)
	s := serveDuring(t, h)
	for request, want := range map[string]string{
		"GET /a HTTP/1.1\r\nHost : x\r\n\r\n":             "HTTP/1.0 200 OK\r\n",
		"GET /a HTTP/1.1\r\nHost: x\r\nA: teapot\r\n\r\n": "HTTP/1.0 418 I'm a Teapot\r\n",
		"GET /a HTTP/1.1\r\nHost: x\r\nA: secret\r\n\r\n": "HTTP/1.0 400 Bad header section\r\n",
		"GET /a HTTP/1.1\r\nHost: x\r\n A: b\r\n\r\n":     "HTTP/1.0 400 Bad header line (' A: b')\r\n",
	} {
		if got := send(t, s, request); !strings.HasPrefix(got, want) || strings.Contains(got, "ours") {
			t.Errorf("%q: %q", request, got)
		}
	}
	_, err := httpserver.ParseHeaders("A : b\r\n")
	if refused, ok := errors.AsType[*httpserver.RequestError](err); !ok || refused.Code != 400 || refused.Rule != "RFC 9112 §5.1" {
		t.Errorf("%v", err)
	}
}

// TestIncompleteHead: a head that ends with the connection is refused.
func TestIncompleteHead(t *testing.T) {
	h := new(answers)
	h.ProtocolVersion = "HTTP/1.1"
	s := serveDuring(t, h)
	for _, raw := range []string{"G", "GET / HTTP/1.1", "GET / HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\r\nHost"} {
		if got := send(t, s, raw); !strings.HasPrefix(got, "HTTP/1.1 400 Incomplete request\r\n") {
			t.Errorf("%q: %q", raw, got)
		}
	}
	for _, raw := range []string{"", "\r\n", "\r\n\r\n"} {
		if got := send(t, s, raw); got != "" {
			t.Errorf("%q: %q", raw, got)
		}
	}
}

// TestBodyEndsEarly: the handler learns that the client left.
func TestBodyEndsEarly(t *testing.T) {
	h := new(answers)
	h.log = new(journal)
	s := serveDuring(t, h)
	got := send(t, s, "POST / HTTP/1.0\r\nContent-Length: 10\r\n\r\nhello")
	if !strings.HasPrefix(got, "HTTP/1.0 400 Incomplete request\r\n") {
		t.Errorf("got %q", got)
	}
	if got := h.log.String(); !strings.Contains(got, "read hello "+io.ErrUnexpectedEOF.Error()) {
		t.Errorf("log %q", got)
	}
}

// streamer answers with a head and then waits for the test.
type streamer struct {
	quiet
	step chan string
}

func (h *streamer) DoGET() {
	h.SendResponseOnly(200, "")
	h.EndHeaders()
	for text := range h.step {
		io.WriteString(h.WFile, text)
	}
}

// DoPOST ends its head and reads a body that the client sends only then.
func (h *streamer) DoPOST() {
	h.SendResponseOnly(200, "")
	h.EndHeaders()
	io.Copy(h.WFile, h.RFile)
}

// TestPromptness: nothing that was answered waits for long. The clock is the
// bubble's, so the times are exact.
func TestPromptness(t *testing.T) {
	serve := func(t *testing.T) (client net.Conn, h *streamer) {
		client, server := net.Pipe()
		h = &streamer{step: make(chan string)}
		h.ProtocolVersion = "HTTP/1.1"
		go httpserver.ServeConn(server, h)
		t.Cleanup(func() { client.Close() })
		return client, h
	}
	const head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
	t.Run("a head and then silence", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, h := serve(t)
			io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			began := time.Now()
			expect(t, client, head)
			if waited := time.Since(began); waited > 10*time.Millisecond {
				t.Errorf("the head took %v", waited)
			}
			began = time.Now()
			h.step <- "event"
			expect(t, client, "event")
			if waited := time.Since(began); waited != 0 {
				t.Errorf("the event took %v", waited)
			}
			close(h.step)
			expectEOF(t, client)
		})
	})
	t.Run("a head before a read that waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, _ := serve(t)
			began := time.Now()
			io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
			expect(t, client, head)
			io.WriteString(client, "body")
			expect(t, client, "body")
			expectEOF(t, client)
			if waited := time.Since(began); waited != 0 {
				t.Errorf("it took %v", waited)
			}
		})
	})
}

func expectEOF(t *testing.T, r io.Reader) {
	t.Helper()
	if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
		t.Errorf("at the end: %q, %v", rest, err)
	}
}

// TestWaits: every wait for a client has its end, to the moment.
func TestWaits(t *testing.T) {
	for _, tc := range []struct {
		name, sent string
		timeout    time.Duration // the handler's own
		after      time.Duration
		want, log  string
	}{
		{"no request", "", 0, 60 * time.Second, "", ""},
		{"no second request", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 0, 60 * time.Second, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npath /a", ""},
		{"half a request line", "GET / HT", 0, 30 * time.Second, "HTTP/1.1 408 Request Timeout\r\n", "code 408, message Request Timeout"},
		{"half a head", "GET / HTTP/1.1\r\nHost: x\r\n", 0, 30 * time.Second, "HTTP/1.1 408 Request Timeout\r\n", "code 408"},
		{"half a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nbody", 0, 30 * time.Second, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n", "code 408, message Request Timeout"},
		{"Timeout, no request", "", 5 * time.Second, 5 * time.Second, "", "Request timed out: TimeoutError('timed out')"},
		{"Timeout, half a head", "GET / HTTP/1.1\r\n", 5 * time.Second, 5 * time.Second, "HTTP/1.1 408 Request Timeout\r\n", "code 408"},
		{"Timeout, half a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", 5 * time.Second, 5 * time.Second, "HTTP/1.1 408 Request Timeout\r\n", "code 408"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				h := new(answers)
				h.ProtocolVersion = "HTTP/1.1"
				h.Timeout = tc.timeout
				h.log = new(journal)
				began := time.Now()
				go httpserver.ServeConn(server, h)
				go io.WriteString(client, tc.sent)
				answer, _ := io.ReadAll(client)
				if waited := time.Since(began); waited < tc.after || waited > tc.after+time.Second {
					t.Errorf("it waited %v, want %v", waited, tc.after)
				}
				if got := brief(string(answer)); got != tc.want && !(strings.HasSuffix(tc.want, "\r\n") && strings.HasPrefix(got, tc.want)) {
					t.Errorf("got %q, want %q", got, tc.want)
				}
				if !strings.Contains(h.log.String(), tc.log) || tc.log == "" && strings.Contains(h.log.String(), "timed out") {
					t.Errorf("log %q, want %q in it", h.log, tc.log)
				}
				synctest.Wait()
			})
		})
	}
	t.Run("a trickle does not restart the clock", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			h := new(answers)
			go httpserver.ServeConn(server, h)
			began := time.Now()
			var trickle sync.WaitGroup
			trickle.Go(func() {
				for _, c := range "GET /" + strings.Repeat("x", 1000) {
					if _, err := io.WriteString(client, string(c)); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
			answer, _ := io.ReadAll(client)
			trickle.Wait()
			if waited := time.Since(began); waited > 31*time.Second || !strings.HasPrefix(string(answer), "HTTP/1.0 408") {
				t.Errorf("after %v: %q", waited, answer)
			}
		})
	})
	t.Run("empty lines do not restart the clock", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			go httpserver.ServeConn(server, new(answers))
			began := time.Now()
			go func() {
				time.Sleep(50 * time.Second)
				io.WriteString(client, "\r\n")
			}()
			if answer, _ := io.ReadAll(client); time.Since(began) != 60*time.Second || len(answer) > 0 {
				t.Errorf("after %v: %q", time.Since(began), answer)
			}
		})
	})
	t.Run("a slow line and a slow section share the clock", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			go httpserver.ServeConn(server, new(answers))
			began := time.Now()
			go func() {
				io.WriteString(client, "GET / HT")
				time.Sleep(25 * time.Second)
				io.WriteString(client, "TP/1.0\r\nA")
			}()
			answer, _ := io.ReadAll(client)
			if waited := time.Since(began); waited < 30*time.Second || waited > 31*time.Second || !strings.HasPrefix(string(answer), "HTTP/1.0 408") {
				t.Errorf("after %v: %q", waited, answer)
			}
		})
	})
	t.Run("a handler's own lack of a deadline does not outlive it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			h := new(careless)
			h.ProtocolVersion = "HTTP/1.1"
			began := time.Now()
			go httpserver.ServeConn(server, h)
			go io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
			io.ReadAll(client)
			if waited := time.Since(began); waited > 31*time.Second {
				t.Errorf("it took %v", waited)
			}
		})
	})
	t.Run("a client that takes nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			h := new(answers)
			h.log = new(journal)
			began := time.Now()
			done := make(chan struct{})
			go func() { httpserver.ServeConn(server, h); close(done) }()
			io.WriteString(client, "GET /a HTTP/1.0\r\n\r\n")
			<-done
			if waited := time.Since(began); waited < 30*time.Second || waited > 38*time.Second {
				t.Errorf("it waited %v", waited)
			}
			if !strings.Contains(h.log.String(), "Request timed out") {
				t.Errorf("log %q", h.log)
			}
		})
	})
}

// TestBodyWindow: a body has to come at a rate, counted while it is waited for.
func TestBodyWindow(t *testing.T) {
	every := func(d time.Duration, piece string) func(net.Conn) {
		return func(client net.Conn) {
			for {
				if _, err := io.WriteString(client, piece); err != nil {
					return
				}
				time.Sleep(d)
			}
		}
	}
	for _, tc := range []struct {
		name, head string
		send       func(net.Conn)
		least      int
		after      time.Duration // 0: it is taken in full
	}{
		{"a byte a second", "Content-Length: 100000", every(time.Second, "x"), 0, 30 * time.Second},
		{"a byte a second, in chunks", "Transfer-Encoding: chunked", every(time.Second, "1\r\nx\r\n"), 0, 30 * time.Second},
		{"an extension's byte a second", "Transfer-Encoding: chunked", func(c net.Conn) { io.WriteString(c, "5;a="); every(time.Second, "x")(c) }, 0, 30 * time.Second},
		{"a trailer's byte a second", "Transfer-Encoding: chunked", func(c net.Conn) { io.WriteString(c, "0\r\na:"); every(time.Second, "x")(c) }, 0, 30 * time.Second},
		{"just enough", "Content-Length: 20480", every(29*time.Second, strings.Repeat("x", 4096)), 0, 0},
		{"not enough", "Content-Length: 20480", every(29*time.Second, strings.Repeat("x", 2000)), 0, 30 * time.Second},
		{"less than that, and it is all", "Content-Length: 3", every(10*time.Second, "x"), 0, 0},
		{"less than that, and the last too late", "Content-Length: 5", every(10*time.Second, "x"), 0, 30 * time.Second},
		{"any progress will do", "Content-Length: 10", every(29*time.Second, "x"), -1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				h := new(answers)
				h.ProtocolVersion = "HTTP/1.1"
				s := &httpserver.Server{Handler: h, MinProgress: tc.least}
				began := time.Now()
				var both sync.WaitGroup
				both.Go(func() { s.ServeConn(server) })
				both.Go(func() {
					io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\n"+tc.head+"\r\n\r\n")
					tc.send(client)
				})
				answer := make([]byte, len("HTTP/1.1 200"))
				io.ReadFull(client, answer)
				waited := time.Since(began)
				if tc.after == 0 && string(answer) != "HTTP/1.1 200" ||
					tc.after > 0 && (string(answer) != "HTTP/1.1 408" || waited != tc.after) {
					t.Errorf("after %v: %q", waited, answer)
				}
				client.Close()
				both.Wait()
			})
		})
	}
	t.Run("a handler that takes its time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			h := new(slowReader)
			go httpserver.ServeConn(server, h)
			go io.WriteString(client, "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello")
			if got, _ := io.ReadAll(client); !strings.HasSuffix(string(got), "hello <nil>") {
				t.Errorf("%q", got)
			}
		})
	})
}

// slowReader takes a minute for each byte of a body.
type slowReader struct{ answers }

func (h *slowReader) DoPOST() {
	var body []byte
	for {
		var b [1]byte
		n, err := h.RFile.Read(b[:])
		body = append(body, b[:n]...)
		if err == io.EOF {
			break
		}
		time.Sleep(time.Minute)
	}
	h.content(fmt.Sprintf("%s <nil>", body))
}

// TestDrainEnds: what a handler leaves unread is waited for as long as a client
// may stand still, in all.
func TestDrainEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		h := new(answers)
		h.ProtocolVersion = "HTTP/1.1"
		began := time.Now()
		go httpserver.ServeConn(server, h)
		var sending sync.WaitGroup
		defer sending.Wait()
		sending.Go(func() {
			io.WriteString(client, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
			for {
				if _, err := io.WriteString(client, strings.Repeat("x", 1000)); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		got, _ := io.ReadAll(client)
		if waited := time.Since(began); waited != 30*time.Second || !strings.HasSuffix(string(got), "unread") {
			t.Errorf("after %v: %q", waited, got)
		}
	})
}

// TestExpect: whatever becomes of an expectation, a body is never taken for a
// request (RFC 9110 §10.1.1).
func TestExpect(t *testing.T) {
	const next = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
	const head = "Host: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	for _, tc := range []struct {
		name, method string
		now, later   string // what the client sends at once, and after the answer's first byte
		want         string
		goesOn       bool
	}{
		{"100, then the body", "POST", "", "hello" + next, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello <nil>", true},
		{"the body does not wait", "POST", "hello" + next, "", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello <nil>", true},
		{"no 100, and no body", "LATER", "", next, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nunread", false},
		{"no 100, and a body all the same", "LATER", "hello" + next, "", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nunread", true},
		{"no 100, and a part of the body", "LATER", "hel", "lo" + next, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nunread", true},
		{"100 by the method", "SELF", "", "hello" + next, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nunread", true},
		{"an empty body waits for nothing", "EMPTYBODY", next, "", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nunread", true},
		{"refused", "REFUSE", "", "hello" + next, "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n", false},
		{"refused, and the body is here", "REFUSE", "hello" + next, "", "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := new(expecting)
			h.ProtocolVersion = "HTTP/1.1"
			conn := dial(t, serveDuring(t, h).ServerAddress())
			head := head
			if tc.method == "EMPTYBODY" {
				head = strings.Replace(head, "5", "0", 1)
			}
			io.WriteString(conn, tc.method+" / HTTP/1.1\r\n"+head+tc.now)
			first := make([]byte, 1)
			io.ReadFull(conn, first)
			io.WriteString(conn, tc.later)
			conn.(*net.TCPConn).CloseWrite()
			rest, err := io.ReadAll(conn)
			got := brief(string(first) + string(rest))
			if !strings.HasPrefix(got, tc.want) || strings.HasSuffix(got, "path /next") != tc.goesOn || err != nil {
				t.Errorf("%q, %v\nwant %q", got, err, tc.want)
			}
		})
	}
}

// expecting does not answer 100 by itself.
type expecting struct{ answers }

func (h *expecting) HandleExpect100() bool {
	switch h.Command {
	case "POST":
		return h.answers.HandleExpect100()
	case "REFUSE":
		h.SendError(403, "", "")
		return false
	}
	return true
}

func (h *expecting) DoLATER()     { h.content("unread") }
func (h *expecting) DoEMPTYBODY() { h.content("unread") }
func (h *expecting) DoSELF() {
	h.SendResponseOnly(100, "")
	h.EndHeaders()
	h.content("unread")
}

// TestSizes: every bound on sizes can be set, and the answer names it.
func TestSizes(t *testing.T) {
	chunked := "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, tc := range []struct {
		name, request string
		set           func(*httpserver.ThreadingServer)
		want, explain string
	}{
		{"MaxLineBytes, request line", "GET /23456789012345 HTTP/1.1\r\nHost: x\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxLineBytes = 30 }, "200", ""},
		{"MaxLineBytes, request line one longer", "GET /234567890123456 HTTP/1.1\r\nHost: x\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxLineBytes = 30 }, "414", ""},
		{"MaxLineBytes, field line", "GET / HTTP/1.1\r\nHost: x\r\nA: 4567890123456789012345678\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxLineBytes = 30 }, "200", ""},
		{"MaxLineBytes, field line one longer", "GET / HTTP/1.1\r\nHost: x\r\nA: 45678901234567890123456789\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxLineBytes = 30 }, "431", "more than 30 bytes"},
		{"MaxFieldLines", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxFieldLines = 2 }, "200", ""},
		{"MaxFieldLines, one more", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nA: b\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxFieldLines = 2 }, "431", "more than 2 headers"},
		{"MaxHeadBytes, one more", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxHeadBytes = 16 }, "431", "more than 16 bytes"},
		{"MaxHeadBytes", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxHeadBytes = 17 }, "200", ""},
		{"no bounds", "GET /" + strings.Repeat("x", 100000) + " HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: "+strings.Repeat("x", 70000)+"\r\n", 5) + strings.Repeat("A: b\r\n", 200) + "\r\n",
			func(s *httpserver.ThreadingServer) { s.MaxLineBytes, s.MaxFieldLines, s.MaxHeadBytes = -1, -1, -1 }, "200", ""},
		{"MaxDrainBytes", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", func(s *httpserver.ThreadingServer) { s.MaxDrainBytes = 5 }, "200 200", ""},
		{"MaxDrainBytes, one more", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nhello!", func(s *httpserver.ThreadingServer) { s.MaxDrainBytes = 5 }, "200", ""},
		{"MaxDrainBytes, chunked", chunked + "5\r\nhello\r\n0\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxDrainBytes = 15 }, "200 200", ""},
		{"MaxDrainBytes, chunked, more", chunked + "5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxDrainBytes = 15 }, "200", ""},
		{"MaxDrainBytes, nothing", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nh", func(s *httpserver.ThreadingServer) { s.MaxDrainBytes = -1 }, "200", ""},
		{"MaxDrainBytes, nothing, chunked", chunked + "0\r\n\r\n", func(s *httpserver.ThreadingServer) { s.MaxDrainBytes = -1 }, "200", "Connection: close"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := new(answers)
			h.ProtocolVersion = "HTTP/1.1"
			got := send(t, serveDuring(t, h, tc.set), tc.request+"GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
			var codes []string
			for line := range strings.Lines(got) {
				if rest, ok := strings.CutPrefix(line, "HTTP/1.1 "); ok {
					codes = append(codes, rest[:3])
				} else if i := strings.Index(line, "HTTP/1.1 2"); i > 0 {
					codes = append(codes, line[i+9:i+12])
				}
			}
			want := tc.want
			if want == "200" && !strings.HasPrefix(tc.request, "PUT") {
				want = "200 200" // the next one
			}
			if strings.Join(codes, " ") != want || !strings.Contains(got, tc.explain) {
				t.Errorf("%.100q: %.400q\nwant %s, %q", tc.request, got, want, tc.explain)
			}
		})
	}
}

// careless takes all deadlines off and leaves its body unread.
type careless struct{ answers }

func (h *careless) DoPOST() {
	h.Connection.SetDeadline(time.Time{})
	h.content("unread")
}

// owner uses the connection itself.
type owner struct{ quiet }

// DoGET answers by way of the connection, and reads on past the head.
func (h *owner) DoGET() {
	h.SendResponseOnly(200, "")
	h.EndHeaders()
	line, _ := bufio.NewReader(h.Connection).ReadString('\n')
	fmt.Fprintf(h.Connection, "you said %q", line)
}

// DoCLOSE closes the connection before it ends.
func (h *owner) DoCLOSE() {
	h.SendResponseOnly(200, "")
	h.EndHeaders()
	h.Connection.Close()
	_, err := io.WriteString(h.WFile, "too late")
	h.LogError("%v", err != nil)
}

func TestOwnConnection(t *testing.T) {
	h := new(owner)
	h.log = new(journal)
	s := serveDuring(t, h)
	if got := send(t, s, "GET / HTTP/1.0\r\n\r\nmore\n"); got != "HTTP/1.0 200 OK\r\n\r\nyou said \"more\\n\"" {
		t.Errorf("Read and Write: %q", got)
	}
	conn := dial(t, s.ServerAddress())
	io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
	expect(t, conn, "HTTP/1.0 200 OK\r\n\r\n")
	io.WriteString(conn, "later\n")
	expect(t, conn, `you said "later\n"`)
	expectEOF(t, conn)
	if got := send(t, s, "CLOSE / HTTP/1.0\r\n\r\n"); got != "HTTP/1.0 200 OK\r\n\r\n" {
		t.Errorf("Close: %q", got)
	}
	shutDown(t, s)
	if got := h.log.String(); strings.Contains(got, "went away") || !strings.Contains(got, "true") {
		t.Errorf("log: %q", got)
	}
}

// shouting wraps its connection before anything is read or written.
type shouting struct{ quiet }

func (h *shouting) Setup() {
	h.Connection = upper{h.Connection}
	h.BaseHandler.Setup()
}

func (h *shouting) DoGET() {
	h.SendResponseOnly(200, "")
	h.EndHeaders()
	io.WriteString(h.WFile, "hello")
}

type upper struct{ net.Conn }

func (c upper) Write(p []byte) (int, error) { return c.Conn.Write(bytes.ToUpper(p)) }

func TestSetupWraps(t *testing.T) {
	if got := send(t, serveDuring(t, new(shouting)), "GET / HTTP/1.0\r\n\r\n"); got != "HTTP/1.0 200 OK\r\n\r\nHELLO" {
		t.Errorf("%q", got)
	}
}

// deadlines sets its own, which hold for the request alone.
type deadlines struct{ answers }

func (h *deadlines) DoPUT() {
	h.Connection.SetReadDeadline(time.Now().Add(time.Second))
	_, err := io.ReadAll(h.RFile)
	h.content(fmt.Sprint(errors.Is(err, os.ErrDeadlineExceeded)))
}

func (h *deadlines) DoGET() {
	h.Connection.SetDeadline(time.Now().Add(time.Hour))
	h.answers.DoGET()
}

func TestOwnDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tc := range []struct {
			request, want string
			after         time.Duration
		}{
			{"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", "Content-Length: 4\r\nConnection: close\r\n\r\ntrue", time.Second},
			{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "Content-Length: 6\r\n\r\npath /", 60 * time.Second},
		} {
			client, server := net.Pipe()
			h := new(deadlines)
			h.ProtocolVersion = "HTTP/1.1"
			began := time.Now()
			go httpserver.ServeConn(server, h)
			go io.WriteString(client, tc.request)
			got, _ := io.ReadAll(client)
			if waited := time.Since(began); waited < tc.after || waited > tc.after+time.Second || !strings.HasSuffix(string(got), tc.want) {
				t.Errorf("%q: after %v %q", tc.request, waited, got)
			}
			client.Close()
			synctest.Wait()
		}
	})
}

// TestClientLeaves: one quiet line, no stack.
func TestClientLeaves(t *testing.T) {
	h := &streamer{step: make(chan string)}
	h.log = new(journal)
	s := serveDuring(t, h, func(s *httpserver.ThreadingServer) {
		s.HandleError = func(_ net.Conn, problem any) { t.Errorf("HandleError: %v", problem) }
	})
	conn := dial(t, s.ServerAddress())
	io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
	expect(t, conn, "HTTP/1.0 200 OK\r\n\r\n")
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
	for range 20 { // the first of these meets the reset
		h.step <- "event"
	}
	close(h.step)
	shutDown(t, s)
	if lines := h.log.all(); len(lines) != 1 || !strings.HasPrefix(lines[0], "GET: client went away: ") {
		t.Errorf("log: %q", lines)
	}
}

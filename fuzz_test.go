package httpserver_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/internal/reference"
)

// A witness answers requests and keeps what it saw of them. Its methods differ
// in how much of the body they read, and when; that reading fails they ignore.
type witness struct {
	httpserver.BaseHandler
	book *[]sighting
}

// A sighting is what a handler saw of a request, and the content of its answer.
type sighting struct {
	line, section                 string // as sent
	method, target, version, host string
	fields                        []reference.Field
	length                        int64
	content                       string // as far as it was read
	fault                         string // what ended the reading before its end
	trailers                      []reference.Field
	answer                        string
}

func (h *witness) LogMessage(string, ...any) {}

// read reads from the body with the function given, and notes the request.
func (h *witness) read(from func(w io.Writer) error) string {
	s := sighting{line: h.RawRequestLine, section: h.Headers.Raw(), method: h.Command, target: h.Path, version: h.RequestVersion, host: h.Host(), length: h.ContentLength()}
	for name, value := range h.Headers.All() {
		s.fields = append(s.fields, reference.Field{Name: name, Value: value})
	}
	var content bytes.Buffer
	err := from(&content)
	s.content = content.String()
	refused, isRefused := errors.AsType[*httpserver.RequestError](err)
	switch {
	case isRefused:
		s.fault = strconv.Itoa(refused.Code)
	case err != nil && err != io.EOF:
		s.fault = err.Error()
	}
	for name, value := range h.Trailers().All() {
		s.trailers = append(s.trailers, reference.Field{Name: name, Value: value})
	}
	s.answer = fmt.Sprintf("%s %s %q %s", s.method, s.target, s.content, s.fault)
	*h.book = append(*h.book, s)
	return s.answer
}

func (h *witness) readAll(w io.Writer) error {
	_, err := io.Copy(w, h.RFile)
	return err
}

func (h *witness) send(content string) {
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", strconv.Itoa(len(content)))
	h.EndHeaders()
	io.WriteString(h.WFile, content)
}

// DoGET leaves the body alone.
func (h *witness) DoGET() { h.send(h.read(func(io.Writer) error { return nil })) }

// DoHEAD is DoGET with a watch that reads ahead, which is to make no difference.
func (h *witness) DoHEAD() {
	h.Context()
	h.DoGET()
}

func (h *witness) DoOPTIONS() { h.DoGET() }

// DoPOST reads all of the body, which has been read ahead where the target says
// so.
func (h *witness) DoPOST() {
	if strings.HasPrefix(h.Path, "/ahead") {
		h.Context()
	}
	h.send(h.read(h.readAll))
}

// DoPUT reads half of the body, or two bytes where the length is not known.
func (h *witness) DoPUT() {
	h.send(h.read(func(w io.Writer) error {
		_, err := io.CopyN(w, h.RFile, half(h.ContentLength()))
		return err
	}))
}

func half(length int64) int64 {
	if length < 0 {
		return 2
	}
	return length / 2
}

// DoDELETE reads a body of four bytes at the most.
func (h *witness) DoDELETE() {
	h.LimitBody(mostRead)
	h.DoPOST()
}

const mostRead = 4

// DoPATCH begins its answer, and then reads all of the body.
func (h *witness) DoPATCH() {
	h.SendResponse(200, "")
	w := h.EndHeadersChunked()
	io.WriteString(w, h.read(h.readAll))
	w.SendTrailer("X-Trailers", strconv.Itoa(h.Trailers().Len()))
	if s := (*h.book)[len(*h.book)-1]; s.fault == "" {
		w.Close()
	}
}

// An outcome is what has to become of a request.
type outcome struct {
	reference.Head
	body    reference.Body
	verdict reference.Verdict
	status  int
	interim bool // a 100 comes first
	handled bool // by a Do method
	read    int  // bytes of content that it reads
	fault   string
	atEnd   bool // it reads to the end of the body
	bare    bool // the answer has no head
	cut     bool // the answer has no end
	goesOn  bool // the connection does, after it
}

// foresee gives what has to become of a connection with that input. It knows
// from the RFC what the requests are, and from the documentation of this
// package what becomes of them.
func foresee(input string) (outcomes []outcome) {
	for {
		for range 2 {
			rest, found := strings.CutPrefix(input, "\n")
			if !found {
				rest = strings.TrimPrefix(input, "\r\n")
			}
			input = rest
		}
		if input == "" {
			return outcomes
		}
		o := outcome{}
		if o.Head, o.status = reference.ReadHead(input); o.status == reference.NoRequest {
			return outcomes
		}
		_, lineStatus := reference.ParseRequestLine(o.Line)
		o.bare = lineStatus == 0 && (o.Version == "HTTP/0.9" || o.status == 0 && o.Version == "")
		if o.status == 0 {
			input = input[len(o.Line)+len(o.Section):]
			o.serve(input)
			input = input[o.body.Length:]
		}
		outcomes = append(outcomes, o)
		if !o.goesOn {
			return outcomes
		}
	}
}

// serve foresees what becomes of a request whose head was taken.
func (o *outcome) serve(input string) {
	o.interim = o.Expect != "" && o.AtLeast(1, 1)
	if o.interim && !strings.EqualFold(o.Expect, "100-continue") {
		o.interim, o.status = false, 417
		return
	}
	o.body, o.verdict = reference.ReadBody(o.Framing, input)
	o.handled, o.status = true, 200
	o.read = len(o.body.Content)
	switch o.Method {
	case "GET", "HEAD", "OPTIONS":
		o.read = 0
	case "POST", "PATCH":
		o.atEnd = true
	case "PUT":
		o.read = int(min(int64(o.read), half(o.Framing.Length)))
		o.atEnd = int64(o.read) < half(o.Framing.Length)
	case "DELETE":
		if o.atEnd = true; o.body.Announced > mostRead {
			if o.Framing.Length > mostRead {
				o.read = 0 // it was announced, and refused before any of it was read
			}
			if o.Framing.Length > mostRead || o.read >= mostRead {
				o.atEnd, o.read, o.fault = false, min(o.read, mostRead), "413"
			}
		}
	default:
		o.handled, o.status = false, 501
		return
	}
	switch {
	case o.atEnd && o.verdict == reference.Incomplete:
		o.fault, o.atEnd = io.ErrUnexpectedEOF.Error(), false
	case o.atEnd && o.verdict == reference.Bad:
		o.fault, o.atEnd = "400", false
	}
	switch {
	case o.Method == "PATCH":
		o.cut = o.fault != ""
	case o.bare:
	case o.fault == "413":
		o.status = 413
	case o.fault != "":
		o.status = 400
	}
	framed := !o.bare && (o.Method != "PATCH" || o.AtLeast(1, 1))
	persists := !o.Close && (o.KeepAlive || o.AtLeast(1, 1))
	o.goesOn = framed && persists && o.verdict == reference.Whole && o.status == 200 && !o.cut
}

// check compares what a handler saw with what it had to see.
func (o *outcome) check(t *testing.T, s sighting) {
	t.Helper()
	want := sighting{line: o.Line, section: o.Section, method: o.Method, target: o.Target, version: o.Version, host: o.Host, fields: o.Fields, length: o.Framing.Length,
		content: o.body.Content[:o.read], fault: o.fault, answer: s.answer}
	if strings.HasPrefix(o.Target, "//") {
		want.target = "/" + strings.TrimLeft(o.Target, "/")
	}
	if o.Version == "" {
		want.version = "HTTP/0.9"
	}
	if o.atEnd {
		want.trailers = o.body.Trailers
	}
	if o.fault == "400" && s.fault == io.ErrUnexpectedEOF.Error() {
		want.fault = s.fault // the fault was in a line that had not ended
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("a handler saw\n     %+v\nwant %+v", s, want)
	}
}

// A reply is an answer as the client reads it.
type reply struct {
	interim int
	status  int
	fields  []reference.Field
	content string
	cut     bool
}

var statusLine = regexp.MustCompile(`^HTTP/1\.1 ([1-9][0-9]{2}) [^\x00-\x1f\x7f]+\r\n`)

// cutReply takes the answer to a request off the output.
func (o *outcome) cutReply(t *testing.T, output *string) (r reply) {
	t.Helper()
	if o.bare {
		r.status, r.content, *output = o.status, *output, ""
		return r
	}
	for {
		m := statusLine.FindStringSubmatch(*output)
		if m == nil {
			t.Fatalf("no status line: %q", *output)
		}
		r.status, _ = strconv.Atoi(m[1])
		rest := (*output)[len(m[0]):]
		n := reference.SectionLength(rest)
		fields, ok := reference.ParseFields(rest[:n])
		if n == 0 || !ok || strings.Count(rest[:n], "\n") != strings.Count(rest[:n], "\r\n") {
			t.Fatalf("a bad field section: %q", *output)
		}
		r.fields, *output = fields, rest[n:]
		if r.status != 100 {
			break
		}
		r.interim++
	}
	r.fields = slices.DeleteFunc(r.fields, func(f reference.Field) bool { return f.Name == "Date" })
	if o.Method == "HEAD" {
		return r
	}
	framing := reference.Framing{Length: int64(len(*output))}
	for _, f := range r.fields {
		switch f.Name {
		case "Content-Length":
			framing.Length, _ = reference.ContentLength(f.Value)
		case "Transfer-Encoding":
			framing.Length = -1
		}
	}
	body, verdict := reference.ReadBody(framing, *output)
	if verdict == reference.Bad {
		t.Fatalf("bad content: %q", *output)
	}
	if r.content = body.Content; verdict == reference.Incomplete {
		r.cut, *output = true, ""
	}
	*output = (*output)[body.Length:]
	r.fields = append(r.fields, body.Trailers...)
	return r
}

// compare compares what a connection has sent and its handlers have seen with
// what was foreseen, and gives the answers.
func compare(t *testing.T, outcomes []outcome, output string, book []sighting) (replies []reply) {
	t.Helper()
	for _, o := range outcomes {
		r := o.cutReply(t, &output)
		replies = append(replies, r)
		if r.status != o.status || (r.interim > 0) != o.interim || r.interim > 1 || r.cut != o.cut && o.AtLeast(1, 1) {
			t.Errorf("%q was answered %+v\nwant %+v", o.Line, r, o)
		}
		if o.handled {
			if len(book) == 0 {
				t.Fatalf("no handler saw %q", o.Line)
			}
			o.check(t, book[0])
			if o.status == 200 && o.Method != "HEAD" && r.content != book[0].answer {
				t.Errorf("%q was answered %q, and the handler has sent %q", o.Line, r.content, book[0].answer)
			}
			book = book[1:]
		}
		if o.handled && o.Method == "PATCH" && o.AtLeast(1, 1) && !r.cut && !slices.Contains(r.fields, reference.Field{Name: "X-Trailers", Value: strconv.Itoa(len(o.body.Trailers))}) {
			t.Errorf("%q was answered %+v, without its trailer", o.Line, r)
		}
		// A client is told when its connection ends, but for a body that shows
		// its fault when the answer has gone.
		late := o.status == 200 && o.verdict != reference.Whole
		if closes := reference.Has(r.fields, "Connection", "close"); closes == o.goesOn && !o.bare && !late {
			t.Errorf("%q was answered %+v, and the connection goes on: %v", o.Line, r, o.goesOn)
		}
	}
	if output != "" {
		t.Errorf("an answer to nothing: %q", output)
	}
	for _, s := range book {
		t.Errorf("a handler saw what is no request: %+v", s)
	}
	return replies
}

// A duplex is a connection over two net.Pipes, one each way: so either side can
// end its output and go on reading.
type duplex struct {
	net.Conn // for input
	out      net.Conn
}

func (c *duplex) Write(p []byte) (int, error)        { return c.out.Write(p) }
func (c *duplex) CloseWrite() error                  { return c.out.Close() }
func (c *duplex) SetWriteDeadline(t time.Time) error { return c.out.SetWriteDeadline(t) }
func (c *duplex) RemoteAddr() net.Addr               { return loopback }

var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}

func (c *duplex) Close() error {
	c.out.Close()
	return c.Conn.Close()
}

// serveInput serves one connection on which input comes in pieces: of the sizes
// given, and then the rest. It gives what was sent, up to the given number of
// bytes, where the client hangs up, and leaves nothing behind.
func serveInput(t *testing.T, s *httpserver.Server, input string, sizes []byte, most int64) string {
	t.Helper()
	goroutines := runtime.NumGoroutine()
	in, client := net.Pipe()
	answers, out := net.Pipe()
	written, output := make(chan struct{}), make(chan string)
	go func() {
		defer close(written)
		defer client.Close()
		rest := []byte(input)
		for _, size := range sizes {
			if len(rest) == 0 {
				return // nothing is something to a pipe
			}
			n := min(max(1, int(size)), len(rest))
			if _, err := client.Write(rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
		client.Write(rest)
	}()
	go func() {
		b, _ := io.ReadAll(io.LimitReader(answers, most))
		answers.Close()
		output <- string(b)
	}()
	s.ServeConn(&duplex{in, out})
	<-written
	all := <-output
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%q: %d goroutines before, %d after", input, goroutines, runtime.NumGoroutine())
		}
	}
	return all
}

// write writes requests again that were served whole: the head as the handler
// saw it, the content in other chunks.
func write(outcomes []outcome) string {
	var b strings.Builder
	for _, o := range outcomes {
		if !o.handled || o.verdict != reference.Whole {
			break
		}
		if o.Version == "" {
			fmt.Fprintf(&b, "%s %s\r\n", o.Method, o.Target)
			break
		}
		fmt.Fprintf(&b, "%s %s %s\r\n", o.Method, o.Target, o.Version)
		for _, f := range o.Fields {
			fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
		}
		b.WriteString("\r\n")
		if o.Framing.Length >= 0 {
			b.WriteString(o.body.Content)
			continue
		}
		for chunk := range slices.Chunk([]byte(o.body.Content), 3) {
			fmt.Fprintf(&b, "%x;a=\"b\"\r\n%s\r\n", len(chunk), chunk)
		}
		b.WriteString("0\r\n")
		for _, f := range o.body.Trailers {
			fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

// A serving serves inputs, one after the other.
type serving struct {
	server  httpserver.Server
	book    []sighting
	problem any
}

func newServing() *serving {
	s := new(serving)
	s.server.NewHandler = func() httpserver.RequestHandler {
		h := &witness{book: &s.book}
		h.ProtocolVersion = "HTTP/1.1"
		return h
	}
	s.server.HandleError = func(_ net.Conn, problem any) { s.problem = problem }
	s.server.IdleTimeout, s.server.HeadTimeout, s.server.ProgressTimeout = patience, patience, patience
	return s
}

func (s *serving) serve(t *testing.T, input string, sizes []byte, most int64) (output string, book []sighting) {
	t.Helper()
	s.book, s.problem = nil, nil
	output = serveInput(t, &s.server, input, sizes, most)
	if s.problem != nil {
		t.Fatalf("%q: panic: %v", input, s.problem)
	}
	return output, s.book
}

// test serves an input whole, in pieces, to a client that hangs up, and written
// again.
func (s *serving) test(t *testing.T, input string, sizes []byte, most uint16) {
	if len(input) > 4000 || strings.Count(input, "\n") > 100 {
		return // bounds have tests of their own
	}
	outcomes := foresee(input)
	output, book := s.serve(t, input, nil, math.MaxInt64)
	replies := compare(t, outcomes, output, book)
	if t.Failed() {
		t.Fatalf("%q", input)
	}
	if cut, cutBook := s.serve(t, input, sizes, math.MaxInt64); withoutDates(cut) != withoutDates(output) || !reflect.DeepEqual(cutBook, book) {
		t.Fatalf("%q\nin pieces of %v: %q, %+v\nwhole: %q, %+v", input, sizes, cut, cutBook, output, book)
	}
	if int(most) < len(output) {
		// The last handler may have met the end of the connection.
		_, begun := s.serve(t, input, sizes, int64(most))
		if n := len(begun) - 1; n >= len(book) || n >= 0 && (!reflect.DeepEqual(begun[:n], book[:n]) || begun[n].line != book[n].line || begun[n].section != book[n].section) {
			t.Fatalf("%q\nto a client that takes %d bytes: %+v\nto one that takes all: %+v", input, most, begun, book)
		}
	}
	again := write(outcomes)
	if again == "" {
		return
	}
	output, bookAgain := s.serve(t, again, sizes, math.MaxInt64)
	repliesAgain := compare(t, foresee(again), output, bookAgain)
	if n := len(repliesAgain); n > len(replies) || !reflect.DeepEqual(repliesAgain, replies[:n]) || len(bookAgain) != n {
		t.Errorf("answered %+v\nat first %+v", repliesAgain, replies)
	}
	for i, sighting := range bookAgain {
		sighting.line, sighting.section = book[i].line, book[i].section
		if !reflect.DeepEqual(sighting, book[i]) {
			t.Errorf("a handler saw %+v\nat first %+v", sighting, book[i])
		}
	}
	if t.Failed() {
		t.Fatalf("%q\nwritten again: %q", input, again)
	}
}

// FuzzServe serves a connection over net.Pipe. Whatever comes, no handler
// panics, and the requests that handlers see are those which a slow reader of
// the RFC's grammar finds, each beginning where the one before it ended: so
// every byte of the input is part of a head, or of a body, or stands behind the
// end of the connection. The answers are as many, and those that were sent. The
// pieces in which the input comes make no difference; requests that are written
// again, as the handlers saw them, are seen and answered as they were; and to a
// client that hangs up, what was served until then was the same.
func FuzzServe(f *testing.F) {
	const host = " HTTP/1.1\r\nHost: x\r\n"
	for _, input := range []string{
		"GET /a" + host + "\r\nGET /b" + host + "\r\n",
		"POST /" + host + "Content-Length: 5\r\n\r\nhelloGET /b" + host + "\r\n",
		"GET /" + host + "Content-Length: 26\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\nGET /c HTTP/1.0\r\n\r\n",
		"HEAD /" + host + "\r\n\r\nGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /d\r\n",
		"POST /" + host + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi\n\nBOGUS\r\n",
		"POST /ahead" + host + "Content-Length: 5\r\n\r\nhelloHEAD /b" + host + "\r\nPOST /ahead" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /" + host + "\r\n",
		"GET / HTTP/1.1\nHost: x\n\nSPAM / HTTP/1.1\nHost: x\n\n",
		"POST /" + host + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\nGET /" + host + "\r\n",
		"PUT //a//b" + host + "Content-Length: 5\r\n\r\nhelloPUT /" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\nx\r\n0\r\n\r\nGET /" + host + "\r\n",
		"PATCH /" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\nPATCH / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"PATCH /" + host + "Content-Length: 5\r\n\r\nhel", "POST /" + host + "Content-Length: 5\r\n\r\nhel",
		"GET /" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloGET /smuggled" + host + "\r\n",
		"PUT /" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nx\r\n\r\nGET /smuggled" + host + "\r\n",
		"POST /" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\nGET /smuggled" + host + "\r\n",
		"DELETE /" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n2\r\nhi\r\n0\r\n\r\nDELETE /" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"DELETE /" + host + "Content-Length: 4\r\n\r\nfourDELETE /" + host + "Content-Length: 5\r\n\r\nhello",
		"POST /" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled" + host + "\r\n",
		"OPTIONS *" + host + "Connection: x, close\r\n\r\nGET /behind" + host + "\r\n", "POST / HTTP/0.9\r\nContent-Length: 5\r\n\r\nhello", "GET /" + host + "Expect: x\r\n\r\n",
		"GET /" + host + "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /b" + host + "\r\n",
		"POST /" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\nA : b\r\n\r\nGET /smuggled" + host + "\r\n",
		"POST /" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\rX0\r\n\r\nGET /smuggled" + host + "\r\n",
		"GET / HTTP/01.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhelloGET /" + host + "\r\n",
		"PATCH /" + host + "Expect: 100-CONTINUE\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.0\r\nExpect: x\r\n\r\n",
		"\r\n\r\n\r\nGET /" + host + "\r\n", "GET http://y:1/z" + host + "\r\nCONNECT y:1" + host + "\r\n", "GET /" + host + "A : b\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n", "HEAD *" + host + "\r\n", "HEAD h:1\r\n", "CONNECT /" + host + "\r\n",
	} {
		f.Add(input, []byte{}, uint16(0))
		f.Add(input, []byte{1, 1, 1, 1, 20, 1, 1, 1, 9, 1, 1, 7, 7, 7, 7, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1}, uint16(200))
	}
	f.Fuzz(newServing().test)
}

// words are what requests are made of. In the input of FuzzServeWords each has
// a byte, from 0x80 on.
var words = []string{
	"GET /", "HEAD /", "POST /", "PUT /", "PATCH /", "DELETE /", "OPTIONS *", "CONNECT h:1", "GET http://h", "SPAM /",
	" HTTP/1.1\r\n", " HTTP/1.1\r\nHost: x\r\n", " HTTP/1.0\r\n", " HTTP/1.0\r\nConnection: keep-alive\r\n", " HTTP/0.9\r\n", " HTTP/2.0\r\n", "\r\n", "\n", "\r", "\t",
	"Host: ", "Host: x\r\n", "Content-Length: ", "Content-Length: 0\r\n", "Content-Length: 5\r\n", "content-length:10\n", "Transfer-Encoding: ", "Transfer-Encoding: chunked\r\n",
	"transfer-encoding:\tChunked \n", "Connection: ", "Connection: close\r\n", "Connection: keep-alive\r\n", "close", "keep-alive", "chunked", "gzip", ", ", "Expect: ", "Expect: 100-continue\r\n", "Trailer: A\r\n",
	"hello", "5\r\n", "5\r\nhello\r\n", "00A\r\n0123456789\r\n", "1;a=b ; c=\"d\\\"\"\r\n", "0\r\n", "0\r\n\r\n", "0\r\nA: b\r\n\r\n", "00;x\r\n", "ffffffffffffffff", "7fffffffffffffff\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
}

// FuzzServeWords is FuzzServe with an input that is made of words, so that the
// fuzzer comes to requests with bodies sooner.
func FuzzServeWords(f *testing.F) {
	f.Add([]byte("\x80\x8b\x90"), []byte{}, uint16(0))
	f.Add([]byte("\x82a\x8b\x98\x90\xa8\x84\x8b\x9b\x90\xaa\xaf\xb4"), []byte{9, 9}, uint16(300))
	f.Add([]byte("\x83b\x8b\x9b\xa6\x90\xab\xaa\xaf\x81\x8d\x90\x85\x8b\x9b\x90\xaa\xae"), []byte{1, 50, 3}, uint16(5))
	s := newServing()
	f.Fuzz(func(t *testing.T, made, sizes []byte, most uint16) {
		var input strings.Builder
		for _, c := range made {
			if i := int(c) - 0x80; i >= 0 && i < len(words) {
				input.WriteString(words[i])
			} else {
				input.WriteByte(c)
			}
		}
		s.test(t, input.String(), sizes, most)
	})
}

// withoutDates takes the dates out of answers, which may differ by a second.
func withoutDates(answers string) string {
	var kept []string
	for line := range strings.SplitAfterSeq(answers, "\r\n") {
		if !strings.HasPrefix(line, "Date: ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

package httpserver_test

import (
	"bufio"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/httpserver"
)

// A framingSection is the cases of one section of an RFC.
type framingSection struct {
	name  string
	cases []framingCase
}

// A framingCase is what a client sends on a connection of its own, and what it
// gets.
//
// Where request has a pause in it, the client waits there for one answer. The
// answers are their status codes with what was served, in the form that
// observer gives it, and arrows between them: "100 → 200 POST / x "hello"". A
// "=" stands before an answer without a head. Without a text, the content may
// be anything.
type framingCase struct {
	name    string
	request string
	answers string
	then    aftermath
}

// An aftermath is what becomes of the connection.
type aftermath int

const (
	goesOn aftermath = iota // the next request is answered
	closes                  // the answer says that the connection closes, it does, and nothing is answered after that
	ends                    // as closes, but the answer had gone by then, or there was none
	cut                     // the client ends its output behind the request, and the connection ends: nothing is put behind
	alone                   // as closes, but what follows is no request: nothing is put behind
)

// pause is where a client waits for an answer.
const pause = "⏸"

// nextRequest stands behind each case. Served where it should not be, it was
// smuggled.
const (
	nextRequest = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
	nextServed  = "200 GET /next x"
)

const hostX = "Host: x\r\n"

// withLine is a request that has no more to it than its request line.
func withLine(requestLine string) string { return requestLine + "\r\n" + hostX + "\r\n" }

// withFields is a GET with field lines, which bring their line ends.
func withFields(lines string) string { return "GET / HTTP/1.1\r\n" + hostX + lines + "\r\n" }

// withBareFields is a GET with field lines and no Host of its own.
func withBareFields(lines string) string { return "GET / HTTP/1.1\r\n" + lines + "\r\n" }

// withLength is a POST with a Content-Length, and a body.
func withLength(length, body string) string {
	return "POST / HTTP/1.1\r\n" + hostX + "Content-Length: " + length + "\r\n\r\n" + body
}

// withCoding is a POST with a Transfer-Encoding and a body in chunks.
func withCoding(codings string) string {
	return "POST / HTTP/1.1\r\n" + hostX + "Transfer-Encoding: " + codings + "\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
}

// withChunks is a POST with a chunked body, which is read.
func withChunks(body string) string { return withChunksTo("/", body) }

// withChunksTo is a POST with a chunked body to a target that has its own way with
// bodies.
func withChunksTo(target, body string) string {
	return "POST " + target + " HTTP/1.1\r\n" + hostX + "Transfer-Encoding: chunked\r\n\r\n" + body
}

// An observer answers with what it was given: method, target, host, the values
// of A, and the body with its trailers. What it does beside that is for the
// target to say.
type observer struct{ quiet }

func (h *observer) DoGET()     { h.answer(200) }
func (h *observer) DoHEAD()    { h.answer(200) }
func (h *observer) DoPOST()    { h.answer(200) }
func (h *observer) DoPUT()     { h.answer(200) }
func (h *observer) DoDELETE()  { h.answer(200) }
func (h *observer) DoOPTIONS() { h.answer(200) }
func (h *observer) DoTRACE()   { h.answer(200) }
func (h *observer) DoPATCH()   { h.answer(200) }
func (h *observer) DoSPAM()    { h.answer(200) }
func (h *observer) DoCONNECT() {
	if h.Host() == "tunnel:1" {
		h.SendResponse(200, "")
		h.EndHeaders()
		return
	}
	h.answer(405)
}

func (h *observer) MethodTable() map[string]func() {
	return map[string]func(){"M-SEARCH": h.DoGET, "!#$%&'*+-.^_`|~09azAZ": h.DoGET, "spam": h.DoGET}
}

func (h *observer) HandleExpect100() bool {
	switch h.Path {
	case "/refuse":
		h.SendError(403, "", "")
		return false
	case "/silent":
		return true
	}
	return h.quiet.HandleExpect100()
}

// answer reads as much of the body as the target says, and answers.
func (h *observer) answer(code int) {
	saw := h.saw()
	switch h.Path {
	case "/204", "/304", "/205", "/chunks/204", "/chunks/304":
		code, _ = strconv.Atoi(h.Path[strings.LastIndexByte(h.Path, '/')+1:])
	case "/hints":
		h.SendResponseOnly(103, "")
		h.SendHeader("Link", "</a.css>; rel=preload")
		h.EndHeaders()
	case "/close":
		h.CloseConnection = true
	}
	h.SendResponse(code, "")
	h.SendHeader("Saw", saw)
	if strings.HasPrefix(h.Path, "/chunks") {
		h.answerInChunks(saw)
		return
	}
	switch h.Path {
	case "/205":
		saw = ""
		h.SendHeader("Content-Length", "0")
	case "/nolength":
	case "/keep":
		h.SendHeader("Connection", "keep-alive") // and no length
	case "/says-close":
		h.SendHeader("Connection", "close")
		h.SendHeader("Content-Length", strconv.Itoa(len(saw)))
	default:
		h.SendHeader("Content-Length", strconv.Itoa(len(saw)))
	}
	h.EndHeaders()
	io.WriteString(h.WFile, saw)
	if h.Path == "/first" {
		h.WFile.Flush()
		io.Copy(io.Discard, h.RFile)
	}
}

// answerInChunks sends text in pieces of several sizes, none among them, and a
// trailer.
func (h *observer) answerInChunks(text string) {
	w := h.EndHeadersChunked()
	io.WriteString(w, text[:1])
	io.WriteString(w, "")
	io.WriteString(w, text[1:3])
	w.Flush()
	io.WriteString(w, text[3:])
	w.SendTrailer("B", "c")
	w.Close()
}

func (h *observer) saw() string {
	saw := h.Command + " " + brieflyQuoted(h.Path) + " " + cmp.Or(h.Host(), "-")
	if values := h.Headers.Values("A"); values != nil {
		saw += fmt.Sprintf(" A=%q", values)
	}
	if chunked := h.Headers.Has("Transfer-Encoding"); chunked != (h.ContentLength() < 0) {
		saw += fmt.Sprintf(" length %d", h.ContentLength())
	}
	var body []byte
	var err error
	switch h.Path {
	case "/unread", "/first", "/silent", "/chunks/unread":
		return saw
	case "/half":
		body = make([]byte, 2)
		_, err = io.ReadFull(h.RFile, body)
	case "/limited":
		h.LimitBody(4)
		body, err = io.ReadAll(h.RFile)
	default:
		body, err = io.ReadAll(h.RFile)
	}
	if h.ContentLength() != 0 {
		saw += " " + brieflyQuoted(strconv.Quote(string(body)))
	}
	for name, value := range h.Trailers().All() {
		saw += " " + name + "=" + strconv.Quote(value)
	}
	if err != nil {
		saw += " " + err.Error() // which is not to be seen: the answer is another
	}
	return saw
}

// brieflyQuoted gives the length of a text in its place where it is long.
func brieflyQuoted(s string) string {
	if len(s) > 100 {
		return fmt.Sprintf("<%d>", len(s))
	}
	return s
}

// A transport is one way to reach an observer.
type transport struct {
	name string
	dial func() (net.Conn, error)
}

// transports serves an observer over TCP, over TCP that gives the server a byte at
// a time, over a Unix socket and over TLS.
func transports(t *testing.T) []transport {
	listen(t).Close() // the first of a process opens descriptors that stay
	checkLeaks(t)
	certificate := selfSigned(t)
	slow := listen(t)
	secure := listen(t)
	all := []transport{
		{"TCP", serveObserver(t, listen(t))},
		{"TCP, a byte at a time", serveObserver(t, dribbling{slow})},
	}
	if !noUnixSockets() {
		all = append(all, transport{"Unix", serveObserver(t, listenUnix(t))})
	}
	serveObserver(t, tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{certificate}}))
	config := &tls.Config{
		InsecureSkipVerify: true,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
		CurvePreferences:   []tls.CurveID{tls.CurveP256}, // the fastest, since there are thousands of connections
	}
	return append(all, transport{"TLS", func() (net.Conn, error) { return tls.Dial("tcp", secure.Addr().String(), config) }})
}

// serveObserver serves an observer until the test ends, and gives the way to it.
func serveObserver(t *testing.T, l net.Listener) func() (net.Conn, error) {
	h := new(observer)
	h.ProtocolVersion = "HTTP/1.1"
	return serveOn(t, l, h)
}

// serveOn serves a handler until the test ends, and gives the way to it.
func serveOn(t *testing.T, l net.Listener, h httpserver.RequestHandler) func() (net.Conn, error) {
	s := &httpserver.ThreadingServer{}
	s.Handler = h
	s.HandleError = func(_ net.Conn, problem any) { t.Errorf("a handler panicked: %v", problem) }
	inBackground(t, s, func() error { return s.Serve(l) })
	addr := l.Addr()
	return func() (net.Conn, error) { return net.Dial(addr.Network(), addr.String()) }
}

// selfSigned makes a certificate.
func selfSigned(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"x"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// dribbling is a listener whose connections give their input byte by byte,
// however it came: a client that writes so may see its bytes joined on the way.
type dribbling struct{ net.Listener }

func (l dribbling) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &dribble{TCPConn: conn.(*net.TCPConn)}, nil
}

type dribble struct {
	*net.TCPConn
	ahead  []byte
	memory [4096]byte
	given  int
}

// Read gives one byte, and later a few: long lines are not read by their
// thousands.
func (c *dribble) Read(p []byte) (int, error) {
	if len(c.ahead) == 0 {
		n, err := c.TCPConn.Read(c.memory[:])
		if n == 0 {
			return 0, err
		}
		c.ahead = c.memory[:n]
	}
	size := 1
	if c.given > 3000 {
		size = 61
	}
	n := copy(p[:min(size, len(p))], c.ahead)
	c.ahead = c.ahead[n:]
	c.given += n
	return n, nil
}

// runFraming runs the cases of an RFC over every transport, each alone and with
// another request behind it in the same write.
func runFraming(t *testing.T, sections []framingSection) {
	ways := transports(t)
	seen := make(map[string]bool)
	for _, section := range sections {
		for _, tc := range section.cases {
			name := section.name + " " + tc.name
			if seen[name] {
				t.Errorf("two cases are named %s", name)
			}
			seen[name] = true
			t.Run(name, func(t *testing.T) {
				for _, way := range ways {
					for _, behind := range []bool{false, true} {
						if behind && (tc.then == alone || tc.then == cut) {
							continue
						}
						if got, err := tc.run(way.dial, behind); err != nil {
							t.Fatalf("over %s%s: %.300q\n got %s\nwant %s, and the connection %v\nbut  %v",
								way.name, map[bool]string{true: ", with another request behind"}[behind], tc.request, strings.Join(got, " → "), tc.answers, tc.then, err)
						}
					}
				}
			})
		}
	}
	t.Logf("%d cases, over %d transports", len(seen), len(ways))
}

func (a aftermath) String() string {
	return [...]string{"goes on", "closes, and it says so", "ends", "ends with the client's output", "closes, and it says so"}[a]
}

// run sends the case, and gives the answers up to one that is wrong.
func (tc *framingCase) run(dial func() (net.Conn, error), behind bool) (got []string, err error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	r := bufio.NewReader(conn)
	if text, simple := strings.CutPrefix(tc.answers, "="); simple {
		return nil, tc.runSimple(conn, r, text, behind)
	}
	var want []string
	if tc.answers != "" {
		want = strings.Split(tc.answers, " → ")
	}
	var last *answerRead
	take := func(want string) error {
		a, err := readAnswer(r, want)
		if err != nil {
			return fmt.Errorf("no answer %s: %w", want, err)
		}
		got, last = append(got, a.text), a
		if !a.matches(want) {
			return errors.New("another answer was wanted: " + want)
		}
		return nil
	}
	parts := strings.Split(tc.request, pause)
	for i, part := range parts {
		if i > 0 {
			if err := take(want[0]); err != nil {
				return got, err
			}
			want = want[1:]
		}
		if i == len(parts)-1 && behind {
			part += nextRequest
		}
		if _, err := io.WriteString(conn, part); err != nil && tc.then == goesOn {
			return got, err
		}
	}
	if tc.then == cut {
		closeWrite(conn)
	}
	for _, want := range want {
		if err := take(want); err != nil {
			return got, err
		}
	}
	if tc.then == goesOn {
		if last != nil && hasOption(last, "close") {
			return got, errors.New("the answer says that the connection closes")
		}
		if !behind {
			if _, err := io.WriteString(conn, nextRequest); err != nil {
				return got, err
			}
		}
		if err := take(nextServed); err != nil {
			return got, err
		}
		closeWrite(conn)
	}
	if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
		return got, fmt.Errorf("after the last answer: %.200q, %v", rest, err)
	}
	if (tc.then == closes || tc.then == alone || last != nil && last.code >= 400 && tc.then != goesOn) && (last == nil || !hasOption(last, "close")) {
		return got, errors.New("the answer does not say that the connection closes")
	}
	return got, nil
}

// runSimple runs a case of HTTP/0.9, whose answer is content alone.
func (tc *framingCase) runSimple(conn net.Conn, r io.Reader, want string, behind bool) error {
	request := tc.request
	if behind {
		request += nextRequest
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != want {
		return fmt.Errorf("got %q, %v, want %q", got, err, want)
	}
	return nil
}

// closeWrite ends a client's output.
func closeWrite(conn net.Conn) { conn.(interface{ CloseWrite() error }).CloseWrite() }

// An answerRead is one message as a client that takes nothing but what
// RFC 9112 allows has read it.
type answerRead struct {
	code     int
	fields   [][2]string
	content  string
	trailers [][2]string
	text     string // the code and what was served
}

var (
	statusPattern = regexp.MustCompile(`^HTTP/1\.[01] ([1-5][0-9][0-9]) [^\x00-\x08\n-\x1f\x7f]*$`)
	fieldLine     = regexp.MustCompile("^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([^\\x00- \\x7f](?:[^\\x00-\\x08\\n-\\x1f\\x7f]*[^\\x00- \\x7f])?)?$")
	digitsOnly    = regexp.MustCompile(`^[0-9]+$`)
	chunkSize     = regexp.MustCompile(`^[0-9a-fA-F]{1,15}$`)
)

// matches compares an answer with an expectation.
func (a *answerRead) matches(want string) bool {
	return a.text == want || want == strconv.Itoa(a.code) || want == strconv.Itoa(a.code)+" HEAD"
}

// readAnswer reads one message (RFC 9112 §6.3). Whether it answers HEAD is for
// the expectation to say.
func readAnswer(r *bufio.Reader, want string) (*answerRead, error) {
	first, err := readCRLF(r)
	if err != nil {
		return nil, err
	}
	parts := statusPattern.FindStringSubmatch(first)
	if parts == nil {
		return nil, fmt.Errorf("%q is no status line", first)
	}
	a := &answerRead{}
	a.code, _ = strconv.Atoi(parts[1])
	if a.fields, err = readFields(r); err != nil {
		return nil, err
	}
	lengths, codings := valuesOf(a.fields, "Content-Length"), valuesOf(a.fields, "Transfer-Encoding")
	_, asked, _ := strings.Cut(want, " ")
	saw := strings.Join(valuesOf(a.fields, "Saw"), " ")
	switch interim := a.code < 200; {
	case (interim || a.code == 204) && len(lengths)+len(codings) > 0:
		return nil, fmt.Errorf("a %d with framing: %q", a.code, a.fields)
	case len(lengths)+len(codings) > 1:
		return nil, fmt.Errorf("an answer is framed twice: %q", a.fields)
	case interim:
	case a.code == 204, a.code == 304, asked == "HEAD", strings.HasPrefix(asked, "HEAD "):
		a.content = saw
	case len(codings) > 0:
		if codings[0] != "chunked" {
			return nil, fmt.Errorf("Transfer-Encoding: %q", codings)
		}
		err = a.readChunks(r)
	case len(lengths) > 0:
		if !digitsOnly.MatchString(lengths[0]) {
			return nil, fmt.Errorf("Content-Length: %q", lengths)
		}
		n, _ := strconv.Atoi(lengths[0])
		content := make([]byte, n)
		_, err = io.ReadFull(r, content)
		a.content = string(content)
	default:
		var content []byte
		content, err = io.ReadAll(r)
		a.content = string(content)
	}
	a.text = strconv.Itoa(a.code)
	if a.content != "" && saw != "" {
		a.text += " " + a.content
	}
	for _, trailer := range a.trailers {
		a.text += " " + trailer[0] + "=" + strconv.Quote(trailer[1])
	}
	return a, err
}

// readChunks reads a body in chunks, which are to have no extensions.
func (a *answerRead) readChunks(r *bufio.Reader) error {
	for {
		size, err := readCRLF(r)
		if err != nil {
			return err
		}
		if !chunkSize.MatchString(size) {
			return fmt.Errorf("%q is no size", size)
		}
		n, _ := strconv.ParseInt(size, 16, 64)
		if n == 0 {
			a.trailers, err = readFields(r)
			return err
		}
		content := make([]byte, n)
		if _, err := io.ReadFull(r, content); err != nil {
			return err
		}
		a.content += string(content)
		if end, err := readCRLF(r); err != nil || end != "" {
			return fmt.Errorf("%q behind a chunk, %v", end, err)
		}
	}
}

// readFields reads a field section.
func readFields(r *bufio.Reader) (fields [][2]string, err error) {
	for {
		line, err := readCRLF(r)
		if line == "" || err != nil {
			return fields, err
		}
		parts := fieldLine.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("%q is no field line", line)
		}
		fields = append(fields, [2]string{parts[1], parts[2]})
	}
}

// readCRLF reads a line that has to end in CRLF.
func readCRLF(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err == io.EOF && line != "" {
		err = io.ErrUnexpectedEOF
	}
	line, ok := strings.CutSuffix(line, "\r\n")
	if err == nil && !ok {
		err = fmt.Errorf("the line %q ends in a bare LF", line)
	}
	return line, err
}

func valuesOf(fields [][2]string, name string) (values []string) {
	for _, field := range fields {
		if strings.EqualFold(field[0], name) {
			values = append(values, field[1])
		}
	}
	return values
}

// hasOption reports whether Connection names an option.
func hasOption(a *answerRead, option string) bool {
	return slices.Contains(valuesOf(a.fields, "Connection"), option)
}

// Package exchange is what happens on a connection between a request's first
// byte and its answer's last: it reads heads and bodies off the wire, puts
// answers on it, and knows afterwards whether the connection can carry another
// request. Which answer that is, others decide.
package exchange

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"example.com/httpserver/internal/answer"
	"example.com/httpserver/internal/http1"
	"example.com/httpserver/internal/socket"
	"example.com/httpserver/internal/wire"
)

// Limits bound what a client can make us wait for, and keep. A time of zero is
// no limit.
type Limits struct {
	Idle     time.Duration // for the first byte of a request
	Head     time.Duration // for the rest of its head, in all
	Progress time.Duration // of waiting, in which Least bytes of a body come and of an answer go
	Least    int64         // of zero: any progress will do
	Drain    int64         // bytes of an unread body that are read away, to go on with the connection
	Bounds   http1.Bounds
}

const (
	maxLingered = 256 * 1024
	lingerTime  = 2 * time.Second
)

// Why there is no head to answer as such. A head that is at fault is an
// *http1.Error instead.
var (
	ErrClosed     = errors.New("no request came")              // the client closed, or the server is shutting down
	ErrIdle       = errors.New("no request came in time")      // the idle limit
	ErrLate       = errors.New("the head did not end in time") // the head limit
	ErrIncomplete = errors.New("the head has no end")          // the client closed within it
)

// errTooLong says that a request line has no end.
var errTooLong = &http1.Error{Status: 414, Rule: "RFC 9112 §3"}

// An Exchange serves one connection, one request after the other. Its methods
// are for the goroutine that serves it, but for Wake, IsWoken, IdleSince and Cut,
// for the deadlines, and for Body and Output, which may each have one of its own.
type Exchange struct {
	Answer answer.Answer

	wire      *wire.Conn
	began     time.Time
	idleSince atomic.Int64 // in nanoseconds after began; when the last wait for a request did
	limits    Limits
	scanner   http1.Scanner
	section   string // the field section, where it came with the request line
	fields    fields
	line      http1.RequestLine
	fresh     bool        // Next was called, and nothing has happened since
	idle      bool        // its first byte was waited for
	idleBy    time.Time   // when that has to have come; zero: never
	headBy    time.Time   // when the head has to have ended; zero before it began
	reading   sync.Mutex  // guards body, but is free while the body is waited for
	touched   atomic.Bool // body is another than none; set before it is, under reading
	body      body
	headSent  int         // bytes of the head that Answer gave out and the output has not seen
	pipelined bool        // another request had come by the end of the head
	early     bool        // content was refused that came before the head's end
	excess    bool        // content was refused that was more than announced
	beside    bool        // content was refused that was no chunk
	headless  bool        // content was written that is no answer
	unframed  bool        // content was written without a head that frames it
	persists  bool        // the client may send more, for all it knows
	taken     atomic.Bool // the handler used the connection itself, perhaps on two goroutines
	suspect   atomic.Bool // what follows on the connection cannot be trusted to be a request
	scratch   []byte      // for WriteString
	span      span        // the request's context
}

// New gives an Exchange over nc. The sweeper looks after what it holds back.
func New(nc net.Conn, sweeper *wire.Sweeper, limits Limits) *Exchange {
	x := &Exchange{wire: wire.New(nc, sweeper), limits: limits, began: time.Now()}
	x.scanner.Bounds = limits.Bounds
	x.wire.StallLimit(limits.Progress, limits.Least)
	return x
}

// Wake ends the wait for the next request, or the next such wait. It may be
// called by any goroutine.
func (x *Exchange) Wake() { x.wire.Wake() }

// IsWoken reports whether Wake was called, so that no request will follow.
func (x *Exchange) IsWoken() bool { return x.wire.IsWoken() }

// IdleSince tells since when the connection waits for a request, where it does
// and was not woken, or since when it last did, where it lingers with nothing
// unread. It may be called by any goroutine.
func (x *Exchange) IdleSince() (since time.Time, idle bool) {
	if !x.wire.IsIdle() {
		return time.Time{}, false
	}
	return x.began.Add(time.Duration(x.idleSince.Load())), true
}

// Park waits for the next request without a goroutine, where it can: then job is
// resumed when it comes, or will not, and the caller has no more to do with the
// exchange. It reports false where it cannot, or need not wait.
func (x *Exchange) Park(job socket.Job) bool {
	if len(x.wire.Buffered()) > 0 {
		return false
	}
	x.Next()
	again := x.idle
	if !again {
		x.beginIdle()
	}
	return x.wire.Park(job, x.idleBy, again)
}

// Yield lets other connections be served. It is for between requests, where there is
// always another one.
func (x *Exchange) Yield() { x.wire.Yield() }

// Vigil begins a wait for something that is started for the request. It is for the
// goroutine that serves the connection.
func (x *Exchange) Vigil() socket.Vigil { return x.wire.Vigil() }

// Next makes ready for a request.
func (x *Exchange) Next() {
	if x.fresh {
		return
	}
	x.fresh = true
	x.endContext()
	x.Answer.Reset()
	x.scanner = http1.Scanner{Bounds: x.limits.Bounds}
	x.section = ""
	x.fields.release()
	x.line = http1.RequestLine{}
	x.idle, x.headBy = false, time.Time{}
	x.dropBody()
	x.headSent, x.pipelined = 0, false
	x.early, x.excess, x.beside = false, false, false
	x.headless, x.unframed, x.persists = false, false, false
	x.wire.Reclaim()
}

// ReadRequestLine gives the next request line, with its line end. An empty line
// or two before it are skipped (RFC 9112 §2.2), a third is given as the line.
func (x *Exchange) ReadRequestLine() (string, error) {
	x.fresh = false
	skipped, seen := 0, 0
	for {
		b := x.wire.Buffered()
		i := bytes.IndexByte(b[seen:], '\n')
		n := seen + i + 1
		if i < 0 {
			n = len(b)
		}
		switch {
		case n > x.limits.Bounds.MaxLine():
			x.suspect.Store(true)
			return "", errTooLong
		case i < 0:
			seen = n
			if err := x.fill(n == 0); err != nil {
				return "", err
			}
		case skipped < 2 && (n == 1 || n == 2 && b[0] == '\r'):
			x.wire.Advance(n)
			skipped, seen = skipped+1, 0
		default:
			return x.takeLine(n), nil
		}
	}
}

// takeLine takes the request line of n bytes off the input, and the field
// section with it if that has come: then one string serves both.
func (x *Exchange) takeLine(n int) string {
	b := x.wire.Buffered()
	if section := x.fields.again(b[n:]); section != "" {
		line := string(b[:n])
		x.section = section
		x.wire.Advance(n + len(section))
		return line
	}
	m, err := x.scanner.Scan(b[n:])
	if err != nil {
		m = 0 // ReadSection meets it again
		x.scanner = http1.Scanner{Bounds: x.limits.Bounds}
	}
	head := string(b[:n+m])
	x.section = head[n:]
	x.fields.keep(head, x.section)
	x.wire.Advance(n + m)
	return head[:n]
}

// ReadSection gives the field section with the empty line that ends it.
func (x *Exchange) ReadSection() (string, error) {
	if x.section != "" {
		return x.section, nil
	}
	for {
		b := x.wire.Buffered()
		n, err := x.scanner.Scan(b)
		if err != nil {
			x.suspect.Store(true)
			return "", err
		}
		if n > 0 {
			section := string(b[:n])
			x.wire.Advance(n)
			return section, nil
		}
		if err := x.fill(false); err != nil {
			return "", err
		}
	}
}

// fill waits for more of a head. Before its first byte the idle limit holds,
// and no answer is owed; after that the head limit does. The clock of each starts
// at the first wait and does not start again, whatever empty lines may come.
func (x *Exchange) fill(idle bool) error {
	if idle {
		if !x.idle {
			x.beginIdle()
		}
		x.wire.ReadBy(x.idleBy)
	} else {
		if x.headBy.IsZero() && x.limits.Head > 0 {
			x.headBy = time.Now().Add(x.limits.Head)
		}
		x.wire.ReadBy(x.headBy)
	}
	x.wire.SetIdle(idle)
	err := x.wire.Fill()
	x.wire.SetIdle(false)
	if err == nil {
		return nil
	}
	late := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case idle && late:
		return ErrIdle
	case late:
		x.suspect.Store(true)
		return ErrLate
	case !idle && err == io.EOF:
		return ErrIncomplete
	}
	return ErrClosed
}

// beginIdle begins the wait for a request.
func (x *Exchange) beginIdle() {
	since := time.Since(x.began) // which costs half of what time.Now does
	x.idle, x.idleBy = true, time.Time{}
	x.idleSince.Store(int64(since))
	if x.limits.Idle > 0 {
		x.idleBy = x.began.Add(since + x.limits.Idle)
	}
}

// ParseRequestLine parses the request line, and so learns whom the answer is for.
// What it gives is good until the next request, and a zero line where the fault
// is not in its target alone.
func (x *Exchange) ParseRequestLine(raw string) (*http1.RequestLine, *http1.Error) {
	var fault *http1.Error
	x.line, fault = http1.ParseRequestLine(raw)
	return &x.line, fault
}

// Method gives the method that the client has sent.
func (x *Exchange) Method() string { return x.line.Method }

// TakesInterim reports whether the client knows of interim answers (RFC 9110
// §15.2), and of chunks (RFC 9112 §6.1).
func (x *Exchange) TakesInterim() bool { return x.line.AtLeast(1, 1) }

// Distrust says that the bytes which follow may not be what they seem, since
// the head was at fault.
func (x *Exchange) Distrust() { x.suspect.Store(true) }

// Doomed reports whether it is certain already that the connection ends with
// this answer.
func (x *Exchange) Doomed() bool {
	return x.suspect.Load() || x.unframed || x.taken.Load() || x.spoilt()
}

// Settle decides at the end of an answer whether the connection can go on, and
// reads away what is left of a body if it can. closing says that it ends
// anyway. The error is what went wrong with the answer, for the log.
func (x *Exchange) Settle(closing bool) (goOn bool, problem error) {
	a := &x.Answer
	x.endContext()
	if !x.taken.Load() {
		x.wire.Reclaim()
	}
	switch err := x.failure(); {
	case err == nil:
		problem = x.mistake()
	case errors.Is(err, net.ErrClosed) || isFailure(err) && x.taken.Load():
		return false, nil // it was the server, or the handler, that ended it
	case x.BodyFault() != nil && a.Ended() && a.Code() >= 400:
		return false, nil // the answer says so
	case isRefusal(err):
		problem = err
	case isFailure(err):
		problem = &GoneError{err}
	default:
		problem = x.mistake()
	}
	answered := a.Ended() && !a.Sunk() && a.Framed()
	if problem != nil || closing || a.Closes() || x.wire.Broken() != nil || x.Doomed() || !answered {
		return false, problem
	}
	return x.drain(), nil
}

// failure gives what a write or, where there was none, a read of the body met.
func (x *Exchange) failure() error {
	if x.taken.Load() {
		return cmp.Or(x.wire.Broken(), x.bodyErr()) // WriteErr would wait for who is writing still
	}
	return cmp.Or(x.wire.WriteErr(), x.bodyErr())
}

// mistake gives what is wrong with the answer that its handler has made, or nil.
func (x *Exchange) mistake() error {
	a := &x.Answer
	switch {
	case a.Fault() != nil:
		return a.Fault()
	case x.headSent > 0:
		return errors.New("the head of the answer did not come through WFile")
	case x.early:
		return ErrNoEndHeaders
	case x.excess:
		return ErrContentLength
	case x.beside:
		return ErrBesideChunks
	case a.Headless():
		return errors.New("a head without a status line: SendResponse is missing")
	case x.headless:
		return errors.New("content without a head: SendResponse is missing")
	case a.Begun() && !a.Ended():
		return x.unfinished(errors.New("the head of the answer was not ended: EndHeaders is missing"))
	case x.line.AtLeast(1, 0) && !a.Begun() && !x.unframed && !x.taken.Load():
		return x.unfinished(errors.New("no answer was sent"))
	}
	return x.unfinished(a.Short())
}

// unfinished gives what is wrong with an answer that its handler did not finish:
// that may be for a good reason.
func (x *Exchange) unfinished(problem error) error {
	err := x.wire.Broken()
	switch {
	case problem == nil || err == nil:
		return problem
	case errors.Is(err, net.ErrClosed):
		return nil // as in Settle
	}
	return &GoneError{err}
}

// isRefusal reports whether err is a body that was refused.
func isRefusal(err error) bool {
	_, ok := errors.AsType[*http1.Error](err)
	return ok
}

func isFailure(err error) bool { return err != nil && err != io.EOF }

// A GoneError says that the client went away, or stood still for too long.
type GoneError struct{ Err error }

func (e *GoneError) Error() string {
	cause := e.Err
	if op, ok := errors.AsType[*net.OpError](cause); ok {
		cause = op.Err // without the addresses: the log line has the client's
	}
	return "client went away: " + cause.Error()
}

func (e *GoneError) Unwrap() error { return e.Err }

// Close ends the connection. It reports whether that takes time, because the
// client has sent what nobody read, or may be about to, as an old one that puts
// an empty line behind its content (RFC 9112 §2.2): then Linger has to do it.
func (x *Exchange) Close() (closed bool) {
	x.endContext()
	if x.taken.Load() {
		x.wire.CloseNow() // others may be using it: their waits end here
		return true
	}
	x.wire.Reclaim()
	err := x.wire.Flush()
	if err == nil && (x.persists || x.body.length != 0 || x.unread()) {
		return false
	}
	x.wire.End()
	return true
}

// unread reports whether the client has sent what nobody read, for all we know.
func (x *Exchange) unread() bool {
	return x.suspect.Load() || !x.body.ended() || len(x.wire.Buffered()) > 0
}

// Linger ends the connection once the client has had time to read its answer.
func (x *Exchange) Linger() { x.wire.Linger(lingerTime, maxLingered, !x.unread()) }

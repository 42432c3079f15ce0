package exchange

import (
	"errors"
	"io"
	"math"
	"os"
	"time"

	"example.com/httpserver/internal/http1"
)

// A body is the message body behind a head, as far as it was read.
type body struct {
	length  int64 // as announced; -1 for a chunked one
	left    int64 // bytes that were not read, where it is not chunked
	chunked bool
	chunks  http1.Chunks
	framing int64 // bytes of framing that were read
	tunnel  bool  // it is none: everything that comes is for the handler
	awaited bool  // the client may hold it back until it has seen 100 Continue
	waits   bool  // somebody waits for more of it
	held    int   // and how much was buffered when that began

	limited bool  // the handler bounds it
	room    int64 // what it still takes then

	window  window
	drainBy time.Time // when draining has to have ended; zero before that
	stalled bool      // the handler's own deadline ended the last wait
	err     error     // what ended the reading
}

// ended reports whether nothing more of the body is to come.
func (b *body) ended() bool {
	return !b.tunnel && b.left == 0 && (!b.chunked || b.chunks.Done())
}

// A window measures progress: only time that is spent waiting counts.
type window struct {
	waited time.Duration
	got    int64
}

// setBody puts another body in place of what there was.
func (x *Exchange) setBody(b body) {
	x.reading.Lock()
	defer x.reading.Unlock()
	x.touch()
	x.body = b
}

// touch says that the body is another than none. Most requests have none, and
// nobody asks for it: then there is nothing to guard.
func (x *Exchange) touch() {
	if !x.touched.Load() {
		x.touched.Store(true)
	}
}

// dropBody makes ready for the next request's body.
func (x *Exchange) dropBody() {
	if x.touched.Load() {
		x.reading.Lock()
		x.body = body{}
		x.touched.Store(false)
		x.reading.Unlock()
	}
}

// bodyErr gives what ended the reading of the body.
func (x *Exchange) bodyErr() error {
	if !x.touched.Load() {
		return nil
	}
	x.reading.Lock()
	defer x.reading.Unlock()
	return x.body.err
}

// continued says that the client has been told to send the body.
func (x *Exchange) continued() {
	x.reading.Lock()
	defer x.reading.Unlock()
	x.body.awaited = false
}

// Expect tells what the head said of the body that follows.
func (x *Exchange) Expect(framing *http1.Framing) {
	x.persists = !framing.Close && x.line.AtLeast(1, 1)
	x.pipelined = !framing.Chunked && int64(len(x.wire.Buffered())) > framing.Length
	if framing.Length == 0 && !framing.Chunked && !x.touched.Load() {
		return // none, as Next has left it
	}
	x.reading.Lock()
	defer x.reading.Unlock()
	x.touch()
	b := &x.body
	b.length, b.left, b.chunked = framing.Length, framing.Length, framing.Chunked
	if b.chunked {
		b.length, b.chunks.Bounds = -1, x.limits.Bounds
	}
	b.awaited = framing.Expect != "" && x.line.AtLeast(1, 1) && !b.ended()
}

// ContentLength gives the length of the body, read or not, or -1 for one that
// is chunked.
func (x *Exchange) ContentLength() int64 { return x.body.length }

// LimitBody has reading fail beyond n more bytes of the body: at once, where
// more than that was announced.
func (x *Exchange) LimitBody(n int64) {
	x.reading.Lock()
	defer x.reading.Unlock()
	x.touch()
	x.body.limited, x.body.room = true, max(0, n)
}

// Trailers gives the trailer fields of a body that was read to its end, and the
// section they stand in.
func (x *Exchange) Trailers() (fields []http1.Field, section string) {
	x.reading.Lock()
	defer x.reading.Unlock()
	return x.body.chunks.Trailers()
}

// BodyFault gives the answer that a failure to read the body calls for, or nil.
// A handler's own deadline is no failure.
func (x *Exchange) BodyFault() *http1.Error {
	err := x.bodyErr()
	if err == nil || err == io.EOF {
		return nil
	}
	fault, isFault := errors.AsType[*http1.Error](err)
	switch {
	case isFault:
		return fault
	case err == io.ErrUnexpectedEOF:
		return &http1.Error{Status: 400, Message: "Incomplete request", Rule: "RFC 9112 §8",
			Explain: "The connection ended before the request's body did"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &http1.Error{Status: 408, Rule: "RFC 9110 §15.5.9"}
	}
	return nil
}

// spoilt reports whether what is left of the body ends the connection: it could
// not be read, there is too much of it, or nobody can tell whether the client
// is going to send it.
func (x *Exchange) spoilt() bool {
	if !x.touched.Load() {
		return false
	}
	x.reading.Lock()
	defer x.reading.Unlock()
	b := &x.body
	tooMuch := b.left > x.limits.Drain || x.limits.Drain == 0 && !b.ended()
	return b.tunnel || b.stalled || isFailure(b.err) || tooMuch || b.awaited && x.buffered() == 0
}

// buffered gives how much there is that nobody has read yet. While somebody waits
// for more, the buffer is his.
func (x *Exchange) buffered() int {
	if x.body.waits {
		return x.body.held
	}
	return len(x.wire.Buffered())
}

// Body gives the message body.
func (x *Exchange) Body() io.Reader { return (*bodyReader)(x) }

type bodyReader Exchange

// Read reads the body and ends with it.
func (r *bodyReader) Read(p []byte) (int, error) {
	x := (*Exchange)(r)
	x.reading.Lock()
	defer x.reading.Unlock()
	x.touch()
	b := &x.body
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	n, err := x.readBody(p)
	b.stalled = x.wire.OwnRead() && errors.Is(err, os.ErrDeadlineExceeded)
	if err != nil && !b.stalled {
		b.err = err
		x.checkLate(err)
	}
	return n, err
}

func (x *Exchange) readBody(p []byte) (int, error) {
	b := &x.body
	next, err := x.nextContent()
	if err != nil {
		return 0, err
	}
	if b.limited {
		if b.room == 0 || next > b.room && !b.chunked && !b.tunnel {
			return 0, &http1.Error{Status: 413, Explain: "The body is longer than it may be", Rule: "RFC 9110 §15.5.14"}
		}
		next = min(next, b.room)
	}
	n, err := x.readContent(p[:min(int64(len(p)), next)])
	x.took(int64(n))
	if err == io.EOF && !b.tunnel {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// readContent reads what is buffered, or waits for more.
func (x *Exchange) readContent(p []byte) (n int, err error) {
	if len(x.wire.Buffered()) == 0 {
		began := x.await()
		defer func() { x.waited(began, n) }() // where a connection panics, too
	}
	return x.wire.Read(p)
}

// nextContent gives how many bytes of content come next, or io.EOF at the end
// of the body. It reads the framing that stands before them.
func (x *Exchange) nextContent() (int64, error) {
	b := &x.body
	for b.chunked {
		n, fault := b.chunks.Frame(x.wire.Buffered())
		x.wire.Advance(n)
		b.framing += int64(n)
		b.awaited = b.awaited && n == 0
		if fault != nil {
			x.suspect.Store(true)
			return 0, fault
		}
		if b.chunks.Done() || b.chunks.Left() > 0 {
			break
		}
		if err := x.fillBody(); err != nil {
			return 0, err
		}
	}
	switch {
	case b.tunnel:
		return math.MaxInt64, nil
	case b.ended():
		return 0, io.EOF
	case b.chunked:
		return b.chunks.Left(), nil
	}
	return b.left, nil
}

// fillBody waits for more of the body.
func (x *Exchange) fillBody() error {
	began := x.await()
	defer func() { x.waited(began, len(x.wire.Buffered())-x.body.held) }() // where a connection panics, too
	err := x.wire.Fill()
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// took counts n bytes of content.
func (x *Exchange) took(n int64) {
	b := &x.body
	switch {
	case b.chunked:
		b.chunks.Took(n)
	case !b.tunnel:
		b.left -= n
	}
	b.room -= n
	b.awaited = b.awaited && n == 0
}

// await bounds a wait for more of the body that begins now by what is left of the
// progress window. Until waited, who answers meanwhile may ask about the body.
func (x *Exchange) await() (began time.Time) {
	b := &x.body
	if !b.drainBy.IsZero() || x.limits.Progress <= 0 {
		x.wire.ReadBy(b.drainBy)
	} else {
		began = time.Now()
		x.wire.ReadBy(began.Add(x.limits.Progress - b.window.waited))
	}
	b.waits, b.held = true, len(x.wire.Buffered())
	x.reading.Unlock()
	return began
}

// waited counts a wait that has ended, and the n bytes that it brought. A new
// window begins when enough have come; in a tunnel, where each side may have
// little to say, any are.
func (x *Exchange) waited(began time.Time, n int) {
	x.reading.Lock()
	x.body.waits = false
	if began.IsZero() {
		return
	}
	w := &x.body.window
	w.waited += time.Since(began)
	if w.got += int64(n); w.got >= x.limits.Least || x.body.tunnel && n > 0 {
		*w = window{}
	}
}

// drain reads away what is left of the body, so that the connection can go on,
// and reports whether it can. It does so within a bound of bytes, framing
// included, and as long as the client might stand still elsewhere.
func (x *Exchange) drain() bool {
	if !x.touched.Load() {
		return true
	}
	x.reading.Lock()
	defer x.reading.Unlock()
	b := &x.body
	if b.ended() {
		return true
	}
	b.drainBy = time.Time{}
	if x.limits.Progress > 0 {
		b.drainBy = time.Now().Add(x.limits.Progress)
	}
	most := b.framing + x.limits.Drain
	for content := int64(0); b.framing+content <= most; {
		next, err := x.nextContent()
		if err != nil {
			return err == io.EOF
		}
		if len(x.wire.Buffered()) == 0 && x.fillBody() != nil {
			return false
		}
		n := min(next, int64(len(x.wire.Buffered())))
		x.wire.Advance(int(n))
		x.took(n)
		content += n
	}
	return false
}

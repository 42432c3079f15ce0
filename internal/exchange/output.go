package exchange

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"strconv"

	"example.com/httpserver/internal/strict"
	"example.com/httpserver/internal/wire"
)

// ErrContentLength is what a write beyond the announced Content-Length gives.
var ErrContentLength = errors.New("httpserver: more content than the Content-Length that was sent")

// ErrNoEndHeaders is what a write between the head's first line and its end
// gives.
var ErrNoEndHeaders = errors.New("httpserver: content before EndHeaders")

// ErrBesideChunks is what a write to Output gives while the content goes out in
// chunks.
var ErrBesideChunks = errors.New("httpserver: content beside the ChunkedWriter")

// EndHead ends the answer's head. It says first what becomes of the connection
// where the handler did not: a client that can keep it needs to know when it
// cannot, and one of HTTP/1.0 when it can.
func (x *Exchange) EndHead(current, keepAlive bool) {
	a := &x.Answer
	x.persists = x.persists && current
	if current && !a.Interim() && !a.HasConnection() && a.Code() != 101 {
		switch {
		case !keepAlive:
			a.Field("Connection", "close")
		case !x.line.AtLeast(1, 1):
			a.Field("Connection", "keep-alive")
		}
	}
	if a.Code() == 100 {
		x.continued()
	}
	a.End()
	if a.Ended() && (a.Code() == 101 || x.line.Method == "CONNECT" && a.Code()/100 == 2) {
		x.openTunnel()
	}
}

// openTunnel leaves the input to another protocol: whatever comes is for the
// handler, and what has come is no request whose answer this one could wait for.
// It begins behind the request (RFC 9110 §7.8), so what is left of its body is
// read away; where that cannot be done, nothing comes.
func (x *Exchange) openTunnel() {
	if !x.drain() {
		x.suspect.Store(true)
		x.setBody(body{tunnel: true, err: cmp.Or(x.bodyErr(), io.ErrUnexpectedEOF)})
		return
	}
	x.setBody(body{tunnel: true})
	x.pipelined = false
}

// TakeHead gives the lines of the head that were not sent. They are to go
// through Output, as its next bytes, however they get there.
func (x *Exchange) TakeHead() []byte {
	lines := x.Answer.Take()
	x.headSent += len(lines)
	return lines
}

// Replace drops what was begun of an answer, so that another can take its
// place. Where some of it has been sent, it drops what follows instead, and
// reports false.
func (x *Exchange) Replace() bool {
	if x.Answer.Ended() || x.Answer.Partly() || x.unframed || x.taken.Load() {
		x.Answer.Sink()
		x.suspect.Store(true)
		return false
	}
	x.Answer.Reset()
	return true
}

// Tells reports whether Settle tells what is wrong with a write that gave err: that
// the client went away, or that the content is not what was announced.
func (x *Exchange) Tells(err error) bool {
	switch {
	case errors.Is(err, ErrContentLength), errors.Is(err, ErrNoEndHeaders), errors.Is(err, ErrBesideChunks), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	case x.taken.Load():
		return x.wire.Broken() != nil
	}
	return x.wire.WriteErr() != nil
}

// Output takes the head, as TakeHead gave it, and the content of the answer.
func (x *Exchange) Output() *Output { return (*Output)(x) }

// Output is the exchange as its content's writer.
type Output Exchange

// Write sends content. What the answer has no room for is not sent: anything
// where it has no content (HEAD, 204, 304), and what is beyond the announced
// length. A head that waits leaves with it, in the same system call; where
// another request came together with this one, the answer waits for the next,
// to share a system call with it.
func (o *Output) Write(p []byte) (int, error) {
	x := (*Exchange)(o)
	n := len(p)
	if x.headSent > 0 {
		head := p[:min(len(p), x.headSent)]
		x.headSent -= len(head)
		if err := x.wire.Hold(head); err != nil {
			return 0, err
		}
		if p = p[len(head):]; len(p) == 0 {
			return n, nil
		}
	}
	switch {
	case x.Answer.Open():
		x.early = true
		return 0, ErrNoEndHeaders
	case x.Answer.Chunked() && !x.Answer.NoContent():
		x.beside = true
		return 0, ErrBesideChunks
	}
	p, excess := x.admit(p)
	if len(p) > 0 {
		sent, err := len(p), error(nil)
		if x.pipelined {
			err = x.wire.Hold(p)
		} else {
			sent, err = x.wire.Write(p)
		}
		x.Answer.Wrote(int64(sent))
		if err != nil {
			return n - excess - len(p) + sent, err
		}
	}
	if excess > 0 {
		x.excess = true
		return n - excess, ErrContentLength
	}
	return n, nil
}

// WriteString is Write. A short string is copied to memory that stays, a long
// one piece by piece: a client that takes nothing would have all of it held.
func (o *Output) WriteString(s string) (int, error) {
	if len(s) <= maxScratch {
		o.scratch = append(o.scratch[:0], s...)
		return o.Write(o.scratch)
	}
	b := make([]byte, min(len(s), stringPiece))
	for total := 0; ; {
		piece := b[:copy(b, s[total:])]
		n, err := o.Write(piece)
		if total += n; err != nil || total == len(s) {
			return total, err
		}
	}
}

// stringPiece is what WriteString copies of a long string at once.
const stringPiece = 32 * 1024

// maxScratch bounds what WriteString keeps for each connection.
const maxScratch = 1024

// admit cuts p to what may be sent, and tells how much of it is too much to be
// dropped in silence.
func (x *Exchange) admit(p []byte) (rest []byte, excess int) {
	a := &x.Answer
	if !a.Begun() && !a.NoContent() {
		// The handler writes an answer of its own, head and all, or has
		// forgotten its head.
		x.headless = x.headless || !x.unframed && x.line.AtLeast(1, 0) && !bytes.HasPrefix(p, []byte("HTTP/"))
		x.unframed = true
	}
	room := a.Remaining()
	switch {
	case room < 0 || int64(len(p)) <= room:
		return p, 0
	case a.NoContent() || a.Sunk():
		return nil, 0
	}
	return p[:room], len(p) - int(room)
}

// ReadFrom sends content from r until it ends. A file goes out by the system's
// own copy, a small one together with the head.
func (o *Output) ReadFrom(r io.Reader) (int64, error) {
	x := (*Exchange)(o)
	room := x.Answer.Remaining()
	if x.Answer.Sunk() || x.Answer.Ended() && x.Answer.NoContent() {
		return 0, nil // there is no use in reading it
	}
	if x.headSent > 0 || room == 0 || !x.Answer.Ended() || x.Answer.Chunked() {
		return io.Copy(writerOnly{o}, strict.Reader(r))
	}
	limited, isLimited := r.(*io.LimitedReader)
	source, limit := r, int64(-1)
	if isLimited {
		source, limit = limited.R, max(0, limited.N)
	}
	n := limit
	if room >= 0 && (n < 0 || room < n) {
		n = room
	}
	switch source.(type) {
	case *os.File, wire.File:
	default:
		source = r
	}
	sent, err := x.wire.CopyFrom(source, n)
	x.Answer.Wrote(sent)
	if isLimited && source != r {
		limited.N -= sent
	}
	if err == nil && n == room && sent == room && n != limit {
		return sent, o.refuseMore(r)
	}
	return sent, err
}

// refuseMore fails where r goes on beyond the announced length.
func (o *Output) refuseMore(r io.Reader) error {
	var b [1]byte
	n, err := r.Read(b[:])
	if n > 0 {
		o.excess = true
		return ErrContentLength
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// writerOnly hides ReadFrom from io.Copy.
type writerOnly struct{ io.Writer }

// Flush sends what is held back. Where the handler has taken the connection,
// another goroutine may be writing to it, without end perhaps: it is not waited
// for.
func (o *Output) Flush() error {
	x := (*Exchange)(o)
	if x.taken.Load() {
		return x.wire.TryFlush()
	}
	return x.wire.Flush()
}

// WriteChunk sends content as a chunk (RFC 9112 §7.1), which leaves at once.
// Nothing is no chunk, since an empty one would be the last.
func (x *Exchange) WriteChunk(p []byte) error { return x.writeChunk(p, x.last) }

// HoldChunk is WriteChunk for content that the end follows at once: a small chunk
// leaves with that, in one system call, or by itself in a moment.
func (x *Exchange) HoldChunk(p []byte) error { return x.writeChunk(p, x.wire.Hold) }

// writeChunk writes a chunk. end takes the end of one that is not large, and says
// when it leaves.
func (x *Exchange) writeChunk(p []byte, end func([]byte) error) error {
	switch {
	case len(p) == 0 || x.Answer.NoContent() || x.Answer.Sunk():
		return nil
	case x.Answer.Completed():
		x.beside = true
		return ErrBesideChunks
	}
	x.scratch = strconv.AppendInt(x.scratch[:0], int64(len(p)), 16)
	x.scratch = append(x.scratch, "\r\n"...)
	if err := x.wire.Hold(x.scratch); err != nil {
		return err
	}
	if len(p) > smallChunk {
		// What ends the chunk can wait for the next, since the client has all
		// of its content.
		if _, err := x.wire.Write(p); err != nil {
			return err
		}
		x.Answer.Wrote(int64(len(p)))
		return x.wire.Hold(lineEnd)
	}
	if err := x.wire.Hold(p); err != nil {
		return err
	}
	x.Answer.Wrote(int64(len(p)))
	return end(lineEnd)
}

// smallChunk is up to where a chunk is copied, to leave in one write.
const smallChunk = 16 * 1024

var lineEnd = []byte("\r\n")

// EndChunks sends the last chunk and the trailer fields, which are lines.
func (x *Exchange) EndChunks(trailers []byte) error {
	switch {
	case x.Answer.NoContent() || x.Answer.Sunk():
		return nil
	case x.Answer.Completed():
		x.beside = true
		return ErrBesideChunks
	}
	x.scratch = append(x.scratch[:0], "0\r\n"...)
	x.scratch = append(x.scratch, trailers...)
	x.scratch = append(x.scratch, lineEnd...)
	err := x.last(x.scratch)
	if cap(x.scratch) > maxScratch {
		x.scratch = nil
	}
	if err == nil {
		x.Answer.Complete()
	}
	return err
}

// last sends p with all that is held, unless that waits for the next answer.
func (x *Exchange) last(p []byte) error {
	if x.pipelined {
		return x.wire.Hold(p)
	}
	_, err := x.wire.Write(p)
	return err
}

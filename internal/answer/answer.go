// Package answer keeps the books of one answer: the lines of its head until
// they are sent, what that head announces, and how much content may follow
// (RFC 9112 §6).
package answer

import (
	"errors"
	"fmt"
	"strconv"

	"example.com/httpserver/internal/http1"
)

// An Answer is the answer to one request. Reset makes it ready for the next
// one; the zero Answer is ready too.
type Answer struct {
	lines      []byte // head lines that were not taken yet
	state      state
	code       int
	toHEAD     bool
	hasLength  bool
	coded      bool // the head has a Transfer-Encoding
	chunked    bool // and its chunks are made by the library
	complete   bool // the last of them was written
	connection bool // the head has a Connection field
	closes     bool // and one that says "close"
	raw        bool // the head has lines that nobody looked at
	partly     bool // some of the head was sent before its end
	bare       bool // the head has fields and no status line before them
	length     int64
	written    int64
	fault      error
}

type state uint8

const (
	none  state = iota // no status line yet, or only those of interim answers
	begun              // a status line, and the head goes on
	ended              // a final head: content follows
	sunk               // replaced: what the handler still sends is dropped
)

// Reset forgets the answer and keeps its memory, unless that is a lot.
func (a *Answer) Reset() {
	lines := a.lines[:0]
	if cap(lines) > maxKept {
		lines = nil
	}
	*a = Answer{lines: lines}
}

const maxKept = 4096

// Begun reports whether there was a status line of a final answer.
func (a *Answer) Begun() bool { return a.state != none }

// Ended reports whether the head of a final answer has ended.
func (a *Answer) Ended() bool { return a.state >= ended }

// Headless reports whether a head has ended that had no status line. Like
// CPython, it was sent.
func (a *Answer) Headless() bool { return a.state == ended && a.bare }

// Open reports whether a head was begun, by the book, and has not ended.
func (a *Answer) Open() bool { return a.state == begun && !a.raw }

// Sunk reports whether the rest of the answer is to be dropped.
func (a *Answer) Sunk() bool { return a.state == sunk }

// Sink drops whatever follows.
func (a *Answer) Sink() { a.lines, a.state = a.lines[:0], sunk }

// Fault gives the reason why the first line was refused that was, or nil. It
// repeats the line as it is: the log escapes it.
func (a *Answer) Fault() error { return a.fault }

// Forgive forgets the fault. The lines that were refused are not in the head.
func (a *Answer) Forgive() { a.fault = nil }

// Code gives the status code of the last status line, or 0.
func (a *Answer) Code() int { return a.code }

// Begin adds a status line. toHEAD says that the request's method is HEAD. A
// head that was begun before is forgotten if none of it was sent: the handler
// has changed its mind.
//
//	status-line = HTTP-version SP status-code SP [ reason-phrase ]
func (a *Answer) Begin(version string, code int, phrase string, toHEAD bool) {
	switch {
	case a.state == sunk:
		return
	case a.state == none && a.bare:
		a.refuse("a field before the status line (%d %s)", code, phrase)
		return
	case a.state == ended || a.partly:
		a.refuse("a second answer (%d %s) after the first", code, phrase)
		a.Sink()
		return
	case a.state == begun:
		a.Reset()
	}
	switch {
	case code < 100 || code > 999:
		a.refuse("a status code of %d", code)
		return
	case http1.HasControl(version) || http1.HasControl(phrase):
		a.refuse("a control character in the status line \"%s\"", version+" "+strconv.Itoa(code)+" "+phrase)
		return
	}
	a.state, a.code, a.toHEAD, a.written = begun, code, toHEAD, 0
	lines := append(a.lines, version...)
	lines = append(lines, ' ', byte('0'+code/100), byte('0'+code/10%10), byte('0'+code%10), ' ')
	lines = append(lines, phrase...)
	a.lines = append(lines, '\r', '\n')
}

// Field adds a field line. A name that is no token is refused, and a value
// with a line break, a NUL or another control character: the client would read
// more lines than were meant (RFC 9110 §5.5). So is framing that contradicts
// itself.
func (a *Answer) Field(name, value string) {
	kind := kindOf(name)
	switch {
	case kind == noToken:
		a.refuse("the field name \"%s\" is no token", name)
	case http1.HasControl(value):
		a.refuse("a control character in the value of %s: \"%s\"", name, value)
	case a.state == ended:
		a.refuse("the field %s after the end of the head", name)
	case a.state < ended && (kind == plain || a.note(kind, value)):
		a.bare = a.bare || a.state == none && !a.raw
		lines := append(a.lines, name...)
		lines = append(lines, ':', ' ')
		lines = append(lines, value...)
		a.lines = append(lines, '\r', '\n')
	}
}

// A kind is what a field says of the framing, by its name.
type kind uint8

const (
	plain kind = iota // nothing
	connection
	contentLength
	transferEncoding
	noToken // it is no name
)

// kindOf gives the kind of a field. The names that nearly every answer has are
// known as they are usually written.
func kindOf(name string) kind {
	switch name {
	case "Server", "Date", "Content-Type", "Last-Modified":
		return plain
	case "Content-Length":
		return contentLength
	}
	switch {
	case !http1.IsToken(name):
		return noToken
	case http1.EqualName(name, "Connection"):
		return connection
	case http1.EqualName(name, "Content-Length"):
		return contentLength
	case http1.EqualName(name, "Transfer-Encoding"):
		return transferEncoding
	}
	return plain
}

// note reads what a field says of the framing, and reports whether it belongs
// into the head. One that disagrees with the fields before it is refused. In 1xx
// and 204 a Content-Length has no place (RFC 9110 §8.6), nor has a
// Transfer-Encoding (RFC 9112 §6.1): these are left out.
func (a *Answer) note(kind kind, value string) bool {
	switch kind {
	case connection:
		a.connection = true
		a.closes = a.closes || http1.HasToken(value, "close")
	case contentLength:
		if a.unframed() {
			return false
		}
		n, ok := http1.ParseContentLength(value)
		if !ok || a.coded || a.hasLength && n != a.length {
			a.refuse("Content-Length: %s", value)
			return false
		}
		a.hasLength, a.length = true, n
	case transferEncoding:
		if a.unframed() {
			return false
		}
		if a.hasLength {
			a.refuse("Transfer-Encoding beside Content-Length")
			return false
		}
		a.coded = true
	}
	return true
}

// unframed reports whether an answer of this status says nothing of its framing.
func (a *Answer) unframed() bool { return a.code/100 == 1 || a.code == 204 }

// Succeeds reports whether the head, as far as it goes, says that all went well.
// What is raw says what its maker likes.
func (a *Answer) Succeeds() bool {
	return a.state == begun && !a.Interim() && a.code < 400 && !a.raw
}

// MayChunk reports whether an answer of this status may have a
// Transfer-Encoding (RFC 9112 §6.1).
func (a *Answer) MayChunk() bool {
	return a.state == begun && a.code >= 200 && a.code != 204 && a.code != 304
}

// Chunk says that the content goes out in chunks which the library makes. The
// head has to have its Transfer-Encoding; if not, nothing is said.
func (a *Answer) Chunk() { a.chunked = a.coded && a.state == begun && !a.raw }

// Chunked reports whether Chunk was said.
func (a *Answer) Chunked() bool { return a.chunked }

// Complete says that the last chunk was written.
func (a *Answer) Complete() { a.complete = true }

// Completed reports whether Complete was said.
func (a *Answer) Completed() bool { return a.complete }

// Raw adds text to the head as it stands. Nobody looks at it, so the framing
// is unknown from here on.
func (a *Answer) Raw(text string) {
	if a.state < ended {
		a.raw = true
		a.lines = append(a.lines, text...)
	}
}

func (a *Answer) refuse(format string, args ...any) {
	if a.fault == nil {
		a.fault = fmt.Errorf(format, args...)
	}
}

// End adds the empty line. An interim head makes room for the next one.
func (a *Answer) End() {
	if a.state >= ended {
		return
	}
	a.lines = append(a.lines, '\r', '\n')
	if a.Interim() {
		*a = Answer{lines: a.lines, fault: a.fault, raw: a.raw}
		return
	}
	a.state = ended
}

// Take gives the lines of the head that were not taken yet. They are good until
// the next line is added.
func (a *Answer) Take() []byte {
	lines := a.lines
	a.lines = lines[:0]
	a.partly = a.state == begun
	return lines
}

// Partly reports whether some of a head was taken that has not ended.
func (a *Answer) Partly() bool { return a.partly }

// Interim reports whether the head is one that another follows
// (RFC 9110 §15.2). 101 is not: what follows that one is another protocol.
func (a *Answer) Interim() bool { return 100 <= a.code && a.code < 200 && a.code != 101 }

// NoContent reports whether an answer of this status, to this method, has no
// content, whatever the head says (RFC 9112 §6.3).
func (a *Answer) NoContent() bool {
	return a.toHEAD || a.code == 204 || a.code == 304 || a.Interim()
}

// Framed reports whether it is certain that the client can tell where the
// answer ends without the end of the connection. It is not where the handler
// does its own chunks, which nobody checks.
func (a *Answer) Framed() bool {
	return !a.raw && !a.bare && a.code != 101 && (a.NoContent() || a.hasLength || a.chunked)
}

// Closes reports whether the head says that the connection closes.
func (a *Answer) Closes() bool { return a.closes }

// HasConnection reports whether the head has a Connection field of its own.
func (a *Answer) HasConnection() bool { return a.connection }

// Remaining gives how many bytes of content may still be written, or -1 where
// no number was announced.
func (a *Answer) Remaining() int64 {
	switch {
	case a.NoContent() || a.state == sunk:
		return 0
	case a.hasLength && !a.raw:
		return max(0, a.length-a.written)
	}
	return -1
}

// Wrote counts n bytes of content.
func (a *Answer) Wrote(n int64) { a.written += n }

// Short tells what is missing at the end of the answer, or too much of it, or nil.
func (a *Answer) Short() error {
	if a.chunked && !a.complete && !a.NoContent() && a.state == ended {
		return errors.New("the ChunkedWriter was not closed")
	}
	if a.state == ended && a.hasLength && !a.raw && !a.NoContent() && a.written != a.length {
		return fmt.Errorf("Content-Length announced %d bytes and %d were written", a.length, a.written)
	}
	return nil
}

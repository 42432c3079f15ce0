package cgi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"example.com/httpserver/internal/http1"
	"example.com/httpserver/internal/strict"
)

// Output is what a script writes: a header section, unless it is an NPH script, and
// content.
type Output struct {
	r    io.Reader
	buf  []byte
	rest []byte // what buf holds that nobody has taken
	err  error  // why no more comes
}

const (
	smallOutput = 4 * 1024  // most scripts have little to say
	largeOutput = 32 * 1024 // and some a lot
)

// NewOutput gives the Output that r reads.
func NewOutput(r io.Reader) *Output {
	return &Output{r: strict.Reader(r), buf: make([]byte, smallOutput)}
}

// ErrNoHead says that the output has ended before its header section has.
var ErrNoHead = errors.New("the output ended before the header section did")

// ReadHead reads the header section, within bounds. Errors are those of the
// reader, ErrNoHead, and what is wrong with the section.
func (o *Output) ReadHead(bounds http1.Bounds) (*Head, error) {
	scanner := http1.Scanner{Bounds: bounds}
	for {
		n, fault := scanner.Scan(o.rest)
		switch {
		case fault != nil:
			return nil, fmt.Errorf("the header section: %w", fault)
		case n > 0:
			section := string(o.rest[:n])
			o.rest = o.rest[n:]
			return ParseHead(section)
		case o.err == io.EOF:
			return nil, ErrNoHead
		case o.err != nil:
			return nil, o.err
		}
		o.fill()
	}
}

// fill reads more behind rest.
func (o *Output) fill() {
	n := copy(o.buf, o.rest)
	if n == len(o.buf) {
		o.buf = append(o.buf, make([]byte, len(o.buf))...)
	}
	m, err := o.r.Read(o.buf[n:])
	o.rest, o.err = o.buf[:n+m], err
}

// Ended reports whether Next has given the last of the content, for all that is
// known: the end may come without notice.
func (o *Output) Ended() bool { return len(o.rest) == 0 && o.err == io.EOF }

// Next gives the next piece of content, as it was written; it is good until the
// next call. The error is io.EOF behind the last.
func (o *Output) Next() ([]byte, error) {
	if len(o.rest) == 0 && o.err == nil {
		o.fill()
		if len(o.rest) == len(o.buf) && len(o.buf) < largeOutput {
			o.buf = make([]byte, largeOutput) // rest stays where it is
		}
	}
	piece := o.rest
	o.rest = nil
	if len(piece) > 0 {
		return piece, nil
	}
	return nil, o.err
}

// ReadStatus waits for output, and gives the status code of the status line that an
// NPH script begins it with (RFC 3875 §5), or 0. Next gives all of it still. Errors
// are those of the reader and ErrNoHead.
func (o *Output) ReadStatus() (int, error) {
	for len(o.rest) == 0 && o.err == nil {
		o.fill()
	}
	switch {
	case len(o.rest) > 0:
		return statusOf(o.rest), nil
	case o.err == io.EOF:
		return 0, ErrNoHead
	}
	return 0, o.err
}

func statusOf(output []byte) int {
	line, _, _ := bytes.Cut(output, []byte("\n"))
	version, rest, _ := bytes.Cut(line, []byte(" "))
	code, _, _ := bytes.Cut(bytes.TrimRight(rest, "\r"), []byte(" "))
	n, err := strconv.Atoi(string(code))
	if err != nil || len(code) != 3 || !bytes.HasPrefix(version, []byte("HTTP/")) {
		return 0
	}
	return n
}

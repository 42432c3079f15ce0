package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// An answer is what came, read strictly: by RFC 9112, and as a server that counts its
// bytes would write it.
type answer struct {
	version string
	status  int
	reason  string
	fields  []field
	content []byte
	cut     bool // the connection ended before the content did
	closes  bool // it ends behind it

	head, end moment // when the head had come, and all of it
}

type field struct{ name, value string }

// value gives the value of a field, or "".
func (a *answer) value(name string) string {
	for _, f := range a.fields {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

func (a *answer) String() string {
	return fmt.Sprintf("%d %s, %v, %d bytes of content (%.60q)", a.status, a.reason, a.fields, len(a.content), a.content)
}

// maxHead and maxContent bound what an answer may be.
const (
	maxHead    = 8 << 10
	maxContent = 4 * bigSize
)

// errNothing says that a connection ended where an answer could have begun.
var errNothing = errors.New("the connection ended in place of an answer")

// A reader reads answers from a connection.
type reader struct {
	*bufio.Reader
	clock
	memory []byte // for contents: each is good until the next is read
}

// read reads the answer to a request with that method. Interim ones are for whoever
// expects them.
func (r *reader) read(method string) (*answer, error) {
	if _, err := r.Peek(1); err != nil {
		return nil, fmt.Errorf("%w: %w", errNothing, err)
	}
	a, err := r.readHead()
	if err != nil {
		return a, err
	}
	a.head = r.now()
	err = r.readContent(a, method)
	a.end = r.now()
	return a, err
}

// line reads a line that ends with CR LF.
func (r *reader) line() (string, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return "", fmt.Errorf("in a line that begins with %.40q: %w", line, unexpected(err))
	}
	text, ok := strings.CutSuffix(string(line), "\r\n")
	if !ok || strings.ContainsRune(text, '\r') {
		return "", fmt.Errorf("a line that ends in another way: %.80q", line)
	}
	return text, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *reader) readHead() (*answer, error) {
	line, err := r.line()
	if err != nil {
		return nil, err
	}
	a := new(answer)
	var code string
	a.version, line, _ = strings.Cut(line, " ")
	code, a.reason, _ = strings.Cut(line, " ")
	a.status, err = strconv.Atoi(code)
	if err != nil || a.version != "HTTP/1.1" || len(code) != 3 {
		return a, fmt.Errorf("a status line %.80q", a.version+" "+line)
	}
	for size := 0; ; {
		line, err := r.line()
		if err != nil {
			return a, err
		}
		if line == "" {
			return a, nil
		}
		if size += len(line); size > maxHead {
			return a, errors.New("a head without end")
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return a, fmt.Errorf("a field line %.80q", line)
		}
		if a.value(name) != "" {
			return a, fmt.Errorf("%s twice", name)
		}
		a.fields = append(a.fields, field{name, value})
	}
}

// readContent reads the content, by the framing that the head announces.
func (r *reader) readContent(a *answer, method string) error {
	coding, length := a.value("Transfer-Encoding"), a.value("Content-Length")
	a.closes = slices.Contains(strings.Split(a.value("Connection"), ", "), "close")
	r.memory = r.memory[:0]
	switch {
	case coding != "" && (coding != "chunked" || length != ""):
		return fmt.Errorf("coding %q with length %q", coding, length)
	case method == "HEAD" || a.status < 200 || a.status == 204 || a.status == 304:
		return nil
	case coding != "":
		return r.readChunks(a)
	case length == "":
		if !a.closes {
			return errors.New("neither a length nor an end of the connection")
		}
		return r.take(a, maxContent, true)
	}
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || n > maxContent || strconv.Itoa(n) != length {
		return fmt.Errorf("a length of %q", length)
	}
	return r.take(a, n, false)
}

// take reads n bytes of content, or what there is of them.
func (r *reader) take(a *answer, n int, toEnd bool) error {
	from := len(r.memory)
	r.memory = slices.Grow(r.memory, min(n, bigSize))
	for len(r.memory)-from < n {
		if len(r.memory) == cap(r.memory) {
			r.memory = slices.Grow(r.memory, 64<<10)
		}
		space := r.memory[len(r.memory):min(cap(r.memory), from+n)]
		k, err := r.Read(space)
		r.memory = r.memory[:len(r.memory)+k]
		if err != nil {
			a.content = r.memory
			if err == io.EOF {
				a.cut, a.closes = !toEnd, true
				return nil
			}
			return fmt.Errorf("after %d bytes of content: %w", len(r.memory), err)
		}
	}
	a.content = r.memory
	return nil
}

func (r *reader) readChunks(a *answer) error {
	for {
		line, err := r.line()
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(line, 16, 24)
		if err != nil {
			return fmt.Errorf("a chunk of size %.40q", line)
		}
		if size > 0 {
			if err := r.take(a, int(size), false); err != nil {
				return err
			}
			if a.cut {
				return nil
			}
		}
		line, err = r.line()
		switch {
		case err != nil:
			return err
		case line != "":
			return fmt.Errorf("behind a chunk: %.40q", line)
		case size == 0:
			return nil
		case len(r.memory) > maxContent:
			return errors.New("chunks without end")
		}
	}
}

// readEnd reads the end of the connection.
func (r *reader) readEnd() error {
	b, err := r.ReadByte()
	if err == nil {
		rest, _ := r.Peek(min(r.Buffered(), 60))
		return fmt.Errorf("behind the last answer: %q", append([]byte{b}, rest...))
	}
	if err != io.EOF {
		return fmt.Errorf("in place of the end: %w", err)
	}
	return nil
}

package mimetypes

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"example.com/httpserver/internal/pystr"
)

// What a mime.types file may measure. Debian's has lines of 100 bytes, and 70 KB of them.
const (
	maxLine = 64 << 10
	maxFile = 4 << 20
)

// Parse adds the entries of a mime.types file to t; they win over those that are there. A line is a media type and
// the extensions that stand for it, and ends before a word that begins with '#':
//
//	text/html	html htm	# no comment in a word, though: a#b
//
// Extensions count as written, and Guess looks for lower-case ones. A file with a line over 64 KiB, or of more
// than 4 MiB, is an error; the entries before that stay.
//
// Unlike CPython, a file need not be UTF-8.
func (t *Table) Parse(r io.Reader) error {
	if t == &builtin {
		panic("mimetypes: Parse would change the table that all share: Clone it")
	}
	if t.types == nil {
		t.types = map[string]string{}
	}
	limited := &io.LimitedReader{R: r, N: maxFile + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxLine+1)
	lines.Split(scanLine)
	for lines.Scan() {
		if limited.N == 0 {
			return fmt.Errorf("mimetypes: a file of more than %d bytes", maxFile)
		}
		t.parseLine(lines.Text())
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("mimetypes: %w", err)
	}
	return nil
}

// scanLine cuts at CR as well as LF, as Python reads text. A CRLF gives an empty line more, which says nothing.
func scanLine(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if end := bytes.IndexAny(data, "\r\n"); end >= 0 {
		return end + 1, data[:end], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

func (t *Table) parseLine(line string) {
	mediaType := ""
	for word := range strings.FieldsFuncSeq(line, pystr.IsSpace) {
		switch {
		case word[0] == '#':
			return
		case mediaType == "":
			mediaType = word
		default:
			t.types["."+word] = mediaType
		}
	}
}

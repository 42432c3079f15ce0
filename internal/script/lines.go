package script

import (
	"bytes"
	"strconv"
)

const (
	maxLine  = 4096 // bytes of a line
	maxLines = 1000 // lines of a run
)

// lines cuts what a script writes to its standard error into lines.
type lines struct {
	line  []byte // that is not at its end yet, or is cut
	count int    // of those that were not empty
}

// add takes what was read next and tells log of the lines that are complete.
func (l *lines) add(p []byte, log func(string)) {
	for len(p) > 0 {
		part, rest, ended := bytes.Cut(p, []byte{'\n'})
		p = rest
		l.line = append(l.line, part[:min(len(part), maxLine-len(l.line))]...)
		if ended {
			l.flush(log)
		}
	}
}

// end tells log of the last line, if nothing ended it, and how many were left out.
func (l *lines) end(log func(string)) {
	l.flush(log)
	if l.count > maxLines && log != nil {
		log(strconv.Itoa(l.count-maxLines) + " more lines")
	}
	l.count = 0
}

func (l *lines) flush(log func(string)) {
	line := bytes.TrimSuffix(l.line, []byte{'\r'})
	l.line = l.line[:0]
	if len(line) == 0 {
		return
	}
	if l.count++; l.count <= maxLines && log != nil {
		log(string(line))
	}
}

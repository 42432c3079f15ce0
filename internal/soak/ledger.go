package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"sync"
)

// A ledger holds what requests a server was sent, what it answered, and what its log says
// of them.
type ledger struct {
	command bool // the server is the command, which has no handler that echoes

	mu    sync.Mutex
	lines []entry // by the number of the request
	other map[string]int
	wrong []string
}

// An entry is a request: the status of the answer that was read, if one was, and the
// lines in the log.
type entry struct {
	status, logged uint16
	count          uint8
}

func (l *ledger) next() (id int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, entry{})
	return len(l.lines) - 1
}

func (l *ledger) answered(id, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines[id].status = uint16(status)
}

// sent is how many requests there were.
func (l *ledger) sent() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

var (
	logLine = regexp.MustCompile(`^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d\] (.*)$`)
	request = regexp.MustCompile(`^"(?:GET|HEAD|POST) \S*\?id=(\d+) HTTP/1\.[01]" (\d{3}) -$`)
)

// expectedLines are those a log may have beside the ones of requests: of answers that are
// errors, of files that are cut short while they are sent, of scripts that are gone, and of
// clients that go without a word.
var expectedLines = []*regexp.Regexp{
	regexp.MustCompile(`^code (403|404|412|416|502), message [A-Z][\w ]*( \('[^']*'\))?$`),
	regexp.MustCompile(`^CGI script \S+: (.*([nN]o such file|cannot open).*|the output ended before the header section did)$`),
	regexp.MustCompile(`^CGI script exit code (2|-15|-9)$`),
	regexp.MustCompile(`^code 400, message Incomplete request$`),
	regexp.MustCompile(`^"" 400 -$`),
	regexp.MustCompile(`^GET: Content-Length announced \d+ bytes and \d+ were written$`),
	regexp.MustCompile(`^(GET|POST|HEAD|request): .*(connection reset by peer|broken pipe)$`),
}

// lateLine is what a script has to say whose request is over.
var lateLine = regexp.MustCompile(`^httpserver: CGI script /cgi-bin/(echo|hello): (.*cannot open.*|exit code (2|-15|-9))$`)

// read takes in a log from where it left off, and gives where it is now. What is there of
// a line that has not ended is for the next time.
func (l *ledger) read(log *os.File, from int64) (int64, error) {
	buffer := make([]byte, 256<<10)
	for kept := 0; ; {
		n, err := log.ReadAt(buffer[kept:], from+int64(kept))
		text := buffer[:kept+n]
		end := bytes.LastIndexByte(text, '\n') + 1
		for line := range bytes.Lines(text[:end]) {
			l.line(line[:len(line)-1])
		}
		from += int64(end)
		kept = copy(buffer, text[end:])
		switch {
		case err == io.EOF:
			return from, nil
		case err != nil:
			return from, err
		case kept == len(buffer):
			return from, fmt.Errorf("a line of the log has more than %d bytes: %.200q", kept, text)
		}
	}
}

// line takes in a line.
func (l *ledger) line(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	whole := logLine.FindSubmatch(line)
	if whole == nil {
		if lateLine.Match(line) {
			return
		}
		l.fault("a line of the log is no line: %.300q", line)
		return
	}
	if m := request.FindSubmatch(whole[1]); m != nil {
		id, _ := strconv.Atoi(string(m[1]))
		status, _ := strconv.Atoi(string(m[2]))
		if id >= len(l.lines) {
			l.fault("the log has a request that nobody sent: %.300q", line)
			return
		}
		e := &l.lines[id]
		e.logged = uint16(status)
		if e.count++; e.count > 1 {
			l.fault("a request is %d times in the log: %.300q", e.count, line)
		}
		return
	}
	for _, expected := range expectedLines {
		if expected.Match(whole[1]) {
			l.other[expected.String()]++
			return
		}
	}
	l.fault("the log has: %.300q", line)
}

// maxFaults bounds how many faults of a kind are told.
const maxFaults = 20

func (l *ledger) fault(format string, args ...any) {
	if len(l.wrong) < maxFaults {
		l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
	}
}

// close says how the log does not tell what was answered, once it is complete.
func (l *ledger) close() (answered int, faults []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, e := range l.lines {
		if e.status == 0 {
			continue
		}
		answered++
		switch {
		case e.count == 0:
			l.fault("request %d was answered with %d and is not in the log", id, e.status)
		case e.status != e.logged:
			l.fault("request %d was answered with %d, and the log says %d", id, e.status, e.logged)
		}
	}
	return answered, l.wrong
}

package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/httpserver"
)

// A mistake is what a server may do wrong. What is nil is right.
type mistake struct {
	file   func(now, before *memoryFile) *memoryFile // of what was opened, and what was a while ago
	names  bool                                      // directories are as they were a while ago
	get    func(*mistaken)                           // in place of DoGET
	post   func(*mistaken)                           // in place of DoPOST
	copy   func(io.Reader, io.Writer)                // in place of CopyFile
	header func(name, value string) string           // of a value that is sent
	log    func(h *mistaken, code int, size int64)   // in place of LogRequest
	begin  func()
}

// mistakes are servers that TestFinds has run.
var mistakes = map[string]mistake{
	"stale files":       {file: func(_, before *memoryFile) *memoryFile { return before }},
	"old ends of files": {file: oldEnd},
	"a shorter file":    {file: shorter},
	"a flipped bit":     {copy: flipBit},
	"a cut":             {copy: cut},
	"other ranges":      {header: otherRange},
	"one tag":           {header: oneTag},
	"no 304":            {get: forgetful},
	"remembered names":  {names: true},
	"another echo":      {post: func(h *mistaken) { h.RFile = io.MultiReader(strings.NewReader("!"), h.RFile); echo(&h.BaseHandler) }},
	"not logged": {log: func(h *mistaken, code int, size int64) {
		rarely(func() {}, func() { h.SimpleHandler.LogRequest(code, size) })
	}},
	"logged twice": {log: func(h *mistaken, code int, size int64) {
		h.SimpleHandler.LogRequest(code, size)
		h.SimpleHandler.LogRequest(code, size)
	}},
	"another status":       {log: func(h *mistaken, _ int, size int64) { h.SimpleHandler.LogRequest(299, size) }},
	"a panic":              {get: func(h *mistaken) { rarely(func() { panic("oh") }, h.SimpleHandler.DoGET) }},
	"open files":           {get: func(h *mistaken) { hold(os.Open("/dev/null")); h.SimpleHandler.DoGET() }},
	"goroutines":           {get: func(h *mistaken) { go func() { select {} }(); h.SimpleHandler.DoGET() }},
	"memory":               {get: func(h *mistaken) { hold(make([]byte, 20_000), nil); h.SimpleHandler.DoGET() }},
	"no time for the last": {begin: exitAtOnce},
	"deaf":                 {get: func(h *mistaken) { signal.Ignore(syscall.SIGTERM); h.SimpleHandler.DoGET() }},
}

func init() {
	for name, m := range mistakes {
		handlers[name] = func(c config) httpserver.RequestHandler {
			h := &mistaken{mistake: &m}
			h.Directory, h.ProtocolVersion = c.Directory, "HTTP/1.1"
			if m.file != nil || m.names {
				h.Directory, h.FS = "", &mistakenFS{os.DirFS(c.Directory).(dirFS), &m, new(sync.Mutex), map[string]*memoryFile{}, map[string]names{}}
			}
			if m.begin != nil {
				m.begin()
			}
			return h
		}
	}
}

// A mistaken handler makes a mistake.
type mistaken struct {
	httpserver.SimpleHandler
	*mistake
}

func (h *mistaken) DoGET() {
	if h.mistake.get != nil {
		h.mistake.get(h)
		return
	}
	h.SimpleHandler.DoGET()
}

func (h *mistaken) DoPOST() {
	if h.mistake.post != nil {
		h.mistake.post(h)
		return
	}
	echo(&h.BaseHandler)
}

func (h *mistaken) CopyFile(source io.Reader, w io.Writer) {
	if h.mistake.copy != nil {
		h.mistake.copy(source, w)
		return
	}
	h.SimpleHandler.CopyFile(source, w)
}

func (h *mistaken) SendHeader(name, value string) {
	if h.mistake.header != nil {
		value = h.mistake.header(name, value)
	}
	h.SimpleHandler.SendHeader(name, value)
}

func (h *mistaken) LogRequest(code int, size int64) {
	if h.mistake.log != nil {
		h.mistake.log(h, code, size)
		return
	}
	h.SimpleHandler.LogRequest(code, size)
}

var calls atomic.Int64

// rarely does one thing once in a while, and mostly another.
func rarely(one, other func()) {
	if calls.Add(1)%50 == 0 {
		one()
		return
	}
	other()
}

var (
	holding sync.Mutex
	held    []any
)

// hold lets go of nothing.
func hold(v any, _ error) {
	holding.Lock()
	defer holding.Unlock()
	held = append(held, v)
}

// oldEnd has the second half of a file as it was before.
func oldEnd(now, before *memoryFile) *memoryFile {
	if len(now.content) != len(before.content) {
		return now
	}
	n := len(now.content) / 2
	return now.with(append(bytes.Clone(now.content[:n]), before.content[n:]...))
}

func shorter(now, _ *memoryFile) *memoryFile {
	if len(now.content) < 2 {
		return now
	}
	return now.with(now.content[1:])
}

func flipBit(source io.Reader, w io.Writer) {
	content, _ := io.ReadAll(source)
	if n := len(content); n > 0 {
		content[n/3] ^= 1
	}
	w.Write(content)
}

func cut(source io.Reader, w io.Writer) {
	content, _ := io.ReadAll(source)
	w.Write(content[:max(0, len(content)-1)])
}

func otherRange(name, value string) string {
	if from, to, size, err := parseContentRange(value); name == "Content-Range" && err == nil {
		return fmt.Sprintf("bytes %d-%d/%d", from+1, to, size)
	}
	return value
}

func oneTag(name, value string) string {
	if name == "ETag" && value[0] == '"' {
		return `"00000000000000000000000000000000"`
	}
	return value
}

// forgetful forgets the fields of a request.
func forgetful(h *mistaken) {
	h.Headers = httpserver.Headers{}
	h.SimpleHandler.DoGET()
}

func exitAtOnce() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		<-told
		syscall.Exit(0) // os.Exit waits a second for the race detector
	}()
}

// dirFS is what os.DirFS gives.
type dirFS interface {
	fs.StatFS
	fs.ReadDirFS
}

// A mistakenFS is a directory that was read a while ago, or was not.
type mistakenFS struct {
	dirFS
	*mistake
	mu    *sync.Mutex
	files map[string]*memoryFile
	dirs  map[string]names
}

type names struct {
	entries []fs.DirEntry
	read    time.Time
}

// aWhile is for how long something is remembered.
const aWhile = 400 * time.Millisecond

func (m *mistakenFS) Open(name string) (fs.File, error) {
	f, err := m.dirFS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() || info.Size() == bigSize || m.mistake.file == nil {
		return f, err
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	now := &memoryFile{bytes.NewReader(content), content, info, time.Now()}
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.files[name]
	if before == nil || now.read.Sub(before.read) > aWhile {
		before = now
		m.files[name] = now
	}
	return m.mistake.file(now, before.with(before.content)), nil
}

func (m *mistakenFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := m.dirFS.ReadDir(name)
	if err != nil || !m.mistake.names {
		return entries, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.dirs[name].read) > aWhile {
		m.dirs[name] = names{entries, time.Now()}
	}
	return m.dirs[name].entries, nil
}

// A memoryFile is a file that was read.
type memoryFile struct {
	*bytes.Reader
	content []byte
	info    fs.FileInfo
	read    time.Time
}

func (f *memoryFile) Stat() (fs.FileInfo, error) {
	return resized{f.info, int64(len(f.content))}, nil
}

func (f *memoryFile) Close() error { return nil }

// with gives the file, from its beginning on, with another content.
func (f *memoryFile) with(content []byte) *memoryFile {
	return &memoryFile{bytes.NewReader(content), content, f.info, f.read}
}

// A resized file has another size.
type resized struct {
	fs.FileInfo
	size int64
}

func (r resized) Size() int64 { return r.size }

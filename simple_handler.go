package httpserver

import (
	"cmp"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/httpserver/internal/accept"
	"example.com/httpserver/internal/class"
	"example.com/httpserver/internal/dirlist"
	"example.com/httpserver/internal/docroot"
	"example.com/httpserver/internal/http1"
	"example.com/httpserver/internal/httpdate"
	"example.com/httpserver/internal/urlpath"
)

// SimpleHandler answers GET and HEAD with the files of a directory, with its
// index page, or with a listing. It mirrors
// http.server.SimpleHTTPRequestHandler.
//
// Nothing outside Directory is opened, whatever the request says: links that
// lead out are 404, and so is everything that is neither a file nor a
// directory. Its hooks, beyond those of [RequestHandler], are SendHead,
// ListDirectory, TranslatePath, CopyFile and GuessType: define a method of that
// name and signature to override one.
//
// Unlike CPython's, it gives files an entity tag, answers preconditions with 304
// and 412, and ranges with 206 and 416 (RFC 9110 §13, §14).
//
// Its fields are configuration, and may be changed for one connection, or one
// request, by the method that answers it.
type SimpleHandler struct {
	BaseHandler

	// Directory is the directory to serve. If empty, the working directory at
	// the time of a connection's first request. One that is replaced by another
	// is served anew at once.
	Directory string
	// FS is served in place of the disk: an embed.FS, a zip.Reader, an os.Root's.
	// Directory is a name within it then, or empty for all of it, and what leads
	// out of FS is a matter of FS: of an os.DirFS, links do. Ranges need files
	// that are an io.Seeker or an io.ReaderAt. Files without a time of
	// modification get an entity tag from their content, which is read for it
	// once: such an FS must not change. It has to be safe for concurrent use.
	FS fs.FS
	// FollowSymlinks serves links that lead out of Directory too.
	FollowSymlinks bool
	// IndexPages are the files that stand for their directory; the first that
	// exists does. If nil, index.html and index.htm.
	IndexPages []string
	// ExtensionsMap maps an extension, with its dot, to a media type, before
	// any other table does; "" is a name without one. If nil,
	// [DefaultExtensionsMap].
	ExtensionsMap map[string]string
	// MIMETypes guesses the type of what ExtensionsMap does not have. If nil,
	// the built-in table does; the command uses SystemMIMETypes.
	MIMETypes *MIMETypes
	// DefaultContentType is the type of what nobody knows. If empty,
	// "application/octet-stream". It mirrors default_content_type of CPython 3.15.
	DefaultContentType string
	// Charset is added to the types of text that name none: "utf-8" makes
	// "text/html; charset=utf-8". If empty, as in CPython, none is.
	Charset string
	// Precompressed serves x.js.br, x.js.zst or x.js.gz in place of x.js to
	// clients that accept the coding (RFC 9110 §12.5.3), where such a file lies
	// beside it and is not older, to the second.
	Precompressed bool
	// Listing is what a directory without an index page is answered with. If
	// zero, PlainListing.
	Listing Listing
	// HideDotfiles makes names that begin with a dot 404, and leaves them out of
	// listings; below /.well-known/ (RFC 8615) files are served all the same. How
	// Directory itself is called does not matter.
	HideDotfiles bool
	// Fallback is a file below Directory, "index.html" mostly, that answers
	// navigation requests for what is not there, as applications want it that do
	// their own routing in the browser. Requests for scripts, pictures and data
	// stay 404, and so do names with an extension that stands for such a type. A
	// directory without an index page counts as not there. If empty, 404 it is.
	Fallback string
	// ExtraHeaders are sent with files and listings in full, 200 that is, behind
	// CPython's own fields. It mirrors extra_response_headers of CPython 3.15.
	// With 304 and 206 go those among them that RFC 9110 asks for: Cache-Control,
	// Content-Location, Expires and Vary.
	ExtraHeaders []Header
	// AlwaysHeaders are sent with every answer but interim ones: redirects, 206,
	// 304 and errors too, by EndHeaders.
	AlwaysHeaders []Header
	// NoCache sends "Cache-Control: no-store" with every answer.
	NoCache bool
	// CORS says whose pages may read the answers: "*" for anyone, or origins as
	// "https://app.example", with blanks between them. It answers OPTIONS with
	// Allow, and preflights with it. Credentials are never allowed. If empty, as
	// in CPython, nobody may, and OPTIONS is 501.
	CORS string
	// CrossOriginIsolated sends what browsers want to see before they let a page
	// use SharedArrayBuffer: Cross-Origin-Opener-Policy and
	// Cross-Origin-Embedder-Policy.
	CrossOriginIsolated bool

	self             fileHandler
	workingDirectory string
	errorFields      []Header // of the error that is being sent
}

// A Header is a field to send.
type Header struct{ Name, Value string }

// A Listing says what a directory without an index page is answered with.
type Listing int

const (
	// PlainListing is CPython's page, to the byte.
	PlainListing Listing = iota
	// RichListing is a page with sizes and times that can be sorted and, with
	// scripts, filtered; clients that ask for application/json get the same as
	// an array of objects with name, type, size, mtime and href.
	RichListing
	// NoListing is CPython's 404 for directories that may not be read.
	NoListing
)

// A DirEntry is one name in a directory.
type DirEntry struct {
	Name     string    // bytes, of whatever encoding
	Dir      bool      // a directory, at the end of any links
	Link     bool      // a symbolic link
	Size     int64     // of a file, in bytes
	Modified time.Time // zero where nobody knows
}

// A fileHandler is a RequestHandler with the hooks of SimpleHandler.
type fileHandler interface {
	RequestHandler

	// SendHead answers but for the content, which it returns, or nil.
	SendHead() io.ReadCloser
	// ListDirectory answers for a directory without an index page, as SendHead.
	ListDirectory(path string) io.ReadCloser
	// TranslatePath gives the file that a request target stands for.
	TranslatePath(path string) string
	// CopyFile copies the content.
	CopyFile(source io.Reader, outputFile io.Writer)
	// GuessType gives the media type of a file.
	GuessType(path string) string
}

func (h *SimpleHandler) bind(self RequestHandler) {
	h.BaseHandler.bind(self)
	var ok bool
	if h.self, ok = self.(fileHandler); !ok {
		panic("httpserver: " + class.Missing(reflect.TypeOf(self), reflect.TypeFor[fileHandler]()).Error())
	}
}

// VersionString joins ServerVersion, here "SimpleHTTP/" and the module's
// version if empty, and SysVersion.
func (h *SimpleHandler) VersionString() string {
	return h.c.joinVersions(cmp.Or(h.ServerVersion, "SimpleHTTP/"+Version), cmp.Or(h.SysVersion, sysVersion))
}

// DoGET answers with the file, the index page or the listing that the path
// stands for.
func (h *SimpleHandler) DoGET() {
	if f := h.self.SendHead(); f != nil {
		defer f.Close()
		h.self.CopyFile(f, h.WFile)
	}
}

// DoHEAD answers as DoGET would, without the content.
func (h *SimpleHandler) DoHEAD() {
	if f := h.self.SendHead(); f != nil {
		f.Close()
	}
}

// DoOPTIONS answers with the verbs there are, and preflights (Fetch standard,
// "CORS protocol") with what a page of another origin may do. Without CORS it is
// 501, as in CPython.
func (h *SimpleHandler) DoOPTIONS() {
	if h.CORS == "" {
		h.refuseMethod()
		return
	}
	verbs := strings.Join(h.verbs().Names(), ", ")
	h.self.SendResponse(204, "")
	h.self.SendHeader("Allow", verbs)
	if h.Headers.Has("Access-Control-Request-Method") {
		h.self.SendHeader("Access-Control-Allow-Methods", verbs)
		if names := h.Headers.Values("Access-Control-Request-Headers"); names != nil {
			h.self.SendHeader("Access-Control-Allow-Headers", strings.Join(names, ", "))
		}
		h.self.SendHeader("Access-Control-Max-Age", "7200")
	}
	h.self.EndHeaders()
}

// EndHeaders ends the head, after the fields that go with every answer.
func (h *SimpleHandler) EndHeaders() {
	if h.c.Answer.Begun() && !h.c.Answer.Interim() {
		h.sendAlways()
	}
	h.BaseHandler.EndHeaders()
}

// sendAlways sends the fields that go with every answer.
func (h *SimpleHandler) sendAlways() {
	h.sendAll(h.errorFields)
	h.sendAll(h.AlwaysHeaders)
	if h.NoCache {
		h.self.SendHeader("Cache-Control", "no-store")
	}
	if h.CORS != "" {
		h.allowOrigin()
	}
	if h.CrossOriginIsolated {
		h.self.SendHeader("Cross-Origin-Opener-Policy", "same-origin")
		h.self.SendHeader("Cross-Origin-Embedder-Policy", "require-corp")
	}
}

func (h *SimpleHandler) sendAll(fields []Header) {
	for _, f := range fields {
		h.self.SendHeader(f.Name, f.Value)
	}
}

// allowOrigin says which origin's pages may read the answer, and its fields. Where
// all may, pages that are cross-origin isolated may embed it, too.
func (h *SimpleHandler) allowOrigin() {
	if h.CORS == "*" {
		h.self.SendHeader("Access-Control-Allow-Origin", "*")
		h.self.SendHeader("Access-Control-Expose-Headers", "*")
		h.self.SendHeader("Cross-Origin-Resource-Policy", "cross-origin")
		return
	}
	h.self.SendHeader("Vary", "Origin")
	origin := h.Headers.Get("Origin")
	for allowed := range strings.FieldsSeq(h.CORS) {
		if allowed == origin {
			h.self.SendHeader("Access-Control-Allow-Origin", origin)
			h.self.SendHeader("Access-Control-Expose-Headers", "*")
		}
	}
}

// SendHead answers up to the end of the head. It returns the content, which the
// caller copies and closes, or nil where there is nothing more to send: after a
// redirect, a 304 or an error. GET and HEAD both pass it, so an override is the
// place to ask for a password, or to answer some paths in another way.
func (h *SimpleHandler) SendHead() io.ReadCloser {
	path := h.self.TranslatePath(h.Path)
	f, info, err := h.open(path)
	if isDirectory(info) {
		if f != nil {
			f.Close()
		}
		if !urlpath.EndsInSlash(pathOf(h.Path)) {
			h.redirect()
			return nil
		}
		index, failure := h.findIndex(path)
		switch {
		case failure != nil:
			h.refuseFile(failure, "File not found")
			return nil
		case index == "":
			return h.self.ListDirectory(path)
		}
		path = index
		f, info, err = h.open(path)
	}
	if err == nil && (info.IsDir() || strings.HasSuffix(path, "/")) {
		f.Close()
		err = fs.ErrNotExist
	}
	if err != nil {
		h.refuseFile(err, "File not found")
		return nil
	}
	return h.sendFileHead(path, f, info)
}

// refuseFile answers for what cannot be opened: 404, unless it may be there and
// the system has no descriptor left to look.
func (h *SimpleHandler) refuseFile(err error, message string) {
	if accept.IsExhausted(err) {
		h.self.LogError("%v", err)
		h.Server.open.MakeRoom()
		h.self.SendError(503, "", "")
		return
	}
	h.self.SendError(404, message, "")
}

// sendFileHead answers with the head for an open file. It closes the file where
// it does not return it, or a hook panics.
func (h *SimpleHandler) sendFileHead(path string, f *os.File, info fs.FileInfo) (content io.ReadCloser) {
	defer func() {
		if content == nil {
			f.Close()
		}
	}()
	if h.notModified(info.ModTime()) {
		h.self.SendResponse(304, "")
		h.self.EndHeaders()
		return nil
	}
	h.self.SendResponse(200, "")
	h.self.SendHeader("Content-type", h.mediaType(path))
	h.self.SendHeader("Content-Length", strconv.FormatInt(info.Size(), 10))
	h.self.SendHeader("Last-Modified", h.self.DateTimeString(info.ModTime()))
	h.sendAll(h.ExtraHeaders)
	h.self.EndHeaders()
	return &fileContent{io.LimitedReader{R: f, N: info.Size()}, f}
}

// A fileContent is an open file up to the length that was announced.
type fileContent struct {
	io.LimitedReader
	file *os.File
}

// WriteTo lets w take the file itself, which a connection leaves to the system.
func (c *fileContent) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, &c.LimitedReader) }

func (c *fileContent) Close() error { return c.file.Close() }

// notModified reports whether If-Modified-Since says that the client has this
// version (RFC 9110 §13.1.3). Like CPython, If-None-Match turns it off.
func (h *SimpleHandler) notModified(modified time.Time) bool {
	since, ok := h.Headers.lookup("If-Modified-Since")
	if !ok || h.Headers.Has("If-None-Match") {
		return false
	}
	t, ok := httpdate.Parse(since)
	return ok && !modified.Truncate(time.Second).After(t)
}

// redirect answers 301 with the path that ends in a slash: without it, links in
// the directory's pages would be taken relative to its parent.
func (h *SimpleHandler) redirect() {
	scheme, authority, origin, _ := http1.CutAbsolute(h.Path)
	h.self.SendResponse(301, "")
	h.self.SendHeader("Location", scheme+authority+urlpath.Redirect(origin))
	h.self.SendHeader("Content-Length", "0")
	h.self.EndHeaders()
}

// findIndex gives the first index page of a directory that is a regular file,
// whether or not it may be read, or "". It fails where nobody can tell.
func (h *SimpleHandler) findIndex(dir string) (path string, err error) {
	pages := h.IndexPages
	if pages == nil {
		pages = defaultIndexPages
	}
	for _, page := range pages {
		path := join(dir, page)
		info, err := h.stat(path)
		switch {
		case accept.IsExhausted(err):
			return "", err
		case err == nil && info.Mode().IsRegular():
			return path, nil
		}
	}
	return "", nil
}

var defaultIndexPages = []string{"index.html", "index.htm"}

// isDirectory reports whether info, which may be nil, is a directory's.
func isDirectory(info fs.FileInfo) bool { return info != nil && info.IsDir() }

// open opens what TranslatePath gave. A directory that may not be read is an
// error with a FileInfo.
func (h *SimpleHandler) open(path string) (f *os.File, info fs.FileInfo, err error) {
	if root, name, inside := h.locate(path); inside {
		f, info, err = root.Open(name)
	} else {
		f, info, err = docroot.Open(path) // only an override leads here: it is the program's word
	}
	if os.IsPermission(err) {
		info, _ = h.stat(path)
	}
	return f, info, err
}

// stat tells what a path stands for.
func (h *SimpleHandler) stat(path string) (fs.FileInfo, error) {
	if root, name, inside := h.locate(path); inside {
		return root.Stat(name)
	}
	return os.Stat(path)
}

// locate splits a path into the directory and a name below it.
func (h *SimpleHandler) locate(path string) (root *docroot.Root, name string, inside bool) {
	dir := h.directory()
	rest, ok := strings.CutPrefix(path, strings.TrimRightFunc(dir, isSeparator))
	if !ok || rest != "" && !isSeparator(rune(rest[0])) {
		return nil, "", false
	}
	return h.c.rootOf(dir, h.FollowSymlinks), strings.Trim(filepath.ToSlash(rest), "/"), true
}

// isSeparator reports whether r stands between the names of a path.
func isSeparator(r rune) bool { return r < utf8.RuneSelf && os.IsPathSeparator(uint8(r)) }

// join puts a name behind a directory's path, which stays as it is spelled: it
// is by that that locate knows it.
func join(dir, name string) string {
	return strings.TrimRightFunc(dir, isSeparator) + string(os.PathSeparator) + name
}

func (h *SimpleHandler) directory() string {
	if h.Directory != "" {
		return h.Directory
	}
	if h.workingDirectory == "" {
		dir, err := os.Getwd()
		if err != nil {
			dir = "."
		}
		h.workingDirectory = dir
	}
	return h.workingDirectory
}

// ListDirectory answers with a page that links to what a directory holds, or
// with 404 if it cannot be read. path is the directory's. It returns the page
// as SendHead does.
func (h *SimpleHandler) ListDirectory(path string) io.ReadCloser {
	if h.Listing == NoListing {
		h.self.SendError(404, "No permission to list directory", "")
		return nil
	}
	entries, err := h.readDirectory(path)
	if err != nil {
		h.refuseFile(err, "No permission to list directory")
		return nil
	}
	dirlist.Sort(entries)
	page := dirlist.Plain(urlpath.Unquote(pathOf(h.Path)), entries)
	h.self.SendResponse(200, "")
	h.self.SendHeader("Content-type", "text/html; charset=utf-8")
	h.self.SendHeader("Content-Length", strconv.FormatInt(page.Len(), 10))
	h.sendAll(h.ExtraHeaders)
	h.self.EndHeaders()
	return io.NopCloser(page)
}

// readDirectory reads a directory's entries.
func (h *SimpleHandler) readDirectory(path string) ([]dirlist.Entry, error) {
	f, info, err := h.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if !info.IsDir() {
		return nil, fs.ErrInvalid
	}
	found, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	entries := make([]dirlist.Entry, len(found))
	for i, e := range found {
		entries[i] = dirlist.Entry{Name: e.Name(), Dir: e.IsDir(), Link: e.Type()&fs.ModeSymlink != 0}
		if entries[i].Link {
			info, _ := h.stat(join(path, e.Name()))
			entries[i].Dir = isDirectory(info)
		}
	}
	return entries, nil
}

// TranslatePath gives the file that a request target stands for: the path,
// decoded and below Directory, whatever ".." it holds, with a slash at its end
// if it ends in one. Override it to serve other files, comparing with what
// h.SimpleHandler.TranslatePath gives. A result outside of Directory is the
// program's word: it is opened as it stands, and links are followed wherever
// they lead.
//
// Like CPython, query and fragment are cut off, and words that mean something
// to the file system are dropped. Unlike CPython, the path of an absolute-form
// target is looked up without its scheme and host (RFC 9112 §3.2.2).
func (h *SimpleHandler) TranslatePath(path string) string {
	target := pathOf(path)
	file := h.directory()
	if name := urlpath.Local(urlpath.Unquote(target), runtime.GOOS == "windows"); name != "" {
		file = join(file, filepath.FromSlash(name))
	}
	if urlpath.EndsInSlash(target) && !strings.HasSuffix(file, "/") {
		file += "/"
	}
	return file
}

// pathOf gives the path of a request target, "/" for the absolute-form that has none (RFC 9110 §4.2.3).
func pathOf(target string) string {
	_, _, origin, _ := http1.CutAbsolute(target)
	path, _ := urlpath.Cut(origin)
	return path
}

// CopyFile copies source to outputFile. A file that ends early ends the
// connection: the client was told another length.
func (h *SimpleHandler) CopyFile(source io.Reader, outputFile io.Writer) {
	io.Copy(outputFile, source) // what goes wrong shows in the length, or in WFile
}

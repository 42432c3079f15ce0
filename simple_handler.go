package httpserver

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	pathpkg "path"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"example.com/httpserver/internal/accept"
	"example.com/httpserver/internal/class"
	"example.com/httpserver/internal/content"
	"example.com/httpserver/internal/cors"
	"example.com/httpserver/internal/dirlist"
	"example.com/httpserver/internal/docroot"
	"example.com/httpserver/internal/http1"
	"example.com/httpserver/internal/negotiate"
	"example.com/httpserver/internal/urlpath"
)

// SimpleHandler answers GET and HEAD with the files of a directory, with its
// index page, or with a listing. It mirrors
// http.server.SimpleHTTPRequestHandler.
//
// Nothing outside Directory is opened, whatever the request says, unless
// FollowSymlinks is set or an FS leads there: links that lead out are 404, and so
// is everything that is neither a file nor a directory. Its hooks, beyond those of
// [RequestHandler], are SendHead, ListDirectory, TranslatePath, CopyFile and
// GuessType: define a method of that name and signature to override one.
//
// Unlike CPython's, it gives files an entity tag, answers preconditions with 304
// and 412, and ranges with 206 and 416 (RFC 9110 §13, §14).
//
// Its fields are configuration. Each connection has its own: what a method changes
// stays so for the requests that follow on it. The zero value serves the working
// directory as CPython does. Those of BaseHandler, as ProtocolVersion, are promoted:
// set them by assignment.
type SimpleHandler struct {
	BaseHandler

	// Directory is the directory to serve. If empty, the working directory at
	// the time of a connection's first request. If it is replaced by another, that
	// one is served at once.
	Directory string
	// FS is served in place of the disk: an embed.FS, a zip.Reader, an os.Root's.
	// Directory is a name within it then, or empty for all of it, and what leads
	// out of FS is a matter of FS: of an os.DirFS, links do. Ranges need files
	// that are an io.Seeker or an io.ReaderAt, which those of a zip are not. Files
	// without a time of modification, or with one before 1980-01-02 as in
	// reproducible archives, get an entity tag from their content, if they have up
	// to 256 MiB and the FS is of a comparable type or a map. They are read for it
	// once, and again where there are more than 16,384 of them, and must not change.
	// FS has to be safe for concurrent use. One without a Stat method has its files
	// opened to find out what they are: if it wraps an os.DirFS, that waits for the
	// writer of a FIFO. If nil, the disk is served.
	FS fs.FS
	// FollowSymlinks serves links that lead out of Directory too. It does not
	// concern FS.
	FollowSymlinks bool
	// IndexPages are tried, in order, in place of a listing. If nil, index.html
	// and index.htm; if empty, there are none.
	IndexPages []string
	// ExtensionsMap maps an extension, with its dot, to a media type, before
	// any other table does; "" stands for names without one. If nil,
	// [DefaultExtensionsMap]; if empty, there are none.
	ExtensionsMap map[string]string
	// MIMETypes guesses the type of what ExtensionsMap does not have. If nil,
	// the built-in table does; the command uses SystemMIMETypes.
	MIMETypes *MIMETypes
	// DefaultContentType is the type of files whose extension is unknown. If
	// empty, "application/octet-stream". It mirrors default_content_type of
	// CPython 3.15.
	DefaultContentType string
	// Charset is added to the types of text that name none: "utf-8" makes
	// "text/html; charset=utf-8". If empty, as in CPython, none is.
	Charset string
	// Precompressed serves x.js.br, x.js.zst or x.js.gz in place of x.js to
	// clients that accept the coding (RFC 9110 §12.5.3), where such a file lies
	// beside it and is not older, to the second. Sounds, videos and pictures but
	// SVG have no such forms.
	Precompressed bool
	// Listing is what a directory without an index page is answered with. If
	// zero, PlainListing.
	Listing Listing
	// HideDotfiles treats names that begin with a dot as if they were not there:
	// neither served nor listed. A link whose own name has no dot is served, whatever
	// it leads to, and so is what lies below /.well-known/ (RFC 8615). The name of
	// Directory itself does not matter. On Windows, names such as GIT~1 count among
	// them: a file may have such a second name.
	HideDotfiles bool
	// Fallback is a file below Directory, "index.html" mostly, that answers
	// navigation requests for what is not there, as applications need that do
	// their own routing in the browser: requests with "Sec-Fetch-Mode: navigate" or,
	// without that field, with an Accept that names text/html. Others stay 404, and
	// so do names with an extension that stands for another type than a page's. A
	// directory without an index page counts as not there. A Fallback that is not
	// there itself is 404 too, and the log says so. If empty, all of them are 404.
	Fallback string
	// ExtraHeaders are sent with files, whole or in parts, and with listings,
	// behind CPython's own fields. It mirrors extra_response_headers of CPython
	// 3.15. With 304 go those among them that RFC 9110 §15.4.5 asks for:
	// Cache-Control, Content-Location, Expires and Vary.
	ExtraHeaders []HeaderField
	// AlwaysHeaders are sent with every answer but interim ones: redirects, 304 and
	// errors too, by EndHeaders.
	AlwaysHeaders []HeaderField
	// NoCache sends "Cache-Control: no-store" with every answer, beside a
	// Cache-Control that ExtraHeaders or AlwaysHeaders may have. Nothing is kept
	// then that could be asked about with If-None-Match.
	NoCache bool
	// CORS says whose pages may read the answers: "*" for anyone, or origins as
	// "https://app.example", separated by spaces. OPTIONS is then answered with
	// Allow, and preflight requests with what is allowed. Credentials never are. If
	// empty, as in CPython, nobody may, and OPTIONS is 501. Making a server panics
	// where an origin is spelled as no browser does.
	CORS string
	// CrossOriginIsolated sends what browsers want to see before they let a page
	// use SharedArrayBuffer: Cross-Origin-Opener-Policy and
	// Cross-Origin-Embedder-Policy.
	CrossOriginIsolated bool

	self             fileHandler
	workingDirectory string
	errorFields      errorFields
	withhold         func(path string) bool // says what is not for anybody to read; may be nil
}

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
	Name     string    // bytes, of whatever encoding: in a link, "./" + url.PathEscape(Name)
	Dir      bool      // a directory, at the end of any links: its link ends in a slash
	Link     bool      // a symbolic link
	Size     int64     // of a file, in bytes; 0 of a directory, and of a link that leads nowhere
	Modified time.Time // zero where nobody knows
}

// A fileHandler is a RequestHandler with the hooks of SimpleHandler.
type fileHandler interface {
	RequestHandler

	// SendHead sends the head and returns the content, or nil if there is none.
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

// check finds the fields that no answer can be sent with. They would make a 500 of
// each.
func (h *SimpleHandler) check() error {
	for _, f := range slices.Concat(h.ExtraHeaders, h.AlwaysHeaders) {
		switch {
		case !httpguts.ValidHeaderFieldName(f.Name):
			return fmt.Errorf("ExtraHeaders, AlwaysHeaders: %q is no name for a field", f.Name)
		case !httpguts.ValidHeaderFieldValue(f.Value):
			return fmt.Errorf("ExtraHeaders, AlwaysHeaders: %s has a control character in %q", f.Name, f.Value)
		case http1.EqualName(f.Name, "Content-Length") || http1.EqualName(f.Name, "Transfer-Encoding"):
			return fmt.Errorf("ExtraHeaders, AlwaysHeaders: %s is for the library to send", f.Name)
		}
	}
	switch {
	case !httpguts.ValidHeaderFieldValue(h.DefaultContentType):
		return fmt.Errorf("DefaultContentType has a control character: %q", h.DefaultContentType)
	case h.Charset != "" && !httpguts.ValidHeaderFieldName(h.Charset): // both are tokens
		return fmt.Errorf("a Charset that is no token: %q", h.Charset)
	}
	if h.Listing < PlainListing || h.Listing > NoListing {
		return fmt.Errorf("no such Listing: %d", h.Listing)
	}
	return cors.Check(h.CORS)
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

// DoOPTIONS answers with the verbs there are, and preflights with what a page of
// another origin may do. Without CORS it is 501, as in CPython.
func (h *SimpleHandler) DoOPTIONS() {
	if h.CORS == "" {
		h.refuseMethod()
		return
	}
	verbs := strings.Join(h.verbs().Names(), ", ")
	h.self.SendResponse(204, "")
	h.self.SendHeader("Allow", verbs)
	if h.Headers.Has("Access-Control-Request-Method") {
		cors.Preflight(verbs, h.Headers.Values("Access-Control-Request-Headers"), h.self.SendHeader)
	}
	h.self.EndHeaders()
}

// SendHead answers up to the end of the head. It returns the content, which the
// caller copies and closes, or nil where there is nothing more to send: after a
// redirect, a 304 or an error. GET and HEAD both pass it, so an override is the
// place to ask for a password, or to answer some paths in another way.
func (h *SimpleHandler) SendHead() io.ReadCloser {
	path := h.self.TranslatePath(h.Path)
	if index, f, info := h.openKeptIndex(path); f != nil {
		return h.sendFile(index, f, info, "")
	}
	f, info, err := h.open(path)
	if isDirectory(info) {
		if f != nil {
			f.Close()
		}
		if !urlpath.EndsInSlash(urlpath.Of(h.Path)) {
			h.redirect()
			return nil
		}
		index, failure := h.findIndex(path)
		switch {
		case failure != nil:
			h.refuseFile(failure, "File not found")
			return nil
		case index == "" && h.fallsBack(path):
			return h.sendFallback()
		case index == "":
			return h.self.ListDirectory(path)
		}
		path = index
		f, info, err = h.open(path)
	}
	err = onlyFile(path, f, info, err)
	switch {
	case err == nil:
		return h.sendFile(path, f, info, "")
	case !accept.IsExhausted(err) && h.fallsBack(path):
		return h.sendFallback()
	}
	h.refuseFile(err, "File not found")
	return nil
}

// open opens what a path stands for. A file that is not for anybody to read is not
// there.
func (h *SimpleHandler) open(path string) (fs.File, fs.FileInfo, error) {
	f, info, err := h.paths().Open(path)
	if err != nil || h.withhold == nil || info.IsDir() {
		return f, info, err
	}
	keep := false
	defer func() {
		if !keep { // or a hook panics
			f.Close()
		}
	}()
	if h.withhold(path) {
		return nil, nil, fs.ErrNotExist
	}
	keep = true
	return f, info, nil
}

// onlyFile gives the error of an open, and closes again what is no file, or has a
// slash at its end like none.
func onlyFile(path string, f fs.File, info fs.FileInfo, err error) error {
	if err == nil && (info.IsDir() || strings.HasSuffix(path, "/")) {
		f.Close()
		return fs.ErrNotExist
	}
	return err
}

// isDirectory reports whether info, which may be nil, is a directory's.
func isDirectory(info fs.FileInfo) bool { return info != nil && info.IsDir() }

// refuseFile answers for what cannot be opened: 404, unless it may be there and
// the system has no descriptor left to look. Why is logged, where it is neither
// that there is nothing nor that it is not for us.
func (h *SimpleHandler) refuseFile(err error, message string) {
	switch {
	case accept.IsExhausted(err):
		h.self.LogError("%v", err)
		h.Server.makeRoom()
		h.self.SendError(503, "", "")
		return
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, docroot.ErrNotServed):
		h.self.LogError("%v", err)
	}
	h.refuse(404, message, HeaderField{"Vary", h.fallbackVary()})
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
	for _, page := range h.indexPages() {
		path := h.paths().Join(dir, docroot.Cleaned(page))
		info, err := h.paths().Look(path)
		switch {
		case accept.IsExhausted(err):
			return "", err
		case err == nil && info.Mode().IsRegular():
			return path, nil
		}
	}
	return "", nil
}

// openKeptIndex opens the index page of a directory where that is one of the files that
// are kept, so that the directory itself need not be looked at: the page is in it.
func (h *SimpleHandler) openKeptIndex(dir string) (path string, f fs.File, info fs.FileInfo) {
	if !strings.HasSuffix(dir, "/") || !urlpath.EndsInSlash(urlpath.Of(h.Path)) {
		return "", nil, nil
	}
	if path = h.paths().KeptIndex(dir, h.indexPages()); path == "" {
		return "", nil, nil
	}
	f, info, err := h.open(path)
	if err != nil || info.Mode().IsRegular() {
		return path, f, info
	}
	f.Close()
	return "", nil, nil
}

func (h *SimpleHandler) indexPages() []string {
	if h.IndexPages == nil {
		return defaultIndexPages
	}
	return h.IndexPages
}

var defaultIndexPages = []string{"index.html", "index.htm"}

// fallsBack reports whether Fallback answers for path, which is not there.
func (h *SimpleHandler) fallsBack(path string) bool {
	return h.Fallback != "" && h.navigates() && h.mayBePage(path)
}

// fallbackVary gives what decides, where there is a Fallback, how a request is
// answered for what is not there.
func (h *SimpleHandler) fallbackVary() string {
	if h.Fallback == "" {
		return ""
	}
	return "Accept, Sec-Fetch-Mode"
}

// navigates reports whether the request is for a page to show: browsers say so
// (Fetch Metadata), and of other clients those that name HTML.
func (h *SimpleHandler) navigates() bool {
	if mode, ok := h.Headers.lookup("Sec-Fetch-Mode"); ok {
		return mode == "navigate"
	}
	return negotiate.AcceptsByName(h.Headers.Values("Accept"), "text/html")
}

// sendFallback answers with the Fallback.
func (h *SimpleHandler) sendFallback() io.ReadCloser {
	path := h.paths().Join(h.directory(), docroot.Cleaned(h.Fallback))
	f, info, err := h.open(path)
	if err = onlyFile(path, f, info, err); err != nil {
		h.self.LogError("Fallback %s: %v", h.Fallback, err)
		h.refuseFile(err, "File not found")
		return nil
	}
	return h.sendFile(path, f, info, h.fallbackVary())
}

// A representation is an open file and what is said of it (RFC 9110 §3.2).
type representation struct {
	content.Version
	file      fs.File
	seeker    io.ReadSeeker // the same, if it is one
	length    string        // Size in decimal, if it was made before
	mediaType string
	coding    string // the content coding, if it is sent in one
	vary      string // the fields that decided on it, beside the target
}

// sendFile answers with the head for an open file. It closes the file where it
// does not return it, or a hook panics. vary is what decided on the file, beside
// the target.
func (h *SimpleHandler) sendFile(path string, f fs.File, info fs.FileInfo, vary string) (body io.ReadCloser) {
	r := &representation{file: f, vary: vary}
	defer func() {
		if body == nil {
			r.file.Close()
		}
	}()
	h.describe(r, path, info)
	status, ranges := h.evaluate(&r.Version)
	if len(ranges) > 1 && r.coding != "" {
		status, ranges = 200, nil // nobody could tell whether the parts are coded, or all that is around them
	}
	switch {
	case r.Size < 0: // an FS may say anything
		h.self.LogError("%s has a size of %d", path, r.Size)
		h.self.SendError(500, "", "")
		return nil
	case status == 412:
		h.refuse(412, "", HeaderField{"Vary", r.vary})
		return nil
	case status == 416:
		h.refuse(416, "", HeaderField{"Vary", r.vary}, HeaderField{"Content-Range", content.UnsatisfiedRange(r.Size)})
		return nil
	case status == 304:
		h.sendNotModified(r)
		return nil
	case len(ranges) > 1:
		parts := content.NewMultipart(r.seeker, r.mediaType, r.Size, ranges)
		r.mediaType = parts.ContentType()
		h.sendFileHead(206, r, parts.Length(), "")
		return &multipart{parts, r.file}
	case len(ranges) == 1:
		part := ranges[0]
		if _, err := r.seeker.Seek(part.Start, io.SeekStart); err != nil {
			h.self.LogError("%v", err)
			h.self.SendError(500, "", "")
			return nil
		}
		h.sendFileHead(206, r, part.Length, part.ContentRange(r.Size))
		return &fileContent{io.LimitedReader{R: r.seeker, N: part.Length}, r.file}
	}
	h.sendFileHead(200, r, r.Size, "")
	return &fileContent{io.LimitedReader{R: docroot.Reader(r.file), N: r.Size}, r.file}
}

// describe finds out what there is to say of a file, which gives way to its
// compressed form where the client likes that better.
func (h *SimpleHandler) describe(r *representation, path string, info fs.FileInfo) {
	r.mediaType = h.mediaType(path)
	r.coding = contentCoding(path, r.mediaType)
	if h.Precompressed && r.coding == "" && mayShrink(r.mediaType) {
		path, info = h.chooseVariant(r, path, info)
	}
	r.Modified, r.Size = info.ModTime(), info.Size()
	r.seeker, r.Seekable = docroot.Seeker(r.file, info.Size())
	if facts := docroot.FactsOf(r.file); facts != nil {
		r.ETag, r.Settled, r.length = facts.Tag, true, facts.Length
	} else {
		r.ETag, r.Settled = h.Server.hashes.TagOf(h.FS, path, info)
	}
	if r.ETag != "" && r.coding != "" { // it may be another's file, by a link
		r.ETag = strings.TrimSuffix(r.ETag, `"`) + "-" + r.coding + `"`
	}
	if docroot.IsTimeless(h.FS, info) || !hasDate(r.Modified) {
		r.Modified = time.Time{} // there is none, or none that a date can say
	}
}

// hasDate reports whether a date can say a time: its year has four digits.
func hasDate(t time.Time) bool {
	const year1, year10000 = -62_135_596_800, 253_402_300_800
	second := t.Unix()
	return year1 <= second && second < year10000
}

// evaluate asks what the request makes of a version of the file (RFC 9110
// §13.2.2).
func (h *SimpleHandler) evaluate(version *content.Version) (status int, ranges []content.Range) {
	var request content.Request
	for _, field := range h.Headers.fields {
		request.Note(field.Name, field.Value)
	}
	return request.Evaluate(h.Command, version)
}

// sendFileHead sends the head for all of a file, or for length bytes of it, with
// the same fields (RFC 9110 §15.3.7). CPython's come first.
func (h *SimpleHandler) sendFileHead(status int, r *representation, length int64, contentRange string) {
	modified := r.Modified
	if !r.Settled {
		if now := time.Now(); modified.After(now) {
			modified = now // unlike CPython, no date later than Date (RFC 9110 §8.8.2.1)
		}
	}
	size := r.length
	if size == "" || length != r.Size {
		size = strconv.FormatInt(length, 10)
	}
	h.self.SendResponse(status, "")
	h.self.SendHeader("Content-type", r.mediaType)
	h.self.SendHeader("Content-Length", size)
	if !modified.IsZero() {
		h.self.SendHeader("Last-Modified", h.self.DateTimeString(modified))
	}
	h.sendAll(h.ExtraHeaders)
	if r.Seekable {
		h.self.SendHeader("Accept-Ranges", "bytes")
	}
	h.sendSome("ETag", r.ETag)
	h.sendSome("Content-Encoding", r.coding)
	h.sendSome("Vary", r.vary)
	h.sendSome("Content-Range", contentRange)
	h.self.EndHeaders()
}

// sendNotModified tells a client to use what it has, with the fields that RFC 9110
// §15.4.5 asks for: a cache makes them its own.
func (h *SimpleHandler) sendNotModified(r *representation) {
	h.self.SendResponse(304, "")
	h.sendCacheHeaders()
	h.sendSome("ETag", r.ETag)
	h.sendSome("Vary", r.vary)
	h.self.EndHeaders()
}

// A fileContent is an open file up to the length that was announced.
type fileContent struct {
	io.LimitedReader
	file fs.File
}

// WriteTo lets w take the file itself, which a connection leaves to the system.
func (c *fileContent) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, &c.LimitedReader) }

func (c *fileContent) Close() error { return c.file.Close() }

// A multipart is several ranges of an open file.
type multipart struct {
	*content.Multipart
	file fs.File
}

func (m *multipart) Close() error { return m.file.Close() }

// paths gives what finds the files.
func (h *SimpleHandler) paths() docroot.Paths {
	p := docroot.Paths{Directory: h.directory(), FS: h.FS, Hide: h.HideDotfiles}
	switch {
	case h.FS != nil:
	case h.c == nil: // there is no server to keep it
		p.Root = docroot.New(p.Directory, h.FollowSymlinks)
	default:
		p.Root, p.Files = h.c.rootOf(p.Directory, h.FollowSymlinks), &h.c.server.files
	}
	return p
}

// directory gives the Directory, or the name in FS that stands for it.
func (h *SimpleHandler) directory() string {
	if h.FS != nil {
		return pathpkg.Clean(strings.Trim(h.Directory, "/"))
	}
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
// with 404 if it cannot be read; Listing says what kind of page. path is the
// directory's. It returns the page as SendHead does. An override finds what to
// list with ReadDirectory.
func (h *SimpleHandler) ListDirectory(path string) (body io.ReadCloser) {
	if h.Listing == NoListing {
		h.refuseFile(fs.ErrPermission, noListing)
		return nil
	}
	page, mediaType := h.makeListing(path)
	if page == nil {
		return nil
	}
	defer func() {
		if body == nil { // a hook panics
			page.Close()
		}
	}()
	h.self.SendResponse(200, "")
	h.self.SendHeader("Content-type", mediaType)
	h.self.SendHeader("Content-Length", strconv.FormatInt(page.Len(), 10))
	h.sendAll(h.ExtraHeaders)
	if h.Listing == RichListing {
		h.self.SendHeader("Content-Security-Policy", dirlist.ContentSecurityPolicy)
		h.self.SendHeader("Vary", "Accept")
	}
	h.sendSome("Vary", h.fallbackVary())
	h.self.EndHeaders()
	return page
}

const noListing = "No permission to list directory"

// listingPatience is how long a request waits for its turn to list a directory.
const listingPatience = 10 * time.Second

// makeListing makes the page for a directory, or answers that there is none.
func (h *SimpleHandler) makeListing(path string) (*pageContent, string) {
	page, mediaType, err := h.renderListing(path)
	switch {
	case errors.Is(err, errListings), errors.Is(err, errNoTurn):
		h.self.LogError("%v", err)
		h.self.SendError(503, "", "")
	case err != nil:
		h.refuseFile(err, noListing)
	}
	return page, mediaType
}

// Why a directory is not listed that may be listed later.
var (
	errListings = errors.New("too many names wait in listings for their clients")
	errNoTurn   = fmt.Errorf("no turn to list a directory within %v", listingPatience)
)

// renderListing reads a directory and makes the page that the request wants.
func (h *SimpleHandler) renderListing(path string) (page *pageContent, mediaType string, err error) {
	const html, json = "text/html; charset=utf-8", "application/json"
	rich := h.Listing == RichListing
	var end func()
	defer func() {
		if end != nil {
			end() // before anything waits for the client
		}
	}()
	entries, err := h.readDir(path, rich, func(names int) error {
		ok := end != nil || dirlist.Short(names)
		if !ok {
			end, ok = h.Server.listings.Begin(listingPatience)
		}
		if !ok {
			return errNoTurn
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	release, ok := h.Server.listings.Hold(len(entries))
	if !ok {
		dirlist.Return(entries)
		return nil, "", errListings
	}
	title := urlpath.Unquote(urlpath.Of(h.Path))
	if !rich {
		dirlist.Sort(entries)
		return &pageContent{dirlist.Plain(title, entries).Own(), release}, html, nil
	}
	order := dirlist.ParseOrder(urlpath.Query(h.Path))
	order.Sort(entries)
	if negotiate.Media(h.Headers.Values("Accept"), "text/html", json) == json {
		return &pageContent{dirlist.JSON(entries).Own(), release}, json, nil
	}
	isTop := strings.Trim(title, "/") == ""
	return &pageContent{dirlist.Rich(title, entries, order, !isTop).Own(), release}, html, nil
}

// A pageContent is a listing, whose names count until it is closed.
type pageContent struct {
	*dirlist.Page
	release func()
}

func (p *pageContent) Close() error {
	p.release()
	return nil
}

// ReadDirectory gives what a directory holds, in no order. It is for an override of
// ListDirectory, which passes on the path that it was given: a file's, while h.Path
// is the request's. Links that may not be followed are there without size and time,
// and what HideDotfiles hides is not there. Errors are fs.ErrNotExist,
// fs.ErrPermission or the system's.
func (h *SimpleHandler) ReadDirectory(path string) ([]DirEntry, error) {
	found, err := h.readDir(path, true, nil)
	entries := make([]DirEntry, len(found))
	for i, e := range found {
		entries[i] = DirEntry(e)
		entries[i].Name = strings.Clone(e.Name) // which is part of one for many
	}
	dirlist.Return(found)
	return entries, err
}

func (h *SimpleHandler) readDir(path string, stat bool, more docroot.More) ([]dirlist.Entry, error) {
	if h.withhold != nil && h.withhold(path) {
		return nil, fs.ErrPermission
	}
	paths := h.paths()
	if h.c == nil && paths.Root != nil {
		defer paths.Root.Close() // as long as it is open, Windows keeps the directory
	}
	return paths.ReadDir(path, stat, more)
}

// TranslatePath gives the file that a request target stands for: the path,
// decoded and below Directory, whatever ".." it holds, with a slash at its end
// if it ends in one. Override it to serve other files, comparing with what
// h.SimpleHandler.TranslatePath gives. A result that does not begin with Directory
// is the program's word: it is opened as it stands, in FS if there is one, and on
// the disk links are followed wherever they lead.
//
// Like CPython, query and fragment are cut off, and words that mean something
// to the file system are dropped. Unlike CPython, the path of an absolute-form
// target is looked up without its scheme and host (RFC 9112 §3.2.2).
func (h *SimpleHandler) TranslatePath(path string) string {
	target := urlpath.Of(path)
	file := h.directory()
	if name := urlpath.Local(urlpath.Unquote(target), runtime.GOOS == "windows" && h.FS == nil); name != "" {
		file = h.paths().Join(file, name)
	}
	if urlpath.EndsInSlash(target) && !strings.HasSuffix(file, "/") {
		file += "/"
	}
	return file
}

// CopyFile copies source to outputFile. A file that ends early ends the
// connection: the client was told another length.
func (h *SimpleHandler) CopyFile(source io.Reader, outputFile io.Writer) {
	if _, err := io.Copy(outputFile, source); err != nil && !h.c.Tells(err) {
		h.self.LogError("%v", err)
	}
}

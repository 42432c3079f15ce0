package httpserver

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"example.com/httpserver/internal/accept"
	"example.com/httpserver/internal/mimetypes"
	"example.com/httpserver/internal/negotiate"
)

// A MIMETypes guesses media types from names. It mirrors Python's
// mimetypes.MimeTypes. The built-in table is the same on every host; Parse and
// [SystemMIMETypes] add to a copy of it. It may be used by several goroutines
// while none calls Parse.
type MIMETypes struct {
	table *mimetypes.Table
}

// NewMIMETypes gives the built-in types: those of CPython 3.14.
func NewMIMETypes() *MIMETypes { return &MIMETypes{mimetypes.Builtin().Clone()} }

// SystemMIMETypes gives the built-in types and, over them, those of the
// system's mime.types files, the same ones that CPython reads. A file that
// does not exist is no error; the types are usable beside one. The Windows
// registry, which CPython reads too, is left alone: programs that are installed
// there have been known to call JavaScript plain text.
func SystemMIMETypes() (*MIMETypes, error) {
	m := NewMIMETypes()
	var errs []error
	for _, name := range mimetypes.KnownFiles() {
		if err := m.parseFile(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("httpserver: %s: %w", name, err))
		}
	}
	return m, errors.Join(errs...)
}

func (m *MIMETypes) parseFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return m.Parse(f)
}

// Parse adds the types of a mime.types file: lines of a type and the
// extensions, without their dot, that stand for it. Later lines win. It mirrors
// MimeTypes.readfp.
func (m *MIMETypes) Parse(r io.Reader) error { return m.table.Parse(r) }

// GuessType guesses from the extension of a path: the media type, and the
// encoding around it ("gzip" for "x.tar.gz"). Either is "" where it is unknown.
// It mirrors mimetypes.guess_file_type.
func (m *MIMETypes) GuessType(path string) (mediaType, encoding string) {
	return m.table.Guess(path)
}

// builtinTypes is what handlers guess with that have no MIMETypes.
var builtinTypes = MIMETypes{mimetypes.Builtin()}

// DefaultExtensionsMap gives what SimpleHandler uses where ExtensionsMap is
// nil, CPython's, in a map of the caller's own: the types of compressed files.
func DefaultExtensionsMap() map[string]string {
	extensions := map[string]string{}
	for _, ext := range [...]string{".gz", ".Z", ".bz2", ".xz"} {
		extensions[ext], _ = defaultExtension(ext)
	}
	return extensions
}

// defaultExtension looks up what DefaultExtensionsMap has.
func defaultExtension(ext string) (mediaType string, ok bool) {
	switch ext {
	case ".gz":
		return "application/gzip", true
	case ".Z":
		return "application/octet-stream", true
	case ".bz2":
		return "application/x-bzip2", true
	case ".xz":
		return "application/x-xz", true
	}
	return "", false
}

// GuessType gives the media type of a file by the extension of its name:
// ExtensionsMap decides, as written and then in lower case, then MIMETypes,
// then DefaultContentType.
func (h *SimpleHandler) GuessType(path string) string {
	return cmp.Or(h.knownType(path), h.unknownType())
}

// knownType is GuessType, or "".
func (h *SimpleHandler) knownType(path string) string {
	base, ext := mimetypes.SplitExt(path)
	if t, ok := h.extension(ext); ok {
		return t
	}
	if lower := strings.ToLower(ext); lower != ext {
		if t, ok := h.extension(lower); ok {
			return t
		}
	}
	types := h.MIMETypes
	if types == nil {
		types = &builtinTypes
	}
	t, _ := types.table.GuessSplit(base, ext)
	return t
}

// extension looks up what ExtensionsMap has.
func (h *SimpleHandler) extension(ext string) (mediaType string, ok bool) {
	if h.ExtensionsMap == nil {
		return defaultExtension(ext)
	}
	mediaType, ok = h.ExtensionsMap[ext]
	return mediaType, ok
}

// unknownType is the type of what nobody knows.
func (h *SimpleHandler) unknownType() string {
	return cmp.Or(h.DefaultContentType, "application/octet-stream")
}

// mayBePage reports whether a path may be one that an application in the browser
// made up: its extension, if any, stands for no type but a page's.
func (h *SimpleHandler) mayBePage(path string) bool {
	if _, ext := mimetypes.SplitExt(path); ext == "" {
		return true
	}
	t := h.self.GuessType(path)
	return strings.HasPrefix(t, "text/html") || t == h.unknownType() && h.knownType(path) == ""
}

// mediaType is GuessType, with the Charset that text lacks.
func (h *SimpleHandler) mediaType(path string) string {
	t := h.self.GuessType(path)
	if h.Charset != "" && strings.HasPrefix(t, "text/") && !strings.Contains(t, "charset=") {
		t += "; charset=" + h.Charset
	}
	return t
}

// contentCoding gives the content coding of a file whose type is about what is
// in it when it is decoded (RFC 9110 §8.4).
//
// Unlike CPython, which sends .svgz as image/svg+xml and leaves out that it is
// compressed: browsers show nothing then.
func contentCoding(path, mediaType string) string {
	if !strings.HasPrefix(mediaType, "image/svg+xml") {
		return ""
	}
	if _, ext := mimetypes.SplitExt(path); strings.EqualFold(ext, ".svgz") {
		return "gzip"
	}
	return ""
}

// The codings that Precompressed knows, the ones that make files smaller first.
var codings = [...]coding{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}

type coding struct{ name, suffix string }

// mayShrink reports whether compressed forms of a type are worth looking for: not
// where it is compressed already.
func mayShrink(mediaType string) bool {
	kind, name, _ := strings.Cut(mediaType, "/")
	return kind != "audio" && kind != "video" && (kind != "image" || strings.HasPrefix(name, "svg") || name == "bmp")
}

// chooseVariant puts the compressed form of a file that the client likes best in
// its place, if there is one. Where there is any, Accept-Encoding has decided.
func (h *SimpleHandler) chooseVariant(r *representation, path string, original fs.FileInfo) (string, fs.FileInfo) {
	isVariant := func(info fs.FileInfo, err error) bool {
		return err == nil && info.Mode().IsRegular() &&
			!info.ModTime().Truncate(time.Second).Before(original.ModTime().Truncate(time.Second))
	}
	var available []string
	unknown := false
	for _, c := range codings {
		info, err := h.paths().Look(path + c.suffix)
		unknown = unknown || accept.IsExhausted(err)
		if isVariant(info, err) {
			available = append(available, c.name)
		}
	}
	if available == nil && !unknown {
		return path, original
	}
	if r.vary != "" {
		r.vary += ", "
	}
	r.vary += "Accept-Encoding"
	best := negotiate.Encoding(h.Headers.Values("Accept-Encoding"), available)
	for _, c := range codings {
		if c.name != best {
			continue
		}
		f, info, err := h.open(path + c.suffix)
		if isVariant(info, err) {
			r.file.Close()
			r.file, r.coding = f, c.name
			return path + c.suffix, info
		}
		if err == nil {
			f.Close()
		}
	}
	return path, original
}

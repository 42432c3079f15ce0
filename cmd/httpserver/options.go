package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/net/http/httpguts"

	"example.com/httpserver"
	"example.com/httpserver/cmd/httpserver/internal/argparse"
	"example.com/httpserver/internal/cors"
	"example.com/httpserver/internal/docroot"
)

// options are what the command line sets.
type options struct {
	cgi       bool
	port      int
	bind      string
	directory string
	protocol  string

	headers       []httpserver.HeaderField
	alwaysHeaders []httpserver.HeaderField
	contentType   string
	charset       string
	listing       httpserver.Listing
	spa           string
	precompressed bool
	noCache       bool
	cors          string
	isolated      bool
	follow        bool
	hideDotfiles  bool

	maybePort string // the value that a header has taken in a word of its own, if it looks like a port
}

const defaultPort = 8000

func defaultOptions() options {
	return options{port: defaultPort, bind: allInterfaces, directory: here, protocol: "HTTP/1.0"}
}

// listings are the values of --listing.
var listings = []string{
	httpserver.PlainListing: "plain",
	httpserver.RichListing:  "rich",
	httpserver.NoListing:    "none",
}

// newParser makes the parser that sets o. CPython's options come first, then those that CPython does not have.
func newParser(o *options) *argparse.Parser {
	p := argparse.New("httpserver", columns())
	p.Add("--cgi", "", "run as CGI server", argparse.True(&o.cgi))
	p.Add("-b --bind", "ADDRESS", "bind to this address (default: all interfaces)", argparse.Text(&o.bind))
	p.Add("-d --directory", "DIRECTORY", "serve this directory (default: current directory)", argparse.Text(&o.directory))
	p.Add("-p --protocol", "VERSION", "conform to this HTTP version (default: HTTP/1.0)", argparse.OneOf(&o.protocol, "HTTP/1.0", "HTTP/1.1"))
	p.Add("-H --header", "HEADER [VALUE]", "add 'Name: value' to files and listings (repeatable)", header(o, &o.headers)).While(nameAlone)
	p.Add("--content-type", "TYPE", "type of unknown extensions (default: application/octet-stream)", contentType(&o.contentType))

	p.Add("--always-header", "HEADER [VALUE]", "add 'Name: value' to every answer (repeatable)", header(o, &o.alwaysHeaders)).While(nameAlone)
	p.Add("--charset", "NAME", "name this charset in the types of text files", charset(&o.charset))
	p.Add("--listing", argparse.Braced(listings...), "how to list directories (default: plain)", listing(&o.listing))
	p.Add("--no-listing", "", "list no directories, as --listing none", argparse.Const("none", listing(&o.listing)))
	p.Add("--spa", "[FILE]", "serve this file, or index.html, for missing pages", argparse.Const("index.html", fileName(&o.spa)))
	p.Add("--precompressed", "", "serve x.br, x.zst or x.gz for x where accepted", argparse.True(&o.precompressed))
	p.Add("--no-cache", "", "tell clients to store nothing", argparse.True(&o.noCache))
	p.Add("--cors", "[ORIGIN]", "let pages of this origin, or of any, read answers", argparse.Const("*", policy(&o.cors)))
	p.Add("--coop-coep", "", "isolate pages, for SharedArrayBuffer", argparse.True(&o.isolated))
	p.Add("--follow-symlinks", "", "serve links that lead out of the directory", argparse.True(&o.follow))
	p.Add("--hide-dotfiles", "", "neither serve nor list names that begin with a dot", argparse.True(&o.hideDotfiles))
	p.Add("-V --version", "", "show program's version number and exit", p.Print("httpserver "+httpserver.Version))
	p.Add("port", "", "bind to this port (default: 8000)", argparse.Int(&o.port, 0, 65535))
	return p
}

// handler makes the handler that the options describe.
func (o *options) handler(directory string, types *httpserver.MIMETypes) httpserver.RequestHandler {
	if o.cgi {
		h := new(httpserver.CGIHandler)
		o.configure(&h.SimpleHandler, directory, types)
		return h
	}
	h := new(httpserver.SimpleHandler)
	o.configure(h, directory, types)
	return h
}

// configure sets the fields of a handler of files.
func (o *options) configure(h *httpserver.SimpleHandler, directory string, types *httpserver.MIMETypes) {
	h.ProtocolVersion = o.protocol
	h.Directory = directory
	h.FollowSymlinks = o.follow
	h.MIMETypes = types
	h.DefaultContentType = o.contentType
	h.Charset = o.charset
	h.Precompressed = o.precompressed
	h.Listing = o.listing
	h.HideDotfiles = o.hideDotfiles
	h.Fallback = o.spa
	h.ExtraHeaders = o.headers
	h.AlwaysHeaders = o.alwaysHeaders
	h.NoCache = o.noCache
	h.CORS = o.cors
	h.CrossOriginIsolated = o.isolated
}

// warn tells of a value that may have been meant as the port, which then is the default one.
func (o *options) warn(stderr io.Writer) {
	if o.maybePort != "" && o.port == defaultPort {
		complain(stderr, fmt.Errorf("%s is the value of a header; a port goes before it, as in: httpserver %[1]s -H NAME VALUE", o.maybePort))
	}
}

// nameAlone reports whether what -H has taken is a name, to which the next word is the value.
func nameAlone(taken []string) bool { return !strings.Contains(taken[0], ":") }

// header adds a header that is given as "Name: value", or in two words.
//
// Unlike CPython, which refuses names that are missing and takes whatever else there is, we want what can stand in a
// head. The fields that frame an answer are the server's: it would refuse its own answers with two of them.
func header(o *options, dst *[]httpserver.HeaderField) func([]string) error {
	return func(words []string) error {
		if len(words) == 2 && len(words[1]) >= len("1024") && isPort(words[1]) {
			o.maybePort = words[1]
		}
		text := strings.Join(words, ": ")
		name, value, ok := strings.Cut(text, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok:
			//lint:ignore ST1005 as CPython words it
			return fmt.Errorf("Header %s must be of the form Header: value", argparse.Quote(text))
		case name == "":
			//lint:ignore ST1005 as CPython words it
			return fmt.Errorf("Header %s must have a non-empty name", argparse.Quote(text))
		case !httpguts.ValidHeaderFieldName(name):
			return errors.New("invalid header name: " + argparse.Quote(name))
		case !httpguts.ValidHeaderFieldValue(value):
			return errors.New("invalid header value: " + argparse.Quote(value))
		case strings.EqualFold(name, "Content-Length"), strings.EqualFold(name, "Transfer-Encoding"):
			return fmt.Errorf("invalid header name: %s (the server sends its own)", argparse.Quote(name))
		}
		*dst = append(*dst, httpserver.HeaderField{Name: name, Value: value})
		return nil
	}
}

// contentType stores what can be the value of Content-Type.
func contentType(dst *string) func([]string) error {
	return func(values []string) error {
		if strings.TrimSpace(values[0]) == "" || !httpguts.ValidHeaderFieldValue(values[0]) {
			return errors.New("invalid content type: " + argparse.Quote(values[0]))
		}
		*dst = values[0]
		return nil
	}
}

// charset stores what can be the value of the parameter charset without quotes, a token (RFC 9110 §5.6.6).
func charset(dst *string) func([]string) error {
	return func(values []string) error {
		if !httpguts.ValidHeaderFieldName(values[0]) {
			return errors.New("invalid charset: " + argparse.Quote(values[0]))
		}
		*dst = values[0]
		return nil
	}
}

// listing stores one of the listings.
func listing(dst *httpserver.Listing) func([]string) error {
	var name string
	choose := argparse.OneOf(&name, listings...)
	return func(values []string) error {
		if err := choose(values); err != nil {
			return err
		}
		*dst = httpserver.Listing(slices.Index(listings, name))
		return nil
	}
}

// fileName stores the name of a file. One that is empty would turn off what it is for.
func fileName(dst *string) func([]string) error {
	return func(values []string) error {
		if values[0] == "" {
			return errors.New("invalid file name: ''")
		}
		*dst = values[0]
		return nil
	}
}

// policy stores "*", or origins, as browsers spell them.
func policy(dst *string) func([]string) error {
	return func(values []string) error {
		text, err := cors.ParsePolicy(values[0])
		switch {
		case err != nil && isPort(values[0]):
			return fmt.Errorf("invalid origin: %s (if that is the port, write it first: %s --cors)", argparse.Quote(values[0]), values[0])
		case err != nil:
			return err
		}
		*dst = text
		return nil
	}
}

// here is the current directory.
const here = "."

// root gives the directory to serve. Like CPython, the current one is found by its name from now on, whatever takes
// its place.
//
// Unlike CPython, which would answer 404 to everything, we want it to be there from the start.
func (o *options) root() (directory string, err error) {
	directory = o.directory
	if directory == here {
		if directory, err = os.Getwd(); err != nil {
			return "", fmt.Errorf("cannot serve the current directory: %w", cause(err))
		}
	}
	info, err := os.Stat(directory)
	if err == nil && !info.IsDir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return "", fmt.Errorf("cannot serve %q: %w", directory, cause(err))
	}
	return directory, nil
}

// checkSPA wants the file of --spa to be there and to be served, and makes its name one with slashes below the
// directory.
func (o *options) checkSPA(directory string) error {
	if o.spa == "" {
		return nil
	}
	given := o.spa
	o.spa = path.Clean(filepath.ToSlash(given))
	if err := o.checkFile(directory, o.spa); err != nil {
		return fmt.Errorf("cannot serve %q for --spa: %w%s", given, cause(err), spaAdvice(err, given))
	}
	return nil
}

// checkFile opens a file below a directory, as the server will.
func (o *options) checkFile(directory, name string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return errors.New("not below the directory")
	}
	paths := docroot.Paths{Directory: directory, Root: docroot.New(directory, o.follow), Hide: o.hideDotfiles}
	defer paths.Root.Close()
	file := paths.Join(directory, name)
	f, info, err := paths.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return whyNotThere(paths, file)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if info.IsDir() {
		return &fs.PathError{Op: "open", Path: name, Err: syscall.EISDIR}
	}
	return nil
}

// whyNotThere gives the reason for which the server does not find a file.
func whyNotThere(paths docroot.Paths, file string) error {
	if paths.Hide {
		paths.Hide = false
		if _, err := paths.Stat(file); err == nil {
			return errHidden
		}
	}
	if _, err := os.Stat(file); err != nil {
		return err
	}
	return errLeadsOut
}

var (
	errHidden   = errors.New("hidden by --hide-dotfiles")
	errLeadsOut = errors.New("a link that leads out of the directory")
)

// spaAdvice tells what to do about a file that --spa cannot have.
func spaAdvice(err error, given string) string {
	switch {
	case errors.Is(err, errHidden):
		return ""
	case errors.Is(err, errLeadsOut):
		return " (--follow-symlinks serves those)"
	case isPort(given):
		return " (if that is the port, write it first: " + given + " --spa)"
	}
	return " (--spa FILE is a name below the directory that is served)"
}

// isPort reports whether a value was meant to be the port: an option whose value may be left out has taken it.
func isPort(value string) bool {
	n, ok := argparse.ParseInt(value)
	return ok && 0 <= n && n <= 65535
}

package cgi

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/httpserver/internal/http1"
)

// A Request is what the meta-variables are made of. Paths are decoded, and an
// empty string is something unknown.
type Request struct {
	Method   string // REQUEST_METHOD
	Protocol string // SERVER_PROTOCOL, as "HTTP/1.1"
	URI      string // REQUEST_URI: the request target, as sent
	Host     string // HTTP_HOST, in place of the field where the target names another host (RFC 9112 §3.2.2)

	ScriptName     string // SCRIPT_NAME
	PathInfo       string // PATH_INFO
	PathTranslated string // PATH_TRANSLATED, which only goes with a PATH_INFO
	ScriptFilename string // SCRIPT_FILENAME: the script's file
	DocumentRoot   string // DOCUMENT_ROOT
	Query          string // QUERY_STRING, not decoded

	Software   string // SERVER_SOFTWARE
	ServerName string // SERVER_NAME; an IPv6 address in brackets
	ServerAddr string // SERVER_ADDR
	ServerPort string // SERVER_PORT
	RemoteAddr string // REMOTE_ADDR, and REMOTE_HOST
	RemotePort string // REMOTE_PORT

	AuthType   string // AUTH_TYPE
	RemoteUser string // REMOTE_USER

	HTTPS         bool          // HTTPS and REQUEST_SCHEME
	ContentLength int64         // CONTENT_LENGTH; negative where there is no body
	Fields        []http1.Field // CONTENT_TYPE and HTTP_*
	Authorization bool          // HTTP_AUTHORIZATION is wanted too
}

// Environ gives a script's environment: "NAME=value", in the order of names,
// each once.
//
// It begins empty. Of the server's own environment, which lookup reads, it gets
// what programs need to find others, their libraries and their language, and
// nothing else: the rest may be the server's secrets. Then come the
// meta-variables, and then own, which win: "NAME=value", or "NAME" for the
// server's. On Windows (goos) names are the same in either case.
//
// What holds a NUL cannot be passed on; it is left out, or empty where a script
// is promised the variable.
func (r *Request) Environ(own []string, lookup func(string) (string, bool), goos string) []string {
	e := environ{goos: goos, vars: make([]variable, 0, 64+len(r.Fields)+len(own))}
	e.passOn(lookup)
	e.addMeta(r)
	e.addFields(r)
	for _, entry := range own {
		name, value, ok := strings.Cut(entry, "=")
		if !ok {
			value, ok = lookup(name)
		}
		if ok && name != "" {
			e.add(name, value)
		}
	}
	return e.format()
}

// CheckEnv finds what is wrong with the variables that a script is to be given
// by Environ.
func CheckEnv(own []string) error {
	for _, entry := range own {
		switch name, _, _ := strings.Cut(entry, "="); {
		case name == "":
			return fmt.Errorf("%q names no variable", entry)
		case strings.Contains(entry, "\x00"):
			return fmt.Errorf("%q holds a NUL, which no variable can", entry)
		}
	}
	return nil
}

// environ gathers variables. Of those with the same name the last one counts,
// or all of them where they are field lines.
type environ struct {
	goos string
	vars []variable
}

type variable struct {
	name  string
	value string
	field bool // the value of one field line
}

func (e *environ) add(name, value string) { e.addVariable(variable{name: name, value: value}) }

// addIf is add for what may be left out if it is empty.
func (e *environ) addIf(name, value string) {
	if value != "" {
		e.add(name, value)
	}
}

func (e *environ) addVariable(v variable) {
	if strings.IndexByte(v.name, 0) < 0 && strings.IndexByte(v.value, 0) < 0 {
		e.vars = append(e.vars, v)
	}
}

// passedOn are the variables of the server's that scripts get too.
var passedOn = []string{"PATH", "TZ",
	"LANG", "LANGUAGE", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME"}

// passedOnUnix are those of Unix: where temporary files go, and where the
// loader looks for libraries, by the names of several systems.
var passedOnUnix = []string{"TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH"}

// passedOnWindows are those without which programs do not start there, or find
// no place for temporary files.
var passedOnWindows = []string{"SystemRoot", "SystemDrive", "ComSpec", "PATHEXT", "TEMP", "TMP", "WINDIR"}

// defaultPath is where scripts on Unix look for programs if the server has not
// been told: many shells would take a list of their own, and other programs none.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

func (e *environ) passOn(lookup func(string) (string, bool)) {
	names := passedOnWindows
	if e.goos != "windows" {
		names = passedOnUnix
		e.add("PATH", defaultPath)
	}
	for _, names := range [][]string{passedOn, names} {
		for _, name := range names {
			if value, ok := lookup(name); ok {
				e.add(name, value)
			}
		}
	}
}

// addMeta adds the meta-variables of RFC 3875 §4.1 that are made of no field,
// and those beside them that servers agree on.
//
// Like CPython, some are there even if they are empty, since scripts read them
// without asking; to the RFC that is the same. REMOTE_IDENT (§4.1.10) is not:
// nobody asks for that any more.
func (e *environ) addMeta(r *Request) {
	length := ""
	if r.ContentLength >= 0 {
		length = strconv.FormatInt(r.ContentLength, 10)
	}
	for _, name := range promised {
		e.add(name, "")
	}
	e.addIf("AUTH_TYPE", r.AuthType)      // §4.1.1
	e.add("CONTENT_LENGTH", length)       // §4.1.2
	e.add("GATEWAY_INTERFACE", "CGI/1.1") // §4.1.4
	e.add("PATH_INFO", r.PathInfo)        // §4.1.5
	e.add("QUERY_STRING", r.Query)        // §4.1.7
	e.add("REMOTE_ADDR", r.RemoteAddr)    // §4.1.8
	e.add("REMOTE_HOST", r.RemoteAddr)    // §4.1.9: the address stands in for a name that nobody has looked up
	e.addIf("REMOTE_USER", r.RemoteUser)  // §4.1.11
	e.add("REQUEST_METHOD", r.Method)     // §4.1.12
	e.add("SCRIPT_NAME", r.ScriptName)    // §4.1.13
	e.add("SERVER_NAME", r.ServerName)    // §4.1.14
	e.add("SERVER_PORT", r.ServerPort)    // §4.1.15
	e.add("SERVER_PROTOCOL", r.Protocol)  // §4.1.16
	e.add("SERVER_SOFTWARE", r.Software)  // §4.1.17
	if r.PathInfo != "" && strings.IndexByte(r.PathInfo, 0) < 0 {
		e.addIf("PATH_TRANSLATED", r.PathTranslated) // §4.1.6
	}

	scheme := "http"
	if r.HTTPS {
		scheme = "https"
		e.add("HTTPS", "on")
	}
	e.addIf("DOCUMENT_ROOT", r.DocumentRoot)
	e.add("REDIRECT_STATUS", "200") // without it, PHP does not run
	e.addIf("REMOTE_PORT", r.RemotePort)
	e.add("REQUEST_SCHEME", scheme)
	e.add("REQUEST_URI", r.URI)
	e.addIf("SCRIPT_FILENAME", r.ScriptFilename)
	e.addIf("SERVER_ADDR", r.ServerAddr)
}

// promised are the variables that are there in every case.
var promised = []string{"CONTENT_LENGTH", "HTTP_ACCEPT", "HTTP_COOKIE", "HTTP_REFERER", "HTTP_USER_AGENT",
	"PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REMOTE_HOST", "REQUEST_METHOD", "REQUEST_URI", "SCRIPT_NAME",
	"SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE"}

// addFields adds the variables that are made of fields (RFC 3875 §4.1.3,
// §4.1.18).
func (e *environ) addFields(r *Request) {
	size := 0
	for _, f := range r.Fields {
		size += len("HTTP_") + len(f.Name)
	}
	var names strings.Builder // of all of them
	names.Grow(size)
	contentType := false
	for _, f := range r.Fields {
		begin := names.Len()
		if !writeName(&names, f.Name) {
			continue
		}
		switch name := names.String()[begin:]; name {
		case "HTTP_CONTENT_TYPE":
			// Like CPython, the first one counts: this is no list.
			if !contentType {
				e.add("CONTENT_TYPE", f.Value)
			}
			contentType = true
		case "HTTP_AUTHORIZATION":
			if r.Authorization {
				e.addVariable(variable{name, f.Value, true})
			}
		case "HTTP_HOST":
			if r.Host == "" {
				e.addVariable(variable{name, f.Value, true})
			}
		case "HTTP_COOKIE":
			if f.Value != "" { // like CPython
				e.addVariable(variable{name, f.Value, true})
			}
		case "HTTP_CONTENT_LENGTH": // CONTENT_LENGTH has what is true
		case "HTTP_PROXY": // programs take it for the proxy that they are to use (CVE-2016-5385)
		case "HTTP_PROXY_AUTHORIZATION":
		case "HTTP_CONNECTION", "HTTP_KEEP_ALIVE", "HTTP_PROXY_CONNECTION", "HTTP_TE", "HTTP_TRAILER", "HTTP_TRANSFER_ENCODING", "HTTP_UPGRADE":
			// These are about the connection, which is the server's.
		default:
			e.addVariable(variable{name, f.Value, true})
		}
	}
	e.addIf("HTTP_HOST", r.Host)
}

// writeName writes the meta-variable's name for a field's. There is none for
// fields with other than letters, digits and hyphens: "X_User" would have the
// name of "X-User", which a proxy may have set and taken care that no client does.
func writeName(b *strings.Builder, name string) bool {
	if name == "" {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isAlnum(c) && c != '-' {
			return false
		}
	}
	b.WriteString("HTTP_")
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '-':
			c = '_'
		case c >= 'a':
			c -= 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return true
}

// format gives the variables in order.
func (e *environ) format() []string {
	size := 0
	sorted := make([]int, 0, 128) // places in vars: those are cheaper to move
	for i := range e.vars {
		size += len(e.vars[i].name) + len(e.vars[i].value) + 3
		sorted = append(sorted, i)
	}
	compare := strings.Compare
	if e.goos == "windows" {
		compare = func(a, b string) int { return strings.Compare(strings.ToUpper(a), strings.ToUpper(b)) }
	}
	slices.SortFunc(sorted, func(i, j int) int {
		return cmp.Or(compare(e.vars[i].name, e.vars[j].name), i-j)
	})
	var b strings.Builder // of all of them
	b.Grow(size)
	env := make([]string, 0, len(e.vars))
	for group := sorted; len(group) > 0; {
		n := 1
		for n < len(group) && compare(e.vars[group[0]].name, e.vars[group[n]].name) == 0 {
			n++
		}
		begin := b.Len()
		e.writeVariable(&b, group[:n])
		env = append(env, b.String()[begin:])
		group = group[n:]
	}
	return env
}

// writeVariable writes the one variable of several with the same name, which are
// at these places. Field
// lines are one list (RFC 9110 §5.3), for which CPython's separator is a comma
// alone; but Cookie is a list of its own kind (RFC 6265 §4.2.1).
func (e *environ) writeVariable(b *strings.Builder, group []int) {
	last := &e.vars[group[len(group)-1]]
	b.WriteString(last.name)
	b.WriteByte('=')
	if !last.field {
		b.WriteString(last.value)
		return
	}
	separator := ","
	if last.name == "HTTP_COOKIE" {
		separator = "; "
	}
	first := true
	for _, i := range group {
		v := &e.vars[i]
		if !v.field {
			continue
		}
		if !first {
			b.WriteString(separator)
		}
		b.WriteString(v.value)
		first = false
	}
}

//go:build unix

package httpserver_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// field gives the values of a request's field.
func (c variablesCase) field(name string) (values []string) {
	head, _, _ := strings.Cut(c.request, "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if n, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			values = append(values, strings.Trim(value, " \t"))
		}
	}
	return values
}

// target gives the request target.
func (c variablesCase) target() string { return strings.Fields(c.request)[1] }

// refuse makes v what is seen of an answer that no script gave.
func (v variables) refuse(status string) {
	clear(v)
	v["(status)"] = status
}

// refused reports whether no script has run.
func (v variables) refused() bool { return v["(status)"] != "" }

// setFields sets the variables of fields that the request has.
func (v variables) setFields(c variablesCase, names ...string) {
	for _, name := range names {
		if values := c.field(name); values != nil && !v.refused() {
			v["HTTP_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = strings.Join(values, ", ")
		}
	}
}

// unset takes variables away.
func (v variables) unset(names ...string) {
	for _, name := range names {
		delete(v, name)
	}
}

// either stands between two values of which a script sees one.
const either = "\x00"

// seenAs reports whether a script has seen what it was to see.
func (v variables) seenAs(want variables) bool {
	return maps.EqualFunc(v, want, func(got, want string) bool {
		return got == want || strings.Contains(want, either) && slices.Contains(strings.Split(want, either), got)
	})
}

// normalTargets are the targets that lighttpd puts into a form of its own first.
var normalTargets = map[string]string{
	"a bad escape":                 "?a%25zz",
	"markup":                       "?a=%3C'%22%7B%7D%5E%5C%7C%60%3E",
	"escapes in lower case":        "?a=%C3%A9~",
	"an option that is escaped":    "?-s",
	"a slash in a path":            "/a/b",
	"a fragment":                   "/a",
	"two slashes in a path":        "/a/b",
	"two slashes first":            "/a",
	"dots in a path":               "/a/c",
	"dots that are escaped":        "/b",
	"dots at the end":              "/",
	"dots behind the script":       "",
	"an escape in the name":        "",
	"slashes in the name":          "",
	"dots in the name":             "",
	"an escaped slash in the name": "",
}

var (
	unclean      = regexp.MustCompile(`^[^?]*(//|/\.\.?(/|$))`)
	escapedSlash = regexp.MustCompile(`^/cgi-bin%2F`)
)

// variablesRows are the rows of README.md. The order matters where one concerns what another has made.
var variablesRows = []variablesRow{
	{"line breaks and bytes that are not UTF-8 in a path; `%00` and raw bytes in a query", "400", asOurs, "taken", "names are bytes, and queries are the script's to read",
		func(v variables, c variablesCase, _ string) {
			target := c.target()
			if !utf8.ValidString(target) || strings.Contains(target, "%FF") || strings.Contains(target, "%0A") || strings.Contains(target, "?a%00b") {
				v.refuse("400")
			}
		}},
	{"`%00` in a path", "400", "500", "404", "no file has such a name",
		func(v variables, c variablesCase, peer string) {
			if strings.HasSuffix(c.target(), "/a%00b") {
				v.refuse(map[string]string{lighttpdPeer: "400", netHTTPPeer: "500"}[peer])
			}
		}},
	{"a target with a host, and another in `Host`", "400", asOurs, "`Host` does not count", "RFC 9112 §3.2.2",
		func(v variables, c variablesCase, _ string) {
			if strings.HasPrefix(c.target(), "http:") {
				v.refuse("400")
			}
		}},
	{"dots and empty segments in a path", asOurs, "307, by ServeMux; escaped ones are kept", "resolved, escaped or not, as for files", "one path has one meaning",
		func(v variables, c variablesCase, _ string) {
			switch target := c.target(); {
			case unclean.MatchString(target) && !strings.HasPrefix(target, "http:"):
				v.refuse("307")
			case strings.Contains(target, "%2E"):
				v["PATH_INFO"] = "/a/../b"
			}
		}},
	{"`%2F` in front of a script's name", asOurs, "404, by ServeMux", "a slash", "so it is in http.server",
		func(v variables, c variablesCase, _ string) {
			if escapedSlash.MatchString(c.target()) {
				v.refuse("404")
			}
		}},
	{"a body in chunks", asOurs, "400", "the script gets it whole, and its length", "HTTP/1.1 has it: RFC 9112 §6",
		func(v variables, c variablesCase, _ string) {
			if c.field("Transfer-Encoding") != nil {
				v.refuse("400")
			}
		}},
	{"GET with a body", "400", asOurs, "as with any method", "the script may know what it is for: RFC 3875 §4.2",
		func(v variables, c variablesCase, _ string) {
			if v["REQUEST_METHOD"] == "GET" && v["(input)"] != "" {
				v.refuse("400")
			}
		}},
	{"POST without a length", "411", asOurs, "a body of nothing", "RFC 9112 §6.3",
		func(v variables, c variablesCase, _ string) {
			if v["REQUEST_METHOD"] == "POST" && c.field("Content-Length") == nil && c.field("Transfer-Encoding") == nil {
				v.refuse("411")
			}
		}},
	{"`Content-Type` twice", "400", asOurs, "the first counts", "so it does in http.server",
		func(v variables, c variablesCase, _ string) {
			if len(c.field("Content-Type")) > 1 {
				v.refuse("400")
			}
		}},
	{"the form of a target", "put into one of its own, which `REDIRECT_URI` tells", "`REQUEST_URI` is, bytes and fragments escaped", "`QUERY_STRING` and `REQUEST_URI` are as sent, but for `//` at the beginning, which is `/`; a fragment is left out of `PATH_INFO`", "RFC 3875 §4.1.7",
		func(v variables, c variablesCase, peer string) {
			normal, ok := normalTargets[c.name]
			_, query, isQuery := strings.Cut(normal, "?")
			switch {
			case v.refused():
			case peer == netHTTPPeer && strings.Contains(c.target(), "#"):
				v["PATH_INFO"], v["REQUEST_URI"] = "/a#b", "/cgi-bin/variables.cgi/a%23b"
			case peer == netHTTPPeer:
				v["REQUEST_URI"] = strings.ReplaceAll(v["REQUEST_URI"], "/\xff", "/%FF")
			case ok && isQuery:
				v["QUERY_STRING"] = query
				fallthrough
			case ok:
				v["REDIRECT_URI"] = "/cgi-bin/variables.cgi" + normal
				v["REQUEST_URI"] = c.target()
			}
		}},
	{"a query without `=`", "no arguments", "no arguments", "its words, decoded and with backslashes for a shell, are the script's arguments; there are none where one begins with `-`, is empty or cannot be decoded", "RFC 3875 §4.4, §7.2; options are the server's to give",
		func(v variables, _ variablesCase, _ string) {
			if !v.refused() {
				v["(arguments)"] = "[]"
			}
		}},
	{"the script's own name among its arguments", "its path", "its path", "its last word", "so it is in http.server",
		func(v variables, _ variablesCase, _ string) {
			if !v.refused() {
				v["(argv[0])"] = v["SCRIPT_FILENAME"]
			}
		}},
	{"`CONTENT_LENGTH` without a body", "0", "unset, and where it is 0 too", "empty", "there is none: RFC 3875 §4.1.2",
		func(v variables, _ variablesCase, peer string) {
			switch {
			case v["CONTENT_LENGTH"] != "" && v["CONTENT_LENGTH"] != "0" || v.refused():
			case peer == lighttpdPeer:
				v["CONTENT_LENGTH"] = "0"
			default:
				v.unset("CONTENT_LENGTH")
			}
		}},
	{"`PATH_INFO`, `HTTP_ACCEPT`, `HTTP_COOKIE`, `HTTP_REFERER`, `HTTP_USER_AGENT` that the request does not have", "unset", "unset, but for `PATH_INFO`", "empty", "scripts for http.server read them without asking, and empty is as good as unset: RFC 3875 §4.1",
		func(v variables, _ variablesCase, peer string) {
			maps.DeleteFunc(v, func(name, value string) bool {
				return value == "" && (name == "PATH_INFO" && peer == lighttpdPeer || name == "HTTP_ACCEPT" || name == "HTTP_COOKIE" || name == "HTTP_REFERER" || name == "HTTP_USER_AGENT")
			})
		}},
	{"`REMOTE_HOST`", "unset", asOurs, "the address", "RFC 3875 §4.1.9",
		func(v variables, _ variablesCase, _ string) { v.unset("REMOTE_HOST") }},
	{"`PATH_TRANSLATED`", asOurs, "unset", "set where `PATH_INFO` is", "RFC 3875 §4.1.6",
		func(v variables, _ variablesCase, _ string) { v.unset("PATH_TRANSLATED") }},
	{"`DOCUMENT_ROOT`, `REDIRECT_STATUS`, `REQUEST_SCHEME`, `SERVER_ADDR`", asOurs, "unset", "set", "PHP and others ask for them",
		func(v variables, _ variablesCase, _ string) {
			v.unset("DOCUMENT_ROOT", "REDIRECT_STATUS", "REQUEST_SCHEME", "SERVER_ADDR")
		}},
	{"`PATH`; `LANG`, `TZ` and their like", "unset", "`PATH` alone", "the server's", "programs look for others, and write in a language",
		func(v variables, _ variablesCase, peer string) {
			v.unset("LANG")
			if peer == lighttpdPeer {
				v.unset("PATH")
			}
		}},
	{"`SERVER_PROTOCOL`", asOurs, "always HTTP/1.1", "the request's", "RFC 3875 §4.1.16",
		func(v variables, _ variablesCase, _ string) {
			if !v.refused() {
				v["SERVER_PROTOCOL"] = "HTTP/1.1"
			}
		}},
	{"`SERVER_PORT`", asOurs, "`Host` has it, or else it is 80", "the one that the request has come to", "RFC 3875 §4.1.15",
		func(v variables, _ variablesCase, _ string) {
			if !v.refused() {
				v["SERVER_PORT"] = "80"
				if strings.HasSuffix(v["HTTP_HOST"], ":81") {
					v["SERVER_PORT"] = "81"
				}
			}
		}},
	{"`SERVER_NAME`, where there is no `Host`", "empty", "empty, and `HTTP_HOST` too", "the server's own name", "RFC 3875 §4.1.14",
		func(v variables, c variablesCase, peer string) {
			if c.field("Host") == nil && !v.refused() {
				v["SERVER_NAME"] = ""
				if peer == netHTTPPeer {
					v["HTTP_HOST"] = ""
				}
			}
		}},
	{"the form of `Host`", "in small letters, without a dot or an empty port at its end", "IPv6 has brackets only where there is no port", "as sent", "RFC 3875 §4.1.14, §4.1.18",
		func(v variables, _ variablesCase, peer string) {
			switch {
			case peer == netHTTPPeer && v["HTTP_HOST"] == "[::1]:81":
				v["SERVER_NAME"] = "::1"
			case peer == lighttpdPeer && v["HTTP_HOST"] != "":
				v["HTTP_HOST"] = strings.TrimRight(strings.ToLower(v["HTTP_HOST"]), ".:")
				v["SERVER_NAME"] = strings.TrimRight(strings.ToLower(v["SERVER_NAME"]), ".:")
			}
		}},
	{"a field in several lines", "joined by a comma and a blank", "joined by a comma and a blank", "joined by a comma", "so it is in http.server",
		func(v variables, _ variablesCase, _ string) {
			for _, name := range []string{"HTTP_X_A", "HTTP_ACCEPT"} {
				if value, ok := v[name]; ok {
					v[name] = strings.ReplaceAll(value, ",", ", ")
				}
			}
		}},
	{"a field that is empty", "unset", asOurs, "empty", "it was sent",
		func(v variables, _ variablesCase, _ string) {
			if v["HTTP_X_A"] == "" {
				v.unset("HTTP_X_A")
			}
		}},
	{"`X_A: b`, and other names than of letters, digits and hyphens", "as `X-A`, if that is not there", "as `X-A`, if chance has it where both are there; `HTTP_X!A`", "left out", "whoever vouches for `X-A`, as a proxy does, knows nothing of them: RFC 3875 §4.1.18 has one variable for both",
		func(v variables, c variablesCase, peer string) {
			underscore, odd, dot := c.field("X_A"), c.field("X!A"), c.field("X.B")
			switch {
			case v.refused():
			case odd != nil && peer == lighttpdPeer:
				v["HTTP_X_A"], v["HTTP_X_B"] = odd[0], dot[0]
			case odd != nil:
				v["HTTP_X!A"], v["HTTP_X.B"] = odd[0], dot[0]
			case underscore == nil:
			case v["HTTP_X_A"] == "":
				v["HTTP_X_A"] = underscore[0]
			case peer == netHTTPPeer: // it is a map that decides
				v["HTTP_X_A"] += either + underscore[0]
			}
		}},
	{"`Connection`, `Keep-Alive`, `Proxy-Connection`, `TE`, `Trailer`, `Upgrade`", "are variables, but for `Upgrade`", "are variables", "left out", "they are about the connection, which is the server's: RFC 3875 §4.1.18",
		func(v variables, c variablesCase, peer string) {
			v.setFields(c, "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer")
			if peer == netHTTPPeer {
				v.setFields(c, "Upgrade")
			}
		}},
	{"`Expect`", "left out", asOurs, "a variable", "as other fields are",
		func(v variables, _ variablesCase, _ string) { v.unset("HTTP_EXPECT") }},
	{"`HTTP_CONTENT_LENGTH`, `HTTP_CONTENT_TYPE`", "the first", "both", "left out", "without `HTTP_` they are there: RFC 3875 §4.1.18",
		func(v variables, c variablesCase, peer string) {
			v.setFields(c, "Content-Length")
			if peer == netHTTPPeer {
				v.setFields(c, "Content-Type")
			}
		}},
	{"`Authorization`, `Proxy-Authorization`", "are variables", "are variables", "left out; the first is there with `CGIPassAuthorization`", "passwords are not for every script: RFC 3875 §4.1.18",
		func(v variables, c variablesCase, _ string) { v.setFields(c, "Authorization", "Proxy-Authorization") }},
}

package http1

import (
	"net/netip"
	"strings"

	"example.com/httpserver/internal/pyrepr"
)

// checkTarget holds the two forms of a request target that are not for every
// method to those which they are for (RFC 9112 §3.2): authority-form belongs to
// CONNECT, and asterisk-form to OPTIONS.
//
//	request-target = origin-form / absolute-form / authority-form / asterisk-form
//
// Like CPython, a word of no form is taken for a path, though it does not begin
// with a slash, and bytes that no URI holds for themselves: what they name, if
// anything, is for the handler to say.
func checkTarget(method, target string) *Error {
	explain := ""
	switch {
	case method == "CONNECT":
		if !isAuthority(target) {
			explain = "The target of CONNECT is a host and a port"
		}
	case isAuthority(target):
		explain = "A host and a port are a target for CONNECT alone"
	case target == "*" && !takesAsterisk(method):
		explain = "The target * is for OPTIONS"
	}
	if explain == "" {
		return nil
	}
	return &Error{Status: 400, Message: "Bad request target (" + pyrepr.Quote(target) + ")", Explain: explain, Rule: "RFC 9112 §3.2"}
}

// takesAsterisk reports whether * may be a method's target. Of the methods
// that RFC 9110 and RFC 5789 define it is OPTIONS' alone; others have rules of
// their own, as "M-SEARCH *" of UPnP.
func takesAsterisk(method string) bool {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "PATCH":
		return false
	}
	return true
}

// isAuthority reports whether s is an authority-form target (RFC 9112 §3.2.3).
//
//	authority-form = uri-host ":" port
func isAuthority(s string) bool {
	if s[0] == '/' {
		return false
	}
	colon := strings.LastIndexByte(s, ':')
	return colon >= 0 && isDigits(s[colon+1:]) && ValidHost(s)
}

// CutAbsolute takes an absolute-form target apart (RFC 9112 §3.2.2): the
// scheme with its "://", the authority, and what an origin-form target for the
// same resource would be. ok is false for a target of any other form, and for
// one of a scheme that is not ours.
//
//	absolute-form = absolute-URI, here ( "http" / "https" ) "://" authority path-abempty [ "?" query ]
func CutAbsolute(target string) (scheme, authority, origin string, ok bool) {
	if strings.HasPrefix(target, "/") {
		return "", "", target, false
	}
	i := strings.Index(target, "://")
	if i < 0 || !EqualName(target[:i], "http") && !EqualName(target[:i], "https") {
		return "", "", target, false
	}
	i += len("://")
	end := strings.IndexAny(target[i:], "/?#")
	if end < 0 {
		return target[:i], target[i:], "/", true
	}
	origin = target[i+end:]
	if origin[0] != '/' {
		origin = "/" + origin
	}
	return target[:i], target[i : i+end], origin, true
}

// ValidHost reports whether s is what Host may hold (RFC 9110 §7.2): a host
// that is not empty (§4.2.1 refuses that one) and a port, if there is one.
//
//	Host = uri-host [ ":" port ]
func ValidHost(s string) bool {
	host := 0
	for host < len(s) && isNameChar(s[host]) {
		host++
	}
	switch {
	case host == len(s):
		return s != ""
	case host > 0 && s[host] == ':':
		return isPort(s[host+1:])
	}
	return validHost(s)
}

// validHost is ValidHost of a host that may be of another kind than a name
// without percent-encoding.
func validHost(s string) bool {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		host, port = s[:i], s[i+1:]
	}
	if !isPort(port) {
		return false
	}
	if literal, ok := strings.CutPrefix(host, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		return ok && isIPLiteral(literal)
	}
	return isRegName(host)
}

// isPort reports whether s is a port, or nothing, as may stand for it.
func isPort(s string) bool {
	if len(s) > 5 {
		return false
	}
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}

// isIPLiteral follows RFC 3986 §3.2.2, which has no zones.
//
//	IP-literal = "[" ( IPv6address / IPvFuture  ) "]"
//	IPvFuture  = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
func isIPLiteral(s string) bool {
	if s != "" && lower(s[0]) == 'v' {
		version, address, _ := strings.Cut(s[1:], ".")
		return all(version, isHex) && all(address, func(c byte) bool { return c == ':' || isNameChar(c) })
	}
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is6() && ip.Zone() == ""
}

// isRegName follows RFC 3986 §3.2.2, but a name has at least one character.
//
//	reg-name = *( unreserved / pct-encoded / sub-delims )
func isRegName(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 2
		} else if !isNameChar(s[i]) {
			return false
		}
	}
	return s != ""
}

// all reports whether s has a byte, and every one is as ok says.
func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool { return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'z' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'f' }

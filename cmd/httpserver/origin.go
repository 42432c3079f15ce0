package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"example.com/httpserver/cmd/httpserver/internal/argparse"
)

// origins stores "*", or origins with blanks between them, as browsers spell them.
func origins(dst *string) func([]string) error {
	return func(values []string) error {
		given := strings.Fields(values[0])
		if len(given) == 1 && given[0] == "*" {
			*dst = "*"
			return nil
		}
		spelled := make([]string, len(given))
		for i, origin := range given {
			s, ok := spellOrigin(origin)
			if !ok {
				return fmt.Errorf("invalid origin: %s (%s)", argparse.Quote(origin), originAdvice(origin))
			}
			spelled[i] = s
		}
		if len(spelled) == 0 {
			return fmt.Errorf("invalid origin: %s (%s)", argparse.Quote(values[0]), originAdvice(values[0]))
		}
		*dst = strings.Join(spelled, " ")
		return nil
	}
}

func originAdvice(origin string) string {
	if isPort(origin) {
		return "if that is the port, write it first: " + origin + " --cors"
	}
	return "it is scheme://host[:port] or null; --cors without one is for any"
}

// spellOrigin gives an origin as browsers send it, since it is compared byte by byte: in lower case, and without the
// port that its scheme implies (RFC 6454 §6.2).
//
//	serialized-origin = scheme "://" host [ ":" port ]
func spellOrigin(s string) (origin string, ok bool) {
	if s == "null" {
		return s, true
	}
	scheme, authority, ok := strings.Cut(strings.ToLower(s), "://")
	if !ok || !isScheme(scheme) {
		return "", false
	}
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		n, err := strconv.ParseUint(authority[i+1:], 10, 16)
		if err != nil {
			return "", false
		}
		if host = authority[:i]; int(n) != defaultPorts[scheme] {
			port = ":" + strconv.FormatUint(n, 10)
		}
	}
	if bracketed, ok := strings.CutPrefix(host, "["); ok {
		ip, err := netip.ParseAddr(strings.TrimSuffix(bracketed, "]"))
		if err != nil || !ip.Is6() || ip.Zone() != "" || !strings.HasSuffix(host, "]") {
			return "", false
		}
		host = "[" + ip.String() + "]"
	} else if host == "" || strings.Trim(host, lower+digit+"-._") != "" {
		return "", false
	}
	return scheme + "://" + host + port, true
}

var defaultPorts = map[string]int{"http": 80, "https": 443}

const (
	lower = "abcdefghijklmnopqrstuvwxyz"
	digit = "0123456789"
)

// isScheme reports whether s, in lower case, is
//
//	scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
//
// (RFC 3986 §3.1).
func isScheme(s string) bool {
	return s != "" && strings.IndexByte(lower, s[0]) >= 0 && strings.Trim(s, lower+digit+"+-.") == ""
}

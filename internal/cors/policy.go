package cors

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ParsePolicy gives a policy as Send takes it: Anyone, or origins as browsers
// spell them, with a blank between them. The error names the word that is wrong.
//
//	policy = "*" / origin *( 1*WSP origin )
func ParsePolicy(text string) (policy string, err error) {
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return "", errors.New("no origin: it is scheme://host[:port] or null, or * for any")
	case len(words) == 1 && words[0] == Anyone:
		return Anyone, nil
	}
	for i, word := range words {
		if word == Anyone {
			return "", errors.New("invalid origin: \"*\" is for any, and has no other beside it")
		}
		var ok bool
		if words[i], ok = spellOrigin(word); !ok {
			return "", fmt.Errorf("invalid origin: %q is not scheme://host[:port] or null", word)
		}
	}
	return strings.Join(words, " "), nil
}

// Check tells what is wrong with a policy that did not come from ParsePolicy. None
// at all, "", is fine.
func Check(policy string) error {
	if policy == "" {
		return nil
	}
	spelled, err := ParsePolicy(policy)
	if err == nil && spelled != policy {
		err = fmt.Errorf("browsers spell it %q", spelled)
	}
	if err != nil {
		return fmt.Errorf("CORS is %q: %w", policy, err)
	}
	return nil
}

// spellOrigin gives an origin as browsers send it, since it is compared byte by
// byte: in lower case, and without the port that its scheme implies (RFC 6454
// §6.2).
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
		host = "[" + spellIPv6(ip) + "]"
	} else if host == "" || strings.Trim(host, lower+digit+"-._") != "" {
		return "", false
	}
	return scheme + "://" + host + port, true
}

// spellIPv6 gives an address as the URL standard has it, where nothing in it is
// written as IPv4.
func spellIPv6(ip netip.Addr) string {
	if !ip.Is4In6() {
		return ip.String()
	}
	b := ip.As4()
	return fmt.Sprintf("::ffff:%x:%x", uint(b[0])<<8|uint(b[1]), uint(b[2])<<8|uint(b[3]))
}

// A scheme that is not here implies port 0, which nobody has.
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

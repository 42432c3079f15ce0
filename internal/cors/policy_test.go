package cors

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestParsePolicy(t *testing.T) {
	const form = " is not scheme://host[:port] or null"
	for _, tc := range []struct{ name, text, want, err string }{
		{"anyone", "*", "*", ""},
		{"anyone, among blanks", " *\t", "*", ""},
		{"one", "https://a.example", "https://a.example", ""},
		{"one, in capitals", "HTTPS://A.Example:443", "https://a.example", ""},
		{"two", " https://a\t http://b:81 ", "https://a http://b:81", ""},
		{"null", "null", "null", ""},
		{"nothing", "", "", "no origin: it is scheme://host[:port] or null, or * for any"},
		{"blanks", " \t", "", "no origin: it is scheme://host[:port] or null, or * for any"},
		{"a host", "a.example", "", `invalid origin: "a.example"` + form},
		{"a number", "8000", "", `invalid origin: "8000"` + form},
		{"a path", "https://a/", "", `invalid origin: "https://a/"` + form},
		{"the second of two", "https://a b", "", `invalid origin: "b"` + form},
		{"commas", "https://a, https://b", "", `invalid origin: "https://a,"` + form},
		{"anyone behind another", "https://a *", "", `invalid origin: "*" is for any, and has no other beside it`},
		{"anyone before another", "* https://a", "", `invalid origin: "*" is for any, and has no other beside it`},
		{"anyone twice", "* *", "", `invalid origin: "*" is for any, and has no other beside it`},
	} {
		got, err := ParsePolicy(tc.text)
		message := ""
		if err != nil {
			message = err.Error()
		}
		if got != tc.want || message != tc.err {
			t.Errorf("%s: %q: %q, %q, want %q, %q", tc.name, tc.text, got, message, tc.want, tc.err)
		}
	}
}

func TestSpellOrigin(t *testing.T) {
	for _, tt := range []struct{ name, origin, want string }{
		{"a host", "https://a.example", "https://a.example"},
		{"a port", "http://localhost:5173", "http://localhost:5173"},
		{"the port of the scheme", "https://a:443", "https://a"},
		{"the port of http", "http://a:80", "http://a"},
		{"the port of another scheme", "http://a:443", "http://a:443"},
		{"a port with zeros", "http://a:0081", "http://a:81"},
		{"capitals", "HTTPS://A.Example", "https://a.example"},
		{"IPv4", "http://127.0.0.1:3000", "http://127.0.0.1:3000"},
		{"IPv6", "http://[::1]:3000", "http://[::1]:3000"},
		{"IPv6 that stands for IPv4", "http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]"},
		{"IPv6, at length", "http://[0:0::0:1]", "http://[::1]"},
		{"an extension's", "chrome-extension://abcdef", "chrome-extension://abcdef"},
		{"none", "null", "null"},
		{"none, in capitals", "NULL", ""},
		{"no scheme", "://a", ""},
		{"a scheme that begins with a digit", "1a://a", ""},
		{"a scheme with a blank", "a b://c", ""},
		{"no slashes", "https:a", ""},
		{"one slash", "https:/a", ""},
		{"no host", "https://", ""},
		{"a port alone", "https://:80", ""},
		{"a port that is none", "https://a:b", ""},
		{"an empty port", "https://a:", ""},
		{"a port too high", "https://a:65536", ""},
		{"a signed port", "https://a:+80", ""},
		{"two ports", "https://a:1:2", ""},
		{"a slash", "https://a/", ""},
		{"a path", "https://a/b", ""},
		{"a query", "https://a?b", ""},
		{"a fragment", "https://a#b", ""},
		{"a user", "https://u@a", ""},
		{"a wildcard", "https://*.a.example", ""},
		{"a list", "https://a,https://b", ""},
		{"beyond ASCII", "https://é.example", ""},
		{"IPv6 without brackets", "http://::1", ""},
		{"IPv4 in brackets", "http://[127.0.0.1]", ""},
		{"a zone", "http://[fe80::1%25eth0]", ""},
		{"a bracket left open", "http://[::1", ""},
		{"something behind the brackets", "http://[::1]a", ""},
		{"two brackets", "http://[::1]]", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := spellOrigin(tt.origin)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("%q: %q, %v, want %q", tt.origin, got, ok, tt.want)
			}
		})
	}
}

// An origin is spelled in one way, net/url finds nothing in it but a scheme and a
// host, and its pages may read answers.
func FuzzParsePolicy(f *testing.F) {
	for _, s := range []string{"https://A.example:443", "http://[::1]:80  http://b", "null", " * ", "8000", "a://b:1/", "http://[::ffff:1.2.3.4]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		policy, err := ParsePolicy(s)
		if err != nil {
			if policy != "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %q, %q", s, policy, err)
			}
			return
		}
		if again, err := ParsePolicy(policy); err != nil || again != policy {
			t.Errorf("%q: %q, and again %q, %v", s, policy, again, err)
		}
		if policy == Anyone {
			return
		}
		for origin := range strings.SplitSeq(policy, " ") {
			if !slices.Contains(sent(func(send func(name, value string)) { Send(policy, origin, send) }), field{"Access-Control-Allow-Origin", origin}) {
				t.Errorf("%q: %q does not let %q", s, policy, origin)
			}
			if origin == "null" {
				continue
			}
			u, err := url.Parse(origin)
			if err != nil || u.Scheme+"://"+u.Host != origin || u.Hostname() == "" {
				t.Errorf("%q: %q is %#v, %v", s, origin, u, err)
			}
		}
	})
}

package cgi

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	type words []string
	for _, tc := range []struct {
		name, method, query string
		want, windows       words
	}{
		{"RFC 3875 §4.4 words", "GET", "a+b+c", words{"a", "b", "c"}, words{"a", "b", "c"}},
		{"RFC 3875 §4.4 one word", "GET", "abc", words{"abc"}, words{"abc"}},
		{"RFC 3875 §4.4 HEAD", "HEAD", "a+b", words{"a", "b"}, words{"a", "b"}},
		{"RFC 3875 §4.4 POST", "POST", "a+b", nil, nil},
		{"RFC 3875 §4.4 another method", "PUT", "a+b", nil, nil},
		{"RFC 3875 §4.4 a method is case-sensitive", "get", "a+b", nil, nil},
		{"RFC 3875 §4.4 a form", "GET", "a=b", nil, nil},
		{"RFC 3875 §4.4 a form further on", "GET", "a+b=", nil, nil},
		{"RFC 3875 §4.4 an encoded equals sign", "GET", "a%3Db", words{"a=b"}, words{"a=b"}},
		{"RFC 3875 §4.4 no query", "GET", "", nil, nil},
		{"RFC 3875 §4.4 an empty word", "GET", "a++b", nil, nil},
		{"RFC 3875 §4.4 an empty word at the end", "GET", "a+", nil, nil},
		{"RFC 3875 §4.4 an empty word at the beginning", "GET", "+a", nil, nil},
		{"RFC 3875 §4.4 decoded words", "GET", "%61%2Fb+%41", words{"a/b", "A"}, words{"a/b", "A"}},
		{"RFC 3875 §4.4 an encoded plus sign", "GET", "a%2Bb", words{"a+b"}, words{"a+b"}},
		{"RFC 3875 §4.4 decoded once", "GET", "%2561", words{"%61"}, nil},
		{"RFC 3875 §4.4 an escape with other digits", "GET", "a%zz", nil, nil},
		{"RFC 3875 §4.4 an escape that breaks off", "GET", "a%4", nil, nil},
		{"RFC 3875 §4.4 a percent sign", "GET", "a+%", nil, nil},
		{"RFC 3875 §4.4 an escape after one", "GET", "%41%", nil, nil},
		{"RFC 3875 §4.4 NUL", "GET", "a%00", nil, nil},
		{"RFC 3875 §4.4 a control character", "GET", "a+b%0ac", nil, nil},
		{"RFC 3875 §4.4 DEL", "GET", "a%7f", nil, nil},
		{"RFC 3875 §4.4 bytes", "GET", "caf%C3%A9", words{"café"}, nil},
		{"RFC 3875 §4.4 other bytes", "GET", "%ff", words{"\xff"}, nil},
		{"RFC 3875 §4.4 more than there is room for", "GET", strings.Repeat("a", maxSearch+1), nil, nil},

		{"CVE-2012-1823", "GET", "-s", nil, nil},
		{"CVE-2012-1823 encoded", "GET", "%2ds", nil, nil},
		{"CVE-2012-1823 further on", "GET", "a+-d+allow_url_include%3d1", nil, nil},
		{"CVE-2012-1823 a hyphen inside", "GET", "a-s", words{"a-s"}, words{"a-s"}},
		{"CVE-2024-4577", "GET", "%ADs", words{"\xads"}, nil},
		{"CVE-2024-4577 in UTF-8", "GET", "%C2%ADs", words{"\u00ads"}, nil},
		{"an option of Windows", "GET", "/s", words{"/s"}, nil},
		{"a variable of Windows", "GET", "%25PATH%25", words{"%PATH%"}, nil},

		{"RFC 3875 §7.2 separators", "GET", "a%26b+c%3Bd+e%7Cf", words{`a\&b`, `c\;d`, `e\|f`}, nil},
		{"RFC 3875 §7.2 a command", "GET", "$(id)+`id`", words{`\$\(id\)`, "\\`id\\`"}, nil},
		{"RFC 3875 §7.2 quotes", "GET", `'a"`, words{`\'a\"`}, nil},
		{"RFC 3875 §7.2 a backslash", "GET", `a\b`, words{`a\\b`}, nil},
		{"RFC 3875 §7.2 a blank", "GET", "a%20b", words{`a\ b`}, nil},
		{"RFC 3875 §7.2 names of files", "GET", "~+*+?+[a]+{a}", words{`\~`, `\*`, `\?`, `\[a\]`, `\{a\}`}, nil},
		{"RFC 3875 §7.2 a comment", "GET", "%23a+!a+%5ea", words{`\#a`, `\!a`, `\^a`}, nil},
		{"RFC 3875 §7.2 what is not active", "GET", "a.b,c/d:e@f_g%3d1", words{"a.b,c/d:e@f_g=1"}, words{"a.b,c/d:e@f_g=1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for goos, want := range map[string]words{"linux": tc.want, "windows": tc.windows} {
				if got := Arguments(tc.method, tc.query, goos); !slices.Equal(got, want) || (got == nil) != (want == nil) {
					t.Errorf("Arguments(%q, %q) on %s = %q, want %q", tc.method, tc.query, goos, got, want)
				}
			}
		})
	}
}

// TestArgumentsInShell has a shell read words of all characters a second time, as
// a careless script would: they come out as they went in.
func TestArgumentsInShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell: ", err)
	}
	var word strings.Builder
	for c := ' '; c < 0x7f; c++ {
		word.WriteRune(c)
	}
	query := strings.NewReplacer("%", "%25", "+", "%2b", "=", "%3d").Replace("a" + word.String())
	words := Arguments("GET", query, "linux")
	if len(words) != 1 {
		t.Fatalf("words: %q", words)
	}
	out, err := exec.Command(sh, "-c", `eval printf %s "$1"`, "sh", words[0]).Output()
	if err != nil || string(out) != "a"+word.String() {
		t.Errorf("%q was read as %q, %v", words[0], out, err)
	}
}

// FuzzArguments: what comes out is safe, and is what went in.
func FuzzArguments(f *testing.F) {
	for _, query := range []string{"a+b", "-s", "%2ds", "a%3db", "a++b", "%AD", "%00", "a%", "$(id)", "/s"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		var decoded []string
		for _, word := range Arguments("GET", query, "linux") {
			var plain strings.Builder
			for i := 0; i < len(word); i++ {
				c := word[i]
				if c == '\\' {
					i++
					c = word[i]
				} else if isActive(c) {
					t.Errorf("%q: %q holds an active character", query, word)
				}
				if c < ' ' || c == 0x7f {
					t.Errorf("%q: %q holds a control character", query, word)
				}
				plain.WriteByte(c)
			}
			if plain.Len() == 0 || word[0] == '-' {
				t.Errorf("%q: %q", query, word)
			}
			decoded = append(decoded, plain.String())
		}
		if decoded == nil {
			return
		}
		encoder := strings.NewReplacer("%", "%25", "+", "%2b", "=", "%3d")
		for i, word := range decoded {
			decoded[i] = encoder.Replace(word)
		}
		again := strings.Join(decoded, "+")
		if len(again) <= maxSearch && !slices.Equal(Arguments("GET", again, "linux"), Arguments("GET", query, "linux")) {
			t.Errorf("%q and %q have other words", query, again)
		}
		for _, word := range Arguments("GET", query, "windows") {
			if strings.Trim(word, "+,-./:=@_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" || strings.HasPrefix(word, "/") || strings.HasPrefix(word, "-") {
				t.Errorf("%q on Windows: %q", query, word)
			}
		}
	})
}

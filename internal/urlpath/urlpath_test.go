package urlpath

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestCut(t *testing.T) {
	for _, tc := range []struct{ target, path, rest string }{
		{"/a", "/a", ""},
		{"/a?b", "/a", "?b"},
		{"/a#b?c", "/a", "#b?c"},
		{"/a?b#c", "/a", "?b#c"},
		{"/a%3Fb", "/a%3Fb", ""},
		{"?", "", "?"},
		{"", "", ""},
	} {
		if path, rest := Cut(tc.target); path != tc.path || rest != tc.rest {
			t.Errorf("Cut(%q) = %q, %q", tc.target, path, rest)
		}
	}
}

func TestUnquote(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"/a", "/a"},
		{"/%61%2F%2e", "/a/."},
		{"/%C3%A9", "/é"},
		{"/%ff", "/\xff"},
		{"/%00", "/\x00"},
		{"/%2561", "/%61"},
		{"100%", "100%"},
		{"%4", "%4"},
		{"%zz%41", "%zzA"},
		{"%%41", "%A"},
		{"%4%41", "%4A"},
		{"a+b", "a+b"},
	} {
		if got := Unquote(tc.in); got != tc.want {
			t.Errorf("Unquote(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestLocal(t *testing.T) {
	for _, tc := range []struct{ name, in, want, windows string }{
		{"root", "/", "", ""},
		{"empty", "", "", ""},
		{"a word", "/a", "a", "a"},
		{"no slash", "a/b", "a/b", "a/b"},
		{"slash at the end", "/a/", "a", "a"},
		{"slashes", "//a///b", "a/b", "a/b"},
		{"dots", "/./a/./b/.", "a/b", "a/b"},
		{"up", "/a/../b", "b", "b"},
		{"up from the root", "/../../a", "a", "a"},
		{"up and up", "/a/b/../../../c", "c", "c"},
		{"up at the end", "/a/b/..", "a", "a"},
		{"dot files", "/.a/..b/c", ".a/..b/c", ".a/..b/c"},
		{"three dots", "/...", "...", nothing},
		{"test_windows_colon 1", "c:c:c:foo/filename", "c:c:c:foo/filename", "filename"},
		{"test_windows_colon 2", `\c:../filename`, `\c:../filename`, "filename"},
		{"test_windows_colon 3", `c:\c:..\foo/filename`, `c:\c:..\foo/filename`, "filename"},
		{"test_windows_colon 4", `c:c:foo\c:c:bar/filename`, `c:c:foo\c:c:bar/filename`, "filename"},
		{"backslashes", `/a\..\..\b`, `a\..\..\b`, ""},
		{"alternate stream", "/a.txt::$DATA", "a.txt::$DATA", ""},
		{"a directory's stream", "/a::$INDEX_ALLOCATION/b", "a::$INDEX_ALLOCATION/b", "b"},
		{"another machine", `/\\host\share/a`, `\\host\share/a`, "a"},
		{"no prefix of Windows", `/\\?\C:\a`, `\\?\C:\a`, ""},
		{"a drive", "/C:", "C:", ""},
		{"a drive taken back", "/C:/../a", "a", "a"},
		{"a device", "/a/NUL", "a/NUL", nothing},
		{"a device on the way", "/con/a", "con/a", nothing},
		{"a device taken back", "/con/../a", "a", "a"},
		{"a device with an extension", "/Aux.tar.gz", "Aux.tar.gz", nothing},
		{"a device with blanks before it", "/prn  .txt", "prn  .txt", nothing},
		{"a device with a stream", "/nul:", "nul:", ""},
		{"the first serial port", "/com1", "com1", nothing},
		{"serial port 0", "/COM0.txt", "COM0.txt", nothing},
		{"a serial port in superscript", "/COM\u00b9", "COM\u00b9", nothing},
		{"a printer in superscript", "/lpt\u00b3.txt", "lpt\u00b3.txt", nothing},
		{"the console's input", "/conin$", "conin$", nothing},
		{"the console's output", "/CONOUT$.log", "CONOUT$.log", nothing},
		{"what begins like a device", "/console.log/com10/lpt/nul_/auxiliary", "console.log/com10/lpt/nul_/auxiliary", "console.log/com10/lpt/nul_/auxiliary"},
		{"what ends like a device", "/a.con/_nul", "a.con/_nul", "a.con/_nul"},
		{"a dot at the end", "/a.txt.", "a.txt.", nothing},
		{"a blank at the end", "/a.txt ", "a.txt ", nothing},
		{"blanks and dots at the end", "/a. . /b", "a. . /b", nothing},
		{"a parent with a blank", "/a/.. /b", "a/.. /b", nothing},
		{"a blank", "/ ", " ", nothing},
		{"blanks and dots elsewhere", "/ a b/.c d.e", " a b/.c d.e", " a b/.c d.e"},
		{"wildcards", "/a*/b?.txt", "a*/b?.txt", nothing},
		{"wildcards of DOS", `/a<`, `a<`, nothing},
		{"a control", "/a\x1fb", "a\x1fb", nothing},
		{"NUL", "/\x00", "\x00", nothing},
		{"bytes", "/\xff\x7f", "\xff\x7f", "\xff\x7f"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Local(tc.in, false); got != tc.want {
				t.Errorf("Local(%q) = %q, want %q", tc.in, got, tc.want)
			}
			if got := Local(tc.in, true); got != tc.windows {
				t.Errorf("Local(%q) on Windows = %q, want %q", tc.in, got, tc.windows)
			}
		})
	}
}

func TestRedirect(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"a directory", "/sub", "/sub/"},
		{"a query", "/sub?x=1", "/sub/?x=1"},
		{"a query and a fragment", "/sub?x=1#f", "/sub/?x=1#f"},
		{"an empty query", "/sub?", "/sub/"},
		{"an empty query and a fragment", "/sub?#f", "/sub/#f"},
		{"an empty fragment", "/sub#", "/sub/"},
		{"relative", "sub", "sub/"},
		{"relative with a query", "dir?hi=1", "dir/?hi=1"},
		{"as it was encoded", "/s%75b%20", "/s%75b%20/"},
		{"up", "/..", "/../"},
		{"two slashes", "//evil.example/..", "/evil.example/../"},
		{"a backslash", `/\evil.example/..%2fsub`, "/evil.example/..%2fsub/"},
		{"only backslashes", `\\evil.example/..`, "/evil.example/../"},
		{"encoded slashes", "/%2f%2Fevil.example/..", "/evil.example/../"},
		{"encoded backslashes", "/%5c%5Cevil.example/..", "/evil.example/../"},
		{"all of them", `/\%2f/%5Cevil.example/..`, "/evil.example/../"},
		{"nothing but them", `/\`, "/"},
		{"what looks like a scheme", "javascript:x", "/javascript:x/"},
		{"a colon further on", "a/b:c", "a/b:c/"},
		{"a colon in the query", "a?b:c", "a/?b:c"},
	} {
		if got := Redirect(tc.in); got != tc.want {
			t.Errorf("%s: Redirect(%q) = %q, want %q", tc.name, tc.in, got, tc.want)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, target := range []string{"/a/../b", "//h/..%2f", `/\h`, "/%00%ff", "..", "a:b", "/%2e%2e/%2e%2e/x"} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		p, rest := Cut(target)
		if p+rest != target {
			t.Errorf("Cut(%q) = %q, %q", target, p, rest)
		}
		decoded := Unquote(p)
		for _, windows := range []bool{false, true} {
			local := Local(decoded, windows)
			if Local(local, windows) != local {
				t.Errorf("Local twice: %q, %q", local, Local(local, windows))
			}
			for word := range strings.SplitSeq(local, "/") {
				if word == ".." || word == "." || word == "" && local != "" {
					t.Errorf("Local(%q) = %q", decoded, local)
				}
			}
			if want := strings.TrimPrefix(path.Clean("/"+decoded), "/"); !windows && local != want {
				t.Errorf("Local(%q) = %q, path.Clean says %q", decoded, local, want)
			}
		}
		location := Redirect(p)
		low := strings.ToLower(location)
		for _, bad := range []string{"//", `/\`, `\`, "/%2f", "/%5c"} {
			if strings.HasPrefix(low, bad) {
				t.Errorf("Redirect(%q) = %q", p, location)
			}
		}
	})
}

// unfit matches the words that Windows would not take for a file of that name:
// a drive, a stream or a path, a device, dots or blanks at the end, wildcards.
var unfit = regexp.MustCompile(`(?i)[\\:<>"|?*\x00-\x1f]|[. ]$|^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)`)

// FuzzLocal: on Windows the result is a file below the root, by its own name,
// or nothing.
func FuzzLocal(f *testing.F) {
	for _, name := range []string{"/a/NUL.txt", "/.. /b", `/c:\x/a`, "/COM\u00b2", "/a::$DATA", "/a./b", "/.../con/..", "/ conin$ "} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		local, elsewhere := Local(name, true), Local(name, false)
		if Local(local, true) != local {
			t.Errorf("Local twice: %q, %q", local, Local(local, true))
		}
		if local == "" || local == nothing {
			if elsewhere != "" && !anyUnfit(elsewhere) {
				t.Errorf("Local(%q) = %q, for no reason", name, local)
			}
			return
		}
		for word := range strings.SplitSeq(local, "/") {
			if word == "" || isUnfit(word) {
				t.Errorf("Local(%q) = %q", name, local)
			}
		}
		if !anyUnfit(elsewhere) && local != elsewhere {
			t.Errorf("Local(%q) = %q, but %q elsewhere", name, local, elsewhere)
		}
	})
}

func anyUnfit(name string) bool { return slices.ContainsFunc(strings.Split(name, "/"), isUnfit) }

func isUnfit(word string) bool {
	return unfit.MatchString(word) || unfit.MatchString(strings.ToUpper(word)) // "ı" is I there
}

func TestIsShortName(t *testing.T) {
	for word, want := range map[string]bool{"GIT~1": true, "HTACCE~1.TXT": true, "A~BCDE~1": true, "ab~12345": true, "A~1.B": true,
		"a~": false, "a~b": false, "~": false, "": false, "a": false, "~1": false, "report~2024.pdf": false, "HTACCE~1.HTML": false, "ABCDEFG~1": false} {
		if got := IsShortName(word); got != want {
			t.Errorf("IsShortName(%q) is %v", word, got)
		}
	}
}

func TestOf(t *testing.T) {
	for _, tc := range []struct{ target, path, query string }{
		{"/a/b", "/a/b", ""},
		{"/a?b=c", "/a", "b=c"},
		{"/a?b#c", "/a", "b"},
		{"/a#c?b", "/a", ""},
		{"/a?", "/a", ""},
		{"http://h/a?b", "/a", "b"},
		{"http://h?b", "/", "b"},
		{"http://h", "/", ""},
		{"a?b?c", "a", "b?c"},
		{"", "", ""},
	} {
		if path, query := Of(tc.target), Query(tc.target); path != tc.path || query != tc.query {
			t.Errorf("%q: %q and %q, want %q and %q", tc.target, path, query, tc.path, tc.query)
		}
	}
}

// TestQuote: what is quoted is one path again, the same, for Of and Unquote.
func TestQuote(t *testing.T) {
	for _, tc := range [][2]string{
		{"", ""},
		{"/a/b c/ä", "/a/b c/ä"},
		{"/100%", "/100%25"},
		{"/%2e", "/%252e"},
		{"/a?b#c", "/a%3Fb%23c"},
		{"//host/a", "//host/a"},
	} {
		got := Quote(tc[0])
		if got != tc[1] || Unquote(got) != tc[0] || strings.HasPrefix(tc[0], "/") && Unquote(Of(got)) != tc[0] {
			t.Errorf("%q: %q, which is %q again", tc[0], got, Unquote(Of(got)))
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"example.com/httpserver"
	"example.com/httpserver/internal/pythontest"
)

func TestHelp(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	got, _, _ := runShort(t, "-h")
	if got != help {
		t.Errorf("got\n%s\nwant, of testdata/help.txt,\n%s", got, help)
	}
	t.Run("the README's", func(t *testing.T) {
		readme, err := os.ReadFile("../../README.md")
		if err != nil {
			t.Fatal(err)
		}
		summary, _, _ := strings.Cut(got, "\n\n")
		summary = strings.ReplaceAll(strings.TrimPrefix(summary, "usage: "), "\n       ", "\n")
		if indented := "\n    " + strings.ReplaceAll(summary, "\n", "\n    ") + "\n"; !strings.Contains(string(readme), indented) {
			t.Errorf("it does not have%s", indented)
		}
	})
}

// newer are the options that CPython 3.11 does not have.
var newer = []string{
	"--header", "--content-type", "--always-header", "--charset", "--listing", "--no-listing", "--spa", "--precompressed",
	"--no-cache", "--cors", "--coop-coep", "--follow-symlinks", "--hide-dotfiles", "--version",
}

// The help is CPython's, but for the usage and the options that only one of us has.
func TestHelpOfPython(t *testing.T) {
	t.Setenv("COLUMNS", "200")
	var theirs string
	version := pythontest.Run(t, `
import subprocess
out = subprocess.run([sys.executable, '-m', 'http.server', '-h'], capture_output=True, text=True).stdout
`, nil, &theirs)
	if !version.Before(3, 12) {
		t.Skip("the help has changed since Python 3.11")
	}
	ours, _, _ := runShort(t, "-h")
	got, want := withoutOptions(ours, newer), withoutOptions(theirs, nil)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// withoutOptions gives a help without its usage, and without the lines of some options: one that names the option, and
// those that are indented by more.
func withoutOptions(help string, options []string) string {
	var kept strings.Builder
	_, help, _ = strings.Cut(help, "\n\n")
	left := false
	for line := range strings.Lines(help) {
		if text := strings.TrimLeft(line, " "); len(line)-len(text) <= len("  ") {
			left = slices.ContainsFunc(options, func(option string) bool { return slices.Contains(strings.FieldsFunc(text, isSeparator), option) })
		}
		if !left {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func isSeparator(r rune) bool { return r == ' ' || r == ',' || r == '\n' }

// fields makes a header of every two words.
func fields(words ...string) (headers []httpserver.HeaderField) {
	for pair := range slices.Chunk(words, 2) {
		headers = append(headers, httpserver.HeaderField{Name: pair[0], Value: pair[1]})
	}
	return headers
}

func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		set  func(o *options)
	}{
		{"-H, one word", []string{"-H", "X-A: b"}, func(o *options) { o.headers = fields("X-A", "b") }},
		{"-H, two words", []string{"-H", "X-A", "b"}, func(o *options) { o.headers = fields("X-A", "b") }},
		{"-H, joined", []string{"-HX-A:b"}, func(o *options) { o.headers = fields("X-A", "b") }},
		{"--header, joined", []string{"--header=X-A: b"}, func(o *options) { o.headers = fields("X-A", "b") }},
		{"blanks around name and value", []string{"-H", " X-A :\tb c \n"}, func(o *options) { o.headers = fields("X-A", "b c") }},
		{"blanks around two words", []string{"-H", " X-A ", " b "}, func(o *options) { o.headers = fields("X-A", "b") }},
		{"colons in a value", []string{"-H", "Link: <https://a/>"}, func(o *options) { o.headers = fields("Link", "<https://a/>") }},
		{"a colon in a second word", []string{"-H", "X-A", "b:c"}, func(o *options) { o.headers = fields("X-A", "b:c") }},
		{"an empty value", []string{"-H", "X-A:"}, func(o *options) { o.headers = fields("X-A", "") }},
		{"an empty second word", []string{"-H", "X-A", ""}, func(o *options) { o.headers = fields("X-A", "") }},
		{"bytes beyond ASCII", []string{"-H", "X-A: é\xff"}, func(o *options) { o.headers = fields("X-A", "é\xff") }},
		{"a number for a second word", []string{"-H", "Age", "80", "90"}, func(o *options) { o.headers, o.port = fields("Age", "80"), 90 }},
		{"a port behind one word", []string{"-H", "Age:80", "90"}, func(o *options) { o.headers, o.port = fields("Age", "80"), 90 }},
		{"many headers, some alike", []string{"-H", "b: 1", "-H", "a", "2", "--header", "B: 3", "-H", "a: 2"}, func(o *options) { o.headers = fields("b", "1", "a", "2", "B", "3", "a", "2") }},
		{"--always-header, both ways", []string{"--always-header", "a: 1", "--always-header", "b", "2", "-H", "c: 3"}, func(o *options) {
			o.alwaysHeaders, o.headers = fields("a", "1", "b", "2"), fields("c", "3")
		}},
		{"--content-type", []string{"--content-type", "text/plain; charset=utf-8"}, func(o *options) { o.contentType = "text/plain; charset=utf-8" }},
		{"--content-type, by its beginning", []string{"--cont", "text/html"}, func(o *options) { o.contentType = "text/html" }},
		{"--charset", []string{"--charset", "utf-8"}, func(o *options) { o.charset = "utf-8" }},
		{"--listing plain after another", []string{"--listing", "rich", "--listing", "plain"}, func(o *options) { o.listing = httpserver.PlainListing }},
		{"--listing rich", []string{"--listing=rich"}, func(o *options) { o.listing = httpserver.RichListing }},
		{"--listing none", []string{"--listing", "none"}, func(o *options) { o.listing = httpserver.NoListing }},
		{"--no-listing", []string{"--no-listing"}, func(o *options) { o.listing = httpserver.NoListing }},
		{"--listing after --no-listing", []string{"--no-listing", "--listing", "rich"}, func(o *options) { o.listing = httpserver.RichListing }},
		{"--spa", []string{"--spa"}, func(o *options) { o.spa = "index.html" }},
		{"--spa behind the port", []string{"80", "--spa"}, func(o *options) { o.spa, o.port = "index.html", 80 }},
		{"--spa before an option", []string{"--spa", "-b", "::1", "80"}, func(o *options) { o.spa, o.bind, o.port = "index.html", "::1", 80 }},
		{"--spa before a separator", []string{"--spa", "--", "80"}, func(o *options) { o.spa, o.port = "index.html", 80 }},
		{"--spa FILE", []string{"--spa", "app.html", "80"}, func(o *options) { o.spa, o.port = "app.html", 80 }},
		{"--spa=FILE", []string{"--spa=app.html", "80"}, func(o *options) { o.spa, o.port = "app.html", 80 }},
		{"--precompressed", []string{"--precompressed", "80"}, func(o *options) { o.precompressed, o.port = true, 80 }},
		{"--no-cache", []string{"--no-cache"}, func(o *options) { o.noCache = true }},
		{"--cors", []string{"80", "--cors"}, func(o *options) { o.cors, o.port = "*", 80 }},
		{"--cors *", []string{"--cors", "*", "80"}, func(o *options) { o.cors, o.port = "*", 80 }},
		{"--cors null", []string{"--cors", "null"}, func(o *options) { o.cors = "null" }},
		{"--cors ORIGIN", []string{"--cors", "https://a.example:8443", "80"}, func(o *options) { o.cors, o.port = "https://a.example:8443", 80 }},
		{"--cors with two origins", []string{"--cors=https://a.example  http://b"}, func(o *options) { o.cors = "https://a.example http://b" }},
		{"--cors, in capitals", []string{"--cors", " HTTPS://A.Example:443 "}, func(o *options) { o.cors = "https://a.example" }},
		{"--coop-coep", []string{"--coop-coep"}, func(o *options) { o.isolated = true }},
		{"--follow-symlinks", []string{"--follow-symlinks"}, func(o *options) { o.follow = true }},
		{"--hide-dotfiles", []string{"--hide-dotfiles"}, func(o *options) { o.hideDotfiles = true }},
		{"many", []string{"--hide", "--follow", "--coop", "--prec", "--no-c", "--cors", "--spa", "-p", "HTTP/1.1", "80"}, func(o *options) {
			o.hideDotfiles, o.follow, o.isolated, o.precompressed, o.noCache, o.cors, o.spa, o.protocol, o.port = true, true, true, true, true, "*", "index.html", "HTTP/1.1", 80
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := defaultOptions()
			tt.set(&want)
			if got := parse(t, tt.args...); !reflect.DeepEqual(got, want) {
				t.Errorf("%q:\n got %+v\nwant %+v", tt.args, got, want)
			}
		})
	}
}

func TestFlagsRefused(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	for _, tt := range []struct {
		name  string
		args  []string
		error string
	}{
		{"-H without a word", []string{"-H"}, "argument -H/--header: expected at least one argument\n"},
		{"-H before an option", []string{"-H", "-b", "x"}, "argument -H/--header: expected at least one argument\n"},
		{"a name alone", []string{"-H", "X-A"}, "argument -H/--header: Header 'X-A' must be of the form Header: value\n"},
		{"a name alone, joined", []string{"-HX-A", "b"}, "argument -H/--header: Header 'X-A' must be of the form Header: value\n"},
		{"a name alone before an option", []string{"-H", "X-A", "--spa"}, "argument -H/--header: Header 'X-A' must be of the form Header: value\n"},
		{"no name", []string{"-H", ": b"}, "argument -H/--header: Header ': b' must have a non-empty name\n"},
		{"a blank name", []string{"-H", " ", "b"}, "argument -H/--header: Header ' : b' must have a non-empty name\n"},
		{"a name that is no token", []string{"-H", "X A: b"}, "argument -H/--header: invalid header name: 'X A'\n"},
		{"a name beyond ASCII", []string{"-H", "é: b"}, "argument -H/--header: invalid header name: 'é'\n"},
		{"a name with a line break", []string{"--header", "X\nA: b"}, "argument -H/--header: invalid header name: 'X\\nA'\n"},
		{"a value with a line break", []string{"-H", "X-A: b\r\nX-B: c"}, "argument -H/--header: invalid header value: 'b\\r\\nX-B: c'\n"},
		{"a value with a control", []string{"-H", "X-A", "\x00\x7f"}, "argument -H/--header: invalid header value: '\\x00\\x7f'\n"},
		{"a length", []string{"-H", "content-length: 5"}, "argument -H/--header: invalid header name: 'content-length' (the server sends its own)\n"},
		{"a transfer coding", []string{"-H", "Transfer-Encoding", "chunked"}, "argument -H/--header: invalid header name: 'Transfer-Encoding' (the server sends its own)\n"},
		{"the second of two headers", []string{"-H", "a: b", "-H", "c"}, "argument -H/--header: Header 'c' must be of the form Header: value\n"},
		{"--always-header", []string{"--always-header", "X-A"}, "argument --always-header: Header 'X-A' must be of the form Header: value\n"},
		{"--content-type alone", []string{"--content-type"}, "argument --content-type: expected one argument\n"},
		{"an empty type", []string{"--content-type", ""}, "argument --content-type: invalid content type: ''\n"},
		{"a type with a line break", []string{"--content-type", "a/b\nc"}, "argument --content-type: invalid content type: 'a/b\\nc'\n"},
		{"an empty charset", []string{"--charset="}, "argument --charset: invalid charset: ''\n"},
		{"a charset that is no token", []string{"--charset", "utf 8"}, "argument --charset: invalid charset: 'utf 8'\n"},
		{"a charset with a parameter", []string{"--charset", "utf-8;a"}, "argument --charset: invalid charset: 'utf-8;a'\n"},
		{"a listing that is none", []string{"--listing", "fancy"}, "argument --listing: invalid choice: 'fancy' (choose from 'plain', 'rich', 'none')\n"},
		{"a value for --no-listing", []string{"--no-listing=1"}, "argument --no-listing: ignored explicit argument '1'\n"},
		{"an empty file name", []string{"--spa", ""}, "argument --spa: invalid file name: ''\n"},
		{"the port for an origin", []string{"--cors", "8000"}, "argument --cors: invalid origin: '8000' (if that is the port, write it first: 8000 --cors)\n"},
		{"no origin", []string{"--cors="}, "argument --cors: no origin: it is scheme://host[:port] or null, or * for any\n"},
		{"an origin with a path", []string{"--cors", "https://a/"}, "argument --cors: invalid origin: \"https://a/\" is not scheme://host[:port] or null\n"},
		{"all among others", []string{"--cors", "https://a *"}, "argument --cors: invalid origin: \"*\" is for any, and has no other beside it\n"},
		{"a beginning of two", []string{"--no"}, "ambiguous option: --no could match --no-listing, --no-cache\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, status := runShort(t, tt.args...)
			if stdout != "" || status != 2 || stderr != usage+tt.error {
				t.Errorf("status %d, stdout %q, stderr %q, want %q", status, stdout, strings.TrimPrefix(stderr, usage), tt.error)
			}
		})
	}
}

func TestSPA(t *testing.T) {
	const advice = " (--spa FILE is a name below the directory that is served)\n"
	dir, elsewhere := t.TempDir(), t.TempDir()
	outside := filepath.Join(elsewhere, "outside.html")
	for _, name := range []string{outside, filepath.Join(dir, "index.html"), filepath.Join(dir, "80"), filepath.Join(dir, "sub", "app.html"),
		filepath.Join(dir, ".app.html"), filepath.Join(dir, ".sub", "app.html"), filepath.Join(dir, ".well-known", "app.html")} {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("app"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	linkErr := os.Symlink(outside, filepath.Join(dir, "link.html"))
	for _, tt := range []struct {
		name  string
		args  []string
		want  string // what the handler gets
		error string // on unix
	}{
		{"left out", []string{"-d", dir, "--spa"}, "index.html", ""},
		{"there", []string{"-d", dir, "--spa", "index.html"}, "index.html", ""},
		{"with a dot", []string{"-d", dir, "--spa", "./index.html"}, "index.html", ""},
		{"below", []string{"-d", dir, "--spa", filepath.Join("sub", "app.html")}, "sub/app.html", ""},
		{"a file that looks like a port", []string{"-d", dir, "--spa", "80"}, "80", ""},
		{"a link that leads out, followed", []string{"-d", dir, "--spa", "link.html", "--follow-symlinks"}, "link.html", ""},
		{"a dotfile", []string{"-d", dir, "--spa", ".app.html"}, ".app.html", ""},
		{"well-known", []string{"-d", dir, "--spa", ".well-known/app.html", "--hide-dotfiles"}, ".well-known/app.html", ""},
		{"no dotfile", []string{"-d", dir, "--spa", "./sub/app.html", "--hide-dotfiles"}, "sub/app.html", ""},
		{"a hidden dotfile", []string{"-d", dir, "--spa", ".app.html", "--hide-dotfiles"}, "", `".app.html" for --spa: hidden by --hide-dotfiles` + "\n"},
		{"in a hidden directory", []string{"-d", dir, "--spa", ".sub/app.html", "--hide-dotfiles"}, "", `".sub/app.html" for --spa: hidden by --hide-dotfiles` + "\n"},
		{"a dotfile that is not there", []string{"-d", dir, "--spa", ".b", "--hide-dotfiles"}, "", `".b" for --spa: no such file or directory` + advice},
		{"a link that leads out", []string{"-d", dir, "--spa", "link.html"}, "", `"link.html" for --spa: a link that leads out of the directory (--follow-symlinks serves those)` + "\n"},
		{"not there", []string{"-d", elsewhere, "--spa"}, "", `"index.html" for --spa: no such file or directory` + advice},
		{"below what is not there", []string{"-d", dir, "--spa", "a/b"}, "", `"a/b" for --spa: no such file or directory` + advice},
		{"the port", []string{"-d", dir, "--spa", "8000"}, "", `"8000" for --spa: no such file or directory (if that is the port, write it first: 8000 --spa)` + "\n"},
		{"a directory", []string{"-d", dir, "--spa", "sub"}, "", `"sub" for --spa: is a directory` + advice},
		{"the directory", []string{"-d", dir, "--spa", "."}, "", `"." for --spa: is a directory` + advice},
		{"above", []string{"-d", filepath.Join(dir, "sub"), "--spa", "../index.html"}, "", `"../index.html" for --spa: not below the directory` + advice},
		{"absolute", []string{"-d", dir, "--spa", "/index.html"}, "", `"/index.html" for --spa: not below the directory` + advice},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Contains(tt.name, "link") && linkErr != nil {
				t.Skip(linkErr)
			}
			o := parse(t, tt.args...)
			directory, err := o.root()
			if err != nil {
				t.Fatal(err)
			}
			err = o.checkSPA(directory)
			switch {
			case tt.error == "" && (err != nil || o.spa != tt.want):
				t.Errorf("%q, %v, want %q", o.spa, err, tt.want)
			case tt.error != "" && err == nil:
				t.Errorf("%q passed", o.spa)
			case tt.error != "":
				stdout, stderr, status := runShort(t, append(tt.args, "-b127.0.0.1")...)
				if want := "httpserver: cannot serve " + tt.error; stdout != "" || status != 1 || stderr != want && runtime.GOOS == "linux" {
					t.Errorf("status %d, stdout %q, stderr %q, want %q", status, stdout, stderr, want)
				}
			}
		})
	}
}

// What is taken can stand in a head, and is there as it was given.
func FuzzHeader(f *testing.F) {
	for _, words := range [][2]string{{"X-A: b", ""}, {"X-A", "b"}, {":", ""}, {" a ", " b\n"}, {"a\x00", "b"}, {"Content-Length", "5"}} {
		f.Add(words[0], words[1])
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		words := []string{first}
		if nameAlone(words) {
			words = append(words, second)
		}
		var got []httpserver.HeaderField
		if err := header(new(options), &got)(words); err != nil {
			if len(got) > 0 || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %q, %q", words, got, err)
			}
			return
		}
		if len(got) != 1 || !httpguts.ValidHeaderFieldName(got[0].Name) || !httpguts.ValidHeaderFieldValue(got[0].Value) {
			t.Fatalf("%q: %q", words, got)
		}
		again := got[0].Name + ":" + got[0].Value
		if err := header(new(options), &got)([]string{again}); err != nil || got[0] != got[1] {
			t.Errorf("%q: %q, and again %q, %v", words, got[:1], got[1:], err)
		}
	})
}

// TestMaybePort: a port that a header has taken for its value is not served in silence.
func TestMaybePort(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"a number behind a name", []string{"-H", "X-A", "20811"}, "20811"},
		{"one in another header", []string{"--always-header", "X-A", "20811"}, "20811"},
		{"no number", []string{"-H", "X-A", "b"}, ""},
		{"a number behind a colon", []string{"-H", "X-A: 20811"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := defaultOptions()
			if err := newParser(&o).Parse(tt.args); err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			o.warn(&got)
			if strings.Contains(got.String(), "20811") != (tt.want != "") || strings.Count(got.String(), "\n") > 1 {
				t.Errorf("warns %q", &got)
			}
			o.port = 80
			got.Reset()
			if o.warn(&got); got.Len() > 0 {
				t.Errorf("with a port, warns %q", &got)
			}
		})
	}
}

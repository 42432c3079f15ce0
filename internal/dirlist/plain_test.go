package dirlist

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"example.com/httpserver/internal/pythontest"
)

func TestPlain(t *testing.T) {
	got := read(t, Plain("/a & b/", []Entry{{Name: "sub", Dir: true}, {Name: "x"}}))
	want := `<!DOCTYPE HTML>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Directory listing for /a &amp; b/</title>
</head>
<body>
<h1>Directory listing for /a &amp; b/</h1>
<hr>
<ul>
<li><a href="sub/">sub/</a></li>
<li><a href="x">x</a></li>
</ul>
<hr>
</body>
</html>
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n := Plain("/sub/", nil).Len(); n != 195 {
		t.Errorf("an empty /sub/ has %d bytes, want 195", n)
	}
}

func TestPlainItem(t *testing.T) {
	for _, tt := range []struct {
		name  string
		entry Entry
		want  string
	}{
		{"file", Entry{Name: "a.txt"}, `<li><a href="a.txt">a.txt</a></li>`},
		{"directory", Entry{Name: "a", Dir: true}, `<li><a href="a/">a/</a></li>`},
		{"link to a file, or to nothing", Entry{Name: "a", Link: true}, `<li><a href="a">a@</a></li>`},
		{"link to a directory", Entry{Name: "a", Dir: true, Link: true}, `<li><a href="a/">a@</a></li>`},
		{"colon", Entry{Name: "javascript:alert(1)"}, `<li><a href="javascript%3Aalert%281%29">javascript:alert(1)</a></li>`},
		{"unreserved", Entry{Name: "aZ09_.-~"}, `<li><a href="aZ09_.-~">aZ09_.-~</a></li>`},
		{"query and fragment", Entry{Name: "a?b#c"}, `<li><a href="a%3Fb%23c">a?b#c</a></li>`},
		{"percent", Entry{Name: "100%"}, `<li><a href="100%25">100%</a></li>`},
		{"markup", Entry{Name: `<a href="x">&amp;'`}, `<li><a href="%3Ca%20href%3D%22x%22%3E%26amp%3B%27">&lt;a href="x"&gt;&amp;amp;'</a></li>`},
		{"UTF-8", Entry{Name: "é"}, `<li><a href="%C3%A9">é</a></li>`},
		{"a byte that is no UTF-8", Entry{Name: "\xff"}, `<li><a href="%FF">` + "\xff</a></li>"},
		{"a slash that no disk has", Entry{Name: "//evil.example", Dir: true}, `<li><a href="%2F%2Fevil.example/">//evil.example/</a></li>`},
		{"newline", Entry{Name: "a\nb"}, `<li><a href="a%0Ab">` + "a\nb</a></li>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, got, _ := strings.Cut(read(t, Plain("/", []Entry{tt.entry})), "<ul>\n")
			got, _, _ = strings.Cut(got, "\n</ul>")
			if got != tt.want {
				t.Errorf("item for %+v is %q, want %q", tt.entry, got, tt.want)
			}
		})
	}
}

var (
	surrogate = regexp.MustCompile(`%ED%B([23])%([89AB])([0-9A-F])`)
	style     = regexp.MustCompile(`<style type="text/css">\n(?s:.*?)</style>\n`)
)

// A real list_directory lists real directories. It differs in what Plain says of names that are no UTF-8, and in
// the style that came with 3.14; ties are put in byte order there as well.
func TestPython(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("names are bytes on Linux; other file systems fold their case or refuse what is no UTF-8")
	}
	type directory struct {
		Title   string
		Entries []Entry
		Names   [][]byte
	}
	var directories []directory
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 12 {
		d := directory{Title: []string{"/", "/sub/", "/a & <b>/", "/é\"'/", "/a%20b/", "/\n/"}[i%6]}
		taken := map[string]bool{"": true, ".": true, "..": true}
		for range 60 {
			if name := randomName(random); !taken[name] {
				taken[name] = true
				d.Entries = append(d.Entries, Entry{Name: name, Dir: random.IntN(3) == 0, Link: random.IntN(3) == 0})
				d.Names = append(d.Names, []byte(name))
			}
		}
		directories = append(directories, d)
	}
	directories = append(directories, directory{Title: "/empty/"})

	var want [][]byte
	pythontest.Run(t, `
import http.server, os, tempfile, urllib.parse
class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self): pass
    def send_response(self, *args): pass
    def send_header(self, *args): pass
    def end_headers(self): pass
listdir = os.listdir
os.listdir = lambda path: sorted(listdir(path), key=os.fsencode)
def page(directory):
    handler = Handler()
    handler.path = urllib.parse.quote(directory['Title'])
    with tempfile.TemporaryDirectory() as root:
        top = os.path.join(os.fsencode(root), b'top')
        target = os.path.join(os.fsencode(root), b'target')
        os.mkdir(top)
        os.mkdir(target)
        for name, entry in zip(directory['Names'] or [], directory['Entries'] or []):
            path = os.path.join(top, base64.b64decode(name))
            if entry['Link']:
                os.symlink(target if entry['Dir'] else b'nowhere', path)
            elif entry['Dir']:
                os.mkdir(path)
            else:
                open(path, 'wb').close()
        return base64.b64encode(handler.list_directory(os.fsdecode(top)).read()).decode()
out = [page(d) for d in inp]
`, directories, &want)
	for i, d := range directories {
		Sort(d.Entries)
		got := read(t, Plain(d.Title, d.Entries))
		page := style.ReplaceAllString(string(want[i]), "")
		page = surrogate.ReplaceAllStringFunc(page, lowByte)
		if got != page {
			gotLines, wantLines := strings.Split(got, "\n"), strings.Split(page, "\n")
			for j := range min(len(gotLines), len(wantLines)) {
				if gotLines[j] != wantLines[j] {
					t.Errorf("%q, line %d: got %q, want %q", d.Title, j, gotLines[j], wantLines[j])
				}
			}
			t.Errorf("%q: got %d lines, want %d", d.Title, len(gotLines), len(wantLines))
		}
	}
}

// lowByte turns the surrogate U+DC00 + c, percent-encoded, into c, percent-encoded.
func lowByte(encoded string) string {
	s, err := url.PathUnescape(encoded)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%%%02X", s[1]&3<<6|s[2]&0x3f)
}

func randomName(random *rand.Rand) string {
	pieces := []string{"a", "A", "b", "B", "z", "_", ".", "-", "~", " ", "0", "9", "&", "<", ">", `"`, "'", "%", "?", "#", ":", ";", "+", "\\", "\n", "\t", "\x01", "\x7f", "é", "É", "İ", "Σ", "σ", "ς", "ß", "ẞ", "\u212a", "\u0307", "\u2028", "\ud7ff", "\ue000", "😀", "𐐀", "\x80", "\xc3", "\xed", "\xb3", "\xbf", "\xff"}
	if random.IntN(4) == 0 {
		pieces = []string{"a", "A", "Σ", "é", "É"} // for ties
	}
	var b strings.Builder
	for range 1 + random.IntN(5) {
		b.WriteString(pieces[random.IntN(len(pieces))])
	}
	return b.String()
}

// Each link leads to its name, whatever stands in names and title.
func FuzzPlain(f *testing.F) {
	f.Add("/", "a.txt/sub", byte(1))
	f.Fuzz(func(t *testing.T, title, names string, kinds byte) {
		entries := fuzzEntries(names, kinds, 0, 0)
		hrefs := links(t, read(t, Plain(title, entries)))
		if len(hrefs) != len(entries) {
			t.Fatalf("%d links for %d names", len(hrefs), len(entries))
		}
		for i, e := range entries {
			wantLink(t, hrefs[i], e, "")
		}
	})
}

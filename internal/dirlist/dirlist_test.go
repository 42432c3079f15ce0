package dirlist

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"example.com/httpserver/internal/pythontest"
)

func TestSort(t *testing.T) {
	for _, tt := range []struct {
		name string
		want []string // in order
	}{
		{"empty", nil},
		{"without regard to case", []string{"a", "B", "c"}},
		{"ties in byte order", []string{"README", "Readme", "readme"}},
		{"underscore before letters", []string{"_a", "B", "b", "c"}},
		{"numbers as text", []string{"10", "9"}},
		{"dotfiles first", []string{".a", ".Z", "0"}},
		{"beyond ASCII", []string{"Zebra", "Äpfel", "äpfel", "Öl"}},
		{"dotted I is an i and a dot", []string{"i", "ia", "İ"}},
		{"bytes that are no UTF-8 are surrogates", []string{"z", "\ud7ff", "\x80", "\xff", "\xff\xff", "\ue000", "😀"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			entries := make([]Entry, 0, len(tt.want))
			for _, name := range slices.Backward(tt.want) {
				entries = append(entries, Entry{Name: name, Dir: name == "B"})
			}
			Sort(entries)
			var got []string
			for _, e := range entries {
				got = append(got, e.Name)
				if e.Dir != (e.Name == "B") {
					t.Errorf("Sort parted %q from its kind", e.Name)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Sort gives %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAppendPage(t *testing.T) {
	got := string(AppendPage([]byte("before\n"), "/a & b/", []Entry{{Name: "sub", Dir: true}, {Name: "x"}}))
	want := `before
<!DOCTYPE HTML>
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
	if n := len(AppendPage(nil, "/sub/", nil)); n != 195 {
		t.Errorf("an empty /sub/ has %d bytes, want 195", n)
	}
}

func TestItem(t *testing.T) {
	for _, tt := range []struct {
		name  string
		entry Entry
		want  string
	}{
		{"file", Entry{Name: "a.txt", Dir: false, Link: false}, `<li><a href="a.txt">a.txt</a></li>`},
		{"directory", Entry{Name: "a", Dir: true, Link: false}, `<li><a href="a/">a/</a></li>`},
		{"link to a file, or to nothing", Entry{Name: "a", Dir: false, Link: true}, `<li><a href="a">a@</a></li>`},
		{"link to a directory", Entry{Name: "a", Dir: true, Link: true}, `<li><a href="a/">a@</a></li>`},
		{"colon", Entry{Name: "javascript:alert(1)", Dir: false, Link: false}, `<li><a href="javascript%3Aalert%281%29">javascript:alert(1)</a></li>`},
		{"unreserved", Entry{Name: "aZ09_.-~", Dir: false, Link: false}, `<li><a href="aZ09_.-~">aZ09_.-~</a></li>`},
		{"query and fragment", Entry{Name: "a?b#c", Dir: false, Link: false}, `<li><a href="a%3Fb%23c">a?b#c</a></li>`},
		{"percent", Entry{Name: "100%", Dir: false, Link: false}, `<li><a href="100%25">100%</a></li>`},
		{"markup", Entry{Name: `<a href="x">&amp;'`, Dir: false, Link: false}, `<li><a href="%3Ca%20href%3D%22x%22%3E%26amp%3B%27">&lt;a href="x"&gt;&amp;amp;'</a></li>`},
		{"UTF-8", Entry{Name: "é", Dir: false, Link: false}, `<li><a href="%C3%A9">é</a></li>`},
		{"a byte that is no UTF-8", Entry{Name: "\xff", Dir: false, Link: false}, `<li><a href="%FF">` + "\xff</a></li>"},
		{"newline", Entry{Name: "a\nb", Dir: false, Link: false}, `<li><a href="a%0Ab">` + "a\nb</a></li>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(appendItem(nil, tt.entry)); got != tt.want+"\n" {
				t.Errorf("item for %+v is %q, want %q", tt.entry, got, tt.want+"\n")
			}
		})
	}
}

// Room for the whole page is made at once, and none where there is enough.
func TestAppendPageAllocs(t *testing.T) {
	entries := thousand()
	page := AppendPage(nil, "/", entries)
	if len(page) > sizeHint("/", entries) {
		t.Errorf("the page has %d bytes, sizeHint says %d", len(page), sizeHint("/", entries))
	}
	room := make([]byte, 0, sizeHint("/", entries))
	if n := testing.AllocsPerRun(10, func() { AppendPage(room, "/", entries) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

var (
	surrogate = regexp.MustCompile(`%ED%B([23])%([89AB])([0-9A-F])`)
	style     = regexp.MustCompile(`<style type="text/css">\n(?s:.*?)</style>\n`)
)

// A real list_directory lists real directories. It differs in what AppendPage says of names that are no UTF-8, and in
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
		got := string(AppendPage(nil, d.Title, d.Entries))
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

var link = regexp.MustCompile(`<li><a href="([^"]*)">`)

// Each link leads to its name, whatever stands in names and title.
func FuzzAppendPage(f *testing.F) {
	f.Add("/", "a.txt/sub", byte(1))
	f.Fuzz(func(t *testing.T, title, names string, kind byte) {
		var entries []Entry
		for i, name := range strings.Split(names, "/") {
			bits := int(kind) >> (i % 4 * 2)
			entries = append(entries, Entry{Name: name, Dir: bits&1 != 0, Link: bits&2 != 0})
		}
		Sort(entries)
		page := string(AppendPage(nil, title, entries))
		links := link.FindAllStringSubmatch(page, -1)
		if len(links) != len(entries) {
			t.Fatalf("%d links for %d names in %q", len(links), len(entries), page)
		}
		for i, e := range entries {
			want := e.Name
			if e.Dir {
				want += "/"
			}
			href, err := url.Parse(links[i][1])
			if err != nil || href.Path != want || href.IsAbs() || href.RawQuery != "" || href.Fragment != "" {
				t.Errorf("%q leads to %+v, %v, want %q", links[i][1], href, err, want)
			}
		}
	})
}

func thousand() []Entry {
	var entries []Entry
	for i := range 1000 {
		entries = append(entries, Entry{Name: fmt.Sprintf("file-%04d.txt", i)})
	}
	return entries
}

func BenchmarkAppendPage(b *testing.B) {
	entries := thousand()
	b.ReportAllocs()
	for b.Loop() {
		AppendPage(nil, "/", entries)
	}
}

func BenchmarkSort(b *testing.B) {
	entries := thousand()
	random := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		random.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		Sort(entries)
	}
}

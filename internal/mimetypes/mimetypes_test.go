package mimetypes

import (
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"example.com/httpserver/internal/pythontest"
)

func TestGuess(t *testing.T) {
	for _, tt := range []struct{ name, in, mediaType, encoding string }{
		{"page", "index.html", "text/html", ""},
		{"path", "/var/www/a.b/index.html", "text/html", ""},
		{"no extension", "README", "", ""},
		{"no extension but in the directory", "a.html/README", "", ""},
		{"unknown extension", "a.xyzzy", "", ""},
		{"empty extension", "a.", "", ""},
		{"empty", "", "", ""},
		{"dotfile", ".html", "", ""},
		{"dotfile in a directory", "/a/.html", "", ""},
		{"many dots", "...html", "", ""},
		{"dots, then a name", "..a.html", "text/html", ""},
		{"two dots", "a..html", "text/html", ""},
		{"upper case", "A.HTML", "text/html", ""},
		{"Kelvin sign", "a.m\u212av", "video/matroska", ""},
		{"dotted I", "a.gİf", "", ""},
		{"a byte that is no UTF-8", "\xff.html", "text/html", ""},
		{"gzip", "a.tar.gz", "application/x-tar", "gzip"},
		{"gzip of nothing known", "a.gz", "", "gzip"},
		{"gzip of gzip", "a.gz.gz", "application/gzip", "gzip"},
		{"gzip in upper case", "a.tar.GZ", "application/gzip", ""},
		{"compress", "a.tar.Z", "application/x-tar", "compress"},
		{"compress in lower case", "a.tar.z", "", ""},
		{"bzip2", "a.txt.bz2", "text/plain", "bzip2"},
		{"xz", "a.txt.xz", "text/plain", "xz"},
		{"Brotli", "a.html.br", "text/html", "br"},
		{"type in upper case inside", "a.TXT.br", "text/plain", "br"},
		{"tgz", "a.tgz", "application/x-tar", "gzip"},
		{"tgz in upper case", "a.TGZ", "application/x-tar", "gzip"},
		{"svgz", "a.svgz", "image/svg+xml", "gzip"},
		{"txz", "a.txz", "application/x-tar", "xz"},
		{"a short form inside an encoding", "a.tgz.gz", "", "gzip"},
		{"a file called tgz", ".tgz", "", ""},
		{"a name that looks like a URL", "data:text/html,x.png", "image/png", ""},

		{"3.12", "a.mjs", "text/javascript", ""},
		{"3.13", "a.webp", "image/webp", ""},
		{"3.14", "a.woff2", "font/woff2", ""},
		{"not strict", "a.xul", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mediaType, encoding := Builtin().Guess(tt.in)
			if mediaType != tt.mediaType || encoding != tt.encoding {
				t.Errorf("Guess(%q) = %q, %q, want %q, %q", tt.in, mediaType, encoding, tt.mediaType, tt.encoding)
			}
		})
	}
}

func TestGuessAllocs(t *testing.T) {
	for _, name := range []string{"/var/www/index.html", "/var/www/a.tar.gz", "/var/www/a.tgz", "/var/www/README"} {
		if n := testing.AllocsPerRun(100, func() { Builtin().Guess(name) }); n != 0 {
			t.Errorf("Guess(%q): %v allocations, want 0", name, n)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     map[string]string
	}{
		{"empty", "", map[string]string{}},
		{"a type alone", "text/plain\n", map[string]string{}},
		{"one extension", "text/plain txt\n", map[string]string{".txt": "text/plain"}},
		{"two extensions, tabs", "text/plain\t\ttxt asc", map[string]string{".txt": "text/plain", ".asc": "text/plain"}},
		{"the later wins", "a/b x\nc/d x\n", map[string]string{".x": "c/d"}},
		{"comment line", "# a/b x\n", map[string]string{}},
		{"comment after a word", "a/b x # y\n", map[string]string{".x": "a/b"}},
		{"comment that begins a word", "a/b x #y z\n", map[string]string{".x": "a/b"}},
		{"hash in a word", "a/b x#y z\n", map[string]string{".x#y": "a/b", ".z": "a/b"}},
		{"type commented out", "#a/b x\n", map[string]string{}},
		{"CRLF", "a/b x\r\nc/d y\r\n", map[string]string{".x": "a/b", ".y": "c/d"}},
		{"CR ends a comment", "# a\ra/b x\r", map[string]string{".x": "a/b"}},
		{"VT and FF end no line", "a/b x\vc/d\fy", map[string]string{".x": "a/b", ".c/d": "a/b", ".y": "a/b"}},
		{"upper case stays", "a/b X\n", map[string]string{".X": "a/b"}},
		{"indented", "  a/b x\n", map[string]string{".x": "a/b"}},
		{"white space beyond ASCII", "a/b\u00a0x\u2003y\x1cz\n", map[string]string{".x": "a/b", ".y": "a/b", ".z": "a/b"}},
		{"not UTF-8", "a/b \xff\n", map[string]string{".\xff": "a/b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"whole":            strings.NewReader(tt.in),
				"a byte at a time": iotest.OneByteReader(strings.NewReader(tt.in)),
			} {
				var got Table
				if err := got.Parse(r); err != nil || !maps.Equal(got.types, tt.want) {
					t.Errorf("%s: Parse(%q) gives %q, %v, want %q", how, tt.in, got.types, err, tt.want)
				}
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, tt := range []struct {
		name, in string
		ok       bool
	}{
		{"the longest line", "a/b x\n" + strings.Repeat("c", maxLine) + "\n", true},
		{"a line too long", "a/b x\n" + strings.Repeat("c", maxLine+1) + "\n", false},
		{"the largest file", "a/b x\n" + strings.Repeat("#\n", (maxFile-6)/2), true},
		{"a file too large", "a/b x\n" + strings.Repeat("#\n", (maxFile-6)/2) + "\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var table Table
			err := table.Parse(strings.NewReader(tt.in))
			if (err == nil) != tt.ok {
				t.Errorf("Parse: %v, want ok %v", err, tt.ok)
			}
			if got, _ := table.Guess("a.x"); got != "a/b" {
				t.Errorf("the entry before the fault is gone: Guess = %q", got)
			}
		})
	}
	var table Table
	if err := table.Parse(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("Parse: %v, want %v", err, broken)
	}
}

func TestCloneIsApart(t *testing.T) {
	table := Builtin().Clone()
	if err := table.Parse(strings.NewReader("a/b html\n")); err != nil {
		t.Fatal(err)
	}
	if got, _ := table.Guess("x.html"); got != "a/b" {
		t.Errorf("the clone says %q, want a/b", got)
	}
	if got, _ := Builtin().Guess("x.html"); got != "text/html" {
		t.Errorf("the built-in table says %q, want text/html", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("Parse changed the built-in table")
		}
	}()
	Builtin().Parse(strings.NewReader("a/b html\n"))
}

// changes are what CPython's strict table gained after 3.11. Before the release named, it says old, or does not
// know the extension where that is empty.
var changes = []struct {
	ext          string
	major, minor int
	old          string
}{
	{".js", 3, 12, "application/javascript"},
	{".mjs", 3, 12, "application/javascript"},
	{".markdown", 3, 13, ""},
	{".md", 3, 13, ""},
	{".rst", 3, 13, ""},
	{".rtf", 3, 13, ""},
	{".webp", 3, 13, ""},
	{".7z", 3, 14, ""},
	{".avi", 3, 14, "video/x-msvideo"},
	{".deb", 3, 14, ""},
	{".docx", 3, 14, ""},
	{".emf", 3, 14, ""},
	{".eot", 3, 14, ""},
	{".epub", 3, 14, ""},
	{".fits", 3, 14, ""},
	{".flac", 3, 14, ""},
	{".g3", 3, 14, ""},
	{".glb", 3, 14, ""},
	{".gltf", 3, 14, ""},
	{".gz", 3, 14, ""},
	{".jp2", 3, 14, ""},
	{".jpm", 3, 14, ""},
	{".jpx", 3, 14, ""},
	{".m4a", 3, 14, ""},
	{".m4v", 3, 14, ""},
	{".mk3d", 3, 14, ""},
	{".mka", 3, 14, ""},
	{".mkv", 3, 14, ""},
	{".odg", 3, 14, ""},
	{".odp", 3, 14, ""},
	{".ods", 3, 14, ""},
	{".odt", 3, 14, ""},
	{".ogg", 3, 14, ""},
	{".ogv", 3, 14, ""},
	{".ogx", 3, 14, ""},
	{".otf", 3, 14, ""},
	{".php", 3, 14, ""},
	{".pptx", 3, 14, ""},
	{".rar", 3, 14, ""},
	{".rpm", 3, 14, ""},
	{".stl", 3, 14, ""},
	{".t38", 3, 14, ""},
	{".tfx", 3, 14, ""},
	{".ttf", 3, 14, ""},
	{".wav", 3, 14, "audio/x-wav"},
	{".weba", 3, 14, ""},
	{".wmf", 3, 14, ""},
	{".wmv", 3, 14, ""},
	{".woff", 3, 14, ""},
	{".woff2", 3, 14, ""},
	{".xlsx", 3, 14, ""},
	{".yaml", 3, 14, ""},
	{".yml", 3, 14, ""},
}

// asOf returns our table as the release had it.
func asOf(version pythontest.Version) *Table {
	table := Builtin().Clone()
	for _, c := range changes {
		switch {
		case !version.Before(c.major, c.minor):
		case c.old == "":
			delete(table.types, c.ext)
		default:
			table.types[c.ext] = c.old
		}
	}
	return table
}

func TestPython(t *testing.T) {
	var names [][]byte
	known := append(strings.Fields(".Z .br .bz2 .gz .xz .svgz .tgz .taz .tz .tbz2 .txz .webp .rtf .midi .mid .jpg .pict .pct .pic .xul"), "", ".", ".xyzzy", ".İ", ".m\u212av", ".\xff")
	for ext := range builtin.types {
		known = append(known, ext)
	}
	for _, ext := range known {
		for _, form := range []string{"a*", "a^", "*", "a.*", "..a*", "...*", "d.d/*", "a b:c*", "a*.gz", "a*.Z", "a*.z", "a^.br", "a*.GZ", "a*.tgz", "a.tgz*", "a.txt*", "a*.gz.xz"} {
			names = append(names, []byte(strings.NewReplacer("*", ext, "^", strings.ToUpper(ext)).Replace(form)))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		name := ""
		for range random.IntN(5) {
			name += []string{".", "a", "/", ".html", ".gz", ".tgz", ".Z", known[random.IntN(len(known))]}[random.IntN(8)]
		}
		names = append(names, []byte(name))
	}
	files := []string{
		"a/b x y\n#c/d z\nc/d\tx # w\n",
		"a/b x\r\nc/d y\re/f z#z #w v\n\n  g/h  u\n",
		"a/b x\u00a0y\u2003z\x1cw\u0085u\vt\fs\n",
		"# only\n#\n \n\t#x\n", "a/b X x.y .z\n", "lonely\n", "a/b x",
	}

	var python struct {
		Types   map[string]string
		Guesses [][2]string
		Parsed  []map[string]string
		Known   []string
	}
	version := pythontest.Run(t, `
import io, mimetypes, os
table = mimetypes.MimeTypes(filenames=())
def parse(text):
    t = mimetypes.MimeTypes(filenames=())
    t.types_map[True].clear()
    t.readfp(io.StringIO(text, newline=None))
    return t.types_map[True]
out = {
    'Types': table.types_map[True],
    # The slash keeps a name with a colon from being a URL, as a translated path never is one.
    'Guesses': [[g or '' for g in table.guess_type('/' + os.fsdecode(base64.b64decode(n)))] for n in inp['Names']],
    'Parsed': [parse(f) for f in inp['Files']],
    'Known': mimetypes.knownfiles,
}
`, map[string]any{"Names": names, "Files": files}, &python)

	table := asOf(version)
	for ext, want := range python.Types {
		if got := table.types[ext]; got != want {
			t.Errorf("%s is %q, want %q", ext, got, want)
		}
	}
	for ext, got := range table.types {
		if _, ok := python.Types[ext]; !ok {
			t.Errorf("%s is %q, Python %v does not know it", ext, got, version)
		}
	}
	for i, name := range names {
		mediaType, encoding := table.Guess("/" + string(name))
		if got := [2]string{mediaType, encoding}; got != python.Guesses[i] {
			t.Errorf("Guess(%q) = %q, want %q", "/"+string(name), got, python.Guesses[i])
		}
	}
	for i, file := range files {
		var got Table
		if err := got.Parse(strings.NewReader(file)); err != nil || !maps.Equal(got.types, python.Parsed[i]) {
			t.Errorf("Parse(%q) gives %q, %v, want %q", file, got.types, err, python.Parsed[i])
		}
	}
	if got, want := strings.Join(KnownFiles(), "\n"), strings.Join(python.Known, "\n"); got != want {
		t.Errorf("KnownFiles() = \n%s\nwant\n%s", got, want)
	}
}

// Only what follows the last slash matters.
func FuzzGuess(f *testing.F) {
	f.Add("index.html")
	f.Fuzz(func(t *testing.T, name string) {
		mediaType, encoding := Builtin().Guess(name)
		file := name[strings.LastIndexByte(name, '/')+1:]
		if m, e := Builtin().Guess("a.html/" + file); m != mediaType || e != encoding {
			t.Errorf("Guess(%q) = %q, %q, but in a directory %q, %q", name, mediaType, encoding, m, e)
		}
		if base, ext := SplitExt(name); base+ext != name || strings.ContainsRune(ext, '/') || strings.Count(ext, ".") > 1 {
			t.Errorf("SplitExt(%q) = %q, %q", name, base, ext)
		}
	})
}

// A table says the same once what it knows is written as a file.
func FuzzParse(f *testing.F) {
	f.Add("text/plain txt asc # text\n")
	f.Fuzz(func(t *testing.T, file string) {
		var table, again Table
		if table.Parse(strings.NewReader(file)) != nil {
			return
		}
		var b strings.Builder
		for ext, mediaType := range table.types {
			b.WriteString(mediaType + " " + ext[1:] + "\n")
		}
		if b.Len() > maxFile {
			return
		}
		if err := again.Parse(strings.NewReader(b.String())); err != nil || !maps.Equal(again.types, table.types) {
			t.Errorf("Parse(%q) gives %q, written and parsed %q, %v", file, table.types, again.types, err)
		}
	})
}

func BenchmarkGuess(b *testing.B) {
	for _, name := range []string{"/var/www/index.html", "/var/www/a.tar.gz", "/var/www/PHOTO.JPG"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Builtin().Guess(name)
			}
		})
	}
}

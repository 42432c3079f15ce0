package dirlist

import (
	"flag"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

var update = flag.Bool("update", false, "write testdata/rich.html anew")

// What surrounds style and script, and the items, is as in testdata.
func TestRich(t *testing.T) {
	modified := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	entries := []Entry{
		{Name: "a & b", Dir: true, Modified: modified},
		{Name: "current", Dir: true, Link: true, Modified: modified},
		{Name: "<b>.txt", Size: 999, Modified: modified},
		{Name: "large.iso", Size: 702545920, Modified: modified},
		{Name: "nowhere", Link: true},
		{Name: "photo\u202Egpj.exe", Size: 1, Modified: modified},
		{Name: "\xff\n ", Size: 0},
	}
	got := read(t, Rich("/a & b/", entries, Order{bySize, true}, true))
	got = strings.Replace(got, richStyle, "…", 1)
	got = strings.Replace(got, richScript, "…", 1)
	const golden = "testdata/rich.html"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRichHead(t *testing.T) {
	for _, tt := range []struct {
		name    string
		entries []Entry
		order   string
		parent  bool
		has     []string
		hasNot  []string
	}{
		{"empty", nil, "", true, []string{"This folder is empty.", `<a href="../">`}, []string{"<table", "<script"}},
		{"top", nil, "", false, nil, []string{`"../`}},
		{"a slash that no disk has", []Entry{{Name: "//evil.example", Dir: true}}, "", false, []string{`<a href="%2F%2Fevil.example/">`}, nil},
		{"a file", files(1), "", false, []string{"<caption>1 file</caption>"}, nil},
		{"files", files(2), "", false, []string{"<caption>2 files</caption>"}, nil},
		{"folder", []Entry{{Dir: true}}, "", false, []string{"<caption>1 folder</caption>"}, nil},
		{"both", append(files(2), Entry{Dir: true}, Entry{Dir: true}), "", false, []string{"<caption>2 folders, 2 files</caption>"}, nil},
		{"by name", files(1), "", true, []string{
			`<a href="../">`,
			`<th scope="col" aria-sort="ascending"><a href="?sort=name&amp;order=desc">Name</a></th>`,
			`<th scope="col"><a href="?sort=size&amp;order=desc">Size</a></th>`,
			`<th scope="col"><a href="?sort=time&amp;order=desc">Modified<span> (UTC)</span></a></th>`,
		}, nil},
		{"from z to a", files(1), "order=desc", true, []string{
			`<a href="../?sort=name&amp;order=desc">`,
			`<th scope="col" aria-sort="descending"><a href="./">Name</a></th>`,
		}, nil},
		{"the largest first", files(1), "sort=size&order=desc", true, []string{
			`<a href="../?sort=size&amp;order=desc">`,
			`<th scope="col"><a href="./">Name</a></th>`,
			`<th scope="col" aria-sort="descending"><a href="?sort=size&amp;order=asc">Size</a></th>`,
		}, nil},
		{"the oldest first", files(1), "sort=time", true, []string{
			`<th scope="col" aria-sort="ascending"><a href="?sort=time&amp;order=desc">Modified<span> (UTC)</span></a></th>`,
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page := read(t, Rich("/", tt.entries, ParseOrder(tt.order), tt.parent))
			for _, s := range tt.has {
				if !strings.Contains(page, s) {
					t.Errorf("%s is missing in\n%s", s, page)
				}
			}
			for _, s := range tt.hasNot {
				if strings.Contains(page, s) {
					t.Errorf("%s stands in\n%s", s, page)
				}
			}
		})
	}
}

func TestName(t *testing.T) {
	for _, tt := range []struct{ name, s, want, bare string }{
		{"usual", "a b.txt", "a b.txt", "a b.txt"},
		{"markup", `<b>&"'`, `&lt;b&gt;&amp;"'`, `&lt;b&gt;&amp;"'`},
		{"controls", "a\x00\x1b\n\x7f", "a<span>NUL</span><span>ESC</span><span>LF</span><span>DEL</span>", "a␀␛␊␡"},
		{"more controls", "\u0085", "<span>U+0085</span>", "U+0085"},
		{"override", "a\u202Eb", "a<span>U+202E</span>b", "aU+202Eb"},
		{"isolates", "\u2066\u2069", "<span>U+2066</span><span>U+2069</span>", "U+2066U+2069"},
		{"marks", "\u200E\u200F\u061C", "<span>U+200E</span><span>U+200F</span><span>U+061C</span>", "U+200EU+200FU+061C"},
		{"no width", "a\u200Bb\uFEFF\u00AD", "a<span>U+200B</span>b<span>U+FEFF</span><span>U+00AD</span>", "aU+200BbU+FEFFU+00AD"},
		{"separators of lines", "\u2028\u2029", "<span>U+2028</span><span>U+2029</span>", "U+2028U+2029"},
		{"tag", "\U000E0041", "<span>U+E0041</span>", "U+E0041"},
		{"filler", "\u3164", "<span>U+3164</span>", "U+3164"},
		{"joiners that join", "👩\u200D💻 می\u200Cخواهم", "👩\u200D💻 می\u200Cخواهم", "👩\u200D💻 می\u200Cخواهم"},
		{"joiners that hide", "\u200Da\u200Cb", "<span>U+200D</span>a<span>U+200C</span>b", "U+200DaU+200Cb"},
		{"from right to left", "שלום", "שלום", "שלום"},
		{"Arabic number sign, which shows", "\u0600", "\u0600", "\u0600"},
		{"no UTF-8", "\xff\xc3", "\uFFFD\uFFFD", "\uFFFD\uFFFD"},
		{"surrogate", "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD", "\uFFFD\uFFFD\uFFFD"},
		{"blanks at the ends", " a  b  ", "<span>␣</span>a  b<span>␣</span><span>␣</span>", " a  b  "},
		{"blank", " ", "<span>␣</span>", " "},
		{"empty", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o out
			o.name(tt.s)
			if got, want := string(o.piece), "<bdi>"+tt.want+"</bdi>"; got != want {
				t.Errorf("name %q is %q, want %q", tt.s, got, want)
			}
			o = out{}
			o.visible(tt.s)
			if got := string(o.piece); got != tt.bare {
				t.Errorf("%q is visibly %q, want %q", tt.s, got, tt.bare)
			}
		})
	}
}

func TestSize(t *testing.T) {
	for _, tt := range []struct {
		n              int64
		short, grouped string
	}{
		{0, "0 B", "0"},
		{999, "999 B", "999"},
		{1000, "1.0 kB", "1,000"},
		{1049, "1.0 kB", "1,049"},
		{1050, "1.1 kB", "1,050"},
		{14_680_064, "14.7 MB", "14,680,064"},
		{999_949, "999.9 kB", "999,949"},
		{999_950, "1.0 MB", "999,950"},
		{1_000_000, "1.0 MB", "1,000,000"},
		{999_950_000_000_000_000, "1.0 EB", "999,950,000,000,000,000"},
		{math.MaxInt64, "9.2 EB", "9,223,372,036,854,775,807"},
	} {
		t.Run(strconv.FormatInt(tt.n, 10), func(t *testing.T) {
			if got := string(appendSize(nil, tt.n)); got != tt.short {
				t.Errorf("got %q, want %q", got, tt.short)
			}
			if got := string(appendGrouped(nil, tt.n)); got != tt.grouped {
				t.Errorf("got %q, want %q", got, tt.grouped)
			}
		})
	}
}

// The policy allows the page what it brings, and the page asks for nothing more.
func TestContentSecurityPolicy(t *testing.T) {
	page := read(t, Rich("/", strange(), Order{}, true))
	tree, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for n := range tree.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "style", "script":
			found++
			if want := n.Data + "-src " + hashSource(n.FirstChild.Data) + ";"; !strings.Contains(ContentSecurityPolicy, want) {
				t.Errorf("%q is missing in %q", want, ContentSecurityPolicy)
			}
		case "img", "link", "iframe", "form", "base", "object", "svg":
			t.Errorf("<%s> stands on the page", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || a.Key == "src" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has %s", n.Data, a.Key)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d styles and scripts, want 2", found)
	}
	// A browser hashes what it has made of line ends (HTML §13.2.3.5), and would end either at its end tag.
	for _, s := range []string{richStyle, richScript} {
		if strings.ContainsAny(s, "\r\x00") || strings.Contains(s, "</") || strings.Contains(s, "<!--") || !utf8.ValidString(s) {
			t.Error("a browser reads other bytes than those that are hashed")
		}
	}
}

// Each link leads to its name, and the page shows nothing that cannot be seen, whatever stands in names and title.
func FuzzRich(f *testing.F) {
	f.Add("/", "a.txt/sub", byte(1), int64(5), int64(1), "sort=size")
	f.Add("/\u202e</title>/", "<script>/\"/&amp;/\xff", byte(0xe4), int64(-1), int64(1)<<40, "sort=time&order=desc")
	f.Fuzz(func(t *testing.T, title, names string, kinds byte, size, modified int64, query string) {
		entries := fuzzEntries(names, kinds, size, modified)
		order := ParseOrder(query)
		order.Sort(entries)
		page := read(t, Rich(title, entries, order, false))
		hrefs := links(t, page)
		const columns = 3
		if len(hrefs) != columns+len(entries) {
			t.Fatalf("%d links for %d names", len(hrefs), len(entries))
		}
		for i, e := range entries {
			wanted := ""
			if e.Dir && order != (Order{}) {
				wanted = "sort=" + [...]string{"name", "size", "time"}[order.by] + "&order=" + order.direction()
			}
			wantLink(t, hrefs[columns+i], e, wanted)
		}
		if !utf8.ValidString(page) {
			t.Fatalf("%+q is no UTF-8", page)
		}
		for _, c := range page {
			if c != '\n' && unicode.In(c, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
				t.Fatalf("%+q has %U", page, c)
			}
		}
		if got, want := strings.Count(page, "\n"), strings.Count(read(t, Rich("/", make([]Entry, len(entries)), Order{}, false)), "\n"); got != want {
			t.Errorf("%d lines, want %d", got, want)
		}
	})
}

package e2e

import (
	"cmp"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"
)

// strangeNames are names of folders, how the page has to show them, and how its
// title does where that is another way.
var strangeNames = []struct{ label, name, shown, title string }{
	{"quotes", `"double" 'single' ` + "`back`", `"double" 'single' ` + "`back`", ""},
	{"markup", "<img src=x onerror=alert(1)><script>alert(2)<", "<img src=x onerror=alert(1)><script>alert(2)<", ""},
	{"end of a script", "<!--<script>--]]>", "<!--<script>--]]>", ""},
	{"entities", "&amp; &lt &#60;", "&amp; &lt &#60;", ""},
	{"percent", "100% %2e%2e%2F%00", "100% %2e%2e%2F%00", ""},
	{"number sign and question mark", "#1?sort=size&order=desc", "#1?sort=size&order=desc", ""},
	{"another scheme", "javascript:alert(3)", "javascript:alert(3)", ""},
	{"backslashes", `\\127.0.0.2\..\x`, `\\127.0.0.2\..\x`, ""},
	{"line breaks", "a\nb\r\tc\x7f", "aLFbCRHTcDEL", "a␊b␍␉c␡"},
	{"blanks", "  two  and  two  ", "␣␣two  and  two␣␣", " two and two "},
	{"right to left", "\u05d0\u05d1\u05d2 1", "\u05d0\u05d1\u05d2 1", ""},
	{"bidirectional override", "photo\u202egpj.exe", "photoU+202Egpj.exe", ""},
	{"invisible", "zero\u200bwidth\ufeff", "zeroU+200BwidthU+FEFF", ""},
	{"emoji", "🦊 👩\u200d👩\u200d👧", "🦊 👩\u200d👩\u200d👧", ""},
	{"no UTF-8", "caf\xe9 \xff", "caf\ufffd \ufffd", ""},
	{"three dots", "...", "...", ""},
	{"plus", "1+1", "1+1", ""},
	{"long", strings.Repeat("long", 60), strings.Repeat("long", 60), ""},
}

func TestStrangeNames(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("names may hold anything on Linux only")
	}
	files := make(map[string]string)
	for _, n := range strangeNames {
		files[n.name+"/"+n.name] = n.label
	}
	_, origin := serveRich(t, write(t, files))
	const query = "?sort=time&order=asc"
	tb := newTab(t)
	tb.open(origin + "/" + query)
	tb.fullPicture("names")
	hrefs := eval[[]string](tb, `Array.from(document.querySelectorAll("tbody a"), (a) => a.getAttribute("href"))`)
	equal(t, "links", len(hrefs), len(strangeNames))
	rows := make(map[string]int) // from 1
	for i, href := range hrefs {
		path, _, _ := strings.Cut(href, "?")
		name, err := url.PathUnescape(strings.TrimSuffix(strings.TrimPrefix(path, "./"), "/"))
		if err != nil {
			t.Errorf("href %q: %v", href, err)
		}
		rows[name] = i + 1
	}
	for _, n := range strangeNames {
		row := fmt.Sprintf("tbody tr:nth-child(%d) a", rows[n.name])
		equal(t, n.label+": name", eval[string](tb, fmt.Sprintf("document.querySelector(%q).textContent", row)), n.shown+"/")
		tb.follow(row)
		path, _ := url.PathUnescape(eval[string](tb, `location.pathname`))
		equal(t, n.label+": path", path, "/"+n.name+"/")
		equal(t, n.label+": query", eval[string](tb, `location.search`), query)
		equal(t, n.label+": title", eval[string](tb, `document.title`), "Directory listing for /"+cmp.Or(n.title, n.shown)+"/")
		equal(t, n.label+": heading", eval[string](tb, `document.querySelector("h1").textContent`), "/"+n.shown+"/")
		equal(t, n.label+": names", shown(tb), []string{n.shown})
		tb.follow("nav a")
		equal(t, n.label+": URL of the parent folder", eval[string](tb, `location.href`), origin+"/"+query)
	}
}

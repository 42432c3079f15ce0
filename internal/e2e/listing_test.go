package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"example.com/httpserver"
)

// someFiles has names, sizes and times that sort differently.
func someFiles(t *testing.T) (dir string) {
	t.Helper()
	dir = write(t, map[string]string{
		"alpha/inside.txt": "inside\n",
		"Zulu/":            "",
		"apple.txt":        strings.Repeat("a", 10),
		"Banana.bin":       strings.Repeat("b", 123_456),
		"cherry.txt":       "ccc",
		"Café menu.txt":    "",
	})
	for i, name := range []string{"alpha", "Banana.bin", "Café menu.txt", "apple.txt", "Zulu", "cherry.txt"} {
		touch(t, filepath.Join(dir, name), modified.AddDate(0, 0, i))
	}
	return dir
}

// serveRich serves a directory with rich listings.
func serveRich(t *testing.T, dir string) (h *site, origin string) {
	t.Helper()
	h = new(site)
	h.Directory, h.Listing = dir, httpserver.RichListing
	return h, serve(t, h)
}

// shown gives the names that a listing shows.
func shown(tb *tab) []string {
	tb.t.Helper()
	return eval[[]string](tb, `Array.from(document.querySelectorAll("tbody a")).filter((a) => a.checkVisibility()).map((a) => a.textContent)`)
}

func TestSorting(t *testing.T) {
	_, origin := serveRich(t, someFiles(t))
	byName := []string{"alpha/", "Zulu/", "apple.txt", "Banana.bin", "Café menu.txt", "cherry.txt"}
	tests := []struct {
		label, column, query, sorted string
		want                         []string
	}{
		{"as it opens", "", "", "Name ascending", byName},
		{"by name, down", "Name", "?sort=name&order=desc", "Name descending",
			[]string{"Zulu/", "alpha/", "cherry.txt", "Café menu.txt", "Banana.bin", "apple.txt"}},
		{"by name, up", "Name", "", "Name ascending", byName},
		{"by size, down", "Size", "?sort=size&order=desc", "Size descending",
			[]string{"alpha/", "Zulu/", "Banana.bin", "apple.txt", "cherry.txt", "Café menu.txt"}},
		{"by size, up", "Size", "?sort=size&order=asc", "Size ascending",
			[]string{"alpha/", "Zulu/", "Café menu.txt", "cherry.txt", "apple.txt", "Banana.bin"}},
		{"by time, down", "Modified (UTC)", "?sort=time&order=desc", "Modified (UTC) descending",
			[]string{"Zulu/", "alpha/", "cherry.txt", "apple.txt", "Café menu.txt", "Banana.bin"}},
		{"by time, up", "Modified (UTC)", "?sort=time&order=asc", "Modified (UTC) ascending",
			[]string{"alpha/", "Zulu/", "Banana.bin", "Café menu.txt", "apple.txt", "cherry.txt"}},
		{"by name again", "Name", "", "Name ascending", byName},
	}
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %v", scripts), func(t *testing.T) {
			tb := newTab(t)
			call(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
			tb.open(origin)
			for _, test := range tests {
				if test.column != "" {
					column := eval[int](tb, fmt.Sprintf(
						`1 + Array.from(document.querySelectorAll("thead th"), (th) => th.textContent).indexOf(%q)`, test.column))
					tb.follow(fmt.Sprintf("thead th:nth-child(%d) a", column))
				}
				equal(t, test.label, shown(tb), test.want)
				equal(t, test.label+": URL", eval[string](tb, `location.href`), origin+"/"+test.query)
				equal(t, test.label+": aria-sort", eval[[]string](tb,
					`Array.from(document.querySelectorAll("[aria-sort]"), (th) => th.textContent + " " + th.ariaSort)`), []string{test.sorted})
			}
			equal(t, "filter", eval[bool](tb, `!!document.querySelector("input")`), scripts)
		})
	}
}

func TestFolders(t *testing.T) {
	h, origin := serveRich(t, someFiles(t))
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %v", scripts), func(t *testing.T) {
			tb := newTab(t)
			call(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
			tb.open(origin + "/?sort=time&order=desc")
			h.visits.take()
			tb.follow("tbody tr:nth-child(2) a")
			equal(t, "URL", eval[string](tb, `location.href`), origin+"/alpha/?sort=time&order=desc")
			tb.follow("nav a")
			equal(t, "URL", eval[string](tb, `location.href`), origin+"/?sort=time&order=desc")
			tb.follow("tbody tr:first-child a")
			equal(t, "title", eval[string](tb, `document.title`), "Directory listing for /Zulu/")
			equal(t, "text", eval[string](tb, `document.querySelector("main").innerText`), "This folder is empty.")
			tb.picture("empty")
			// No redirects, and nothing that nobody asked for.
			equal(t, "visits", h.visits.take(), []visit{
				{"GET", "/alpha/?sort=time&order=desc", "", 200},
				{"GET", "/?sort=time&order=desc", "", 200},
				{"GET", "/Zulu/?sort=time&order=desc", "", 200},
			})
		})
	}
}

func TestFilter(t *testing.T) {
	_, origin := serveRich(t, someFiles(t))
	for label, screen := range screens {
		t.Run(label, func(t *testing.T) {
			tb := newTab(t)
			tb.do(screen)
			tb.open(origin)
			testFilter(tb)
		})
	}
}

// screens are of kinds that the style tells apart.
var screens = map[string]chromedp.Action[chromedp.Void]{
	"wide":   chromedp.EmulateViewport(1000, 500),
	"middle": chromedp.EmulateViewport(600, 500),
	"narrow": chromedp.EmulateViewport(360, 500),
}

func testFilter(tb *tab) {
	t := tb.t
	value := func() string { return eval[string](tb, `document.querySelector("input").value`) }
	focused := func() bool { return eval[bool](tb, `document.activeElement === document.querySelector("input")`) }
	count := func() string { return eval[string](tb, `document.querySelector("[role=status]").textContent`) }

	all := shown(tb)
	tb.press("/")
	equal(t, "focus after /", focused(), true)
	equal(t, "value after /", value(), "")
	for _, test := range []struct {
		typed string
		want  []string
		count string
	}{
		{"A", []string{"alpha/", "apple.txt", "Banana.bin", "Café menu.txt"}, "4 of 6 match"},
		{"P", []string{"apple.txt"}, "1 of 6 match"},
		{"/", []string{}, "No matches"}, // within the box, it is a character as any other
	} {
		tb.press(test.typed)
		equal(t, "names after "+test.typed, shown(tb), test.want)
		equal(t, "count after "+test.typed, count(), test.count)
	}
	tb.picture("no-matches")
	tb.press("Escape")
	equal(t, "names after Escape", shown(tb), all)
	equal(t, "count after Escape", count(), "")
	equal(t, "focus after Escape", focused(), true)
	tb.press(strings.Split("cafe m", "")...) // without the accent
	equal(t, "names after cafe m", shown(tb), []string{"Café menu.txt"})
	tb.picture("filtered")
	tb.press("Escape", "Escape")
	equal(t, "focus after a second Escape", focused(), false)
	equal(t, "names after a second Escape", shown(tb), all)
}

func TestKeyboard(t *testing.T) {
	dir := someFiles(t)
	names := []string{"alpha/", "Zulu/", "apple.txt", "Banana.bin", "Café menu.txt", "cherry.txt"}
	for i := range 24 { // more than a screen
		name := fmt.Sprintf("file %02d.txt", i)
		names = append(names, name)
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	top := write(t, nil)
	if err := os.Rename(dir, filepath.Join(top, "folder")); err != nil {
		t.Fatal(err)
	}
	_, origin := serveRich(t, top)
	for label, screen := range screens {
		t.Run(label, func(t *testing.T) {
			tb := newTab(t)
			tb.do(screen)
			tb.open(origin + "/folder/")
			testKeyboard(tb, origin, names)
		})
	}
}

// testKeyboard goes through a folder with the Tab key, and back.
func testKeyboard(tb *tab, origin string, names []string) {
	t := tb.t
	// check looks at what has the focus: it has to be seen, and to show that.
	check := func(want string) {
		t.Helper()
		got := eval[string](tb, `(() => {
			const e = document.activeElement, box = e.getBoundingClientRect();
			const marks = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
			let text = e.ariaLabel ?? e.textContent;
			if (!marks(getComputedStyle(e)) && !marks(getComputedStyle(e, "::after"))) text += " (unmarked)";
			for (const y of [box.top + 2, box.bottom - 3]) {
				if (!e.contains(document.elementFromPoint(box.left + box.width / 2, y))) text += " (hidden)";
			}
			return text;
		})()`)
		equal(t, "focus", got, want)
	}
	stops := append([]string{"Parent folder", "Filter names", "Name", "Size", "Modified (UTC)"}, names...)
	for i, stop := range stops {
		tb.press("Tab")
		check(stop)
		if i == 7 {
			tb.picture("focus")
		}
	}
	for i := len(stops) - 2; i >= 5; i-- {
		tb.press("Shift+Tab")
		check(stops[i])
	}
	tb.load(press("Enter"))
	equal(t, "URL", eval[string](tb, `location.href`), origin+"/folder/alpha/")
	tb.press("Tab")
	check("Parent folder")
	tb.load(press("Enter"))
	equal(t, "URL", eval[string](tb, `location.href`), origin+"/folder/")
}

func TestDownload(t *testing.T) {
	content := make([]byte, 3_000_001)
	rand.NewChaCha8([32]byte{}).Read(content)
	const name = "data 100% #1.bin"
	_, origin := serveRich(t, write(t, map[string]string{name: string(content)}))
	tb := newTab(t)
	into := t.TempDir()
	done := make(chan *browser.EventDownloadProgress, 1)
	begun := make(chan *browser.EventDownloadWillBegin, 1)
	err := chromedp.ListenBrowser(tb.ctx, func(event any) {
		switch e := event.(type) {
		case *browser.EventDownloadWillBegin:
			begun <- e
		case *browser.EventDownloadProgress:
			if e.State != browser.DownloadProgressStateInProgress {
				done <- e
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = chromedp.CallBrowser(tb.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior:         browser.SetDownloadBehaviorBehaviorAllow,
		BrowserContextID: chromedp.FromContext(tb.ctx).BrowserContextID,
		DownloadPath:     into,
		EventsEnabled:    new(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	tb.open(origin)
	tb.expect("net::ERR_ABORTED for " + origin + "/data%20100%25%20%231.bin") // the page that it would have become
	tb.do(chromedp.Click(chromedp.CSS("tbody a")))
	equal(t, "name", receive(tb, begun).SuggestedFilename, name)
	equal(t, "state", receive(tb, done).State, browser.DownloadProgressStateCompleted)
	got, err := os.ReadFile(filepath.Join(into, name))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes of %d, or others, %v", len(got), len(content), err)
	}
}

// receive gives what comes out of c.
func receive[T any](tb *tab, c <-chan T) (v T) {
	tb.t.Helper()
	select {
	case v = <-c:
	case <-tb.ctx.Done():
		tb.t.Fatal("nothing came in time")
	}
	return v
}

package e2e

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// looksScript gives what a person would find wrong with how the page looks.
//
//go:embed testdata/looks.js
var looksScript string

// A finding is what looksScript gives.
type finding struct {
	Width    int      `json:"width"`    // of what there is to see, in CSS pixels
	Texts    int      `json:"texts"`    // that were looked at
	Paper    float64  `json:"paper"`    // how light the background is, 0 to 1
	Wrong    []string `json:"wrong"`    // in words
	Smallest float64  `json:"smallest"` // height of a link
}

func TestLooks(t *testing.T) {
	files := map[string]string{
		"a folder with a name that needs more than one line on a small screen/": "",
		"current":                         "",
		"notes.txt":                       "notes\n",
		"a page.html":                     strings.Repeat(" ", 12_345),
		"Übersicht.pdf":                   strings.Repeat(" ", 999_900),
		strings.Repeat("unbreakable", 20): "",
	}
	if runtime.GOOS == "linux" {
		for _, n := range strangeNames {
			files[n.name] = n.label
		}
	}
	const folder = "a rather long path/with some words in it/and then/more"
	top := write(t, map[string]string{folder + "/": ""})
	dir := filepath.Join(top, folder)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(write(t, files), dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("notes.txt", filepath.Join(dir, "a link")); err != nil {
		t.Log(err) // Windows allows it to some only
	}
	if err := os.Truncate(filepath.Join(dir, "notes.txt"), 1_999_999_999); err != nil { // with a hole
		t.Fatal(err)
	}
	_, origin := serveRich(t, top)
	url := origin + "/" + strings.ReplaceAll(folder, " ", "%20") + "/"

	touch := []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)}
	for _, screen := range []struct {
		label         string
		width, height int64
		options       []chromedp.EmulateViewportOption
		smallestLink  float64 // WCAG 2.2 §2.5.8 has 24, and §2.5.5 44
	}{
		{"wide", 1000, 700, nil, 24},
		{"narrow", 360, 740, touch, 32},
		{"narrowest", 320, 600, touch, 32}, // WCAG 2.2 §1.4.10
	} {
		t.Run(screen.label, func(t *testing.T) {
			tb := newTab(t)
			tb.do(chromedp.EmulateViewport(screen.width, screen.height, screen.options...))
			tb.open(url)
			for _, scheme := range []string{"light", "dark"} {
				call(tb, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
				})
				tb.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 1, 1))
				look := func(what string) {
					t.Helper()
					f := eval[finding](tb, looksScript)
					for _, wrong := range f.Wrong {
						t.Errorf("%s, %s: %s", scheme, what, wrong)
					}
					if f.Width != int(screen.width) {
						t.Errorf("%s, %s: what there is to see is %d pixels wide, want %d", scheme, what, f.Width, screen.width)
					}
					if f.Texts < 3*len(files) {
						t.Errorf("%s, %s: looked at %d texts only", scheme, what, f.Texts)
					}
					if f.Paper < .95 == (scheme == "light") || f.Paper > .05 == (scheme == "dark") {
						t.Errorf("%s, %s: the background's luminance is %.2f", scheme, what, f.Paper)
					}
					if f.Smallest < screen.smallestLink {
						t.Errorf("%s, %s: a link is only %v pixels high", scheme, what, f.Smallest)
					}
				}
				look("at rest")
				tb.fullPicture(fmt.Sprintf("%s-%s", screen.label, scheme))
				for _, row := range []string{"tbody .dir td", "tbody tr:not(.dir) td", "thead a"} {
					at := eval[[]float64](tb, fmt.Sprintf(
						`(({left, top}) => [left + 5, top + 5])(document.querySelector(%q).getBoundingClientRect())`, row))
					tb.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]))
					look("pointed at " + row)
				}
			}
		})
	}
}

// What a screen reader is told is a table in every form.
func TestAccessibilityTree(t *testing.T) {
	_, origin := serveRich(t, someFiles(t))
	want := []string{
		"banner", "main", "heading /", "table 2 folders, 4 files", "searchbox Filter names", "status",
		"columnheader Name", "columnheader Size", "columnheader Modified",
		"rowheader alpha/", "cell", "cell 2024-02-29",
		"rowheader Zulu/", "cell", "cell 2024-03-04",
		"rowheader apple.txt", "cell 10 B", "cell 2024-03-03",
		"rowheader Banana.bin", "cell 123.5 kB", "cell 2024-03-01",
		"rowheader Café menu.txt", "cell 0 B", "cell 2024-03-02",
		"rowheader cherry.txt", "cell 3 B", "cell 2024-03-05",
	}
	slices.Sort(want)
	for label, screen := range screens {
		t.Run(label, func(t *testing.T) {
			tb := newTab(t)
			tb.do(screen)
			tb.open(origin)
			word := func(v *accessibility.Value) (s string) {
				if v != nil {
					json.Unmarshal(v.Value, &s)
				}
				return s
			}
			var got []string
			for _, n := range call(tb, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
				switch role := word(n.Role); role {
				case "banner", "main", "heading", "table", "searchbox", "status", "columnheader", "rowheader", "cell":
					// There is not always room for the time of the day.
					name := strings.TrimSuffix(strings.TrimSuffix(word(n.Name), " (UTC)"), " 12:34")
					got = append(got, strings.TrimSpace(role+" "+name))
				}
			}
			slices.Sort(got) // the protocol gives it level by level
			equal(t, "tree", got, want)
		})
	}
}

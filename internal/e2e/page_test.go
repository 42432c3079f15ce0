package e2e

import (
	"testing"

	"example.com/httpserver"
)

// What CPython has is looked at without trouble, too.
func TestPlainPages(t *testing.T) {
	h := new(site)
	h.Directory = write(t, map[string]string{"a & b.txt": "text\n", "folder/": ""})
	origin := serve(t, h)
	t.Run("listing", func(t *testing.T) {
		tb := newTab(t)
		tb.open(origin)
		tb.picture("plain")
		equal(t, "links", eval[[]string](tb, `Array.from(document.links, (a) => a.textContent)`), []string{"a & b.txt", "folder/"})
		tb.follow("a")
		equal(t, "text", eval[string](tb, `document.body.textContent`), "text\n")
	})
	t.Run("error page", func(t *testing.T) {
		tb := newTab(t)
		tb.expect("404 for "+origin+"/missing", "status of 404")
		tb.open(origin + "/missing")
		tb.picture("error")
		equal(t, "heading", eval[string](tb, `document.querySelector("h1").textContent`), "Error response")
	})
	t.Run("no listing", func(t *testing.T) {
		h := new(site)
		h.Directory, h.Listing = t.TempDir(), httpserver.NoListing
		origin := serve(t, h)
		tb := newTab(t)
		tb.expect("404 for "+origin+"/", "status of 404")
		tb.open(origin)
	})
}

package main

import (
	"os"
	"strings"

	"example.com/httpserver"
)

// Site is a type for others to embed: files, a second directory of documents
// under /docs/, and error pages that the outer type can word.
type Site struct {
	httpserver.SimpleHandler
	Docs string
}

// sitePages is what an outer type can override of Site, beyond the library's
// hooks.
type sitePages interface{ ErrorPage(code int) string }

// ErrorPage gives the page for a status code, as ErrorMessageFormat has it.
func (h *Site) ErrorPage(code int) string { return "<p>%(code)d %(message)s\n" }

// SendError answers with the page that ErrorPage gives. h.ErrorPage would be
// Site's own: Self leads to the one that the outer type may have.
func (h *Site) SendError(code int, message, explain string) {
	h.ErrorMessageFormat = h.Self().(sitePages).ErrorPage(code)
	h.SimpleHandler.SendError(code, message, explain)
}

// TranslatePath leads from /docs/ to Docs. It looks at what the library made
// of the path, in which no ".." and no "%2e" is left.
func (h *Site) TranslatePath(path string) string {
	file := h.SimpleHandler.TranslatePath(path)
	rest, ok := strings.CutPrefix(file, h.SimpleHandler.TranslatePath("/docs"))
	if ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		return h.Docs + rest
	}
	return file
}

package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// errorPage is CPython's page about an error.
func errorPage(code int, message, explain string) string {
	return fmt.Sprintf(`<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: %d</p>
        <p>Message: %s.</p>
        <p>Error code explanation: %d - %s.</p>
    </body>
</html>
`, code, message, code, explain)
}

// errorTexts are the reason phrases that may come with a status, and the sentence that explains it.
var errorTexts = map[int]struct {
	explain string
	reasons []string
}{
	403: {"Request forbidden -- authorization will not help", []string{"CGI script is not executable ('/cgi-bin/hello')", "CGI script is not executable ('/cgi-bin/echo')"}},
	404: {"Nothing matches the given URI", []string{"File not found", "No permission to list directory", "No such CGI script ('/cgi-bin/hello')", "No such CGI script ('/cgi-bin/echo')"}},
	412: {"Precondition in headers is false", []string{"Precondition Failed"}},
	416: {"Cannot satisfy request range", []string{"Range Not Satisfiable"}},
	502: {"Invalid responses from another server/proxy", []string{"Bad Gateway"}},
}

// isError says how an answer is another than the one about an error.
func (c *checker) isError(k *ask, a *answer, status int) error {
	texts := errorTexts[status]
	if a.status != status || !slices.Contains(texts.reasons, a.reason) {
		return fmt.Errorf("the status is %d %s", a.status, a.reason)
	}
	page := errorPage(status, a.reason, texts.explain)
	if length := a.value("Content-Length"); length != fmt.Sprint(len(page)) {
		return fmt.Errorf("a page of %s bytes", length)
	}
	if k.method != "HEAD" && string(a.content) != page {
		return fmt.Errorf("the page is %q", a.content)
	}
	return nil
}

// isRedirect says how an answer does not lead to the target with a slash.
func isRedirect(k *ask, a *answer) error {
	if want := fmt.Sprintf("%s/?id=%d", k.target, k.id); a.status != 301 || a.value("Location") != want || len(a.content) > 0 {
		return fmt.Errorf("%d, Location: %s, and not %s", a.status, a.value("Location"), want)
	}
	return nil
}

var listed = regexp.MustCompile(`<li><a href="([^"]*)">`)

// isListing says how an answer is no listing of a directory: it has to be CPython's page
// for a set of names that was there.
func (c *checker) isListing(k *ask, a *answer, d *directory) error {
	if a.status != 200 || a.value("Content-Type") != "text/html; charset=utf-8" {
		return fmt.Errorf("%d, Content-Type: %s", a.status, a.value("Content-Type"))
	}
	if k.method == "HEAD" {
		return nil
	}
	must, may := d.namesBetween(k.begin, a.head)
	var names []string
	for _, m := range listed.FindAllSubmatch(a.content, -1) {
		name := string(m[1])
		if !may[name] {
			return fmt.Errorf("it has %s", name)
		}
		delete(must, name)
		names = append(names, name)
	}
	for _, name := range slices.Sorted(maps.Keys(must)) {
		if must[name] {
			return fmt.Errorf("it does not have %s", name)
		}
	}
	if page := listingPage(d.title(), names); string(a.content) != page {
		return fmt.Errorf("the page is %q, and not %q", a.content, page)
	}
	return nil
}

// listingPage is CPython's page for a directory.
func listingPage(title string, names []string) string {
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
	var b strings.Builder
	fmt.Fprintf(&b, `<!DOCTYPE HTML>
<html lang="en">
<head>
<meta charset="utf-8">
<title>%s</title>
</head>
<body>
<h1>%[1]s</h1>
<hr>
<ul>
`, title)
	for _, name := range slices.Compact(names) {
		fmt.Fprintf(&b, "<li><a href=\"%s\">%[1]s</a></li>\n", name)
	}
	b.WriteString("</ul>\n<hr>\n</body>\n</html>\n")
	return b.String()
}

package dirlist

// Plain gives the page that CPython 3.11 shows for a directory, byte for byte but for links to names that are no UTF-8.
// title is the decoded path of the request. A directory is marked with a slash, a link with an at sign.
func Plain(title string, entries []Entry) *Page { return newPage(plain{title}, entries) }

type plain struct{ title string }

func (p plain) head(o *out) {
	o.raw("<!DOCTYPE HTML>\n" +
		"<html lang=\"en\">\n" +
		"<head>\n" +
		"<meta charset=\"utf-8\">\n" +
		"<title>Directory listing for ")
	o.text(p.title)
	o.raw("</title>\n" +
		"</head>\n" +
		"<body>\n" +
		"<h1>Directory listing for ")
	o.text(p.title)
	o.raw("</h1>\n" +
		"<hr>\n" +
		"<ul>\n")
}

func (p plain) item(o *out, _ int, e *Entry) {
	o.raw(`<li><a href="`)
	o.hrefOf(e)
	o.raw(`">`)
	o.text(e.Name)
	switch {
	case e.Link:
		o.raw("@")
	case e.Dir:
		o.raw("/")
	}
	o.raw("</a></li>\n")
}

func (p plain) foot(o *out) {
	o.raw("</ul>\n" +
		"<hr>\n" +
		"</body>\n" +
		"</html>\n")
}

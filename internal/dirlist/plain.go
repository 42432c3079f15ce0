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
	if isUnreserved(e.Name) {
		o.plainItem(e)
		return
	}
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

// plainItem is item for a name that stands for itself wherever it is written.
func (o *out) plainItem(e *Entry) {
	const open, within, end = `<li><a href="`, `">`, "</a></li>\n"
	slash, mark := "", ""
	if e.Dir {
		slash, mark = "/", "/"
	}
	if e.Link {
		mark = "@"
	}
	if o.measuring {
		o.length += int64(len(open) + len(e.Name) + len(slash) + len(within) + len(e.Name) + len(mark) + len(end))
		return
	}
	b := append(o.piece, open...)
	b = append(b, e.Name...)
	b = append(b, slash...)
	b = append(b, within...)
	b = append(b, e.Name...)
	b = append(b, mark...)
	o.piece = append(b, end...)
}

func (p plain) foot(o *out) {
	o.raw("</ul>\n" +
		"<hr>\n" +
		"</body>\n" +
		"</html>\n")
}

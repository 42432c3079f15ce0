package dirlist

// hrefOf writes the reference that leads from the directory to e. A directory's ends in a slash.
func (o *out) hrefOf(e *Entry) {
	o.href(e.Name)
	if e.Dir {
		o.raw("/")
	}
}

// href writes name percent-encoded, all but the unreserved characters (RFC 3986 §2.3):
//
//	unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"
//
// A colon is among the encoded, so no name reads as a scheme. So is the slash: no name of the disk has one, and one
// that an FS made up would lead elsewhere, "//host" off the site.
//
// Unlike CPython, a name that is no UTF-8 is spelled by its bytes ("%FF", not the surrogate "%ED%B3%BF").
func (o *out) href(name string) {
	start := 0
	for i := range len(name) {
		if c := name[i]; !inHref[c] {
			o.raw(name[start:i])
			o.raw(percentEncoded[3*int(c) : 3*int(c)+3])
			start = i + 1
		}
	}
	o.raw(name[start:])
}

// isUnreserved reports whether a name has nothing to encode, nor to escape.
func isUnreserved(name string) bool {
	for i := range len(name) {
		if !inHref[name[i]] {
			return false
		}
	}
	return true
}

var inHref = func() (table [256]bool) {
	for i := range table {
		switch c := byte(i); {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			table[c] = true
		case c == '-', c == '.', c == '_', c == '~':
			table[c] = true
		}
	}
	return table
}()

// percentEncoded is "%00%01%02…%FF".
var percentEncoded = func() string {
	const hex = "0123456789ABCDEF"
	var b []byte
	for i := range 256 {
		b = append(b, '%', hex[i>>4], hex[i&0xf])
	}
	return string(b)
}()

// text writes s as HTML text. It may not stand in an attribute: quotation marks stay.
func (o *out) text(s string) {
	start := 0
	for i := range len(s) {
		if c := s[i]; isMarkup[c] {
			o.raw(s[start:i])
			o.raw(escape(c))
			start = i + 1
		}
	}
	o.raw(s[start:])
}

var isMarkup = [256]bool{'&': true, '<': true, '>': true}

// escape gives what stands for markup.
func escape(c byte) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	}
	return "&gt;"
}

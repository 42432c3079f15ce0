package dirlist

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// JSON gives the entries as an array of objects (RFC 8259), an entry a line:
//
//	{"name":"a b.txt","type":"file","size":12,"mtime":"2026-01-02T03:04:05Z","href":"a%20b.txt"}
//
// The type is "file" or "directory", of what a link leads to. A directory has no size, and what is not known is not
// there. The href has the exact bytes of a name; "name" has U+FFFD for those that are no UTF-8.
func JSON(entries []Entry) *Page { return newPage(array{len(entries)}, entries) }

type array struct{ n int }

func (a array) head(o *out) {
	o.raw("[")
	if a.n > 0 {
		o.raw("\n")
	}
}

func (a array) item(o *out, i int, e *Entry) {
	var room [len(time.RFC3339)]byte
	o.raw(`{"name":"`)
	o.jsonText(e.Name)
	if e.Dir {
		o.raw(`","type":"directory"`)
	} else {
		o.raw(`","type":"file"`)
	}
	if e.hasSize() {
		o.raw(`,"size":`)
		o.bytes(strconv.AppendInt(room[:0], e.Size, 10))
	}
	if e.hasTime() {
		o.raw(`,"mtime":"`)
		o.bytes(e.Modified.UTC().AppendFormat(room[:0], time.RFC3339))
		o.raw(`"`)
	}
	o.raw(`,"href":"`)
	o.hrefOf(e)
	o.raw(`"}`)
	if i < a.n-1 {
		o.raw(",")
	}
	o.raw("\n")
}

func (a array) foot(o *out) { o.raw("]\n") }

// jsonText writes s as what may stand between the quotation marks of a string (RFC 8259 §7), which has to be UTF-8.
func (o *out) jsonText(s string) {
	start := 0
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		instead := ""
		switch {
		case c == utf8.RuneError && n == 1:
			instead = "\uFFFD"
		case c == '"':
			instead = `\"`
		case c == '\\':
			instead = `\\`
		case c < ' ':
			instead = jsonControls[6*int(c) : 6*int(c)+6]
		}
		if instead != "" {
			o.raw(s[start:i])
			o.raw(instead)
			start = i + n
		}
		i += n
	}
	o.raw(s[start:])
}

const jsonControls = `\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u000f` +
	`\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f`

package dirlist

import (
	"crypto/sha256"
	_ "embed" // for the style and the script
	"encoding/base64"
	"strconv"
	"time"
)

// Rich gives a page with sizes and times, whose column headers lead to the other orders. entries are sorted by order
// already; folders are linked to in the same one. parent says whether there is a directory above.
//
// Its script adds a box that filters names, and nothing else depends on it. What names hold is visible and cannot
// change how others look. Times are in UTC, since the server knows no more of the reader's.
func Rich(title string, entries []Entry, order Order, parent bool) *Page {
	r := rich{title: title, order: order, query: order.query(), parent: parent}
	for i := range entries {
		if entries[i].Dir {
			r.folders++
		} else {
			r.files++
		}
	}
	return newPage(&r, entries)
}

//go:embed rich.css
var richStyle string

//go:embed rich.js
var richScript string

// ContentSecurityPolicy is the field value to send with a Rich page: it may use its own style and script, and nothing
// from elsewhere. So a name that were taken for markup still could not run anything.
var ContentSecurityPolicy = "default-src 'none'; style-src " + hashSource(richStyle) + "; script-src " + hashSource(richScript) +
	"; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// hashSource allows a style or script that is exactly s (CSP Level 3, §2.3.1).
func hashSource(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

type rich struct {
	title          string
	order          Order
	query          string // of order
	parent         bool
	folders, files int
}

func (r *rich) head(o *out) {
	o.raw("<!DOCTYPE html>\n" +
		"<html lang=\"en\">\n" +
		"<head>\n" +
		"<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
		"<meta name=\"color-scheme\" content=\"light dark\">\n" +
		"<title>Directory listing for ")
	o.visible(r.title)
	o.raw("</title>\n" +
		"<style>")
	o.raw(richStyle)
	o.raw("</style>\n" +
		"</head>\n" +
		"<body>\n" +
		"<header>\n" +
		"<div>\n")
	if r.parent {
		o.raw(`<nav><a href="../`)
		o.raw(r.query)
		o.raw("\">Parent folder</a></nav>\n")
	}
	o.raw("<h1>")
	o.path(r.title)
	o.raw("</h1>\n" +
		"</div>\n" +
		"</header>\n" +
		"<main>\n")
	if r.isEmpty() {
		o.raw("<p class=\"empty\">This folder is empty.</p>\n")
		return
	}
	o.raw("<table>\n" +
		"<caption>")
	o.raw(r.summary())
	o.raw("</caption>\n" +
		"<thead>\n" +
		"<tr>\n")
	r.columnHead(o, byName, "Name")
	r.columnHead(o, bySize, "Size")
	r.columnHead(o, byTime, "Modified<span> (UTC)</span>")
	o.raw("</tr>\n" +
		"</thead>\n" +
		"<tbody>\n")
}

func (r *rich) isEmpty() bool { return r.folders+r.files == 0 }

// summary is as "1 folder, 12 files".
func (r *rich) summary() string {
	switch {
	case r.folders == 0:
		return plural(r.files, "file")
	case r.files == 0:
		return plural(r.folders, "folder")
	}
	return plural(r.folders, "folder") + ", " + plural(r.files, "file")
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// columnHead writes the header of a column, which leads to the listing sorted by it: the other way around if it is
// already; otherwise names from a, sizes from the largest, times from the latest.
func (r *rich) columnHead(o *out, by column, markup string) {
	to := Order{by, by != byName}
	o.raw(`<th scope="col"`)
	if by == r.order.by {
		to.descending = !r.order.descending
		if r.order.descending {
			o.raw(` aria-sort="descending"`)
		} else {
			o.raw(` aria-sort="ascending"`)
		}
	}
	o.raw(`><a href="`)
	if query := to.query(); query != "" {
		o.raw(query)
	} else {
		o.raw("./")
	}
	o.raw(`">`)
	o.raw(markup)
	o.raw("</a></th>\n")
}

func (r *rich) item(o *out, _ int, e *Entry) {
	if e.Dir {
		o.raw(`<tr class="dir"><th scope="row"><a href="`)
		o.hrefOf(e)
		o.raw(r.query)
	} else {
		o.raw(`<tr><th scope="row"><a href="`)
		o.hrefOf(e)
	}
	o.raw(`">`)
	o.name(e.Name)
	if e.Dir {
		o.raw("/")
	}
	if e.Link {
		o.raw(" <small>symlink</small>")
	}
	o.raw("</a></th>")
	o.sizeCell(e)
	o.timeCell(e)
	o.raw("</tr>\n")
}

func (r *rich) foot(o *out) {
	if !r.isEmpty() {
		o.raw("</tbody>\n" +
			"</table>\n")
	}
	o.raw("</main>\n")
	if !r.isEmpty() {
		o.raw("<script>")
		o.raw(richScript)
		o.raw("</script>\n")
	}
	o.raw("</body>\n" +
		"</html>\n")
}

// sizeCell writes a size as people read it, with the exact one as its title.
func (o *out) sizeCell(e *Entry) {
	var room [32]byte
	switch {
	case !e.hasSize():
		o.raw("<td>")
	case e.Size < 1000:
		o.raw("<td>")
		o.bytes(appendSize(room[:0], e.Size))
	default:
		o.raw(`<td title="`)
		o.bytes(appendGrouped(room[:0], e.Size))
		o.raw(` bytes">`)
		o.bytes(appendSize(room[:0], e.Size))
	}
	o.raw("</td>")
}

// appendSize appends n, which is not negative, with one decimal and a unit of the SI.
func appendSize(dst []byte, n int64) []byte {
	if n < 1000 {
		dst = strconv.AppendInt(dst, n, 10)
		return append(dst, " B"...)
	}
	const prefixes = "kMGTPE"
	unit, i := uint64(1000), 0
	tenths := func() uint64 { return (uint64(n) + unit/20) / (unit / 10) }
	for tenths() >= 1000*10 { // 999,950 is a megabyte when it is rounded
		unit *= 1000
		i++
	}
	dst = strconv.AppendUint(dst, tenths()/10, 10)
	return append(dst, '.', '0'+byte(tenths()%10), ' ', prefixes[i], 'B')
}

// appendGrouped appends n, which is not negative, with a comma before each group of three digits.
func appendGrouped(dst []byte, n int64) []byte {
	var room [20]byte
	digits := strconv.AppendInt(room[:0], n, 10)
	for i, c := range digits {
		if left := len(digits) - i; i > 0 && left%3 == 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c)
	}
	return dst
}

// timeCell writes a time to the minute. A small screen shows the date.
func (o *out) timeCell(e *Entry) {
	if !e.hasTime() {
		o.raw("<td></td>")
		return
	}
	var room [len(time.RFC3339)]byte
	t := e.Modified.UTC().AppendFormat(room[:0], time.RFC3339)
	o.raw(`<td><time datetime="`)
	o.bytes(t)
	o.raw(`">`)
	o.bytes(t[:len("2006-01-02")])
	o.raw("<span> ")
	o.bytes(t[len("2006-01-02T"):len("2006-01-02T15:04")])
	o.raw("</span></time></td>")
}

package dirlist

import "io"

// pieceSize is how much of a Page is rendered before any of it goes out: what one write may well hold, and a listing of
// a thousand names.
const pieceSize = 64 << 10

// pieceRoom is the memory a piece has: its last entry may end beyond pieceSize.
const pieceRoom = pieceSize + pieceSize/8

// A Page is a listing, rendered piece by piece as it is read: beside its entries it holds one piece, however many there
// are. They must stay as they are until it has been read.
type Page struct {
	layout  layout
	entries []Entry
	length  int64
	next    int    // the entry to render next; -1 is the head, len(entries) the foot
	out     out    // takes a piece at a time
	rest    []byte // of the piece, what has not been read
	owns    bool   // the entries are given back when they are on the page
}

// A layout is how a page looks. Each method is called twice, to measure and to render.
type layout interface {
	head(o *out)
	item(o *out, i int, e *Entry)
	foot(o *out)
}

func newPage(l layout, entries []Entry) *Page {
	p := &Page{layout: l, entries: entries, next: -1, out: out{measuring: true}}
	for p.next <= len(p.entries) {
		p.step()
	}
	p.length, p.next, p.out = p.out.length, -1, out{}
	return p
}

// Len is the length of the whole page in bytes.
func (p *Page) Len() int64 { return p.length }

// Read reads the page.
func (p *Page) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	if len(p.rest) == 0 && !p.render() {
		return 0, io.EOF
	}
	n = copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// WriteTo writes what has not been read.
func (p *Page) WriteTo(w io.Writer) (written int64, err error) {
	for len(p.rest) > 0 || p.render() {
		n, err := w.Write(p.rest)
		written += int64(n)
		p.rest = p.rest[n:]
		if err != nil {
			return written, err
		}
		if len(p.rest) > 0 {
			return written, io.ErrShortWrite
		}
	}
	p.finish()
	return written, nil
}

// Own makes the entries the page's own: nobody else has them, and it gives them back.
func (p *Page) Own() *Page {
	p.owns = true
	return p
}

// finish gives back the memory of a page that has been written.
func (p *Page) finish() {
	if p.owns {
		Return(p.entries)
	}
	if n := cap(p.out.piece); n >= pieceRoom && n <= 2*pieceRoom { // a small one would have to grow for the next page
		piece := p.out.piece[:0]
		pieceRooms.Put(&piece)
	}
	p.entries, p.out, p.rest, p.next = nil, out{}, nil, 1 // behind its end
}

// render renders the next piece, or reports that there is none.
func (p *Page) render() bool {
	if p.next > len(p.entries) {
		return false
	}
	if p.out.piece == nil {
		p.out.piece = p.room()
	}
	p.out.piece = p.out.piece[:0]
	for p.next <= len(p.entries) && len(p.out.piece) < pieceSize {
		p.step()
	}
	p.rest = p.out.piece
	return true
}

// room gives memory for a piece.
func (p *Page) room() []byte {
	if p.length <= pieceRoom/8 {
		return make([]byte, 0, p.length)
	}
	if b := *pieceRooms.Get().(*[]byte); cap(b) > 0 {
		return b
	}
	return make([]byte, 0, pieceRoom)
}

// step says the head, the next item, or the foot.
func (p *Page) step() {
	switch p.next {
	case -1:
		p.layout.head(&p.out)
	case len(p.entries):
		p.layout.foot(&p.out)
	default:
		p.layout.item(&p.out, p.next, &p.entries[p.next])
	}
	p.next++
}

// An out takes what a layout says, or its length alone. There is one way in, so that the two cannot differ.
type out struct {
	measuring bool
	length    int64
	piece     []byte
}

// raw takes what is ready to stand on the page.
func (o *out) raw(s string) {
	if o.measuring {
		o.length += int64(len(s))
	} else {
		o.piece = append(o.piece, s...)
	}
}

// bytes is raw for what has been put together.
func (o *out) bytes(b []byte) {
	if o.measuring {
		o.length += int64(len(b))
	} else {
		o.piece = append(o.piece, b...)
	}
}

package dirlist

import "sync"

// Memory for listings is used again: what the entries of a large directory take is most of what a server allocates, and
// collecting it costs more than making the page. A page gives its own back when all of it has been written.
var (
	entryRooms = sync.Pool{New: func() any { return new([]Entry) }}
	wordRooms  = sync.Pool{New: func() any { return new([]word) }}
	pieceRooms = sync.Pool{New: func() any { return new([]byte) }}
)

// maxRoom bounds how many entries have memory that is used again.
const maxRoom = 1 << 15

// Room gives memory for the entries of a directory, which hold nothing.
func Room() []Entry { return (*entryRooms.Get().(*[]Entry))[:0] }

// Return gives back memory for entries, which nobody uses any more. It need not have come from Room.
func Return(entries []Entry) {
	if cap(entries) == 0 || cap(entries) > maxRoom {
		return
	}
	entries = entries[:cap(entries)]
	clear(entries) // or names would stay
	entryRooms.Put(&entries)
}

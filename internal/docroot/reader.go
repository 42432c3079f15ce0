package docroot

import (
	"io"
	"io/fs"
	"os"

	"example.com/httpserver/internal/strict"
)

// Reader gives a file as what it can be read from, once: one of the disk itself,
// which a connection leaves to the system; that of another FS by a
// [strict.Reader], as nobody knows who wrote it.
func Reader(f fs.File) io.Reader {
	if f, ok := f.(*os.File); ok {
		return f
	}
	if isBare(f) {
		return f
	}
	return strict.Reader(f)
}

// Seeker gives a file of size bytes as what ranges can be read from, if it can be,
// with the same care.
func Seeker(f fs.File, size int64) (io.ReadSeeker, bool) {
	switch f := f.(type) {
	case *os.File:
		return f, true
	case io.Seeker:
		if isBare(f.(fs.File)) {
			return f.(io.ReadSeeker), true
		}
		return seeker{Reader(f.(fs.File)), f}, true
	case io.ReaderAt:
		section := io.NewSectionReader(strict.ReaderAt(f), 0, size)
		return seeker{strict.Reader(section), section}, true
	}
	return nil, false
}

type seeker struct {
	io.Reader
	io.Seeker
}

// Package strict holds readers that others have written to what io.Reader says.
package strict

import (
	"errors"
	"io"
)

// ErrCount is a Read that said it had read less than nothing, or more than was
// asked for.
var ErrCount = errors.New("httpserver: a Read returned an impossible count")

// maxEmpty is how many reads in a row may give nothing, as in package bufio.
const maxEmpty = 100

// Reader gives a reader of r that fails where r does not keep to the contract of
// [io.Reader]: with [ErrCount], or with [io.ErrNoProgress] where it goes on to give
// neither bytes nor an error.
func Reader(r io.Reader) io.Reader { return reader{r} }

type reader struct{ r io.Reader }

func (s reader) Read(p []byte) (int, error) {
	for range maxEmpty {
		n, err := s.r.Read(p)
		switch {
		case n < 0 || n > len(p):
			return 0, ErrCount
		case n > 0 || err != nil || len(p) == 0:
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// ReaderAt gives a reader of r that fails with [ErrCount] where r does not keep to
// the contract of [io.ReaderAt].
func ReaderAt(r io.ReaderAt) io.ReaderAt { return readerAt{r} }

type readerAt struct{ r io.ReaderAt }

func (s readerAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	if n < 0 || n > len(p) {
		return 0, ErrCount
	}
	return n, err
}

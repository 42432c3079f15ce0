package strict

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

type reads func(p []byte) (int, error)

func (r reads) Read(p []byte) (int, error) { return r(p) }

func TestReader(t *testing.T) {
	failure := errors.New("failure")
	calls := 0
	seldom := strings.NewReader("content")
	for _, tc := range []struct {
		name string
		r    io.Reader
		want string
		err  error
	}{
		{"content", strings.NewReader("content"), "content", nil},
		{"a byte at a time", iotest.OneByteReader(strings.NewReader("content")), "content", nil},
		{"the end with the last bytes", iotest.DataErrReader(strings.NewReader("content")), "content", nil},
		{"a failure", iotest.ErrReader(failure), "", failure},
		{"a byte in a hundred reads", reads(func(p []byte) (int, error) {
			if calls++; calls%maxEmpty != 0 {
				return 0, nil
			}
			return seldom.Read(p[:1])
		}), "content", nil},
		{"nothing, without end", reads(func([]byte) (int, error) { return 0, nil }), "", io.ErrNoProgress},
		{"less than nothing", reads(func([]byte) (int, error) { return -1, nil }), "", ErrCount},
		{"less than nothing, at the end", reads(func([]byte) (int, error) { return -1, io.EOF }), "", ErrCount},
		{"more than was asked for", reads(func(p []byte) (int, error) { return len(p) + 1, nil }), "", ErrCount},
		{"more than was asked for, at the end", reads(func(p []byte) (int, error) { return len(p) + 1, io.EOF }), "", ErrCount},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, err := io.ReadAll(Reader(tc.r)); string(got) != tc.want || err != tc.err {
				t.Errorf("%q, %v, want %q, %v", got, err, tc.want, tc.err)
			}
		})
	}
	if n, err := Reader(reads(func([]byte) (int, error) { return 0, nil })).Read(nil); n != 0 || err != nil {
		t.Errorf("a read of nothing: %d, %v", n, err)
	}
}

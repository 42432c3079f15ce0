// Package spool keeps a body whose length has to be known before it is passed
// on: in memory while it is small, in a temporary file from there on.
package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// memory is how much of a body stays in memory.
const memory = 64 * 1024

// ErrFile marks the errors of the temporary file, as opposed to the reader's.
var ErrFile = errors.New("temporary file")

// A Body is what has been read, in memory or in a file.
type Body struct {
	data []byte   // the body, if there is no file
	file *os.File // else the file that holds it
	name string   // the file's name, where it could not be taken from it
	len  int64
}

// Read reads r to its end. Bodies of more than 64 KiB go to a file in the
// system's directory for temporary ones; before it is made, beforeFile, if
// there is one, may wait for its turn, or refuse.
//
// How long a body may be is for r to bound. An error of r's, or of beforeFile,
// is returned as it is; one that is the file's is an ErrFile.
func Read(r io.Reader, beforeFile func() error) (*Body, error) {
	data, end := readMemory(r)
	if end != nil && end != io.EOF {
		return nil, end
	}
	if len(data) <= memory {
		return &Body{data: data, len: int64(len(data))}, nil
	}
	if beforeFile != nil {
		if err := beforeFile(); err != nil {
			return nil, err
		}
	}
	b, err := create()
	if err != nil {
		return nil, err
	}
	good := false
	defer func() {
		if !good { // or r panics
			b.Close()
		}
	}()
	if err := b.fill(data, r, end); err != nil {
		return nil, err
	}
	good = true
	return b, nil
}

// readMemory reads until r ends or fails, which it tells, or until there is one
// byte more than memory is to hold. What it takes grows with what there is.
func readMemory(r io.Reader) ([]byte, error) {
	data := make([]byte, 0, 512)
	for {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err != nil || len(data) > memory {
			return data, err
		}
		if len(data) == cap(data) {
			data = append(make([]byte, 0, min(4*cap(data), memory+1)), data...)
		}
	}
}

// create makes a file that has no name any more, where the system allows that:
// nothing is left behind then, however the program ends. Windows removes it when it
// is closed, by us and by whoever has it for an input. Elsewhere Close does.
func create() (*Body, error) {
	f, err := os.CreateTemp("", "httpserver-body-*")
	if err == nil && runtime.GOOS == "windows" {
		const deleteOnClose = 0x04000000 // FILE_FLAG_DELETE_ON_CLOSE, for a file that is there
		f.Close()
		f, err = os.OpenFile(f.Name(), os.O_RDWR|deleteOnClose, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	b := &Body{file: f}
	if runtime.GOOS == "windows" {
		return b, nil
	}
	if os.Remove(f.Name()) != nil {
		b.name = f.Name()
	}
	return b, nil
}

// fill writes what has been read and the rest of r to the file, and goes back
// to its start. The last read of r gave err.
func (b *Body) fill(data []byte, r io.Reader, err error) error {
	buffer := data[:memory]
	for {
		if _, err := b.file.Write(data); err != nil {
			return fmt.Errorf("%w: %w", ErrFile, err)
		}
		b.len += int64(len(data))
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		var n int
		n, err = r.Read(buffer)
		data = buffer[:n]
	}
	if _, err := b.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("%w: %w", ErrFile, err)
	}
	return nil
}

// Len gives the body's length.
func (b *Body) Len() int64 { return b.len }

// Memory gives the body where it is in memory, and nil where it is in a file. It is not to
// be changed.
func (b *Body) Memory() []byte { return b.data }

// File gives the file that holds the body, or nil if memory does. It stands at
// its start until someone reads from it; a process that has it for its standard
// input moves it too.
func (b *Body) File() *os.File { return b.file }

// Close lets go of the body.
func (b *Body) Close() error {
	b.data = nil
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	if b.name != "" {
		err = errors.Join(err, os.Remove(b.name))
		b.name = ""
	}
	return err
}

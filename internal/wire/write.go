package wire

import (
	"cmp"
	"io"
	"math"
	"os"
	"slices"
	"sync"
	"syscall"

	"example.com/httpserver/internal/socket"
	"example.com/httpserver/internal/strict"
)

// Hold keeps p to be written with what follows: by the next write or flush,
// before the next wait for input, or by the sweeper.
func (c *Conn) Hold(p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.werr != nil {
		return c.werr
	}
	if len(c.out)+len(p) > maxHeld {
		if err := c.flush(); err != nil || len(p) > maxHeld {
			_, err = c.write(p)
			return err
		}
	}
	if len(p) == 0 {
		return nil
	}
	if len(c.out) == 0 {
		c.holds++
		c.held.Store(c.holds)
	}
	c.out = append(c.out, p...)
	if !c.listed.Load() && !c.listed.Swap(true) {
		c.sweeper.add(c)
	}
	return nil
}

// Write writes what is held and p, in one system call where they are small.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) == 0 {
		return c.write(p)
	}
	held := len(c.out)
	switch {
	case len(p) <= copied || c.direct == nil && len(p) <= maxHeld:
		c.out = append(c.out, p...)
		n, err := c.flushed()
		return max(0, n-held), err
	case c.direct != nil:
		n, err := c.flushedWith(p)
		return max(0, n-held), err
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.write(p)
}

// copied is up to where output is copied to what is held, which is cheaper than to
// have the system gather the two.
const copied = 2048

// WriteErr gives the first error that a write met, or nil.
func (c *Conn) WriteErr() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.werr
}

// Flush writes what is held.
func (c *Conn) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flush()
}

// TryFlush is Flush, unless another goroutine is writing: then what is held
// leaves with that, or by the sweeper. Who reads must not wait for a write: the
// client may take no more of it until more of what it sends is read.
func (c *Conn) TryFlush() error {
	if c.held.Load() == 0 && c.broken.Load() == nil { // nothing is, or somebody is writing it
		return nil
	}
	if !c.mu.TryLock() {
		return nil
	}
	defer c.mu.Unlock()
	return c.flush()
}

func (c *Conn) flush() error {
	_, err := c.flushed()
	return err
}

// flushed writes what is held, and tells how much of it was written. The caller
// holds mu.
func (c *Conn) flushed() (int, error) {
	if len(c.out) == 0 {
		return 0, c.werr
	}
	return c.flushedWith(nil)
}

// flushedWith is flushed for what is held, if anything, and p behind it.
func (c *Conn) flushedWith(p []byte) (int, error) {
	c.held.Store(0)
	n, err := c.writeTwo(c.out, p)
	c.emptyOut()
	return n, err
}

// emptyOut drops what was held, and has been written.
func (c *Conn) emptyOut() {
	c.out = c.out[:0]
	if cap(c.out) > maxKept {
		c.out = nil
	}
}

// write writes p whole. The caller holds mu.
func (c *Conn) write(p []byte) (int, error) { return c.writeTwo(p, nil) }

// writeTwo writes head and then tail. Mostly they go at once, where the connection
// can say so: then no time passes that had to be limited.
func (c *Conn) writeTwo(head, tail []byte) (total int, err error) {
	if c.direct != nil && c.werr == nil && !c.ownWrite.Load() && len(head)+len(tail) > 0 {
		total, err = c.direct.TryWriteTwo(head, tail)
		switch {
		case err == syscall.EAGAIN:
			total, err = 0, nil
		case err != nil:
			c.failWrite(err)
			return total, err
		}
		c.window.took(c, int64(total))
		switch {
		case total == len(head)+len(tail):
			return total, nil
		case total < len(head):
			head = head[total:]
		default:
			head, tail = nil, tail[total-len(head):]
		}
	}
	for _, p := range [...][]byte{head, tail} {
		if len(p) == 0 {
			continue
		}
		n, err := c.writePieces(p)
		if total += n; err != nil {
			return total, err
		}
	}
	return total, c.werr
}

// writePieces writes p, waiting where it has to. A connection that is not the
// system's own, as TLS, may be unable to take up a write that was cut short, so it
// gets its bytes in pieces that a slow client can take before the stall limit. The
// caller holds mu.
func (c *Conn) writePieces(p []byte) (total int, err error) {
	size := len(p)
	if !c.system {
		size = maxHeld
	}
	for {
		piece := p[:min(size, len(p))]
		n, err := c.progress(func(int64) (int64, error) {
			n, err := c.nc.Write(piece)
			piece = piece[n:]
			return int64(n), err
		})
		total += int(n)
		p = p[n:]
		if err != nil || len(p) == 0 {
			return total, err
		}
	}
}

// CopyFrom writes what is held and then at most n bytes of r, or all of it
// where n is negative. It gives the bytes of r that were written. A small file
// leaves in one write with what was held, a large one by the system's own copy
// (sendfile) where there is one; anything else piece by piece, each as soon as
// it is read.
func (c *Conn) CopyFrom(r io.Reader, n int64) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	if n < 0 {
		n = math.MaxInt64
	}
	if file, ok := r.(File); ok && (c.direct != nil || c.readsFrom || n < copyBelow) {
		return c.copyOpen(file, n)
	}
	if file, ok := r.(*os.File); ok {
		// What has a position can be read again from there, and does not wait.
		if start, err := file.Seek(0, io.SeekCurrent); err == nil {
			if n < copyBelow {
				return c.copySmall(file, n)
			}
			if rf, ok := c.nc.(io.ReaderFrom); ok {
				return c.copyFile(rf, file, start, n)
			}
		}
	}
	return c.copy(&io.LimitedReader{R: strict.Reader(r), N: n})
}

// A File is what CopyFrom leaves to the system, beside *os.File.
type File interface {
	io.Reader
	io.Seeker
	io.ReaderAt
	// Use calls f with the descriptor, which stays open meanwhile.
	Use(f func(fd int) error) error
	// Duplicate gives another one like it, which may have the same position.
	Duplicate() (*os.File, error)
	// Bytes gives all of the content where it is in memory, and nobody may change
	// it, or nil.
	Bytes() []byte
}

// copyOpen writes at most n bytes of a file behind what is held: together, if they
// are in memory or few, and else by sendfile.
func (c *Conn) copyOpen(file File, n int64) (sent int64, err error) {
	start, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.werr != nil {
		return 0, c.werr
	}
	held := int64(len(c.out))
	content := file.Bytes()
	switch {
	case content != nil:
		content = content[min(start, int64(len(content))):]
		sent, err = c.copyBytes(content[:min(n, int64(len(content)))])
	case n < copyBelow:
		sent, err = c.copyRead(file, start, n)
	case c.direct != nil:
		sent, err = c.copySystem(file, start, n)
	default:
		sent, err = c.copyDuplicate(file, start, n)
	}
	sent = max(0, sent-held)
	if _, failure := file.Seek(start+sent, io.SeekStart); err == nil {
		err = failure
	}
	return sent, err
}

// copyBytes writes what is held and content, and tells how much of both was
// written.
func (c *Conn) copyBytes(content []byte) (int64, error) {
	if len(c.out) > 0 && (len(content) <= copied || c.direct == nil && len(content) <= copyBelow) {
		c.out = append(c.out, content...)
		content = nil
	}
	n, err := c.flushedWith(content)
	return int64(n), err
}

// copyRead is copyBytes for what has to be read.
func (c *Conn) copyRead(file File, start, n int64) (int64, error) {
	b := pieces.Get().(*[copyBelow]byte)
	defer pieces.Put(b)
	got, rerr := file.ReadAt(b[:n], start)
	sent, err := c.copyBytes(b[:got])
	if err == nil && rerr != io.EOF {
		err = rerr
	}
	return sent, err
}

var pieces = sync.Pool{New: func() any { return new([copyBelow]byte) }}

// copySystem is copyBytes by sendfile.
func (c *Conn) copySystem(file File, start, n int64) (sent int64, err error) {
	head := c.out
	c.held.Store(0)
	defer c.emptyOut()
	failure := file.Use(func(fd int) error {
		sent, err = c.progress(func(done int64) (int64, error) {
			rest := head[min(done, int64(len(head))):]
			past := max(0, done-int64(len(head)))
			sent, err := c.direct.SendFile(rest, fd, start+past, n-past)
			if socket.IsNoSendfile(err) {
				done += sent
				past = max(0, done-int64(len(head)))
				more, failure := c.sendPieces(head[min(done, int64(len(head))):], file, start+past, n-past)
				sent, err = sent+more, failure
			}
			return sent, err
		})
		return nil
	})
	return sent, cmp.Or(err, failure)
}

// sendPieces does what sendfile cannot do for files of some file systems.
func (c *Conn) sendPieces(head []byte, file File, from, n int64) (total int64, err error) {
	b := pieces.Get().(*[copyBelow]byte)
	defer pieces.Put(b)
	piece, rerr := head, error(nil)
	for {
		if len(piece) > 0 {
			m, err := c.nc.Write(piece)
			if total += int64(m); err != nil {
				return total, err
			}
		}
		if n == 0 || rerr != nil {
			break
		}
		var got int
		got, rerr = file.ReadAt(b[:min(n, copyBelow)], from)
		piece, from, n = b[:got], from+int64(got), n-int64(got)
	}
	if rerr == io.EOF {
		rerr = nil // it is shorter than it was
	}
	return total, rerr
}

// copyDuplicate is copyBytes for a connection that knows the files of package os.
func (c *Conn) copyDuplicate(file File, start, n int64) (int64, error) {
	held, err := c.flushed()
	if err != nil {
		return int64(held), err
	}
	dup, err := file.Duplicate()
	if err != nil {
		return int64(held), err
	}
	defer dup.Close()
	if _, err := dup.Seek(start, io.SeekStart); err != nil {
		return int64(held), err
	}
	sent, err := c.copyRest(c.nc.(io.ReaderFrom), dup, start, n)
	return int64(held) + sent, err
}

// copySmall appends at most n bytes of file to what is held, and writes.
func (c *Conn) copySmall(file *os.File, n int64) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.werr != nil {
		return 0, c.werr
	}
	held := len(c.out)
	c.out = slices.Grow(c.out, int(n))
	got, rerr := io.ReadFull(file, c.out[held:held+int(n)])
	c.out = c.out[:held+got]
	written, err := c.flushed()
	if err == nil && rerr != io.EOF && rerr != io.ErrUnexpectedEOF {
		err = rerr
	}
	return int64(max(0, written-held)), err
}

// copyFile leaves at most n bytes of file to the connection. Where that falls
// back on reading and writing, and a write ends too early, what was read and
// not written is read again.
func (c *Conn) copyFile(rf io.ReaderFrom, file *os.File, start, n int64) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.copyRest(rf, file, start, n)
}

func (c *Conn) copyRest(rf io.ReaderFrom, file *os.File, start, n int64) (int64, error) {
	first := true
	return c.progress(func(done int64) (int64, error) {
		if !first {
			if _, err := file.Seek(start+done, io.SeekStart); err != nil {
				return 0, err
			}
		}
		first = false
		return rf.ReadFrom(&io.LimitedReader{R: file, N: n - done})
	})
}

// copy writes r piece by piece. It waits for r without keeping others from
// writing, so that what is held still leaves in time.
func (c *Conn) copy(r io.Reader) (total int64, err error) {
	b := make([]byte, maxHeld)
	for {
		n, rerr := r.Read(b)
		if n > 0 {
			m, err := c.Write(b[:n])
			total += int64(m)
			if err != nil {
				return total, err
			}
		}
		if rerr == io.EOF {
			return total, nil
		}
		if rerr != nil {
			return total, rerr
		}
	}
}

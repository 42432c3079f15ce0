package wire

import (
	"io"
	"math"
	"os"
	"slices"

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
	if len(p) <= maxHeld {
		held := len(c.out)
		c.out = append(c.out, p...)
		n, err := c.flushed()
		return max(0, n-held), err
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.write(p)
}

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
	c.held.Store(0)
	n, err := c.write(c.out)
	c.out = c.out[:0]
	if cap(c.out) > maxKept {
		c.out = nil
	}
	return n, err
}

// write writes p whole. A connection that is not the system's own, as TLS, may
// be unable to take up a write that was cut short, so it gets its bytes in
// pieces that a slow client can take before the stall limit. The caller holds
// mu.
func (c *Conn) write(p []byte) (total int, err error) {
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

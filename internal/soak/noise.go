package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/big"
	"math/rand/v2"
)

// Noise is what files are filled with: random bytes that begin at another place for
// each version, so that a few of them tell which version they are of, and where in it
// they stand. It repeats after a prime number of bytes, which is the size of no buffer.
type noise struct {
	seed  uint64
	block []byte // one period, and another
}

const (
	period = 1_048_573 // and so many versions can be told apart
	stride = 600_011   // from where one version begins to where the next one does
)

// unstride is the inverse of stride.
var unstride = new(big.Int).ModInverse(big.NewInt(stride), big.NewInt(period)).Int64()

func newNoise(seed uint64) *noise {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	block := make([]byte, period)
	rand.NewChaCha8(key).Read(block)
	return &noise{seed, append(block, block...)}
}

// piece gives bytes of a version, from offset on: up to length of them, and one at least.
func (n *noise) piece(number, offset, length int) []byte {
	at := (number%period*stride + offset) % period
	return n.block[at:min(at+length, len(n.block))]
}

// text gives the first bytes of a version.
func (n *noise) text(number, length int) []byte {
	var b bytes.Buffer
	n.write(&b, number, 0, length)
	return b.Bytes()
}

// write writes length bytes of a version, from offset on.
func (n *noise) write(w io.Writer, number, offset, length int) error {
	for length > 0 {
		k, err := w.Write(n.piece(number, offset, length))
		if err != nil {
			return err
		}
		offset, length = offset+k, length-k
	}
	return nil
}

// differ gives the first place where b is not what a version has from offset on, or -1.
func (n *noise) differ(number, offset int, b []byte) int {
	for done := 0; done < len(b); {
		want := n.piece(number, offset+done, len(b)-done)
		got := b[done : done+len(want)]
		if !bytes.Equal(got, want) {
			for i := range want {
				if got[i] != want[i] {
					return done + i
				}
			}
		}
		done += len(want)
	}
	return -1
}

// identify tells which version b is of, if it begins with what stands in one at offset.
func (n *noise) identify(offset int, b []byte) (number int, ok bool) {
	const enough = 8
	if len(b) < enough {
		return 0, false
	}
	at := bytes.Index(n.block[:period+enough], b[:enough])
	if at < 0 {
		return 0, false
	}
	from := ((at-offset)%period + period) % period
	return int(int64(from) * unstride % period), true
}

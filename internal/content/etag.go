package content

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"
	"time"
)

// cutTag takes an entity tag off the beginning of s (RFC 9110 §8.8.3):
//
//	entity-tag = [ weak ] opaque-tag
//	weak       = %s"W/"
//	opaque-tag = DQUOTE *etagc DQUOTE
//	etagc      = %x21 / %x23-7E / obs-text
func cutTag(s string) (tag, rest string, ok bool) {
	i := 0
	if strings.HasPrefix(s, "W/") {
		i = 2
	}
	if i == len(s) || s[i] != '"' {
		return "", s, false
	}
	for i++; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], s[i+1:], true
		case c <= ' ' || c == 0x7f:
			return "", s, false
		}
	}
	return "", s, false
}

// equalStrongly is the strong comparison of entity tags (RFC 9110 §8.8.3.2).
func equalStrongly(a, b string) bool { return a == b && !strings.HasPrefix(a, "W/") }

// equalWeakly is the weak comparison.
func equalWeakly(a, b string) bool {
	return strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/")
}

// settled reports whether what changed at t has not changed since as far as
// anyone can tell: a file system may give changes that are up to two seconds
// apart the same time (RFC 9110 §8.8.2.2). A time to come is not settled.
func settled(t, now time.Time) bool { return now.Sub(t) >= 2*time.Second }

// Tag gives the entity tag of a file: of its size, the times when its content
// and its inode were last changed, and its inode. What the system does not tell
// of the last two is zero. The tag is strong if both times are settled. Until
// then it is weak, and another one than it will be: the next version may look
// the same, and may not be taken for what a client has.
//
// A file without a time has no tag: its size says too little.
//
// The tag is a hash, so that it tells nobody the number of an inode.
func Tag(size int64, modified, changed time.Time, inode uint64, now time.Time) string {
	if modified.IsZero() {
		return ""
	}
	var b [48]byte
	young := !settled(modified, now) || !settled(changed, now)
	data := binary.BigEndian.AppendUint64(b[:0], uint64(size))
	for _, t := range [...]time.Time{modified, changed} {
		data = binary.BigEndian.AppendUint64(data, uint64(t.Unix()))
		data = binary.BigEndian.AppendUint32(data, uint32(t.Nanosecond()))
	}
	data = binary.BigEndian.AppendUint64(data, inode)
	if young {
		data = append(data, "young"...)
	}
	sum := sha256.Sum256(data)
	tag := quoteSum(sum[:])
	if young {
		tag = "W/" + tag
	}
	return tag
}

// HashTag reads r to its end and gives a strong entity tag for what it held.
func HashTag(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return quoteSum(h.Sum(nil)), nil
}

// quoteSum makes an opaque-tag of a SHA-256. Half of it will do: two files with
// the same 128 bits do not come by accident.
func quoteSum(sum []byte) string {
	var b [34]byte
	tag := append(b[:0], '"')
	tag = hex.AppendEncode(tag, sum[:16])
	return string(append(tag, '"'))
}

package content

import (
	"crypto/rand"
	"io"
)

// A Multipart is the content of a 206 with several ranges: multipart/byteranges
// (RFC 9110 §14.6). It is read once, by Read, WriteTo or both in turn.
type Multipart struct {
	contentType string
	size        int64
	ranges      []Range
	boundary    string
	length      int64

	file  io.Seeker
	begun int              // parts that have begun; the end counts as one more
	text  string           // what comes before the next byte of content
	part  io.LimitedReader // the rest of the part that has begun
	err   error            // after which there is nothing more
}

// NewMultipart makes the multipart content that holds ranges of file, which has
// size bytes and the type contentType, or none if that is "".
func NewMultipart(file io.ReadSeeker, contentType string, size int64, ranges []Range) *Multipart {
	// What nobody can guess does not stand in the content.
	return newMultipart(file, contentType, size, ranges, rand.Text())
}

func newMultipart(file io.ReadSeeker, contentType string, size int64, ranges []Range, boundary string) *Multipart {
	m := &Multipart{contentType: contentType, size: size, ranges: ranges, boundary: boundary}
	m.file, m.part.R = file, file
	var head []byte
	for i, r := range ranges {
		head = m.appendHead(head[:0], i)
		m.length += int64(len(head)) + r.Length
	}
	m.length += int64(len(m.end()))
	return m
}

// ContentType gives the value of Content-Type. The boundary stands in no
// quotes: some clients take them for a part of it.
func (m *Multipart) ContentType() string { return "multipart/byteranges; boundary=" + m.boundary }

// Length gives the value of Content-Length.
func (m *Multipart) Length() int64 { return m.length }

// appendHead appends what stands before the content of part i: the delimiter,
// with the line end that belongs to it, and the part's own fields.
func (m *Multipart) appendHead(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "--"...)
	dst = append(dst, m.boundary...)
	if m.contentType != "" {
		dst = append(dst, "\r\nContent-Type: "...)
		dst = append(dst, m.contentType...)
	}
	dst = append(dst, "\r\nContent-Range: "...)
	dst = m.ranges[i].appendContentRange(dst, m.size)
	return append(dst, "\r\n\r\n"...)
}

// end gives what stands behind the last part.
func (m *Multipart) end() string { return "\r\n--" + m.boundary + "--\r\n" }

// Read reads the next bytes. If the content ends before a range does, it fails
// with io.ErrUnexpectedEOF.
func (m *Multipart) Read(p []byte) (n int, err error) {
	if len(p) == 0 || !m.next() {
		return 0, m.err
	}
	if m.text != "" {
		n = copy(p, m.text)
		m.text = m.text[n:]
		return n, nil
	}
	n, err = m.part.Read(p)
	if err == io.EOF {
		err = m.checkPart()
	}
	m.err = err
	return n, err
}

// WriteTo writes what has not been read. A part is copied from an
// [io.LimitedReader] over the content itself, so that w may leave a file to the
// system.
func (m *Multipart) WriteTo(w io.Writer) (n int64, err error) {
	for m.next() {
		if m.text != "" {
			var k int
			k, m.err = io.WriteString(w, m.text)
			n += int64(k)
			if m.err == nil && k < len(m.text) {
				m.err = io.ErrShortWrite
			}
			m.text = ""
			continue
		}
		var k int64
		k, m.err = io.Copy(w, &m.part)
		n += k
		if m.err == nil {
			m.err = m.checkPart()
		}
	}
	if m.err == io.EOF {
		return n, nil
	}
	return n, m.err
}

// checkPart is the error of a part whose content has ended.
func (m *Multipart) checkPart() error {
	if m.part.N > 0 {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// next sees to it that there is text or content to go on with. If there is
// none, err says why.
func (m *Multipart) next() bool {
	switch i := m.begun; {
	case m.err != nil:
		return false
	case m.text != "" || m.part.N > 0:
		return true
	case i < len(m.ranges):
		m.text = string(m.appendHead(nil, i))
		m.part.N = m.ranges[i].Length
		_, m.err = m.file.Seek(m.ranges[i].Start, io.SeekStart)
	case i == len(m.ranges):
		m.text = m.end()
	default:
		m.err = io.EOF
	}
	m.begun++
	return m.err == nil
}

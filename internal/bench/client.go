package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// A client asks, and looks at every byte of the answer. It has one request at a
// time, or as many as the row sends at once.
type client struct {
	ctx    context.Context // when it is done, whatever is waited for ends
	target *target

	conn net.Conn // nil: the next request needs one
	in   *bufio.Reader
	read int64 // bytes, so far
	stop func() bool
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

// Read counts what comes.
func (c *client) Read(p []byte) (int, error) {
	n, err := c.conn.Read(p)
	c.read += int64(n)
	return n, err
}

// ask sends what is sent at once and checks the answers.
func (c *client) ask() error {
	n := c.target.row.atOnce()
	if err := c.send(strings.Repeat(c.target.request, n)); err != nil {
		return err
	}
	for i := range n {
		again, err := readAnswer(c.in, c.target, n-1-i)
		if err != nil {
			return err
		}
		if !again {
			c.hangUp()
			break
		}
	}
	return nil
}

// send connects if it has to, and writes.
func (c *client) send(text string) error {
	if c.conn == nil {
		conn, err := dial(c.ctx, c.target.addr)
		if err != nil {
			return err
		}
		c.attach(conn)
	}
	_, err := io.WriteString(c.conn, text)
	return err
}

// attach gives the client a connection.
func (c *client) attach(conn net.Conn) {
	c.conn = conn
	c.in = bufio.NewReader(c)
	c.stop = context.AfterFunc(c.ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
}

func (c *client) hangUp() {
	if c.conn != nil {
		c.stop()
		c.conn.Close()
		c.conn = nil
	}
}

// readAnswer reads an answer and says what is wrong with it. So many others may
// follow; after the last, either the connection goes on or it has to end.
func readAnswer(in *bufio.Reader, t *target, others int) (again bool, err error) {
	got, err := http.ReadResponse(in, nil)
	if err != nil {
		return false, fmt.Errorf("an answer that is none: %w", err)
	}
	if err := t.checkHead(got); err != nil {
		return false, err
	}
	if err := checkContent(got.Body, t.content); err != nil {
		return false, err
	}
	if t.row.keep && !got.Close {
		if n := in.Buffered(); n > 0 && others == 0 {
			return false, fmt.Errorf("%d bytes follow the answer", n)
		}
		return true, nil
	}
	if others > 0 {
		return false, fmt.Errorf("the server answers no more, and should %d times", others)
	}
	if n, err := io.Copy(io.Discard, in); err != nil || n > 0 {
		return false, errors.Join(fmt.Errorf("%d bytes follow the answer", n), err)
	}
	return false, nil
}

// checkHead says whether an answer is of the right kind.
func (t *target) checkHead(got *http.Response) error {
	want := t.row.want
	// A 304 need not say what it would be.
	kind, _, _ := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if got.StatusCode != want.status || want.contentType != "" && kind != want.contentType {
		return fmt.Errorf("the answer is %d %q, and should be %d %q", got.StatusCode, kind, want.status, want.contentType)
	}
	if part := t.row.part; part.to > 0 {
		want := fmt.Sprintf("bytes %d-%d/%d", part.from, part.to-1, t.row.size)
		if got := got.Header.Get("Content-Range"); got != want {
			return fmt.Errorf("the part is %q, and should be %q", got, want)
		}
	}
	return nil
}

// checkContent compares content with what it should be, and reads to its end.
func checkContent(content io.Reader, want string) error {
	buffer := make([]byte, 32<<10)
	for at := 0; ; {
		n, err := content.Read(buffer)
		if n > len(want)-at || string(buffer[:n]) != want[at:at+n] {
			return fmt.Errorf("the content is wrong between bytes %d and %d: %.100q should be %.100q", at, at+n, buffer[:n], want[at:])
		}
		at += n
		if err == io.EOF && at == len(want) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the content ends after %d of %d bytes: %w", at, len(want), err)
		}
	}
}

// aim finds out what a server has to be asked, and what it has to answer, where
// that is its own business, and asks it once.
func aim(ctx context.Context, s *site, r *row, addr string) (*target, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, shotBound, fmt.Errorf("no answer in %v", shotBound))
	defer cancel()
	t := &target{row: r, addr: addr, site: s, request: r.request, content: r.want.content}
	if r.conditional || r.entries > 0 {
		got, content, err := t.first(ctx)
		if err != nil {
			return nil, err
		}
		if r.conditional {
			field, err := condition(got.Header)
			if err != nil {
				return nil, err
			}
			t.request = withField(r.request, field)
		} else {
			if err := checkListing(content, r.entries); err != nil {
				return nil, err
			}
			t.content = content
		}
	}
	if err := t.check(ctx); err != nil {
		return nil, err
	}
	return t, t.write(addr)
}

// check asks once, and looks how long an answer is.
func (t *target) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, shotBound, fmt.Errorf("no answer in %v", shotBound))
	defer cancel()
	c := &client{ctx: ctx, target: t}
	defer c.hangUp()
	if err := c.ask(); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	t.length = c.read / int64(t.row.atOnce())
	return nil
}

// first gives the first answer of all.
func (t *target) first(ctx context.Context) (*http.Response, string, error) {
	c := &client{ctx: ctx, target: t}
	defer c.hangUp()
	if err := c.send(t.row.request); err != nil {
		return nil, "", err
	}
	got, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, "", fmt.Errorf("an answer that is none: %w", err)
	}
	content, err := io.ReadAll(got.Body)
	return got, string(content), err
}

// condition gives the field that asks whether something is still the same.
func condition(h http.Header) (string, error) {
	if tag := h.Get("ETag"); tag != "" {
		return "If-None-Match: " + tag, nil
	}
	if date := h.Get("Last-Modified"); date != "" {
		return "If-Modified-Since: " + date, nil
	}
	return "", errors.New("the server gives neither ETag nor Last-Modified")
}

// checkListing looks for links to all files, and to no others.
func checkListing(page string, entries int) error {
	links := make(map[string]bool)
	for quoted := range strings.SplitSeq(page, `"`) {
		if name := path.Base(quoted); strings.HasSuffix(name, entrySuffix) {
			links[name] = true
		}
	}
	for i := range entries {
		if !links[entryName(i)] {
			return fmt.Errorf("%s is not in the listing: %.200q", entryName(i), page)
		}
	}
	if len(links) != entries {
		return fmt.Errorf("the listing links %d files, and should %d", len(links), entries)
	}
	return nil
}

// write makes the files that other programs read.
func (t *target) write(name string) error {
	t.requestFile = filepath.Join(t.site.private, name+".request")
	t.contentFile = filepath.Join(t.site.private, name+".content")
	return errors.Join(
		os.WriteFile(t.requestFile, []byte(t.request), 0o644),
		os.WriteFile(t.contentFile, []byte(t.content), 0o644))
}

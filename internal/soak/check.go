package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A checker says what is wrong with answers.
type checker struct{ *site }

// settling is how long a file is young (its tag is weak), and how far the time of a file
// may be behind the clock: a tick of the system's.
const (
	settling = 2 * time.Second
	aTick    = 20 * time.Millisecond
)

// check says what is wrong with an answer: it has to fit one of the outcomes that were
// possible while it was made.
func (c *checker) check(k *ask, a *answer) error {
	if err := c.checkHead(k, a); err != nil {
		return err
	}
	possible := k.possible(a)
	var all []string
	for _, o := range possible {
		err := c.fits(k, a, o, len(possible) == 1)
		if err == nil {
			return nil
		}
		all = append(all, fmt.Sprintf("it is not %v: %v", o, err))
	}
	slices.Sort(all)
	return errors.New(strings.Join(slices.Compact(all), "\n  "))
}

// checkHead checks what holds for every answer.
func (c *checker) checkHead(k *ask, a *answer) error {
	if !strings.HasPrefix(a.value("Server"), "SimpleHTTP/") {
		return fmt.Errorf("the server is %q", a.value("Server"))
	}
	date, err := time.Parse(dateLayout, a.value("Date"))
	if err != nil {
		return err
	}
	// The clock on the wall may be set a little while the other one goes on.
	from, to := c.date(k.begin).Add(-time.Second).Truncate(time.Second), c.date(a.head).Add(time.Second)
	if date.Before(from) || date.After(to) {
		return fmt.Errorf("the date is %v, and not from %v to %v", date, from, to)
	}
	if (k.closes || k.http10) && !a.closes {
		return errors.New("the end of the connection was not announced")
	}
	return nil
}

// fits says how an answer is another than an outcome.
func (c *checker) fits(k *ask, a *answer, o outcome, only bool) error {
	if a.cut && o.mixed == nil {
		return fmt.Errorf("the content was cut after %d bytes of %s", len(a.content), a.value("Content-Length"))
	}
	switch {
	case o.missing:
		return c.isError(k, a, 404)
	case o.v != nil:
		return c.isVersion(k, a, o.v, only)
	case o.mixed != nil:
		return c.isMixture(k, a, o.mixed)
	case o.listing != nil:
		return c.isListing(k, a, o.listing)
	case o.redirect:
		return isRedirect(k, a)
	case o.failed:
		if a.status == 403 {
			return c.isError(k, a, 403)
		}
		return c.isError(k, a, 502)
	}
	if a.status != 200 || !bytes.Equal(a.content, o.exact) {
		return fmt.Errorf("%d with %.60q", a.status, a.content)
	}
	return nil
}

// isVersion says how an answer is no good one about a version of a file.
func (c *checker) isVersion(k *ask, a *answer, v *version, only bool) error {
	if want := k.statuses(v); !slices.Contains(want, a.status) {
		return fmt.Errorf("the status is %d, and not one of %v", a.status, want)
	}
	if a.status == 412 || a.status == 416 {
		if want := fmt.Sprintf("bytes */%d", v.size); a.status == 416 && a.value("Content-Range") != want {
			return fmt.Errorf("Content-Range: %s, and not %s", a.value("Content-Range"), want)
		}
		return c.isError(k, a, a.status)
	}
	known := false // that it is this version, and no other
	if a.status != 304 && k.method != "HEAD" {
		enough, err := c.isContent(k, a, v)
		if err != nil {
			return err
		}
		known = enough || only
	}
	switch err := c.checkValidators(k, a, v, only); {
	case err != nil:
		return err
	case a.status == 304 && len(a.content) > 0:
		return errors.New("a 304 with content")
	case k.method == "HEAD" && a.status == 200 && a.value("Content-Length") != strconv.Itoa(v.size):
		return fmt.Errorf("the length is %s, and not %d", a.value("Content-Length"), v.size)
	case known:
		return c.tagged(v, a.value("ETag"))
	}
	return nil
}

// isContent says how content is not what a version has there, and whether there is enough
// of it to tell versions apart.
func (c *checker) isContent(k *ask, a *answer, v *version) (enough bool, err error) {
	parts, size, err := c.parts(k, a)
	if err != nil {
		return false, err
	}
	for _, p := range parts {
		if size != v.size {
			return false, fmt.Errorf("the size is %d, and not %d: there stands %s", size, v.size, c.recognize(p.from, p.content, k.begin))
		}
		if i := c.noise.differ(v.number, p.from, p.content); i >= 0 {
			return false, fmt.Errorf("from byte %d of %d on there stands %s", p.from+i, size, c.recognize(p.from+i, p.content[i:], k.begin))
		}
		enough = enough || len(p.content) >= changingSizes[0]
	}
	return enough, nil
}

// checkValidators says how ETag and Last-Modified do not go with a version. A file that
// another one has replaced since it was opened has changed by that: it has no name left.
func (c *checker) checkValidators(k *ask, a *answer, v *version, only bool) error {
	tag := a.value("ETag")
	opaque, weak := strings.CutPrefix(tag, "W/")
	if len(opaque) != 34 || opaque[0] != '"' || opaque[33] != '"' {
		return fmt.Errorf("ETag: %s", tag)
	}
	settled := moment(v.settled.Load())
	switch {
	case !weak && a.head-v.made < settling-aTick:
		return fmt.Errorf("ETag: %s is strong, though the file is no older than %v", tag, a.head-v.made)
	case weak && only && settled != 0 && k.begin-settled > settling+aTick:
		return fmt.Errorf("ETag: %s is weak, though nothing has changed for %v", tag, k.begin-settled)
	case a.status == 304 && k.when.field == "If-None-Match" && tag != k.when.tag:
		return fmt.Errorf("ETag: %s with 304", tag)
	}
	if a.status == 304 {
		return nil
	}
	second, known := v.second()
	if want := formatDate(second); known && a.value("Last-Modified") != want {
		return fmt.Errorf("Last-Modified: %s, and not %s", a.value("Last-Modified"), want)
	}
	if a.value("Accept-Ranges") != "bytes" {
		return errors.New("no Accept-Ranges")
	}
	if want := mediaType(k.target); !strings.HasPrefix(a.value("Content-Type"), "multipart/") && a.value("Content-Type") != want {
		return fmt.Errorf("Content-Type: %s, and not %s", a.value("Content-Type"), want)
	}
	return nil
}

// mediaType is that of what files there are.
func mediaType(target string) string {
	if strings.HasPrefix(target, "/index/") && target != "/index/note" {
		return "text/html"
	}
	return "application/octet-stream"
}

// isMixture says how an answer about a file that is being written over cannot be: each
// byte has to be one of a version that was there. Which fields and statuses go with it
// nobody can tell.
func (c *checker) isMixture(k *ask, a *answer, versions []*version) error {
	switch a.status {
	case 304:
		return nil
	case 412, 416:
		return c.isError(k, a, a.status)
	}
	if k.method == "HEAD" || a.cut && a.status == 206 && k.ranges != nil && len(k.ranges) > 1 {
		return nil // of a multipart that was cut nobody can tell where its parts are
	}
	parts, _, err := c.parts(k, a)
	if err != nil {
		return err
	}
	for _, p := range parts {
		for i, b := range p.content {
			if !slices.ContainsFunc(versions, func(v *version) bool { return c.noise.piece(v.number, p.from+i, 1)[0] == b }) {
				return fmt.Errorf("byte %d is of none of %v: %s", p.from+i, versions, c.recognize(p.from+i, p.content[i:], k.begin))
			}
		}
	}
	return nil
}

// A part is a run of bytes of a file.
type part struct {
	from    int
	content []byte
}

// parts gives what of a file an answer holds, and the size that it gives the file. Of
// ranges it has to hold all that was asked for, and nothing else.
func (c *checker) parts(k *ask, a *answer) (parts []part, size int, err error) {
	switch {
	case a.status == 200:
		size, err = strconv.Atoi(a.value("Content-Length"))
		return []part{{0, a.content}}, size, err
	case a.status != 206:
		return nil, 0, fmt.Errorf("the status is %d", a.status)
	}
	if boundary, ok := strings.CutPrefix(a.value("Content-Type"), "multipart/byteranges; boundary="); ok {
		if parts, size, err = splitParts(a.content, boundary, mediaType(k.target)); err != nil {
			return nil, 0, err
		}
	} else {
		p := part{content: a.content}
		var to int
		if p.from, to, size, err = parseContentRange(a.value("Content-Range")); err != nil {
			return nil, 0, err
		}
		if !a.cut && to-p.from != len(p.content) {
			return nil, 0, fmt.Errorf("Content-Range: %s with %d bytes", a.value("Content-Range"), len(p.content))
		}
		if a.cut {
			return []part{p}, size, nil
		}
		parts = []part{p}
	}
	var got [][2]int
	for _, p := range parts {
		got = append(got, [2]int{p.from, p.from + len(p.content)})
	}
	if want, got := wanted(k.ranges, size), joined(got); !slices.Equal(want, got) {
		return nil, 0, fmt.Errorf("the ranges are %v, and not %v", got, want)
	}
	return parts, size, nil
}

// parseContentRange reads a Content-Range.
func parseContentRange(value string) (from, to, size int, err error) {
	var last int
	if _, err = fmt.Sscanf(value, "bytes %d-%d/%d", &from, &last, &size); err == nil && fmt.Sprintf("bytes %d-%d/%d", from, last, size) != value {
		err = errors.New("something else stands there too")
	}
	if err != nil {
		err = fmt.Errorf("Content-Range: %q: %w", value, err)
	}
	return from, last + 1, size, err
}

// splitParts takes multipart content apart (RFC 9110 §14.6).
func splitParts(content []byte, boundary, mediaType string) (parts []part, size int, err error) {
	rest, delimiter := content, []byte("\r\n--"+boundary)
	rest, ok := bytes.CutPrefix(rest, delimiter[2:])
	for ok {
		if string(rest) == "--\r\n" {
			return parts, size, nil
		}
		head, body, found := bytes.Cut(rest, []byte("\r\n\r\n"))
		lines := strings.Split(string(head), "\r\n")
		if !found || len(lines) != 3 || lines[1] != "Content-Type: "+mediaType {
			return nil, 0, fmt.Errorf("a part begins with %.100q", rest)
		}
		from, to, whole, err := parseContentRange(strings.TrimPrefix(lines[2], "Content-Range: "))
		if err != nil || from > to || to-from > len(body) || size != 0 && whole != size {
			return nil, 0, fmt.Errorf("a part with %q: %w", lines, err)
		}
		size = whole
		parts = append(parts, part{from, body[:to-from]})
		rest, ok = bytes.CutPrefix(body[to-from:], delimiter)
	}
	return nil, 0, fmt.Errorf("no delimiter where %.60q stands", rest)
}

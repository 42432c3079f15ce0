package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// serverFields are those that every answer has.
func serverFields(now time.Time) string {
	return "Server: SimpleHTTP/0.1.0 Go/1\r\nDate: " + formatDate(now) + "\r\n"
}

// TestCheck gives answers to the checker, about a file whose second version is there, and
// the first was long ago.
func TestCheck(t *testing.T) {
	const size = 100
	c := clock{time.Now().Add(-time.Hour)} // so long has the run lasted
	vs := newVersions(newNoise(1))
	s := &site{clock: c, versions: vs}
	var versions []*version
	modified := c.began.Add(time.Minute)
	for i := range 3 {
		v, err := vs.add("file", size)
		if err != nil {
			t.Fatal(err)
		}
		v.modified.Store(modified.Add(time.Duration(i) * time.Minute).UnixNano())
		v.made = moment(i+1) * time.Minute
		v.settled.Store(int64(v.made))
		versions = append(versions, v)
	}
	old, now := versions[0], versions[1]
	it := &item{name: "file", target: "/file"}
	s.place.to(home).begin(0)
	for _, v := range []*version{old, now} {
		turn := it.states.to(outcome{v: v})
		turn.begin(v.made)
		turn.end(v.made)
	}
	begin := c.now() // of all of them, since their dates are of this moment
	at := c.date(begin)
	const tag, otherTag = `"0123456789abcdef0123456789abcdef"`, `"1123456789abcdef0123456789abcdef"`
	if vs.tagged(now, tag) != nil || vs.tagged(old, otherTag) != nil {
		t.Fatal("the first tags are refused")
	}
	content, oldContent := string(vs.noise.text(now.number, size)), string(vs.noise.text(old.number, size))
	fields := func(v *version, tag string) string {
		second, _ := v.second()
		return "Content-type: application/octet-stream\r\nLast-Modified: " + formatDate(second) + "\r\nAccept-Ranges: bytes\r\nETag: " + tag + "\r\n"
	}
	write := func(status, fields, content string) string {
		return "HTTP/1.1 " + status + "\r\n" + serverFields(at) + fields + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(content)) + content
	}
	ok, partial := fields(now, tag), fields(now, tag)+"Content-Range: bytes 10-19/100\r\n"
	notModified := "HTTP/1.1 304 Not Modified\r\n" + serverFields(at) + "ETag: " + tag + "\r\n\r\n"
	ten := []byteRange{{10, 19}}
	page := errorPage(404, "File not found", "Nothing matches the given URI")
	parts := func(from, other int) string {
		return fmt.Sprintf("--x\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 10-19/100\r\n\r\n%s\r\n"+
			"--x\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes %d-49/100\r\n\r\n%s\r\n--x--\r\n", content[10:20], from, content[other:50])
	}
	multipart := strings.Replace(ok, "application/octet-stream", "multipart/byteranges; boundary=x", 1)
	two := []byteRange{{10, 19}, {40, 49}}

	for _, tc := range []struct {
		name   string
		ask    ask
		answer string
		wrong  string // what is wrong with it, or nothing
	}{
		{"all of it", ask{}, write("200 OK", ok, content), ""},
		{"the last version", ask{}, write("200 OK", ok, oldContent), "there stands version 0 of file"},
		{"its tag", ask{}, write("200 OK", fields(now, otherTag), content), "was that of version 0"},
		{"another tag", ask{}, write("200 OK", fields(now, `"2123456789abcdef0123456789abcdef"`), content), "and had"},
		{"a weak tag", ask{}, write("200 OK", fields(now, "W/"+tag), content), "is weak"},
		{"no tag", ask{}, write("200 OK", fields(now, ""), content), "ETag: "},
		{"its date", ask{}, write("200 OK", fields(old, tag), content), "Last-Modified"},
		{"half of each", ask{}, write("200 OK", ok, content[:50]+oldContent[50:]), "from byte 50 of 100 on there stands version 0"},
		{"shorter", ask{}, write("200 OK", ok, content[:99]), "the size is 99"},
		{"longer", ask{}, write("200 OK", ok, content+"!"), "the size is 101"},
		{"from its second byte on", ask{}, write("200 OK", ok, content[1:]+"!"), "from byte 0"},
		{"cut", ask{}, strings.TrimSuffix(write("200 OK", ok, content), content[50:]), "was cut after 50 bytes of 100"},
		{"another type", ask{}, write("200 OK", strings.Replace(ok, "octet-stream", "x", 1), content), "Content-Type"},
		{"not there", ask{}, write("404 File not found", "Content-Type: text/html;charset=utf-8\r\nConnection: close\r\n", page), "the status is 404"},
		{"another time", ask{}, strings.Replace(write("200 OK", ok, content), formatDate(at), formatDate(at.Add(-time.Minute)), 1), "the date is"},
		{"an end that was asked for", ask{closes: true}, write("200 OK", ok, content), "was not announced"},

		{"its head", ask{method: "HEAD"}, strings.TrimSuffix(write("200 OK", ok, content), content), ""},
		{"the head of a shorter one", ask{method: "HEAD"}, "HTTP/1.1 200 OK\r\n" + serverFields(at) + ok + "Content-Length: 99\r\n\r\n", "the length is 99"},

		{"a range", ask{ranges: ten}, write("206 Partial Content", partial, content[10:20]), ""},
		{"of the last version", ask{ranges: ten}, write("206 Partial Content", partial, oldContent[10:20]), "there stands version 0"},
		{"one byte further", ask{ranges: ten}, write("206 Partial Content", partial, content[11:21]), "from byte 10"},
		{"another range", ask{ranges: ten}, write("206 Partial Content", strings.Replace(partial, "10-19", "11-20", 1), content[11:21]), "the ranges are"},
		{"a range of another length", ask{ranges: ten}, write("206 Partial Content", strings.Replace(partial, "10-19", "10-20", 1), content[10:20]), "with 10 bytes"},
		{"all of it, for a range", ask{ranges: ten}, write("200 OK", ok, content), "the status is 200"},
		{"two ranges", ask{ranges: two}, write("206 Partial Content", multipart, parts(40, 40)), ""},
		{"one of them is another", ask{ranges: two}, write("206 Partial Content", multipart, parts(41, 41)), "the ranges are"},
		{"one of them has another's content", ask{ranges: two}, write("206 Partial Content", multipart, parts(39, 40)), "no delimiter"},
		{"parts without an end", ask{ranges: two}, write("206 Partial Content", multipart, parts(40, 40)[:150]), "a part"},

		{"unchanged", ask{when: condition{"If-None-Match", tag, time.Time{}, now}}, notModified, ""},
		{"unchanged, and sent", ask{when: condition{"If-None-Match", tag, time.Time{}, now}}, write("200 OK", ok, content), "and not one of [304]"},
		{"changed, and not sent", ask{when: condition{"If-None-Match", otherTag, time.Time{}, old}}, notModified, "and not one of [200]"},
		{"sent for another tag", ask{when: condition{"If-Match", otherTag, time.Time{}, old}}, write("200 OK", ok, content), "and not one of [412]"},
		{"not changed since", ask{when: condition{"If-Modified-Since", "", modified.Add(time.Minute), now}}, notModified, ""},
		{"changed since", ask{when: condition{"If-Modified-Since", "", modified, old}}, notModified, "and not one of [200]"},
		{"a part of another version", ask{ranges: ten, when: condition{"If-Range", otherTag, time.Time{}, old}}, write("206 Partial Content", partial, content[10:20]), "and not one of [200]"},
		{"all of another version", ask{ranges: ten, when: condition{"If-Range", otherTag, time.Time{}, old}}, write("200 OK", ok, content), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := tc.ask
			k.target, k.begin = it.target, begin
			if k.method == "" {
				k.method = "GET"
			}
			k.possible = func(a *answer) []outcome { return s.ofItem(it, k.begin, a.head, a.end) }
			in := &reader{Reader: bufio.NewReader(strings.NewReader(tc.answer)), clock: c}
			a, err := in.read(k.method)
			if err == nil {
				err = (&checker{s}).check(&k, a)
			}
			if err == nil && tc.wrong != "" || err != nil && (tc.wrong == "" || !strings.Contains(err.Error(), tc.wrong)) {
				t.Errorf("it is said to be wrong that %v, and not %q", err, tc.wrong)
			}
		})
	}
}

// TestMixture: of a file that is written over, each byte has to be of one of its versions.
func TestMixture(t *testing.T) {
	vs := newVersions(newNoise(2))
	var versions []*version
	for range 3 {
		v, _ := vs.add("file", 100)
		versions = append(versions, v)
	}
	text := func(i int) string { return string(vs.noise.text(i, 100)) }
	c := &checker{&site{versions: vs}}
	for _, tc := range []struct {
		name, content string
		wrong         bool
	}{
		{"the first", text(0), false},
		{"the second", text(1), false},
		{"both", text(1)[:30] + text(0)[30:80] + text(1)[80:], false},
		{"another", text(2), true},
		{"another at its end", text(0)[:60] + text(2)[60:], true},
		{"moved", text(0)[1:], true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := &answer{status: 200, fields: []field{{"Content-Length", fmt.Sprint(len(tc.content))}}, content: []byte(tc.content)}
			err := c.isMixture(&ask{method: "GET"}, a, versions[:2])
			if (err != nil) != tc.wrong {
				t.Error(err)
			}
		})
	}
}

// TestReader: what is no answer, or has another end than it says, is found.
func TestReader(t *testing.T) {
	for _, tc := range []struct{ name, text, content, wrong string }{
		{"a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", ""},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc", ""},
		{"to the end", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcd", "abcd", ""},
		{"nothing", "", "", "in place of an answer"},
		{"half a head", "HTTP/1.1 200 OK\r\nContent-", "", "unexpected EOF"},
		{"another version", "HTTP/1.0 200 OK\r\n\r\n", "", "a status line"},
		{"a bare line end", "HTTP/1.1 200 OK\nA: b\r\n\r\n", "", "ends in another way"},
		{"no value", "HTTP/1.1 200 OK\r\nA\r\n\r\n", "", "a field line"},
		{"one field twice", "HTTP/1.1 200 OK\r\nA: b\r\na: c\r\n\r\n", "", "a twice"},
		{"two framings", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "", "with length"},
		{"no framing", "HTTP/1.1 200 OK\r\n\r\n", "", "neither a length"},
		{"a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: 02\r\n\r\nab", "", "a length of"},
		{"a chunk that is longer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "", "behind a chunk"},
		{"a chunk without a size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "", "a chunk of size"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := &reader{Reader: bufio.NewReader(io.MultiReader(strings.NewReader(tc.text))), clock: clock{time.Now()}}
			a, err := in.read("GET")
			switch {
			case tc.wrong != "":
				if err == nil || !strings.Contains(err.Error(), tc.wrong) {
					t.Errorf("the error is %v, and not %q", err, tc.wrong)
				}
			case err != nil || string(a.content) != tc.content || a.cut:
				t.Errorf("the content is %v, %v", a, err)
			}
		})
	}
}

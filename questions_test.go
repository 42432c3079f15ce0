//go:build unix

package httpserver_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A question is a request of whose answer something is known.
type question struct {
	method, path, fields string
	still                bool // it is for a file that nobody swaps
	nowhere              bool // there never is such a file inside
}

func (q *question) String() string {
	return q.method + " " + q.path + " HTTP/1.1\r\nHost: h\r\n" + q.fields + "\r\n"
}

// someQuestions makes requests to send at once. What ends a connection is mostly the
// last of them.
func someQuestions(swaps []swap) (questions []question) {
	for range rand.IntN(3) {
		questions = append(questions, question{method: "GET", path: "/still.txt", still: true})
		if rand.IntN(2) == 0 {
			questions = append(questions, anyQuestion(swaps))
		}
	}
	return append(questions, anyQuestion(swaps))
}

// otherPaths are links, and what there is not.
var otherPaths = []string{
	"/", "/a.txt", "/dir", "/mid/deep/er", "/c3", "/wander", "/out", "/out-dir", "/out-dir/", "/out-dir/a.txt", "/abs-out", "/abs-out-dir/", "/abs-out-dir/a.txt", "/out-fifo", "/by-out",
	"/above/", "/above/outside/a.txt", "/slash/", "/slash/etc/passwd", "/proc/", "/proc/go.mod", "/zero", "/loop", "/nothing", "/dir/otherdir/",
}

// anyPath gives a path, mostly of what is being swapped.
func anyPath(swaps []swap) string {
	n := rand.IntN(len(swaps) + 3)
	if rand.IntN(4) > 0 {
		n = hot(len(swaps) + 3)
	}
	paths := otherPaths
	switch {
	case n < len(swaps):
		paths = swaps[n].seen
	case n < len(swaps)+2:
		paths = wandering
	}
	return paths[rand.IntN(len(paths))]
}

// anyQuestion makes a request, in any spelling and with any fields.
func anyQuestion(swaps []swap) question {
	q := question{method: "GET", path: anyPath(swaps)}
	if rand.IntN(6) == 0 {
		q.method = "HEAD"
	}
	q.nowhere = strings.Contains(q.path, "other")
	isEarly := strings.Contains(q.path, "page")
	if !q.nowhere && rand.IntN(3) == 0 {
		q.path = spell(q.path)
	}
	switch rand.IntN(8) {
	case 0:
		q.fields += "Range: bytes=0-7\r\n"
	case 1:
		q.fields += "Range: bytes=9-,-3\r\n"
	case 2:
		q.fields += "Range: bytes=0-3,10-20,-6\r\n"
	case 3:
		if !isEarly {
			q.fields += "If-Modified-Since: Mon, 01 Jan 1990 00:00:00 GMT\r\n"
		}
	case 4:
		q.fields += "If-None-Match: *\r\n"
	}
	switch rand.IntN(3) {
	case 0:
		q.fields += "Accept: application/json\r\n"
	case 1:
		if !q.nowhere { // it would be answered with the Fallback
			q.fields += "Accept: text/html\r\n"
		}
	}
	if rand.IntN(2) == 0 {
		q.fields += "Accept-Encoding: gzip\r\n"
	}
	return q
}

// spell spells a path in another way: some that mean the same, and some that would
// lead out if they were read with less care.
func spell(path string) string {
	instead := func(old string, all ...string) string {
		return strings.ReplaceAll(path, old, all[rand.IntN(len(all))])
	}
	prefix := func(all ...string) string { return all[rand.IntN(len(all))] + path }
	switch rand.IntN(12) {
	case 0: // encoded here and there
		var b strings.Builder
		for _, c := range []byte(path) {
			if rand.IntN(3) == 0 {
				fmt.Fprintf(&b, "%%%02x", c)
			} else {
				b.WriteByte(c)
			}
		}
		return "/" + strings.TrimPrefix(b.String(), "/")
	case 1: // twice
		return instead(".", "%252e", "%25%32%65", "%%32%65")
	case 2: // slashes
		return instead("/", "//", "/./", "/%2e/", "%2f", "%2F", "/x/../", "/dir/%2e%2e/", "/out-dir/../")
	case 3: // what is no slash here
		return instead("/", `\`, "%5c", "%c0%af", "%e0%80%af", "\xc0\xaf", "%ef%bc%8f", "%u2215")
	case 4: // dots
		return instead(".", "%2e", "%2E", "%c0%ae", "\xc0\xae", "%e0%40%ae", "%ef%bc%8e")
	case 5: // beyond the end
		return path + []string{"%00", "%00.html", "/", "/.", "//", "%2f", "/..", "/%2e%2e/", ";x", "%20", "."}[rand.IntN(11)]
	case 6: // up
		return prefix("/..", "/../..", "/%2e%2e", "/.%2e", "/..%2f..", "/dir/../..", "/out-dir/..", "/wander/../../inside", "/..\\..", "/...", "/../inside")
	case 7: // and across
		return prefix("/../outside", "/%2e%2e/outside", "/..%2foutside", "/dir/../../outside", "/wander/../../outside", "/..%5coutside", `/..\outside`, "/..%00/outside",
			"/%c0%ae%c0%ae/outside", "/../elsewhere", "/above/outside", "/above/elsewhere", "/slash/../outside", "/%252e%252e/outside", "//../outside", "/.../outside")
	case 8: // absolute-form
		return prefix("http://h", "https://h:1", "http://", "http://../outside", "HTTP://h/..", "file://", "http://h/%2e%2e/outside")
	case 9:
		return strings.TrimPrefix(path, "/") + "?"
	case 10:
		return path + []string{"?", "?/../", "?sort=size", "?sort=time&order=desc", "#", "#/../outside", "?%00", "%3f", "%23"}[rand.IntN(9)]
	}
	return "/" + path
}

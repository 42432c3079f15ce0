package http1

import (
	"strings"
	"testing"
)

// heads are what clients send: little, a lot, and as much as they may.
var heads = []struct{ name, line, section string }{
	{"small", "GET / HTTP/1.1\r\n", "Host: 127.0.0.1\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n"},
	{"browser", "GET /a/path/of/the/usual/length/index.html?and=a&query=too HTTP/1.1\r\n",
		"Host: www.example.com:8000\r\nConnection: keep-alive\r\n" +
			"sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n" +
			"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36\r\n" +
			"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n" +
			"Sec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n"},
	{"90 fields", "POST / HTTP/1.0\r\n", "Host: 127.0.0.1\r\nContent-Length: 5\r\n" + strings.Repeat("X-Some-Field: some value of some length\r\n", 88) + "\r\n"},
}

// steps are the parts of reading a head.
func steps(line, section string) []struct {
	name string
	do   func()
} {
	var l RequestLine
	l, _ = ParseRequestLine(line)
	fields, _ := ParseFields(section, nil)
	bytes := []byte(section)
	return []struct {
		name string
		do   func()
	}{
		{"request line", func() { l, _ = ParseRequestLine(line) }},
		{"end", func() { new(Scanner).Scan(bytes) }},
		{"fields", func() { fields, _ = ParseFields(section, fields[:0]) }},
		{"framing", func() { ReadFraming(&l, fields) }},
	}
}

func TestAllocations(t *testing.T) {
	for _, head := range heads {
		for _, step := range steps(head.line, head.section) {
			if n := testing.AllocsPerRun(100, step.do); n != 0 {
				t.Errorf("%s: %s: %v allocations, want 0", head.name, step.name, n)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, head := range heads {
		for _, step := range steps(head.line, head.section) {
			b.Run(head.name+"/"+step.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					step.do()
				}
			})
		}
	}
}

package http1

import (
	"strings"
	"testing"
)

// decode runs Chunks over input that comes in pieces of a size, and gives the
// content, what was left behind the body, and the fault.
func decode(c *Chunks, input string, size int) (content, rest string, err *Error) {
	var b []byte
	for !c.Done() {
		n, fault := c.Frame(b)
		b = b[n:]
		if fault != nil {
			return content, string(b) + input, fault
		}
		if n := min(c.Left(), int64(len(b))); n > 0 {
			content += string(b[:n])
			c.Took(n)
			b = b[n:]
			continue
		}
		if c.Done() {
			break
		}
		if input == "" {
			return content, string(b), &Error{Message: "incomplete"}
		}
		n = min(size, len(input))
		b, input = append(b, input[:n]...), input[n:]
	}
	return content, string(b) + input, nil
}

// TestChunks has each body whole, a byte at a time, and with bytes behind it that
// have to stay.
func TestChunks(t *testing.T) {
	const behind = "GET /next HTTP/1.1\r\n"
	for _, tc := range []struct {
		name, input, content, trailers string
		fault                          string // its explanation, or the message where there is none
	}{
		{"RFC 9112 §7.1 nothing", "0\r\n\r\n", "", "", ""},
		{"RFC 9112 §7.1 a chunk", "5\r\nhello\r\n0\r\n\r\n", "hello", "", ""},
		{"RFC 9112 §7.1 two chunks", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!", "", ""},
		{"RFC 9112 §7.1 hex in both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", "", ""},
		{"RFC 9112 §7.1 zeros before a size", "0005\r\nhello\r\n000\r\n\r\n", "hello", "", ""},
		{"RFC 9112 §7.1 sixteen digits", "0000000000000005\r\nhello\r\n0\r\n\r\n", "hello", "", ""},
		{"RFC 9112 §7.1 content that looks like framing", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n", "", ""},
		{"RFC 9112 §7.1.1 an extension", "5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello", "", ""},
		{"RFC 9112 §7.1.1 blanks", "5 ; a = b ;\tc\r\nhello\r\n0\r\n\r\n", "hello", "", ""},
		{"RFC 9112 §7.1.1 a quoted value", "5;a=\"b;\\\" c\"\r\nhello\r\n0\r\n\r\n", "hello", "", ""},
		{"RFC 9112 §7.1.2 trailers", "0\r\nA: b\r\nC:d\r\n\r\n", "", "A: b\r\nC:d\r\n\r\n", ""},
		{"RFC 9112 §7.1 most of 4096 bytes", "5;a=" + strings.Repeat("b", 4096-6) + "\r\nhello\r\n0\r\n\r\n", "hello", "", ""},

		{"RFC 9112 §7.1 no size", "\r\nhello\r\n0\r\n\r\n", "", "", "A chunk's size is hexadecimal digits"},
		{"RFC 9112 §7.1 no hex", "g\r\n", "", "", "A chunk's size is hexadecimal digits"},
		{"RFC 9112 §7.1 a prefix", "0x5\r\nhello\r\n", "", "", "A chunk's size is followed by what is no extension"},
		{"RFC 9112 §7.1 a sign", "+5\r\nhello\r\n", "", "", "A chunk's size is hexadecimal digits"},
		{"RFC 9112 §7.1 negative", "-5\r\nhello\r\n", "", "", "A chunk's size is hexadecimal digits"},
		{"RFC 9112 §7.1 an underscore", "1_0\r\n", "", "", "A chunk's size is followed by what is no extension"},
		{"RFC 9112 §7.1 a blank before", " 5\r\nhello\r\n", "", "", "A chunk's size is hexadecimal digits"},
		{"RFC 9112 §7.1 a blank behind", "5 \r\nhello\r\n", "", "", "A chunk's size is followed by what is no extension"},
		{"RFC 9112 §7.1 seventeen digits", "00000000000000005\r\nhello\r\n", "", "", "A chunk's size is too large"},
		{"RFC 9112 §7.1 beyond an int64", "8000000000000000\r\n", "", "", "A chunk's size is too large"},
		{"RFC 9112 §7.1 far beyond", "ffffffffffffffff1\r\n", "", "", "A chunk's size is too large"},
		{"RFC 9112 §7.1 LF behind the size", "5\nhello\r\n0\r\n\r\n", "", "", "The line that gives a chunk's size does not end in CRLF"},
		{"RFC 9112 §7.1 CR in the size's line", "5\r;a\r\nhello\r\n", "", "", "A chunk's size is followed by what is no extension"},
		{"RFC 9112 §7.1 LF behind the content", "5\r\nhello\n0\r\n\r\n", "hello", "", "A chunk's content is not followed by CRLF"},
		{"RFC 9112 §7.1 more content than its size", "5\r\nhello!\r\n0\r\n\r\n", "hello", "", "A chunk's content is not followed by CRLF"},
		{"RFC 9112 §7.1 CR and no LF", "5\r\nhello\rx", "hello", "", "A chunk's content is not followed by CRLF"},
		{"RFC 9112 §7.1 less content than its size", "6\r\nhello\r\n0\r\n\r\n", "hello\r", "", "A chunk's content is not followed by CRLF"},
		{"RFC 9112 §7.1.1 an extension without a name", "5;\r\nhello\r\n", "", "", "A chunk's size is followed by what is no extension"},
		{"RFC 9112 §7.1.1 a value that is missing", "5;a=\r\nhello\r\n", "", "", "A chunk's size is followed by what is no extension"},
		{"RFC 9112 §7.1.1 a string without an end", "5;a=\"b\r\nhello\r\n", "", "", "A chunk's size is followed by what is no extension"},
		{"RFC 9112 §7.1.1 a string that ends in a backslash", "5;a=\"b\\\r\nhello\r\n", "", "", "A chunk's size is followed by what is no extension"},
		{"RFC 9112 §7.1.1 NUL in a string", "5;a=\"\x00\"\r\nhello\r\n", "", "", "A chunk's size is followed by what is no extension"},
		{"RFC 9112 §7.1.1 LF in a string", "5;a=\"\n\"\r\nhello\r\n", "", "", "The line that gives a chunk's size does not end in CRLF"},
		{"RFC 9112 §7.1.1 a line too long", "5;a=" + strings.Repeat("b", 4096-5) + "\r\nhello\r\n", "", "", "The line that gives a chunk's size is longer than 4096 bytes"},
		{"RFC 9112 §7.1.1 a line without end", "5;a=" + strings.Repeat("b", 5000), "", "", "The line that gives a chunk's size is longer than 4096 bytes"},
		{"RFC 9112 §7.1.1 more extensions than content", strings.Repeat("1;a="+strings.Repeat("b", 4000)+"\r\nx\r\n", 5), "xxxx", "", "The chunks have more extensions than content"},
		{"RFC 9112 §7.1.2 LF behind a trailer", "0\r\nA: b\n\r\n", "", "", "A line of the trailer section does not end in CRLF"},
		{"RFC 9112 §7.1.2 LF at the end", "0\r\nA: b\r\n\n", "", "", "A line of the trailer section does not end in CRLF"},
		{"RFC 9112 §5.1 a blank before a trailer's colon", "0\r\nA : b\r\n\r\n", "", "", "White space stands between a field's name and its colon"},
		{"RFC 9112 §5.2 a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", "", "", "A field line begins with white space: line folding is obsolete"},
		{"RFC 9110 §5.4 a trailer too long", "0\r\nA: " + strings.Repeat("x", 65536), "", "", "got more than 65536 bytes when reading header line"},
		{"RFC 9110 §5.4 too many trailers", "0\r\n" + strings.Repeat("A: b\r\n", 101), "", "", "got more than 100 headers"},
		{"RFC 9112 §8 incomplete", "5\r\nhel", "hel", "", "incomplete"},
		{"RFC 9112 §8 no last chunk", "5\r\nhello\r\n", "hello", "", "incomplete"},
		{"RFC 9112 §8 no end of the trailers", "0\r\nA: b\r\n", "", "", "incomplete"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, size := range []int{1 << 20, 1, 3} {
				for _, behind := range []string{"", behind} {
					if tc.fault == "incomplete" && behind != "" {
						continue // it would be part of the body
					}
					var c Chunks
					content, rest, err := decode(&c, tc.input+behind, size)
					fault := ""
					if err != nil {
						if fault = err.Explain; fault == "" {
							fault = err.Message
						}
					}
					_, trailers := c.Trailers()
					if fault == "" && trailers == "\r\n" {
						trailers = ""
					}
					if content != tc.content || trailers != tc.trailers || fault != tc.fault {
						t.Errorf("%.200q in pieces of %d\n got %q, %q, %q\nwant %q, %q, %q", tc.input+behind, size, content, trailers, fault, tc.content, tc.trailers, tc.fault)
					}
					if fault == "" && rest != behind {
						t.Errorf("%q: behind the body is %q, want %q", tc.input+behind, rest, behind)
					}
				}
			}
		})
	}
}

// TestChunksPay: extensions that come with enough content have no bound in all.
func TestChunksPay(t *testing.T) {
	chunk := "400;chunk-signature=" + strings.Repeat("0", 64) + "\r\n" + strings.Repeat("x", 1024) + "\r\n"
	var c Chunks
	content, _, err := decode(&c, strings.Repeat(chunk, 1000)+"0\r\n\r\n", 1<<20)
	if err != nil || len(content) != 1000*1024 {
		t.Errorf("%d bytes, %v", len(content), err)
	}
}

func TestHugeChunk(t *testing.T) {
	var c Chunks
	if n, err := c.Frame([]byte("7fffffffffffffff\r\nx")); n != 18 || err != nil || c.Left() != 1<<63-1 {
		t.Errorf("%d, %v, %d bytes follow", n, err, c.Left())
	}
}

package reference

import "testing"

// The reference is held to examples only: to have it agree with the parsers
// that serve is what the fuzz tests of those are for.
func TestParseChunked(t *testing.T) {
	for _, tc := range []struct {
		name, input, content string
		trailers, length     int
		verdict              Verdict
	}{
		{"no content", "0\r\n\r\n", "", 0, 5, Whole},
		{"two chunks", "3\r\nabc\r\n00A;x\r\n0123456789\r\n0\r\n\r\nGET", "abc0123456789", 0, 32, Whole},
		{"extensions", "1 ; a\t= b;c=\"d\\\"\x80\"\r\nx\r\n0\r\n\r\n", "x", 0, 28, Whole},
		{"trailers", "0\r\nA: b\r\nC:\r\n\r\n", "", 2, 15, Whole},
		{"nothing", "", "", 0, 0, Incomplete},
		{"half a size", "1", "", 0, 0, Incomplete},
		{"half an extension", "1;a=\"\\", "", 0, 0, Incomplete},
		{"blanks that an extension may follow", "1 ", "", 0, 0, Incomplete},
		{"half a chunk", "5\r\nab", "ab", 0, 0, Incomplete},
		{"half a line end", "2\r\nab\r", "ab", 0, 0, Incomplete},
		{"half a trailer", "0\r\nA", "", 0, 0, Incomplete},
		{"blanks after the size", "1 \r\nx\r\n0\r\n\r\n", "", 0, 0, Bad},
		{"a bare LF", "1\nx\r\n0\r\n\r\n", "", 0, 0, Bad},
		{"no size", "\r\n", "", 0, 0, Bad},
		{"a sign", "+1", "", 0, 0, Bad},
		{"too large", "8000000000000000", "", 0, 0, Bad},
		{"17 digits", "00000000000000001", "", 0, 0, Bad},
		{"more content than announced", "1\r\nab", "a", 0, 0, Bad},
		{"a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", "", 1, 0, Bad},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body, verdict := ParseChunked(tc.input)
			if body.Content != tc.content || len(body.Trailers) != tc.trailers || body.Length != tc.length || verdict != tc.verdict {
				t.Errorf("ParseChunked(%q)\n got %+v, %v\nwant %q, %d, %d, %v", tc.input, body, verdict, tc.content, tc.trailers, tc.length, tc.verdict)
			}
		})
	}
}

package content

import (
	"math"
	"strconv"
	"strings"

	"example.com/httpserver/internal/http1"
)

// Bounds on what one request may ask for. Beyond them it gets everything.
const (
	maxSpecs = 256 // members of a Range
	maxParts = 64  // ranges that remain of them

	// maxInParts leaves room for what stands around the parts, in the length of all.
	maxInParts = math.MaxInt64 - 1<<20
)

// A Range is a run of bytes of a representation.
type Range struct{ Start, Length int64 }

func (r Range) end() int64 { return r.Start + r.Length }

// ContentRange gives the value of Content-Range that goes with a range of a
// representation of size bytes (RFC 9110 §14.4):
//
//	bytes 42-1233/1234
func (r Range) ContentRange(size int64) string {
	return string(r.appendContentRange(nil, size))
}

func (r Range) appendContentRange(dst []byte, size int64) []byte {
	dst = append(dst, "bytes "...)
	dst = strconv.AppendInt(dst, r.Start, 10)
	dst = append(dst, '-')
	dst = strconv.AppendInt(dst, r.end()-1, 10)
	dst = append(dst, '/')
	return strconv.AppendInt(dst, size, 10)
}

// UnsatisfiedRange gives the value of Content-Range that goes with a 416.
func UnsatisfiedRange(size int64) string { return "bytes */" + strconv.FormatInt(size, 10) }

// selectRanges says how to answer a Range for a representation of size bytes:
// with 206 and ranges, with 416 if there are none, or with 200 if it is to be
// ignored, because it is not valid, in another unit, or asks for too many parts
// (RFC 9110 §14.1, §14.2):
//
//	ranges-specifier = range-unit "=" range-set
//	range-set        = 1#range-spec
//
// An If-Range that holds does not turn a 416 into a 200, as §13.2.2 could be
// read: §14.2 has the 416, and the client that has all of it need not get it
// again.
func selectRanges(value string, size int64) (status int, ranges []Range) {
	unit, set, _ := strings.Cut(value, "=")
	if !http1.EqualName(unit, "bytes") {
		return 200, nil
	}
	specs, satisfiable := 0, false
	for member := range strings.SplitSeq(set, ",") {
		if member = http1.TrimOWS(member); member == "" {
			continue // as in any list (RFC 9110 §5.6.1.2)
		}
		first, last, ok := parseSpec(member)
		if specs++; specs > maxSpecs || !ok {
			return 200, nil
		}
		r, ok := resolve(first, last, size)
		satisfiable = satisfiable || ok
		if r.Length > 0 {
			ranges = add(ranges, r)
		}
	}
	switch {
	case specs == 0 || len(ranges) > maxParts:
		return 200, nil
	case len(ranges) > 1 && size > maxInParts:
		return 200, nil
	case !satisfiable:
		return 416, nil
	case len(ranges) == 0: // the last bytes of none: a range that no Content-Range can say
		return 200, nil
	}
	return 206, ranges
}

// parseSpec splits a range-spec into its two numbers, of which one may be
// missing (RFC 9110 §14.1.1):
//
//	range-spec   = int-range / suffix-range
//	int-range    = first-pos "-" [ last-pos ]
//	suffix-range = "-" suffix-length
func parseSpec(spec string) (first, last string, ok bool) {
	first, last, ok = strings.Cut(spec, "-")
	switch {
	case !ok, first == "" && last == "", !isNumeric(first), !isNumeric(last):
		return "", "", false
	}
	return first, last, first == "" || last == "" || !isLess(last, first)
}

// resolve finds the bytes that a range-spec stands for, and whether it is
// satisfiable, which the last bytes of an empty representation are too
// (RFC 9110 §14.1.2).
func resolve(first, last string, size int64) (r Range, satisfiable bool) {
	if first == "" {
		n := parseNumber(last)
		n, satisfiable = min(n, size), n > 0
		return Range{size - n, n}, satisfiable
	}
	start, end := parseNumber(first), size
	if start >= size {
		return Range{}, false
	}
	if last != "" {
		end = min(parseNumber(last), size-1) + 1
	}
	return Range{start, end - start}, true
}

// add puts r behind ranges, which are apart from each other, or joins it with
// those that it overlaps or touches, in the place of the first of them
// (RFC 9110 §15.3.7.2).
func add(ranges []Range, r Range) []Range {
	place, kept := -1, ranges[:0]
	for _, old := range ranges {
		if old.end() < r.Start || r.end() < old.Start {
			kept = append(kept, old)
			continue
		}
		if place < 0 {
			place = len(kept)
			kept = append(kept, old)
		}
		start := min(old.Start, r.Start)
		r = Range{start, max(old.end(), r.end()) - start}
	}
	if place < 0 {
		return append(kept, r)
	}
	kept[place] = r
	return kept
}

// isNumeric reports whether s has nothing but digits.
func isNumeric(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// isLess reports whether a number is less than another. Both may have any
// length: "recipients MUST anticipate potentially large decimal numerals".
func isLess(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// parseNumber gives the value of digits. The greatest int64 stands for all that
// is beyond: no representation has a byte there.
func parseNumber(digits string) (n int64) {
	for i := range len(digits) {
		d := int64(digits[i] - '0')
		if n > (math.MaxInt64-d)/10 {
			return math.MaxInt64
		}
		n = n*10 + d
	}
	return n
}

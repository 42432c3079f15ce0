package content

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestSelectRanges(t *testing.T) {
	type row struct {
		name, value string
		size        int64
		status      int
		want        []Range
	}
	huge := strings.Repeat("9", 5000)
	for section, rows := range map[string][]row{
		"RFC 9110 §14.1 range units": {
			{"in another case", "BYTES=0-4", 10, 206, []Range{{0, 5}}},
			{"another", "items=0-4", 10, 200, nil},
			{"another whose ranges are anything", "chapters=one,two", 10, 200, nil},
			{"none", "=0-4", 10, 200, nil},
			{"no equals sign", "bytes 0-4", 10, 200, nil},
			{"nothing else", "bytes", 10, 200, nil},
			{"empty", "", 10, 200, nil},
			{"a blank before the equals sign", "bytes =0-4", 10, 200, nil},
		},
		"RFC 9110 §14.1.1 range specifiers": {
			{"an empty set", "bytes=", 10, 200, nil},
			{"a set of empty members", "bytes=, ,", 10, 200, nil},
			{"empty members beside another", "bytes=,, 0-4\t,", 10, 206, []Range{{0, 5}}},
			{"blanks around members", "bytes= 0-1 ,\t5-6 ", 10, 206, []Range{{0, 2}, {5, 2}}},
			{"a blank within", "bytes=0 -4", 10, 200, nil},
			{"a sign", "bytes=+0-4", 10, 200, nil},
			{"no dash", "bytes=4", 10, 200, nil},
			{"a dash", "bytes=-", 10, 200, nil},
			{"two dashes", "bytes=--4", 10, 200, nil},
			{"three numbers", "bytes=0-4-5", 10, 200, nil},
			{"hexadecimal", "bytes=0x0-4", 10, 200, nil},
			{"another kind of digit", "bytes=0-٤", 10, 200, nil},
			{"the last before the first", "bytes=4-3", 10, 200, nil},
			{"the last before the first, beyond the end", "bytes=14-13", 10, 200, nil},
			{"one is not valid, so none is", "bytes=0-4,x,6-7", 10, 200, nil},
			{"one is not valid beside some beyond the end", "bytes=20-,4-3", 10, 200, nil},
		},
		"RFC 9110 §14.1.2 byte ranges": {
			{"the first 500", "bytes=0-499", 10000, 206, []Range{{0, 500}}},
			{"the second 500", "bytes=500-999", 10000, 206, []Range{{500, 500}}},
			{"the last 500", "bytes=-500", 10000, 206, []Range{{9500, 500}}},
			{"from 9500", "bytes=9500-", 10000, 206, []Range{{9500, 500}}},
			{"the first and the last byte", "bytes=0-0,-1", 10000, 206, []Range{{0, 1}, {9999, 1}}},
			{"the first, middle and last 1000", "bytes= 0-999, 4500-5499, -1000", 10000, 206, []Range{{0, 1000}, {4500, 1000}, {9000, 1000}}},
			{"two that touch", "bytes=500-600,601-999", 10000, 206, []Range{{500, 500}}},
			{"two that overlap", "bytes=500-700,601-999", 10000, 206, []Range{{500, 500}}},
			{"all", "bytes=0-", 10, 206, []Range{{0, 10}}},
			{"the last byte", "bytes=9-9", 10, 206, []Range{{9, 1}}},
			{"up to beyond the end", "bytes=9-10", 10, 206, []Range{{9, 1}}},
			{"from the end", "bytes=10-", 10, 416, nil},
			{"from the end to beyond", "bytes=10-20", 10, 416, nil},
			{"more than there is, from behind", "bytes=-11", 10, 206, []Range{{0, 10}}},
			{"nothing, from behind", "bytes=-0", 10, 416, nil},
			{"one of two is satisfiable", "bytes=10-,3-4", 10, 206, []Range{{3, 2}}},
			{"one of three is satisfiable", "bytes=-0,3-4,99-100", 10, 206, []Range{{3, 2}}},
			{"none of two", "bytes=10-,-0", 10, 416, nil},
			{"zeros before numbers", "bytes=0000000000000000000000003-00004", 10, 206, []Range{{3, 2}}},
			{"zeros for zero", "bytes=-0000", 10, 416, nil},
			{"nothing is there: the last 5", "bytes=-5", 0, 200, nil},
			{"nothing is there: from the first", "bytes=0-", 0, 416, nil},
			{"nothing is there: the last 0", "bytes=-0", 0, 416, nil},
			{"nothing is there: from the first, and the last", "bytes=0-,-1", 0, 200, nil},
		},
		"RFC 9110 §14.1.2 large numerals": {
			{"up to the greatest int64", "bytes=1-9223372036854775807", 10, 206, []Range{{1, 9}}},
			{"up to beyond it", "bytes=1-9223372036854775808", 10, 206, []Range{{1, 9}}},
			{"up to far beyond it", "bytes=1-" + huge, 10, 206, []Range{{1, 9}}},
			{"from beyond it", "bytes=9223372036854775808-", 10, 416, nil},
			{"from far beyond it", "bytes=" + huge + "-" + huge, 10, 416, nil},
			{"that many from behind", "bytes=-" + huge, 10, 206, []Range{{0, 10}}},
			{"wrong way round beyond it", "bytes=" + huge + "9-" + huge + "8", 10, 200, nil},
			{"wrong way round by its length", "bytes=" + huge + "-" + huge[1:], 10, 200, nil},
			{"right way round but for zeros", "bytes=" + huge + "-000" + huge, 10, 416, nil},
			{"the greatest size", "bytes=0-,-1", math.MaxInt64, 206, []Range{{0, math.MaxInt64}}},
			{"the end of the greatest size", "bytes=9223372036854775806-" + huge, math.MaxInt64, 206, []Range{{math.MaxInt64 - 1, 1}}},
			{"two parts of it", "bytes=0-9,11-", math.MaxInt64, 200, nil},
			{"two parts of the greatest that has some", "bytes=0-9,11-", maxInParts, 206, []Range{{0, 10}, {11, maxInParts - 11}}},
			{"from its size", "bytes=9223372036854775807-", math.MaxInt64, 416, nil},
		},
		"RFC 9110 §15.3.7.2 coalescing": {
			{"the order stays", "bytes=6-7,0-1,3-4", 10, 206, []Range{{6, 2}, {0, 2}, {3, 2}}},
			{"the same twice", "bytes=3-4,3-4", 10, 206, []Range{{3, 2}}},
			{"one within another", "bytes=3-4,0-9", 10, 206, []Range{{0, 10}}},
			{"another within one", "bytes=0-9,3-4", 10, 206, []Range{{0, 10}}},
			{"touching from before", "bytes=5-6,3-4", 10, 206, []Range{{3, 4}}},
			{"a gap of one byte stays", "bytes=5-6,3-3", 10, 206, []Range{{5, 2}, {3, 1}}},
			{"one bridges two, in the place of the first", "bytes=8-9,0-1,5-5,2-4", 10, 206, []Range{{8, 2}, {0, 6}}},
			{"one bridges all but one", "bytes=0-0,9-9,4-4,2-2,1-5", 10, 206, []Range{{0, 6}, {9, 1}}},
			{"the end moves the last", "bytes=8-,-3", 10, 206, []Range{{7, 3}}},
		},
		"RFC 9110 §17.15 too many": {
			{"256 that are one", "bytes=" + strings.Repeat("0-0,", 256), 10, 206, []Range{{0, 1}}},
			{"257 that are one", "bytes=" + strings.Repeat("0-0,", 257), 10, 200, nil},
			{"257 of which none is satisfiable", "bytes=" + strings.Repeat("10-,", 257), 10, 200, nil},
			{"64 parts", "bytes=" + every(64), 1000, 206, everyRange(64)},
			{"65 parts", "bytes=" + every(65), 1000, 200, nil},
			{"65 parts of which two become one", "bytes=" + every(65) + ",1-1", 1000, 206, append([]Range{{0, 3}}, everyRange(65)[2:]...)},
			{"a lot of nothing", "bytes=0-0" + strings.Repeat(",", 60000), 10, 206, []Range{{0, 1}}},
		},
	} {
		t.Run(section, func(t *testing.T) {
			for _, tt := range rows {
				status, got := selectRanges(tt.value, tt.size)
				if status != tt.status || !slices.Equal(got, tt.want) {
					t.Errorf("%s: %.80q of %d bytes is %d %v, want %d %v", tt.name, tt.value, tt.size, status, got, tt.status, tt.want)
				}
			}
		})
	}
}

// every asks for n bytes of which none touches another.
func every(n int) string {
	var specs []string
	for i := range n {
		specs = append(specs, fmt.Sprintf("%d-%[1]d", 2*i))
	}
	return strings.Join(specs, ",")
}

func everyRange(n int) (ranges []Range) {
	for i := range n {
		ranges = append(ranges, Range{int64(2 * i), 1})
	}
	return ranges
}

func TestContentRange(t *testing.T) {
	t.Run("RFC 9110 §14.4 Content-Range", func(t *testing.T) {
		for _, tt := range []struct {
			name string
			r    Range
			size int64
			want string
		}{
			{"the example", Range{42, 1192}, 1234, "bytes 42-1233/1234"},
			{"the first 500 bytes", Range{0, 500}, 1234, "bytes 0-499/1234"},
			{"a byte", Range{3, 1}, 10, "bytes 3-3/10"},
			{"the greatest", Range{0, math.MaxInt64}, math.MaxInt64, "bytes 0-9223372036854775806/9223372036854775807"},
		} {
			if got := tt.r.ContentRange(tt.size); got != tt.want {
				t.Errorf("%s: %v of %d is %q, want %q", tt.name, tt.r, tt.size, got, tt.want)
			}
		}
		if got, want := UnsatisfiedRange(47022), "bytes */47022"; got != want {
			t.Errorf("unsatisfied: %q, want %q", got, want)
		}
	})
}

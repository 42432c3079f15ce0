package content

import (
	"fmt"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/httpserver/internal/httpdate"
)

var (
	rangesSpecifier = regexp.MustCompile(`^[bB][yY][tT][eE][sS]=([\t ,]*(?:` + rangeSpec + `[\t ]*(?:,[\t ,]*|$))+)$`)
	rangeSpecs      = regexp.MustCompile(rangeSpec)
)

const rangeSpec = `(?:[0-9]+-[0-9]*|-[0-9]+)`

// An interval is a range-spec with a last position, if it is satisfiable.
type interval struct{ first, last *big.Int }

// readRanges reads a Range by the grammar, with numbers of any size. ok is false
// for one that is not valid.
func readRanges(value string, size *big.Int) (specs []interval, count int, ok bool) {
	m := rangesSpecifier.FindStringSubmatch(value)
	if m == nil {
		return nil, 0, false
	}
	number := func(digits string) *big.Int {
		n, _ := new(big.Int).SetString(digits, 10)
		return n
	}
	end := new(big.Int).Sub(size, big.NewInt(1))
	for _, spec := range rangeSpecs.FindAllString(m[1], -1) {
		count++
		first, last, _ := strings.Cut(spec, "-")
		i := interval{new(big.Int), end}
		if first == "" {
			n := number(last)
			if n.Sign() == 0 {
				continue
			}
			if n.Cmp(size) < 0 {
				i.first.Sub(size, n)
			}
		} else {
			i.first = number(first)
			if last != "" {
				i.last = number(last)
				if i.last.Cmp(i.first) < 0 {
					return nil, 0, false
				}
			}
			if i.first.Cmp(size) >= 0 {
				continue
			}
			if i.last.Cmp(end) > 0 {
				i.last = end
			}
		}
		specs = append(specs, i)
	}
	return specs, count, true
}

// join joins what overlaps or touches until nothing does. Each of the results
// stands where the first of those that it was made of stood.
func join(specs []interval) []interval {
	one := big.NewInt(1)
	joined := slices.Clone(specs)
	for again := true; again; {
		again = false
		for i := 0; i < len(joined); i++ {
			for j := i + 1; j < len(joined); j++ {
				a, b := joined[i], joined[j]
				if new(big.Int).Add(a.last, one).Cmp(b.first) < 0 || new(big.Int).Add(b.last, one).Cmp(a.first) < 0 {
					continue
				}
				if b.first.Cmp(a.first) < 0 {
					a.first = b.first
				}
				if b.last.Cmp(a.last) > 0 {
					a.last = b.last
				}
				joined[i], again = a, true
				joined = slices.Delete(joined, j, j+1)
				j--
			}
		}
	}
	return joined
}

// checkRanges checks that ranges are apart from each other, within what is
// there, few, and just those bytes that were asked for.
func checkRanges(t *testing.T, value string, size int64, status int, ranges []Range) {
	t.Helper()
	specs, count, ok := readRanges(value, big.NewInt(size))
	joined := join(specs)
	want := 206
	switch {
	case !ok, count > maxSpecs, len(joined) > maxParts:
		want = 200
	case len(specs) == 0:
		want = 416
	case size == 0, len(joined) > 1 && size > maxInParts:
		want = 200
	}
	if status != want || (status == 206) != (len(ranges) > 0) {
		t.Fatalf("%q of %d bytes is %d %v, want %d", value, size, status, ranges, want)
	}
	if status != 206 {
		return
	}
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b Range) int { return big.NewInt(a.Start).Cmp(big.NewInt(b.Start)) })
	end := int64(-1)
	for _, r := range sorted {
		if r.Start <= end || r.Length < 1 || r.Length > size-r.Start {
			t.Fatalf("%q of %d bytes has %v", value, size, sorted)
		}
		end = r.end()
	}
	if len(ranges) != len(joined) || len(ranges) > maxParts {
		t.Fatalf("%q of %d bytes has %v, want %v", value, size, ranges, joined)
	}
	for i, r := range ranges {
		want := fmt.Sprintf("bytes %d-%d/%d", joined[i].first, joined[i].last, size)
		if got := r.ContentRange(size); got != want {
			t.Fatalf("%q of %d bytes: part %d is %q, want %q", value, size, i, got, want)
		}
	}
}

// FuzzRanges holds a Range against the grammar, read slowly.
func FuzzRanges(f *testing.F) {
	for _, value := range []string{"bytes=0-4", "BYTES= 0-0 ,-1", "bytes=6-7,0-1,3-4,1-3", "bytes=,,5-", "bytes=4-3", "bytes=-0", "bytes=-5,0-",
		"bytes=99999999999999999999-99999999999999999998", "bytes=9223372036854775806-9223372036854775808", "items=0-4", "bytes", "bytes=--1",
		"bytes=" + every(66), "bytes=" + strings.Repeat("0-0,", 257)} {
		f.Add(value, int64(10))
		f.Add(value, int64(1<<63-1))
		f.Add(value, int64(0))
	}
	f.Fuzz(func(t *testing.T, value string, size int64) {
		if size < 0 {
			size = -(size + 1)
		}
		status, ranges := selectRanges(value, size)
		checkRanges(t, value, size, status, ranges)
	})
}

// FuzzRangeWords does the same with ranges of a small file, of which there are
// many: two bytes are an int-range, but for some that stand for another form.
func FuzzRangeWords(f *testing.F) {
	f.Add([]byte{0, 1, 5, 6, 3, 4, 1, 5, 0xff, 3}, byte(10))
	f.Add([]byte{9, 9, 7, 7, 5, 5, 3, 3, 1, 1, 2, 8}, byte(100))
	f.Fuzz(func(t *testing.T, words []byte, size byte) {
		var specs []string
		for pair := range slices.Chunk(words, 2) {
			switch a, b := pair[0], pair[len(pair)-1]; {
			case a == 0xff:
				specs = append(specs, fmt.Sprintf("-%d", b))
			case b == 0xff:
				specs = append(specs, fmt.Sprintf("%d-", a))
			default:
				specs = append(specs, fmt.Sprintf("%d-%d", min(a, b), max(a, b)))
			}
		}
		value := "bytes=" + strings.Join(specs, ",")
		status, ranges := selectRanges(value, int64(size))
		checkRanges(t, value, int64(size), status, ranges)
		if status == 206 {
			checkMultipart(t, int64(size), ranges)
		}
	})
}

// checkMultipart checks that a multipart content has its length, whether it is
// read or written.
func checkMultipart(t *testing.T, size int64, ranges []Range) {
	t.Helper()
	content := strings.Repeat("x", int(size))
	m := newMultipart(strings.NewReader(content), "text/plain", size, ranges, "B")
	read, err := io.ReadAll(struct{ io.Reader }{m})
	if err != nil || int64(len(read)) != m.Length() {
		t.Fatalf("%v: %d bytes read of %d, %v", ranges, len(read), m.Length(), err)
	}
	var written strings.Builder
	n, err := newMultipart(strings.NewReader(content), "text/plain", size, ranges, "B").WriteTo(&written)
	if err != nil || n != m.Length() || written.String() != string(read) {
		t.Fatalf("%v: %d bytes written of %d, %v\nread    %q\nwritten %q", ranges, n, m.Length(), err, read, written.String())
	}
}

var (
	entityTag = `(?:W/)?"[^\x00-\x20\x22\x7f]*"`
	onlyTag   = regexp.MustCompile(`^` + entityTag + `$`)
	firstTag  = regexp.MustCompile(`^[\t ,]*(` + entityTag + `)[\t ]*(?:,|$)`)
	anyDate   = regexp.MustCompile(`^(?:` +
		`(Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) (` + monthNames + `) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT|` +
		`(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, ([0-9]{2})-(` + monthNames + `)-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT|` +
		`(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (` + monthNames + `) ([0-9]{2}| [0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([0-9]{4}))$`)
)

const monthNames = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"

// readDate reads an HTTP-date by the grammar.
func readDate(s string) (t time.Time, ok bool) {
	m := anyDate.FindStringSubmatch(s)
	if m == nil {
		return t, false
	}
	number := func(s string) (n int) {
		fmt.Sscanf(strings.TrimLeft(s, " "), "%d", &n)
		return n
	}
	parts := m[1:8] // weekday, day, month, year, hour, minute, second
	switch {
	case m[8] != "":
		parts = m[8:15]
	case m[15] != "":
		parts = []string{m[15], m[17], m[16], m[21], m[18], m[19], m[20]}
		if strings.HasPrefix(parts[1], "0") { // asctime pads with a blank
			return t, false
		}
	}
	year := number(parts[3])
	if len(parts[3]) == 2 {
		if year += 1900; year < 1969 {
			year += 100
		}
	}
	month := slices.Index(strings.Split(monthNames, "|"), parts[2]) + 1
	hour, minute, second := number(parts[4]), number(parts[5]), number(parts[6])
	t = time.Date(year, time.Month(month), number(parts[1]), hour, minute, second, 0, time.UTC)
	ok = t.Day() == number(parts[1]) && t.Hour() == hour && t.Minute() == minute && t.Second() == second &&
		strings.HasPrefix(t.Weekday().String(), parts[0])
	return t, ok
}

// evaluateSlowly is RFC 9110 §13.2.2, step by step, with every field as the list
// of its lines.
func evaluateSlowly(method string, fields map[string][]string, v *Version) (status int) {
	get, head := method == "GET", method == "HEAD"
	opaque := func(tag string) string { return strings.TrimPrefix(tag, "W/") }
	names := func(lines []string, equal func(string) bool) bool {
		list := strings.Join(lines, ",")
		if len(lines) == 1 && list == "*" {
			return true
		}
		for {
			m := firstTag.FindStringSubmatch(list)
			if m == nil {
				return false
			}
			if equal(m[1]) {
				return true
			}
			list = list[len(m[0]):]
		}
	}
	date := func(lines []string) (time.Time, bool) {
		if len(lines) != 1 || v.Modified.IsZero() {
			return time.Time{}, false
		}
		return readDate(lines[0])
	}
	lastModified := time.Unix(v.Modified.Unix(), 0)

	if method == "CONNECT" || method == "OPTIONS" || method == "TRACE" {
		return 200
	}
	if lines, ok := fields["if-match"]; ok { // step 1
		if !names(lines, func(tag string) bool { return tag == v.ETag && tag == opaque(tag) }) {
			return 412
		}
	} else if t, ok := date(fields["if-unmodified-since"]); ok && t.Before(lastModified) { // step 2
		return 412
	}
	if lines, ok := fields["if-none-match"]; ok { // step 3
		if names(lines, func(tag string) bool { return opaque(tag) == opaque(v.ETag) }) {
			if get || head {
				return 304
			}
			return 412
		}
	} else if lines := fields["if-modified-since"]; (get || head) && lines != nil && !v.Modified.IsZero() { // step 4
		if t, ok := httpdate.Parse(lines[0]); ok && !lastModified.After(t) {
			return 304
		}
	}
	if !get || !v.Seekable || len(fields["range"]) != 1 {
		return 200
	}
	if lines, ok := fields["if-range"]; ok { // step 5
		t, isDate := date(lines)
		isTag := len(lines) == 1 && onlyTag.MatchString(lines[0])
		switch {
		case isTag && lines[0] == v.ETag && !strings.HasPrefix(v.ETag, "W/"):
		case isDate && v.Settled && t.Equal(lastModified):
		default:
			return 200
		}
	}
	status, _ = selectRanges(fields["range"][0], v.Size)
	return status
}

// FuzzEvaluate holds conditions against the RFC's steps. The words are methods
// and validators; a fuzzer that knows them gets further.
func FuzzEvaluate(f *testing.F) {
	f.Add("GET", "If-Match: \"x\"\nIf-None-Match: W/\"x\"\nRange: bytes=0-4\nIf-Range: \"x\"", `"x"`, int64(784111777), true, true)
	f.Add("HEAD", "If-Modified-Since: "+at+"\nIf-Unmodified-Since: "+at, "", int64(784111777), false, true)
	f.Add("POST", "If-None-Match: *\nIf-None-Match: \"x\"", `"x"`, int64(0), true, false)
	f.Add("GET", "If-Range: "+at+"\nRange: bytes=20-\nIf-None-Match:", `W/"x"`, int64(784111777), true, true)
	f.Add("GET", "If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT\nIf-Match: \"y\" , \"x\"", `"x"`, int64(784111778), true, true)
	f.Add("GET", "If-Unmodified-Since: Sun Nov  6 08:49:37 1994", `"x"`, int64(784111778), true, true)
	f.Add("OPTIONS", "If-Match: \"x\" \"y\", *", `"x"`, int64(-1), true, true)
	f.Fuzz(func(t *testing.T, method, section, tag string, seconds int64, settled, seekable bool) {
		if tag != "" && !onlyTag.MatchString(tag) {
			return
		}
		v := &Version{ETag: tag, Settled: settled, Size: 10, Seekable: seekable}
		if seconds %= 1 << 40; seconds != 0 {
			v.Modified = time.Unix(seconds, 999)
		}
		r, fields := new(Request), map[string][]string{}
		for line := range strings.SplitSeq(section, "\n") {
			name, value, _ := strings.Cut(line, ":")
			value = strings.Trim(value, " \t")
			r.Note(name, value)
			if !strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 }) { // ToLower has letters of its own
				name = strings.ToLower(name)
			}
			fields[name] = append(fields[name], value)
		}
		status, ranges := r.Evaluate(method, v)
		if want := evaluateSlowly(method, fields, v); status != want || (status == 206) != (len(ranges) > 0) {
			t.Fatalf("%s %q of %+v is %d %v, want %d", method, section, v, status, ranges, want)
		}
	})
}

// FuzzTag: a tag is cut off if and only if the grammar has it.
func FuzzTag(f *testing.F) {
	for _, s := range []string{`"x"`, `W/"x", "y"`, `w/"x"`, `"`, `""`, "\"\x80\xff\"", `"a b"`} {
		f.Add(s)
	}
	begins := regexp.MustCompile(`^` + entityTag)
	f.Fuzz(func(t *testing.T, s string) {
		tag, rest, ok := cutTag(s)
		if want := begins.FindString(s); tag != want || rest != s[len(want):] || ok != (want != "") {
			t.Fatalf("%q gives %q, %q, %v, want %q", s, tag, rest, ok, want)
		}
		if ok && !equalWeakly(tag, tag) || ok && equalStrongly(tag, tag) == strings.HasPrefix(tag, "W/") {
			t.Fatalf("%q is not itself", tag)
		}
	})
}

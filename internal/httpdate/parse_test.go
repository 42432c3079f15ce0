package httpdate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"example.com/httpserver/internal/pythontest"
)

// want is in the form of FormatLog, or empty for a value that is ignored.
func TestParse(t *testing.T) {
	const day = "06/Nov/1994 08:49:37"
	for _, tt := range []struct{ name, in, want string }{
		{"IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", day},
		{"RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", day},
		{"asctime", "Sun Nov  6 08:49:37 1994", day},
		{"no weekday", "06 Nov 1994 08:49:37 GMT", day},
		{"the wrong weekday", "Mon, 06 Nov 1994 08:49:37 GMT", day},
		{"no space after the weekday", "Sun,06 Nov 1994 08:49:37 GMT", day},
		{"lower case", "sun, 06 nov 1994 08:49:37 gmt", day},
		{"a month in full", "06 November 1994 08:49:37", day},
		{"the month first", "Nov 06, 1994 08:49:37 GMT", day},
		{"the clock before the year", "06 Nov 08:49:37 1994 GMT", day},
		{"the zone before the year", "06 Nov GMT 08:49:37 1994", day},
		{"dots in the clock", "Sun, 06 Nov 1994 08.49.37 GMT", day},
		{"no seconds", "Sun, 06 Nov 1994 08:49 GMT", "06/Nov/1994 08:49:00"},
		{"dots and no seconds", "Sun, 06 Nov 1994 08.49 GMT", "06/Nov/1994 08:49:00"},
		{"trailing junk", "Sun, 06 Nov 1994 08:49:37 GMT; length=123", day},
		{"separators of ASCII", "Sun,\x1f06\x1cNov\v1994\u00a008:49:37", ""},
		{"separators of latin-1", "Sun,\x1f06\x1cNov\v1994\xa008:49:37\x85GMT", day},
		{"signs and underscores", "Sun, +0_6 Nov 1_994 +8:49:37 GMT", day},
		{"two digits, 1969", "06 Nov 69 08:49:37", "06/Nov/1969 08:49:37"},
		{"two digits, 2068", "06 Nov 68 08:49:37", "06/Nov/2068 08:49:37"},
		{"three digits", "06 Nov 994 08:49:37", "06/Nov/0994 08:49:37"},
		{"five digits", "06 Nov 11994 08:49:37", ""},
		{"a year below zero", "06 Nov : 08:49:37 -6", "06/Nov/1994 08:49:37"},
		{"29 February", "29 Feb 2024 00:00:00", "29/Feb/2024 00:00:00"},

		{"zone UTC", "Sun, 06 Nov 1994 08:49:37 UTC", day},
		{"zone UT", "Sun, 06 Nov 1994 08:49:37 UT", day},
		{"zone Z", "Sun, 06 Nov 1994 08:49:37 z", day},
		{"zone +0000", "Sun, 06 Nov 1994 08:49:37 +0000", day},
		{"zone -0000", "Sun, 06 Nov 1994 08:49:37 -0000", day},
		{"zone stuck to the clock", "Sun, 06 Nov 1994 08:49:37+0000", day},
		{"no zone", "Sun, 06 Nov 1994 08:49:37", day},
		{"zone unknown", "Sun, 06 Nov 1994 08:49:37 CET", day},
		{"zone EST", "Sun, 06 Nov 1994 08:49:37 EST", ""},
		{"zone pdt", "Sun, 06 Nov 1994 08:49:37 pdt", ""},
		{"zone +0100", "Sun, 06 Nov 1994 08:49:37 +0100", ""},
		{"zone -1", "Sun, 06 Nov 1994 08:49:37 -1", ""},
		{"zone +0100 stuck to the clock", "Sun, 06 Nov 1994 08:49:37+0100", ""},
		{"zone out of range", "Sun, 06 Nov 1994 08:49:37 +9999999999999999999999", ""},
		{"zone 0 in 4300 digits", "Sun, 06 Nov 1994 08:49:37 " + strings.Repeat("0", 4300), day},
		{"zone 1 in 4300 digits", "Sun, 06 Nov 1994 08:49:37 " + strings.Repeat("1", 4300), ""},
		{"zone 1 in 4301 digits is no number", "Sun, 06 Nov 1994 08:49:37 " + strings.Repeat("1", 4301), day},

		{"empty", "", ""},
		{"white space", " \t", ""},
		{"a weekday", "Sun,", ""},
		{"ISO 8601", "1994-11-06T08:49:37Z", ""},
		{"ISO 8601 with a space", "1994-11-06 08:49:37 GMT", ""},
		{"seconds since 1970", "784111777", ""},
		{"hour 24", "Sun, 06 Nov 1994 24:00:00 GMT", ""},
		{"minute 60", "Sun, 06 Nov 1994 08:60:00 GMT", ""},
		{"a leap second", "Sun, 06 Nov 1994 08:49:60 GMT", ""},
		{"31 February", "Sun, 31 Feb 1994 08:49:37 GMT", ""},
		{"day 0", "Sun, 00 Nov 1994 08:49:37 GMT", ""},
		{"fractions", "Sun, 06 Nov 1994 08:49:37.5 GMT", ""},
		{"RFC 850 with a dash too many", "06-Nov-x-y 08:49:37 1994", ""},
		{"RFC 850 with a dash too few", "06-Nov 08:49:37 1994", ""},
		{"no month of that name", "Sun, 06 Nox 1994 08:49:37 GMT", ""},
		{"a long s", "Sun, 06 \u017fep 1994 08:49:37 GMT", ""},
		{"a superscript year", "Sun, 06 Nov \xb2 08:49:37 1994", ""},
		{"a clock of four", "Sun, 06 Nov 1994 08:49:37:00 GMT", ""},
		{"a clock of one", "Sun, 06 Nov 1994 08 GMT", ""},
		{"an underscore too many", "Sun, 06 Nov 19__94 08:49:37 GMT", ""},
		{"a sign alone", "Sun, + Nov 1994 08:49:37 GMT", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Parse(tt.in)
			if log := FormatLog(got); ok != (tt.want != "") || ok && log != tt.want {
				t.Errorf("Parse(%q) = %v, %v, want %q", tt.in, got, ok, tt.want)
			}
		})
	}
}

func TestParseAllocs(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Parse("Sun, 06 Nov 1994 08:49:37 GMT") }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// Dates that are right, nearly right and not at all, under http.server's rule for If-Modified-Since.
func TestPython(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var inputs [][]byte
	add := func(s string) { inputs = append(inputs, []byte(s)) }
	for c := range 256 {
		b := string([]byte{byte(c)})
		add("Sun," + b + "06" + b + "Nov" + b + "1994" + b + "08:49:37" + b + "GMT")
		add("06 Nov 1994" + b + " 08:49:37")
		add("06 Nov " + b + "4 08:49:37 1994")
		add("06 Nov 1994 08:49:37 " + b + "0")
		add("06 Nov 1994 " + b + " 08:49:37")
	}
	for range 6000 {
		add(generate(random))
	}
	for range 3000 {
		add(mutate(random, generate(random)))
	}

	var want []*int64
	pythontest.Run(t, `
import datetime, email.utils, calendar
def since(value):
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (TypeError, IndexError, OverflowError, ValueError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=datetime.timezone.utc)
    if date.tzinfo is not datetime.timezone.utc:
        return None
    return (date - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(seconds=1)
out = [since(base64.b64decode(s).decode('latin-1')) for s in inp]
`, inputs, &want)
	taken := 0
	for i, in := range inputs {
		got, ok := Parse(string(in))
		switch {
		case ok != (want[i] != nil):
			t.Errorf("Parse(%q) = %v, %v, Python's answer is %v", in, got, ok, want[i])
		case ok && got.Unix() != *want[i]:
			t.Errorf("Parse(%q) = %v, want %v", in, got, time.Unix(*want[i], 0).UTC())
		case ok:
			taken++
		}
	}
	t.Logf("%d of %d are dates", taken, len(inputs))
	if taken < len(inputs)/10 || taken > len(inputs)*9/10 {
		t.Error("too many of one kind to tell")
	}
}

// generate puts a date together from parts that are mostly good.
func generate(random *rand.Rand) string {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	mostly := func(good string, others ...string) string {
		if random.IntN(6) > 0 {
			return good
		}
		return pick(others...)
	}
	number := func(n int) string { return fmt.Sprintf("%02d", random.IntN(n)) }
	week := pick("", "", "Sun, ", "Sun,", "Sun ", "Sunday, ", "Sunday ", "sun ", ", ", "x,")
	day := mostly(number(32), "", "0", "6", "+6", "-6", "006", "99", "6,", "6,,", "1_0", "_1", "\xb2", "x")
	month := mostly(pick("Nov", "Feb", "feb", "November", "MAY", "Sept", "september"), "Nox", "11", "Nov,", "Nov.", "")
	year := mostly(pick("1994", "2024", "94", "68", "69", "994", "0094"), "", "9", "0", "11994", "-6", "-1990", "1994,", ",", "1_994", "x", "\xb2", strings.Repeat("9", 30))
	clock := mostly(number(25)+":"+number(61)+":"+number(61), "08:49", "08.49", "08.49.37", "08:49:37.5", "8:4:7", "08:49:37,", "08:49:37:00", "08", ":", "::", "", "08:", ".", "+8:+4:+7", "08:49:37+0000", "08:49:37-0000", "08:49:37+0100", "08:49:37-", "-08:49:37", "08:49:37Z")
	zone := mostly(pick("GMT", "GMT", "gmt", "UTC", "+0000", "-0000", ""), "UT", "Z", "z", "EST", "est", "PDT", "CET", "A", "+0100", "-0130", "0", "00", "+", "-", "1", "-1", "+00_00", "0x0", "9999999", "(UTC)", "GMT,", strings.Repeat("0", 4301), strings.Repeat("1", 4300), strings.Repeat("1", 4301), strings.Repeat("1_", 4299)+"1")
	switch random.IntN(8) {
	case 0:
		return week + day + "-" + month + mostly("-", "--", "-x-", "") + year + " " + clock + " " + mostly(zone, "1994")
	case 1:
		return week + month + "  " + day + " " + clock + " " + year
	case 2:
		parts := []string{day, month, year, clock, zone}
		random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		return week + strings.Join(parts, " ")
	case 3:
		parts := []string{day, month, year, clock, zone, "junk"}
		return week + strings.Join(parts[:random.IntN(len(parts)+1)], " ")
	}
	return week + day + " " + month + " " + year + " " + clock + " " + zone
}

// mutate changes a few bytes.
func mutate(random *rand.Rand, s string) string {
	const bytes = " ,:.-+_0123456789azAZ\t\r\n\v\f\x1c\x1f\x00\x7f\x85\xa0\xb2\xb9\xdf\xff"
	for range 1 + random.IntN(3) {
		i, c := random.IntN(len(s)+1), string(bytes[random.IntN(len(bytes))])
		switch random.IntN(3) {
		case 0:
			s = s[:i] + c + s[i:]
		case 1:
			s = s[:i] + s[min(i+1, len(s)):]
		case 2:
			s = s[:i] + c + s[min(i+1, len(s)):]
		}
	}
	return s
}

// What is taken for a date reads the same once it is written.
func FuzzParse(f *testing.F) {
	f.Add("Sun, 06 Nov 1994 08:49:37 GMT")
	f.Fuzz(func(t *testing.T, s string) {
		date, ok := Parse(s)
		if !ok || date.Year() < 100 { // which is read as another century
			return
		}
		if got, ok := Parse(Format(date)); !ok || !got.Equal(date) {
			t.Errorf("Parse(%q) = %v, but once formatted %v, %v", s, date, got, ok)
		}
	})
}

func FuzzFormat(f *testing.F) {
	f.Add(int64(784111777), int64(999999999))
	f.Fuzz(func(t *testing.T, second, nano int64) {
		in := time.Unix(second, nano)
		if year := in.UTC().Year(); year < 100 || year > 9999 {
			return
		}
		if got, ok := Parse(Format(in)); !ok || got.Unix() != in.Unix() || got.Nanosecond() != 0 {
			t.Errorf("Parse(Format(%v)) = %v, %v", in, got, ok)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Parse("Sun, 06 Nov 1994 08:49:37 GMT")
	}
}

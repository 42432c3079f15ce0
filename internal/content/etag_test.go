package content

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestCompareTags(t *testing.T) {
	t.Run("RFC 9110 §8.8.3.2 Table 3", func(t *testing.T) {
		for _, tt := range []struct {
			a, b         string
			strong, weak bool
		}{
			{`W/"1"`, `W/"1"`, false, true},
			{`W/"1"`, `W/"2"`, false, false},
			{`W/"1"`, `"1"`, false, true},
			{`"1"`, `"1"`, true, true},
		} {
			if got := equalStrongly(tt.a, tt.b); got != tt.strong {
				t.Errorf("%s, %s: strong comparison gives %v", tt.a, tt.b, got)
			}
			if got := equalWeakly(tt.a, tt.b); got != tt.weak {
				t.Errorf("%s, %s: weak comparison gives %v", tt.a, tt.b, got)
			}
		}
	})
}

func TestCutTag(t *testing.T) {
	t.Run("RFC 9110 §8.8.3 entity-tag", func(t *testing.T) {
		for _, tt := range []struct {
			name, in, tag, rest string
			ok                  bool
		}{
			{"strong", `"xyzzy"`, `"xyzzy"`, "", true},
			{"weak", `W/"xyzzy"`, `W/"xyzzy"`, "", true},
			{"empty", `""`, `""`, "", true},
			{"something behind it", `"a", "b"`, `"a"`, `, "b"`, true},
			{"what may stand in it", "\"!#,\\~\x80\xff\"", "\"!#,\\~\x80\xff\"", "", true},
			{"nothing", "", "", "", false},
			{"no quotes", "xyzzy", "", "xyzzy", false},
			{"open quotes", `"xyzzy`, "", `"xyzzy`, false},
			{"a quote", `"`, "", `"`, false},
			{"W/ alone", "W/", "", "W/", false},
			{"w/", `w/"x"`, "", `w/"x"`, false},
			{"W/ and a blank", `W/ "x"`, "", `W/ "x"`, false},
			{"a blank in it", `"x y"`, "", `"x y"`, false},
			{"DEL in it", "\"x\x7f\"", "", "\"x\x7f\"", false},
		} {
			tag, rest, ok := cutTag(tt.in)
			if tag != tt.tag || rest != tt.rest || ok != tt.ok {
				t.Errorf("%s: %q gives %q, %q, %v, want %q, %q, %v", tt.name, tt.in, tag, rest, ok, tt.tag, tt.rest, tt.ok)
			}
		}
	})
}

var tagForm = regexp.MustCompile(`^(?:W/)?"[0-9a-f]{32}"$`)

// Every row is a version of a file that differs from the first in one thing.
func TestTag(t *testing.T) {
	now := modified.Add(time.Hour)
	type file struct {
		name              string
		size              int64
		modified, changed time.Time
		inode             uint64
		now               time.Time
		weak              bool
	}
	files := []file{
		{"a file", 10, modified, modified, 7, now, false},
		{"another size", 11, modified, modified, 7, now, false},
		{"a nanosecond later", 10, modified.Add(1), modified, 7, now, false},
		{"a second later", 10, modified.Add(time.Second), modified, 7, now, false},
		{"a nanosecond later, with the old time put back", 10, modified, modified.Add(1), 7, now, false},
		{"another file in its place", 10, modified, modified, 8, now, false},
		{"where the system tells only its time", 10, modified, time.Time{}, 0, now, false},
		{"before 1970", 10, time.Unix(-1, 0), modified, 7, now, false},
		{"modified just now", 10, modified, time.Time{}, 7, modified.Add(2*time.Second - 1), true},
		{"changed just now", 10, modified, now.Add(1 - 2*time.Second), 7, now, true},
		{"modified in time to come", 10, now.Add(time.Hour), modified, 7, now, true},
		{"changed in time to come", 10, modified, now.Add(time.Hour), 7, now, true},
		{"young, of another size", 11, modified, time.Time{}, 7, modified, true},
	}
	seen := map[string]string{}
	for _, f := range files {
		tag := Tag(f.size, f.modified, f.changed, f.inode, f.now)
		opaque := strings.TrimPrefix(tag, "W/")
		if !tagForm.MatchString(tag) || (tag != opaque) != f.weak {
			t.Errorf("%s: %s, want weak %v", f.name, tag, f.weak)
		}
		if other := seen[opaque]; other != "" {
			t.Errorf("%s has the tag of %s: %s", f.name, other, tag)
		}
		seen[opaque] = f.name
		if again := Tag(f.size, f.modified.In(time.FixedZone("", 3600)), f.changed, f.inode, f.now); again != tag {
			t.Errorf("%s: %s, and then %s", f.name, tag, again)
		}
	}

	t.Run("RFC 9110 §8.8.2.2 the young tag is not the settled one", func(t *testing.T) {
		young := Tag(10, modified, modified, 7, modified.Add(2*time.Second-1))
		settled := Tag(10, modified, modified, 7, modified.Add(2*time.Second))
		later := Tag(10, modified, modified, 7, now)
		if equalWeakly(young, settled) || settled != later || strings.HasPrefix(settled, "W/") {
			t.Errorf("young %s, settled %s, later %s", young, settled, later)
		}
	})
	t.Run("a file without a time has none", func(t *testing.T) {
		if tag := Tag(10, time.Time{}, time.Time{}, 0, now); tag != "" {
			t.Errorf("%s", tag)
		}
	})
}

func TestSettled(t *testing.T) {
	for _, tt := range []struct {
		name string
		age  time.Duration
		want bool
	}{
		{"now", 0, false},
		{"just under two seconds ago", 2*time.Second - 1, false},
		{"two seconds ago", 2 * time.Second, true},
		{"in time to come", -time.Hour, false},
	} {
		if got := settled(modified.Add(-tt.age), modified); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestHashTag(t *testing.T) {
	tags := map[string]bool{}
	for _, content := range []string{"", "a", "b", strings.Repeat("a", 100_000)} {
		tag, err := HashTag(strings.NewReader(content))
		again, _ := HashTag(iotest.OneByteReader(strings.NewReader(content)))
		if err != nil || !tagForm.MatchString(tag) || strings.HasPrefix(tag, "W/") || tag != again || tags[tag] {
			t.Errorf("%.10q: %s, %v, and then %s", content, tag, err, again)
		}
		tags[tag] = true
	}
	want := errors.New("gone")
	if tag, err := HashTag(iotest.ErrReader(want)); tag != "" || err != want {
		t.Errorf("of what cannot be read: %q, %v", tag, err)
	}
}

func BenchmarkTag(b *testing.B) {
	now := modified.Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		Tag(10, modified, modified, 7, now)
	}
}

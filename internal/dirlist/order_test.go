package dirlist

import (
	"fmt"
	"html"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSort(t *testing.T) {
	for _, tt := range []struct {
		name string
		want []string // in order
	}{
		{"empty", nil},
		{"without regard to case", []string{"a", "B", "c"}},
		{"ties in byte order", []string{"README", "Readme", "readme"}},
		{"underscore before letters", []string{"_a", "B", "b", "c"}},
		{"numbers as text", []string{"10", "9"}},
		{"dotfiles first", []string{".a", ".Z", "0"}},
		{"beyond ASCII", []string{"Zebra", "Äpfel", "äpfel", "Öl"}},
		{"dotted I is an i and a dot", []string{"i", "ia", "İ"}},
		{"bytes that are no UTF-8 are surrogates", []string{"z", "\ud7ff", "\x80", "\xff", "\xff\xff", "\ue000", "😀"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			entries := make([]Entry, 0, len(tt.want))
			for _, name := range slices.Backward(tt.want) {
				entries = append(entries, Entry{Name: name, Dir: name == "B"})
			}
			Sort(entries)
			var got []string
			for _, e := range entries {
				got = append(got, e.Name)
				if e.Dir != (e.Name == "B") {
					t.Errorf("Sort parted %q from its kind", e.Name)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Sort gives %q, want %q", got, tt.want)
			}
		})
	}
}

// TestSortMany: however many names there are, and however much of them is alike, their order is the one that comparing
// them gives.
func TestSortMany(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for name, next := range map[string]func(i int) string{
		"numbers":            func(i int) string { return fmt.Sprintf("file-%d.txt", i) },
		"one letter":         func(int) string { return strings.Repeat("a", random.IntN(300)) },
		"two letters":        func(int) string { return randomOf(random, "ab", 40) },
		"in any case":        func(int) string { return randomOf(random, "aAbB", 20) },
		"NULs":               func(int) string { return randomOf(random, "\x00a", 20) },
		"bytes":              func(int) string { return randomOf(random, "a\xff\xc3\xa9\xed\xbf\xbfZ", 12) },
		"what Python does":   func(int) string { return randomName(random) },
		"all alike":          func(int) string { return "the same name for all" },
		"ends at eight":      func(int) string { return strings.Repeat("x", 8*random.IntN(4)) + randomOf(random, "xX", 2) },
		"long, late to part": func(i int) string { return strings.Repeat("n", 200) + randomOf(random, "01", 12) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{0, 1, 2, shortRun, shortRun + 1, 100, 3000} {
				entries := make([]Entry, n)
				for i := range entries {
					entries[i] = Entry{Name: next(i), Size: int64(i)}
				}
				want := slices.Clone(entries)
				sortKeyed(want, compareNames)
				Sort(entries)
				if !slices.EqualFunc(entries, want, func(a, b Entry) bool { return a.Name == b.Name }) {
					t.Errorf("%d entries in another order", n)
				}
				seen := make([]bool, n)
				for _, e := range entries {
					if seen[e.Size] {
						t.Fatalf("an entry is there twice: %v", e)
					}
					seen[e.Size] = true
				}
			}
		})
	}
}

func randomOf(random *rand.Rand, letters string, most int) string {
	b := make([]byte, random.IntN(most))
	for i := range b {
		b[i] = letters[random.IntN(len(letters))]
	}
	return string(b)
}

func TestParseOrder(t *testing.T) {
	for _, tt := range []struct {
		name, query string
		want        Order
	}{
		{"none", "", Order{}},
		{"name", "sort=name", Order{byName, false}},
		{"size", "sort=size", Order{bySize, false}},
		{"time", "sort=time", Order{byTime, false}},
		{"up", "sort=size&order=asc", Order{bySize, false}},
		{"down", "sort=size&order=desc", Order{bySize, true}},
		{"down by name", "order=desc", Order{byName, true}},
		{"the other way around", "order=desc&sort=time", Order{byTime, true}},
		{"among others", "v=1&sort=time&&x&order=desc&", Order{byTime, true}},
		{"the first counts", "sort=time&sort=size&order=desc&order=asc", Order{byTime, true}},
		{"unknown column", "sort=owner&order=desc", Order{}},
		{"unknown direction", "sort=size&order=up", Order{bySize, false}},
		{"other case", "sort=Size&order=desc", Order{}},
		{"no values", "sort&order", Order{}},
		{"markup", "sort=%3Cb%3E&order=<b>", Order{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ParseOrder(tt.query); got != tt.want {
				t.Errorf("ParseOrder(%q) = %+v, want %+v", tt.query, got, tt.want)
			}
		})
	}
}

func TestOrderSort(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	entries := []Entry{
		{Name: "a", Size: 5, Modified: now},
		{Name: "B", Size: 700, Modified: now.Add(-time.Hour)},
		{Name: "c", Size: 5, Modified: now.Add(time.Nanosecond)},
		{Name: "dangling", Link: true},
		{Name: "y", Dir: true, Size: 4096, Modified: now.Add(time.Hour)},
		{Name: "z", Dir: true, Size: 512, Modified: now},
		{Name: "zz", Dir: true, Link: true},
	}
	for _, tt := range []struct {
		name, query string
		want        []string
	}{
		{"default", "", []string{"y", "z", "zz", "a", "B", "c", "dangling"}},
		{"name", "sort=name&order=desc", []string{"zz", "z", "y", "dangling", "c", "B", "a"}},
		{"size", "sort=size", []string{"y", "z", "zz", "a", "c", "B", "dangling"}},
		{"largest first", "sort=size&order=desc", []string{"y", "z", "zz", "B", "a", "c", "dangling"}},
		{"time", "sort=time", []string{"z", "y", "zz", "B", "a", "c", "dangling"}},
		{"newest first", "sort=time&order=desc", []string{"y", "z", "zz", "c", "a", "B", "dangling"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shuffled := slices.Clone(entries)
			slices.Reverse(shuffled)
			ParseOrder(tt.query).Sort(shuffled)
			var got []string
			for _, e := range shuffled {
				got = append(got, e.Name)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q sorts %q, want %q", tt.query, got, tt.want)
			}
		})
	}
}

// What an Order writes into links leads back to it.
func FuzzParseOrder(f *testing.F) {
	f.Add("sort=size&order=desc")
	f.Fuzz(func(t *testing.T, query string) {
		o := ParseOrder(query)
		if link := html.UnescapeString(o.query()); ParseOrder(strings.TrimPrefix(link, "?")) != o {
			t.Errorf("%q is %+v, whose link %q is not", query, o, link)
		}
	})
}

func BenchmarkSort(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			shuffled := files(n)
			random := rand.New(rand.NewPCG(1, 2))
			random.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			entries := make([]Entry, n)
			b.ReportAllocs()
			for b.Loop() {
				copy(entries, shuffled)
				Sort(entries)
			}
		})
	}
}

func BenchmarkOrderSort(b *testing.B) {
	entries := files(1000)
	random := rand.New(rand.NewPCG(1, 2))
	for _, query := range []string{"sort=name", "sort=size", "sort=time&order=desc"} {
		b.Run(query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				random.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
				ParseOrder(query).Sort(entries)
			}
		})
	}
}

package dirlist

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestJSON(t *testing.T) {
	modified := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	for _, tt := range []struct {
		name  string
		entry Entry
		want  string
	}{
		{"file", Entry{Name: "a.txt", Size: 12, Modified: modified}, `{"name":"a.txt","type":"file","size":12,"mtime":"2026-01-02T02:04:05Z","href":"a.txt"}`},
		{"empty file", Entry{Name: "a", Modified: modified}, `{"name":"a","type":"file","size":0,"mtime":"2026-01-02T02:04:05Z","href":"a"}`},
		{"directory", Entry{Name: "a", Dir: true, Size: 4096, Modified: modified}, `{"name":"a","type":"directory","mtime":"2026-01-02T02:04:05Z","href":"a/"}`},
		{"link to a directory", Entry{Name: "a", Dir: true, Link: true}, `{"name":"a","type":"directory","href":"a/"}`},
		{"link to nothing", Entry{Name: "a", Link: true}, `{"name":"a","type":"file","href":"a"}`},
		{"file of a file system without times", Entry{Name: "a"}, `{"name":"a","type":"file","size":0,"href":"a"}`},
		{"size that is none", Entry{Name: "a", Size: -1}, `{"name":"a","type":"file","href":"a"}`},
		{"large", Entry{Name: "a", Size: math.MaxInt64}, `{"name":"a","type":"file","size":9223372036854775807,"href":"a"}`},
		{"a year of five digits", Entry{Name: "a", Modified: modified.AddDate(9000, 0, 0)}, `{"name":"a","type":"file","size":0,"href":"a"}`},
		{"before Christ", Entry{Name: "a", Modified: modified.AddDate(-3000, 0, 0)}, `{"name":"a","type":"file","size":0,"href":"a"}`},
		{"quotation marks", Entry{Name: `a"\`, Size: 1}, `{"name":"a\"\\","type":"file","size":1,"href":"a%22%5C"}`},
		{"controls", Entry{Name: "\x00\n\x1f\x7f"}, `{"name":"\u0000\u000a\u001f` + "\x7f" + `","type":"file","size":0,"href":"%00%0A%1F%7F"}`},
		{"no UTF-8", Entry{Name: "\xffé\xc3"}, `{"name":"\uFFFDé\uFFFD","type":"file","size":0,"href":"%FF%C3%A9%C3"}`},
		{"a slash that no disk has", Entry{Name: "//evil.example"}, `{"name":"//evil.example","type":"file","size":0,"href":"%2F%2Fevil.example"}`},
		{"U+FFFD itself", Entry{Name: "\uFFFD"}, `{"name":"\uFFFD","type":"file","size":0,"href":"%EF%BF%BD"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := "[\n" + strings.ReplaceAll(tt.want, `\uFFFD`, "\uFFFD") + "\n]\n"
			if got := read(t, JSON([]Entry{tt.entry})); got != want {
				t.Errorf("%+v is\n%s\nwant\n%s", tt.entry, got, want)
			}
		})
	}
	if got := read(t, JSON(nil)); got != "[]\n" {
		t.Errorf("no entries are %q, want []", got)
	}
}

// The array says what the entries do, as encoding/json reads it.
func FuzzJSON(f *testing.F) {
	f.Add("a.txt/sub", byte(1), int64(5), int64(1))
	f.Add("\xff\x00\u2028\"\\/<script>", byte(0xe4), int64(-1), int64(1)<<40)
	f.Fuzz(func(t *testing.T, names string, kinds byte, size, modified int64) {
		entries := fuzzEntries(names, kinds, size, modified)
		page := read(t, JSON(entries))
		if !utf8.ValidString(page) {
			t.Fatalf("%q is no UTF-8", page)
		}
		var got []struct {
			Name, Type, Href string
			Size             *int64
			MTime            *time.Time
		}
		if err := json.Unmarshal([]byte(page), &got); err != nil || len(got) != len(entries) {
			t.Fatalf("%d objects for %d entries in %q: %v", len(got), len(entries), page, err)
		}
		for i, e := range entries {
			wantLink(t, got[i].Href, e, "")
			if want := string([]rune(e.Name)); got[i].Name != want {
				t.Errorf("%q is named %q, want %q", e.Name, got[i].Name, want)
			}
			if (got[i].Type == "directory") != e.Dir {
				t.Errorf("%+v is of type %q", e, got[i].Type)
			}
			if size := got[i].Size; (size != nil) != e.hasSize() || size != nil && *size != e.Size {
				t.Errorf("%+v has size %v", e, size)
			}
			if mtime := got[i].MTime; (mtime != nil) != e.hasTime() || mtime != nil && !mtime.Equal(e.Modified) {
				t.Errorf("%+v has mtime %v", e, mtime)
			}
		}
	})
}

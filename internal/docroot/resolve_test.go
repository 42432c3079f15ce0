package docroot

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// counting tells of the links in an FS, and counts how often it is asked.
type counting struct {
	linksFS
	asked int
}

func (c *counting) Lstat(name string) (fs.FileInfo, error) {
	c.asked++
	return c.linksFS.Lstat(name)
}

// TestResolveEffort: what a name leads through is bounded in words, not only in
// links.
func TestResolveEffort(t *testing.T) {
	files := fstest.MapFS{"d/file": {}}
	link := func(name, target string) {
		files[name] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte(target)}
	}
	const most = int(nameEffort)
	there := strings.Repeat("d/../", 400) // 800 words in 2,000 bytes
	for i := range maxLinks - 1 {
		link(fmt.Sprint("maze", i), there+fmt.Sprint("maze", i+1))
	}
	link(fmt.Sprint("maze", maxLinks-1), "d/file")
	link("long", strings.Repeat("./", most-4)+"d/file")   // with itself: most-1 words
	link("longer", strings.Repeat("./", most-2)+"d/file") // most+1
	for _, tc := range []struct {
		name     string
		left     effort
		want     string
		leftover effort
	}{
		{"d/file", nameEffort, "d/file", nameEffort - 2},
		{"d/file", 2, "d/file", 0},
		{"d/file", 1, "", 0},
		{"d/file", 0, "", 0},
		{"long", listingEffort, "d/file", listingEffort - nameEffort + 1},
		{"longer", listingEffort, "", listingEffort - nameEffort},
		{"maze0", nameEffort, "", 0},
		{"maze0", listingEffort, "", listingEffort - nameEffort},
		{fmt.Sprint("maze", maxLinks-1), nameEffort, "d/file", nameEffort - 3},
		{strings.Repeat("d/../", most) + "d/file", listingEffort, "", listingEffort - nameEffort},
	} {
		in := &counting{linksFS: linksFS{files}}
		left := tc.left
		got, err := resolve(tc.name, in, nil, &left)
		switch {
		case got != tc.want || (err == nil) != (tc.want != "") || err != nil && err != error(fs.ErrNotExist):
			t.Errorf("%.20s with %d words: %q, %v, want %q", tc.name, tc.left, got, err, tc.want)
		case in.asked > most || left != tc.leftover:
			t.Errorf("%.20s with %d words: %d are left, Lstat was called %d times", tc.name, tc.left, left, in.asked)
		}
	}
}

// A countingTop counts what following links on foot comes to.
type countingTop struct {
	top
	asked *int
}

func (c countingTop) Lstat(name string) (fs.FileInfo, error) {
	*c.asked++
	return c.top.Lstat(name)
}

// TestListingEffort: the links of a listing are bounded together, and those that
// nobody made to do harm are followed, by the thousand.
func TestListingEffort(t *testing.T) {
	const many = 3000
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		dir := tree(t)
		there := strings.Repeat("../sub/", 400) + "../abs-sub/deep" // 800 words, then a link that no top follows
		for _, sub := range []string{"honest", "maze"} {
			if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for i := range many {
			if err := os.Symlink(filepath.Join(dir, "sub/deep"), filepath.Join(dir, "honest", fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 200 {
			if err := os.Symlink(there, filepath.Join(dir, "maze", fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		asked := 0
		r := root(dir)
		held, err := r.enter()
		if err != nil {
			t.Fatal(err)
		}
		held.top = countingTop{held.top, &asked}
		held.leave()
		for _, tc := range []struct {
			name          string
			all, followed int
			asked, most   int
		}{
			{"honest", many, many, many, 10 * many},
			{"maze", 200, 60, 1000, int(listingEffort)},
		} {
			asked = 0
			entries, err := r.ReadDir(tc.name, false)
			dirs := 0
			for _, e := range entries {
				if e.Dir && e.Link {
					dirs++
				}
			}
			if err != nil || len(entries) != tc.all || dirs < tc.followed {
				t.Errorf("%s: %d of %d links were followed, %v", tc.name, dirs, len(entries), err)
			}
			if asked < tc.asked || asked > tc.most {
				t.Errorf("%s: Lstat was called %d times", tc.name, asked)
			}
		}
	})
}

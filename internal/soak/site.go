package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// A site is a directory that is served while it changes, and what it holds when. It
// lies in a directory of its own, beside what takes its place now and then:
//
//	root/            what is served
//	  .staging/      where things are made that are then renamed to where they belong
//	  still/         files that never change
//	  big/           large ones; the first of them is replaced now and then
//	  renamed/       files that others are renamed over
//	  same/          likewise, and all have one size and one time of modification
//	  rewritten/     files that are written over
//	  comes/         files that are removed and made again
//	  swapped/       a directory that another one takes the place of, in two steps
//	  current        a link to one of releases/, which are like that directory
//	  link/          links to files of still/, relative and absolute
//	  listed/        names that come and go, among others that stay
//	  index/         a directory with an index page that comes and goes
//	  cgi-bin/       scripts
//	other/           what takes the place of root now and then: it has another still/0
//	away/            where root is meanwhile
type site struct {
	clock
	*versions
	base  string
	files *os.Root // root, wherever it is
	place history[place]

	items   []*item // what a GET may ask for
	groups  map[string][]*item
	listed  *directory
	indexed *directory
	staged  atomic.Int64 // names in .staging that were given away

	releases []string // that there are: for release alone
}

// A place says what stands where the served directory does.
type place int

const (
	home  place = iota // the directory itself
	empty              // nothing
	other              // another one
)

// An item is something to ask for, and what it was when.
type item struct {
	name     string // below root
	target   string
	states   history[outcome]
	inPlace  bool     // its file is written over
	wavers   bool     // what it is shows in several steps: where it changes, it may not be found
	elsewise *version // what there is of that name in other/; nil for nothing
}

// A directory is listed, with names that come and go.
type directory struct {
	target string
	names  map[string]*history[bool] // with a slash at the end for directories
}

const (
	stagingName = ".staging"
	stillCount  = 12
	swappedSize = 4 // files in each of the directories that are swapped
)

// stillSizes are those of files that never change: on both sides of where a file is kept
// in memory, and where the system sends it.
var stillSizes = []int{0, 1, 100, 1000, 4096, 16_000, 16_384, 65_536, 65_537, 131_072, 300_000, 1_000_000}

// changingSizes are those of the others. Each is long enough to tell versions apart.
var changingSizes = []int{24, 100, 1000, 4096, 20_000, 65_536, 65_537, 200_000, 300_001}

const (
	sameSize = 20_011
	bigSize  = 8 << 20
)

// sameTime is when files were modified that try to pass for each other.
var sameTime = time.Date(2001, 2, 3, 4, 5, 6, 789_000_000, time.UTC)

// scripts are what cgi-bin/ holds.
var scripts = map[string]string{
	"hello": "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\nhello %s\\n' \"$QUERY_STRING\"\n",
	"echo":  "#!/bin/sh\nprintf 'Content-Type: application/octet-stream\\r\\n\\r\\n'\nexec cat\n",
}

func (s *site) root() string  { return filepath.Join(s.base, "root") }
func (s *site) other() string { return filepath.Join(s.base, "other") }
func (s *site) away() string  { return filepath.Join(s.base, "away") }

// newSite makes the directories and all that is in them at first.
func newSite(base string, c clock, n *noise) (*site, error) {
	s := &site{clock: c, versions: newVersions(n), base: base, groups: map[string][]*item{}}
	for _, dir := range []string{"still", "big", "renamed", "same", "rewritten", "comes", "swapped", "link", "listed", "index", "releases", "cgi-bin", stagingName} {
		if err := os.MkdirAll(filepath.Join(s.root(), dir), 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Join(s.other(), "still"), 0o755); err != nil {
		return nil, err
	}
	var err error
	if s.files, err = os.OpenRoot(s.root()); err != nil {
		return nil, err
	}
	for _, lay := range []func() error{s.layStill, s.layChanging, s.layLinks, s.layListed, s.layScripts} {
		if err := lay(); err != nil {
			s.files.Close()
			return nil, err
		}
	}
	return s, s.change(func() error { return nil }, s.place.to(home))
}

// addItem adds something to ask for.
func (s *site) addItem(group, name string) *item {
	it := &item{name: name, target: "/" + name}
	s.items = append(s.items, it)
	s.groups[group] = append(s.groups[group], it)
	return it
}

func (s *site) layStill() error {
	for i, size := range stillSizes {
		if err := s.replace(s.addItem("still", fmt.Sprintf("still/%d", i)), size, time.Time{}); err != nil {
			return err
		}
	}
	for i := range 2 {
		if err := s.replace(s.addItem("big", fmt.Sprintf("big/%d", i)), bigSize, time.Time{}); err != nil {
			return err
		}
	}
	// A file of the same name, size and time as one at home.
	elsewise, err := s.add("still/3 of another root", stillSizes[3])
	if err != nil {
		return err
	}
	it := s.groups["still"][3]
	it.elsewise = elsewise
	name := filepath.Join(s.other(), filepath.FromSlash(it.name))
	if err := os.WriteFile(name, s.noise.text(elsewise.number, elsewise.size), 0o644); err != nil {
		return err
	}
	info, err := s.files.Stat(it.name)
	if err != nil {
		return err
	}
	elsewise.modified.Store(info.ModTime().UnixNano())
	err = os.Chtimes(name, info.ModTime(), info.ModTime())
	elsewise.settled.Store(int64(s.now()))
	return err
}

func (s *site) layChanging() error {
	for _, g := range []struct {
		name     string
		count    int
		modified time.Time
	}{
		{"renamed", 12, time.Time{}},
		{"same", 4, sameTime},
		{"rewritten", 4, time.Time{}},
		{"comes", 4, time.Time{}},
	} {
		for i := range g.count {
			it := s.addItem(g.name, fmt.Sprintf("%s/%d", g.name, i))
			it.inPlace = g.name == "rewritten"
			size := changingSizes[i%len(changingSizes)]
			if g.name == "same" {
				size = sameSize
			}
			if err := s.replace(it, size, g.modified); err != nil {
				return err
			}
		}
	}
	for i := range swappedSize {
		s.addItem("swapped", fmt.Sprintf("swapped/%d", i))
		s.addItem("current", fmt.Sprintf("current/%d", i))
	}
	if err := s.swapDirectory(); err != nil {
		return err
	}
	return s.release()
}

func (s *site) layLinks() error {
	for i := range 6 {
		s.addItem("link", fmt.Sprintf("link/%d", i))
		if err := s.lead(i, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) layListed() error {
	s.listed = &directory{target: "/listed/", names: map[string]*history[bool]{}}
	s.indexed = &directory{target: "/index/", names: map[string]*history[bool]{}}
	for i := range 40 {
		name := fmt.Sprintf("Name-%02d", i)
		if i%4 == 0 {
			name = fmt.Sprintf("name-%02d/", i)
		}
		s.listed.names[name] = new(history[bool])
		if err := s.show(name, true); err != nil {
			return err
		}
	}
	index := s.addItem("index", "index/index.html")
	page := s.addItem("index", "index/")
	page.wavers = true
	note := s.addItem("index", "index/note")
	s.indexed.names["index.html"], s.indexed.names["note"] = new(history[bool]), new(history[bool])
	listing := s.addItem("listed", "listed/")
	err := s.change(func() error { return nil }, listing.states.to(outcome{listing: s.listed}),
		page.states.to(outcome{listing: s.indexed}), index.states.to(outcome{missing: true}),
		s.indexed.names["index.html"].to(false), s.indexed.names["note"].to(true))
	if err != nil {
		return err
	}
	return s.replace(note, 100, time.Time{})
}

func (s *site) layScripts() error {
	for name, text := range scripts {
		if err := s.files.WriteFile("cgi-bin/"+name, []byte(text), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// possible gives all that the answer to a request may be that was sent at begin, where
// its head had come at end.
func (s *site) possible(states *history[outcome], elsewise *version, begin, end moment) (all []outcome) {
	for _, p := range s.place.possible(begin, end) {
		switch {
		case p == home:
			all = append(all, states.possible(begin, end)...)
		case p == other && elsewise != nil:
			all = append(all, outcome{v: elsewise})
		default:
			all = append(all, outcome{missing: true})
		}
	}
	return all
}

// ofItem is possible for an item. A file that is written over while its content leaves
// may have any of its bytes changed on the way.
func (s *site) ofItem(it *item, begin, head, end moment) []outcome {
	if it.inPlace {
		head = end
	}
	all := s.possible(&it.states, it.elsewise, begin, head)
	if it.wavers && len(all) > 1 {
		all = append(all, outcome{missing: true})
	}
	return blend(all)
}

// blend puts what may be seen of a file that is written over in the place of its states.
func blend(all []outcome) []outcome {
	blended := outcome{}
	mixed := false
	for _, o := range all {
		mixed = mixed || o.mixed != nil
		blended.mixed = append(blended.mixed, o.mixed...)
		if o.v != nil {
			blended.mixed = append(blended.mixed, o.v)
		}
	}
	if mixed {
		all = append(all, blended)
	}
	return all
}

// stage gives a name in .staging that was not used before.
func (s *site) stage() string { return fmt.Sprintf("%s/%d", stagingName, s.staged.Add(1)) }

// names gives which of a directory's names have to be in a listing, and which may.
func (d *directory) namesBetween(begin, end moment) (must, may map[string]bool) {
	must, may = map[string]bool{}, map[string]bool{}
	for name, h := range d.names {
		some, all := false, true
		for _, there := range h.possible(begin, end) {
			some, all = some || there, all && there
		}
		may[name], must[name] = some, some && all
	}
	return must, may
}

// title is what stands over a listing.
func (d *directory) title() string { return "Directory listing for " + d.target }

// isDirectory reports whether a name in a listing is that of a directory.
func isDirectory(name string) bool { return strings.HasSuffix(name, "/") }

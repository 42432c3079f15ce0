package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A change is something that happens to the site again and again, after a rest each
// time. It does something that no other does, and so no two change one thing at a time.
// No rest is shorter than a step of the times that file systems keep.
type change struct {
	name        string
	least, most time.Duration // the rest
	do          func(*site, *rand.Rand) error
}

var changes = []change{
	{"files replaced by renaming", 20 * time.Millisecond, 150 * time.Millisecond, renameOver},
	{"files replaced by others of their size and time", 50 * time.Millisecond, 2 * time.Second, renameSame},
	{"files written over", 50 * time.Millisecond, 1500 * time.Millisecond, rewriteSome},
	{"files removed, and made again", 50 * time.Millisecond, time.Second, removeOrMake},
	{"a large file replaced", time.Second, 4 * time.Second, replaceBig},
	{"a directory swapped for another", 200 * time.Millisecond, 4 * time.Second, swapDirectory},
	{"a link to a directory changed", 200 * time.Millisecond, 4 * time.Second, releaseAnother},
	{"links to files changed", 50 * time.Millisecond, 1500 * time.Millisecond, leadElsewhere},
	{"names in a listing", 30 * time.Millisecond, 500 * time.Millisecond, comeAndGo},
	{"an index page", 100 * time.Millisecond, 3 * time.Second, indexComesAndGoes},
	{"the root swapped for another", time.Second, 4 * time.Second, swapRoot},
}

// keepChanging does a change, again and again until ctx ends, and gives how often.
func (c *change) keepChanging(ctx context.Context, s *site, r *rand.Rand) (times int, err error) {
	for {
		if err := c.do(s, r); err != nil {
			return times, fmt.Errorf("%s: %w", c.name, err)
		}
		times++
		select {
		case <-ctx.Done():
			return times, nil
		case <-time.After(between(r, c.least, c.most)):
		}
	}
}

// between gives a time that is mostly nearer to the least: so there are many changes, and
// now and then enough time for a file to come to rest.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	x := r.Float64()
	return least + time.Duration(x*x*float64(most-least))
}

// some gives one of the items of a group, the first ones more often than the last.
func (s *site) some(r *rand.Rand, group string) *item {
	items := s.groups[group]
	return items[r.IntN(1+r.IntN(len(items)))]
}

func someSize(r *rand.Rand) int { return changingSizes[r.IntN(len(changingSizes))] }

func renameOver(s *site, r *rand.Rand) error {
	return s.replace(s.some(r, "renamed"), someSize(r), time.Time{})
}

func renameSame(s *site, r *rand.Rand) error {
	return s.replace(s.some(r, "same"), sameSize, sameTime)
}

func replaceBig(s *site, r *rand.Rand) error {
	return s.replace(s.groups["big"][0], bigSize, time.Time{})
}

// replace renames a new version over an item's file, or to where there is none.
func (s *site) replace(it *item, size int, modified time.Time) error {
	v, name, err := s.prepare(it.name, size, modified)
	if err != nil {
		return err
	}
	return s.install(it, v, func() error { return s.files.Rename(name, it.name) })
}

// install does what puts a version in an item's place.
func (s *site) install(it *item, v *version, do func() error, more ...turn) error {
	v.made = s.now()
	err := s.change(do, append(more, it.states.to(outcome{v: v}))...)
	s.settle(it, v)
	return err
}

// settle notes that a version is in its place, and those before it are not.
func (s *site) settle(it *item, v *version) {
	now := s.now()
	if v != nil {
		v.settled.Store(int64(now))
	}
	for _, o := range it.states.possible(0, now) {
		if o.v != nil && o.v != v && o.v.name == it.name {
			o.v.gone.CompareAndSwap(0, int64(now))
		}
	}
}

// prepare makes a version in .staging.
func (s *site) prepare(name string, size int, modified time.Time) (*version, string, error) {
	staged := s.stage()
	v, err := s.write(staged, name, size, modified)
	return v, staged, err
}

// write makes a file that holds a version of what is called name.
func (s *site) write(file, name string, size int, modified time.Time) (*version, error) {
	v, err := s.add(name, size)
	if err != nil {
		return nil, err
	}
	v.made = s.now()
	if err := s.files.WriteFile(file, s.noise.text(v.number, size), 0o644); err != nil {
		return nil, err
	}
	if !modified.IsZero() {
		if err := s.files.Chtimes(file, modified, modified); err != nil {
			return nil, err
		}
	}
	info, err := s.files.Stat(file)
	if err != nil {
		return nil, err
	}
	v.modified.Store(info.ModTime().UnixNano())
	return v, nil
}

// rewriteSome writes over a file, piece by piece: a shorter or longer one after it was
// cut to nothing, or one of the same size whose time of modification is then set back.
func rewriteSome(s *site, r *rand.Rand) error {
	it := s.some(r, "rewritten")
	last := it.states.possible(s.now(), never)
	old := last[len(last)-1].v
	truncate := r.IntN(2) == 0
	size := old.size
	if truncate {
		size = someSize(r)
	}
	v, err := s.add(it.name, size)
	if err != nil {
		return err
	}
	v.made = s.now()
	defer s.settle(it, v)
	return s.change(func() error { return s.rewrite(it.name, v, old, truncate, r) },
		it.states.to(outcome{v: v}, outcome{mixed: []*version{old, v}}))
}

func (s *site) rewrite(name string, v, old *version, truncate bool, r *rand.Rand) error {
	flags := os.O_WRONLY
	if truncate {
		flags |= os.O_TRUNC
	}
	f, err := s.files.OpenFile(name, flags, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	pieces := 1 + r.IntN(6)
	for i := range pieces {
		from, to := v.size*i/pieces, v.size*(i+1)/pieces
		if err := s.noise.write(f, v.number, from, to-from); err != nil {
			return err
		}
		time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
	}
	if !truncate {
		modified := time.Unix(0, old.modified.Load())
		if err := s.files.Chtimes(name, modified, modified); err != nil {
			return err
		}
	}
	info, err := s.files.Stat(name)
	if err == nil {
		v.modified.Store(info.ModTime().UnixNano())
	}
	return err
}

func removeOrMake(s *site, r *rand.Rand) error {
	it := s.some(r, "comes")
	last := it.states.possible(s.now(), never)
	if last[len(last)-1].missing {
		return s.replace(it, someSize(r), time.Time{})
	}
	defer s.settle(it, nil)
	return s.change(func() error { return s.files.Remove(it.name) }, it.states.to(outcome{missing: true}))
}

// makeDirectory makes a directory of new versions of items.
func (s *site) makeDirectory(dir string, items []*item) (made []*version, err error) {
	if err := s.files.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	for i, it := range items {
		v, err := s.write(fmt.Sprintf("%s/%d", dir, i), it.name, changingSizes[(i+2)%len(changingSizes)], sameTime)
		if err != nil {
			return nil, err
		}
		v.settled.Store(int64(s.now()))
		made = append(made, v)
	}
	return made, nil
}

func swapDirectory(s *site, _ *rand.Rand) error { return s.swapDirectory() }

// swapDirectory puts a new directory in the place of swapped/. For a moment there is none.
func (s *site) swapDirectory() error {
	items, next, last := s.groups["swapped"], s.stage(), s.stage()
	made, err := s.makeDirectory(next, items)
	if err != nil {
		return err
	}
	var turns []turn
	for i, it := range items {
		turns = append(turns, it.states.to(outcome{v: made[i]}, outcome{missing: true}))
	}
	err = s.change(func() error {
		if err := s.files.Rename("swapped", last); err != nil {
			return err
		}
		return s.files.Rename(next, "swapped")
	}, turns...)
	for i, it := range items {
		s.settle(it, made[i])
	}
	if err != nil {
		return err
	}
	return s.files.RemoveAll(last)
}

func releaseAnother(s *site, _ *rand.Rand) error { return s.release() }

// keptReleases is how many directories stay that current has led to: whoever has read the
// link goes on to where it led.
const keptReleases = 20

// release leads current to a new directory, in one step.
func (s *site) release() error {
	items, staged := s.groups["current"], s.stage()
	dir := "releases/" + filepath.Base(staged)
	made, err := s.makeDirectory(dir, items)
	if err != nil {
		return err
	}
	if err := s.files.Symlink(dir, staged); err != nil {
		return err
	}
	var turns []turn
	for i, it := range items {
		turns = append(turns, it.states.to(outcome{v: made[i]}))
	}
	err = s.change(func() error { return s.files.Rename(staged, "current") }, turns...)
	for i, it := range items {
		s.settle(it, made[i])
	}
	if err != nil {
		return err
	}
	s.releases = append(s.releases, dir)
	if len(s.releases) > keptReleases {
		err = s.files.RemoveAll(s.releases[0])
		s.releases = slices.Delete(s.releases, 0, 1)
	}
	return err
}

func leadElsewhere(s *site, r *rand.Rand) error {
	return s.lead(r.IntN(len(s.groups["link"])), r.IntN(stillCount))
}

// lead leads a link to one of the files that stay as they are.
func (s *site) lead(link, still int) error {
	it, to, staged := s.groups["link"][link], s.groups["still"][still], s.stage()
	target := "../" + to.name
	if link%2 == 1 {
		target = filepath.Join(s.root(), filepath.FromSlash(to.name))
	}
	if err := s.files.Symlink(target, staged); err != nil {
		return err
	}
	last := to.states.possible(s.now(), never)
	return s.change(func() error { return s.files.Rename(staged, it.name) }, it.states.to(last[len(last)-1]))
}

func comeAndGo(s *site, r *rand.Rand) error {
	i := 20 + r.IntN(20) // the others stay
	name := fmt.Sprintf("Name-%02d", i)
	if i%4 == 0 {
		name = fmt.Sprintf("name-%02d/", i)
	}
	there := s.listed.names[name].possible(s.now(), never)
	return s.show(name, !there[len(there)-1])
}

// show makes a name in listed/, or removes it.
func (s *site) show(name string, there bool) error {
	path := "listed/" + name
	return s.change(func() error {
		switch {
		case !there:
			return s.files.Remove(filepath.Clean(path))
		case isDirectory(name):
			return s.files.Mkdir(filepath.Clean(path), 0o755)
		}
		return s.files.WriteFile(path, nil, 0o644)
	}, s.listed.names[name].to(there))
}

func indexComesAndGoes(s *site, r *rand.Rand) error {
	index, page := s.groups["index"][0], s.groups["index"][1]
	name := s.indexed.names["index.html"]
	there := name.possible(s.now(), never)
	if there[len(there)-1] {
		defer s.settle(index, nil)
		return s.change(func() error { return s.files.Remove(index.name) }, name.to(false),
			page.states.to(outcome{listing: s.indexed}), index.states.to(outcome{missing: true}))
	}
	v, staged, err := s.prepare(index.name, someSize(r), time.Time{})
	if err != nil {
		return err
	}
	return s.install(index, v, func() error { return s.files.Rename(staged, index.name) }, name.to(true), page.states.to(outcome{v: v}))
}

// swapRoot puts another directory in the place of the one that is served, for a while.
// Whoever changes something goes on meanwhile.
func swapRoot(s *site, r *rand.Rand) error {
	err := s.change(func() error {
		if err := os.Rename(s.root(), s.away()); err != nil {
			return err
		}
		return os.Rename(s.other(), s.root())
	}, s.place.to(other, empty))
	if err != nil {
		return err
	}
	time.Sleep(between(r, 10*time.Millisecond, 60*time.Millisecond))
	return s.change(func() error {
		if err := os.Rename(s.root(), s.other()); err != nil {
			return err
		}
		return os.Rename(s.away(), s.root())
	}, s.place.to(home, empty))
}

//go:build unix

package httpserver_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A playground is a directory with one that is served, one outside of it, and one
// that things are moved to out of the tree:
//
//	inside/     what is served
//	outside/    what nobody may see anything of; it never changes
//	elsewhere/  likewise, but for what comes and goes
//	spare/      what stands in for what is inside, and waits here
type playground string

func (p playground) path(name string) string {
	return filepath.Join(string(p), filepath.FromSlash(name))
}

// secret is all that files outside hold, and part of the names that stand there for
// nothing else.
const secret = "SECRET"

// Files outside are known by their times and sizes too.
var (
	insideTime  = time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	outsideTime = time.Date(1987, 6, 5, 4, 3, 2, 0, time.UTC)
	earlyTime   = time.Date(1980, 1, 2, 3, 4, 4, 0, time.UTC)
)

// insideFiles are the files of the served directory. Those that are swapped are
// outside as well.
var insideFiles = func() []string {
	names := []string{
		"a.txt", "file.txt", "still.txt", "dir/a.txt", "dir/b.txt", "dir/sub/a.txt", "mid/deep/er/a.txt", "site/index.html",
		"page.html", "page.html.gz", "hop/a.txt", "app.html", "mid2/a.txt", "wander/a.txt", "wander/sub/a.txt",
	}
	for i := range 60 {
		names = append(names, fmt.Sprintf("wander/n%02d", i))
	}
	return names
}()

var outsideFiles = []string{
	"outside/a.txt", "outside/file.txt", "outside/index.html", "outside/page.html.gz", "outside/app.html", "outside/dir/a.txt", "outside/dir/b.txt",
	"outside/dir/sub/a.txt", "outside/dir/other.txt", "outside/dir/" + secret + "-1", "outside/dir/otherdir/" + secret + "-2",
	"outside/deep/er/a.txt", "outside/deep/er/" + secret + "-3", "outside/hop/a.txt", "elsewhere/a.txt", "elsewhere/" + secret + "-4",
}

// insideContent gives what the nth file inside holds. No two have one size, on
// either side of where the system copies files instead of us.
func insideContent(n int) string {
	word := "inside " + insideFiles[n] + "; "
	size := []int{40, 3000, 70_000}[n%3] + n
	return strings.Repeat(word, size/len(word)+1)[:size]
}

// outsideContent is of a size that no answer about the inside has.
func outsideContent(n int) string { return strings.Repeat(secret+" ", 313_399/7+1)[:313_300+n] }

// links are the links inside.
func (p playground) links() map[string]string {
	return map[string]string{
		"c1": "c2", "c2": "c3", "c3": "hop/a.txt",
		"abs1": p.path("inside/abs2/a.txt"), "abs2": "hop",
		"dots": "mid2/../a.txt", "wander/up": "../a.txt", "wander/far": p.path("inside/wander/up"),
		"out": "../outside/a.txt", "out-dir": "../outside/dir", "abs-out": p.path("outside/a.txt"), "abs-out-dir": p.path("outside/dir"),
		"out-fifo": "../outside/fifo", "by-out": "../outside/../inside/a.txt", "above": "..", "slash": "/", "proc": "/proc/self/cwd", "zero": "/dev/zero", "loop": "loop",
	}
}

// A swap is what a link takes the place of, and paths that see it. None lies below
// another: it would be taken out of the outside.
type swap struct {
	name, target string
	seen         []string
}

func (p playground) swaps() []swap {
	var (
		dir    = []string{"/dir/", "/dir/a.txt", "/dir/b.txt", "/dir/sub/a.txt", "/dir/sub/", "/dir/other.txt", "/dir/otherdir", "/"}
		deep   = []string{"/mid/deep/", "/mid/deep/er/", "/mid/deep/er/a.txt", "/mid/"}
		file   = []string{"/file.txt", "/file.txt", "/"}
		index  = []string{"/site/", "/site/index.html"}
		form   = []string{"/page.html", "/page.html", "/page.html.gz", "/"}
		chain  = []string{"/c1", "/c2", "/"}
		hop    = []string{"/abs1", "/abs2/a.txt", "/abs2/", "/"}
		middle = []string{"/dots", "/mid2/a.txt", "/mid2/"}
	)
	return []swap{
		{"dir", "../outside/dir", dir},
		{"dir", p.path("outside/dir"), dir},
		{"dir", "../outside/fifo", dir},
		{"mid/deep", "../../outside/deep", deep},
		{"mid/deep", p.path("outside/deep"), deep},
		{"file.txt", "../outside/file.txt", file},
		{"file.txt", "../outside/fifo", file},
		{"file.txt", "/dev/zero", file},
		{"file.txt", "../outside/dir", file},
		{"site/index.html", "../../outside/index.html", index},
		{"page.html.gz", p.path("outside/page.html.gz"), form},
		{"page.html.gz", "../outside/page.html.gz", form},
		{"page.html.gz", "../outside/fifo", form},
		{"app.html", "../outside/app.html", []string{"/app.html", "/a/route", "/hop/", "/"}},
		{"c2", "../outside/a.txt", chain},
		{"c2", "c1", chain},
		{"abs2", p.path("outside/hop"), hop},
		{"abs2", "../outside/hop", hop},
		{"mid2", "../outside/dir", middle},
		{"mid2", p.path("outside/dir"), middle},
	}
}

// wandering are paths that see a directory being moved out of the tree.
var wandering = []string{"/wander/", "/wander/a.txt", "/wander/up", "/wander/up", "/wander/far", "/wander/sub/a.txt", "/wander/sub/", "/wander/n07"}

// hot says, of n things, which one is swapped now more than others: the child and the
// clients are to meet.
func hot(n int) int { return int(time.Now().UnixMilli()/20) % n }

// lay makes everything.
func (p playground) lay(t *testing.T) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	file := func(name, content string, modified time.Time) {
		t.Helper()
		must(os.MkdirAll(filepath.Dir(p.path(name)), 0o755))
		must(os.WriteFile(p.path(name), []byte(content), 0o644))
		must(os.Chtimes(p.path(name), modified, modified))
	}
	for i, name := range insideFiles {
		modified := insideTime
		if name == "page.html" {
			modified = earlyTime // or the form outside were too old to be taken for one
		}
		file("inside/"+name, insideContent(i), modified)
	}
	for i, name := range outsideFiles {
		file(name, outsideContent(i), outsideTime)
	}
	for name, target := range p.links() {
		must(os.Symlink(target, p.path("inside/"+name)))
	}
	must(os.Mkdir(p.path("spare"), 0o755))
	for i, s := range p.swaps() {
		must(os.Symlink(s.target, p.standIn(i)))
	}
	must(syscall.Mkfifo(p.path("outside/fifo"), 0o644))
	for _, name := range p.outsideDirectories() {
		must(os.Chtimes(name, outsideTime, outsideTime))
	}
}

func (p playground) standIn(i int) string { return p.path(fmt.Sprintf("spare/%d", i)) }

func (p playground) outsideDirectories() (names []string) {
	for _, name := range []string{"outside", "outside/dir", "outside/dir/sub", "outside/dir/otherdir", "outside/deep", "outside/deep/er", "outside/hop"} {
		names = append(names, p.path(name))
	}
	return names
}

// A swapper swaps things below the served directory, and all of it.
type swapper struct {
	playground
	t         *testing.T
	swaps     []swap
	standing  map[string]standing
	exchanges bool // the system can exchange names in one step
	away      bool // wander is elsewhere
	number    int
}

// A standing says what stands in for a name.
type standing struct {
	swap      int
	exchanged bool // in one step, and not in two
}

// swapUntilEOF is the child: it swaps until its input ends, leaves all as it was,
// and says now and then how often it has.
func swapUntilEOF(t *testing.T, p playground) {
	var stop atomic.Bool
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop.Store(true)
	}()
	s := &swapper{playground: p, t: t, swaps: p.swaps(), standing: map[string]standing{}}
	s.exchanges = exchangeNames(s.standIn(0), s.standIn(0)) == nil
	fmt.Printf("swaps 0\nin one step: %v\n", s.exchanges)
	for said := 0; !stop.Load(); {
		s.burst()
		if s.number-said >= 200 {
			said = s.number
			fmt.Printf("swaps %d\n", said)
		}
	}
	for name := range s.standing {
		s.back(name)
	}
	if s.away {
		s.wander()
	}
	fmt.Printf("swaps %d\n", s.number)
}

// burst does one thing again and again, and mostly leaves it undone: the others are
// seen by way of it.
func (s *swapper) burst() {
	things := len(s.swaps) + 3
	n := rand.IntN(things)
	if rand.IntN(4) > 0 {
		n = hot(things)
	}
	switch {
	case n < len(s.swaps):
		name := s.swaps[n].name
		for range 1 + rand.IntN(32) {
			s.back(name)
			s.put(n)
		}
		if rand.IntN(4) > 0 {
			s.back(name)
		}
	case n < len(s.swaps)+2:
		for range 1 + rand.IntN(16) {
			s.wander()
		}
		if s.away && rand.IntN(4) > 0 {
			s.wander()
		}
	default:
		s.remake()
	}
}

// put lets a link take a name's place, in one step or in two.
func (s *swapper) put(n int) {
	name, exchanged := s.path("inside/"+s.swaps[n].name), s.exchanges && rand.IntN(2) == 0
	if exchanged {
		s.did(exchangeNames(name, s.standIn(n)))
	} else {
		s.did(os.Rename(name, s.standIn(n)+"-kept"))
		s.did(os.Rename(s.standIn(n), name))
	}
	s.standing[s.swaps[n].name] = standing{n, exchanged}
	s.number++
}

// back undoes put, if a link stands there.
func (s *swapper) back(name string) {
	now, ok := s.standing[name]
	if !ok {
		return
	}
	delete(s.standing, name)
	s.number++
	name = s.path("inside/" + name)
	if now.exchanged {
		s.did(exchangeNames(name, s.standIn(now.swap)))
		return
	}
	s.did(os.Rename(name, s.standIn(now.swap)))
	s.did(os.Rename(s.standIn(now.swap)+"-kept", name))
}

// wander moves a directory out of the tree, or back.
func (s *swapper) wander() {
	from, to := s.path("inside/wander"), s.path("elsewhere/wander")
	if s.away {
		from, to = to, from
	}
	s.did(os.Rename(from, to))
	s.away = !s.away
	s.number++
}

// remake removes the served directory and makes another one, for a moment.
func (s *swapper) remake() {
	dir, gone := s.path("inside"), s.path("gone")
	s.did(os.Rename(dir, gone))
	s.did(os.Mkdir(dir, 0o755))
	s.did(os.WriteFile(s.path("spare/new"), []byte(insideContent(0)), 0o644))
	s.did(os.Rename(s.path("spare/new"), filepath.Join(dir, insideFiles[0])))
	s.did(os.Symlink("../outside/dir", filepath.Join(dir, "dir")))
	s.did(os.RemoveAll(dir))
	s.did(os.Rename(gone, dir))
	s.number++
}

// did ends the child for an error: nobody else changes anything here.
func (s *swapper) did(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

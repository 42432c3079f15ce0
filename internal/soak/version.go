package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A version is what a file is from one change to the next.
type version struct {
	name   string
	number int // decides on the content; no two versions have the same
	size   int

	made     moment       // its inode was not changed last before that
	settled  atomic.Int64 // and not after this moment, once it is known
	modified atomic.Int64 // its time of modification, once it is known: nanoseconds of Unix
	gone     atomic.Int64 // when another was in its place, once there is
}

func (v *version) String() string { return fmt.Sprintf("version %d of %s", v.number, v.name) }

// second gives the time that Last-Modified can say.
func (v *version) second() (t time.Time, known bool) {
	m := v.modified.Load()
	return time.Unix(0, m).Truncate(time.Second), m != 0
}

// versions are all that there were, by their numbers.
type versions struct {
	noise *noise

	mu     sync.Mutex
	all    []*version
	strong map[string]*version // by strong tags
	tags   map[*version]string // the other way round
}

// maxTags bounds how many tags are remembered.
const maxTags = 200_000

func newVersions(n *noise) *versions {
	return &versions{noise: n, strong: map[string]*version{}, tags: map[*version]string{}}
}

// add makes a version, unless there are as many as can be told apart.
func (vs *versions) add(name string, size int) (*version, error) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if len(vs.all) == period {
		return nil, fmt.Errorf("all of %d versions are used up", period)
	}
	v := &version{name: name, number: len(vs.all), size: size}
	vs.all = append(vs.all, v)
	return v, nil
}

func (vs *versions) count() int {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	return len(vs.all)
}

// tagged notes that a version was sent with a tag. A strong one belongs to one version,
// and a version whose inode nobody touches has one, whichever server tells it.
func (vs *versions) tagged(v *version, tag string) error {
	if strings.HasPrefix(tag, "W/") {
		return nil
	}
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if other := vs.strong[tag]; other != nil && other != v {
		return fmt.Errorf("the tag %s of %v was that of %v", tag, v, other)
	}
	if other, ok := vs.tags[v]; ok && other != tag {
		return fmt.Errorf("%v has the tag %s, and had %s", v, tag, other)
	}
	if _, ok := vs.tags[v]; ok {
		return nil
	}
	if len(vs.strong) == maxTags {
		clear(vs.strong)
		clear(vs.tags)
	}
	vs.strong[tag], vs.tags[v] = v, tag
	return nil
}

// recognize says of which version some bytes are that were found at an offset, and since
// when there is another in its place.
func (vs *versions) recognize(offset int, b []byte, begin moment) string {
	number, ok := vs.noise.identify(offset, b)
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if !ok || number >= len(vs.all) {
		return fmt.Sprintf("%.40q", b)
	}
	v := vs.all[number]
	if gone := moment(v.gone.Load()); gone != 0 {
		return fmt.Sprintf("%v, gone %v before the request", v, (begin - gone).Round(time.Millisecond))
	}
	return v.String()
}

package main

import (
	"context"
	"time"
)

// A kind is a kind of clients: what one of them does with a connection or a few, again
// and again, with a rest in between.
type kind struct {
	name  string
	count int // of clients, for each server
	rest  time.Duration
	visit func(context.Context, *client) error

	scripts bool // some of what it asks for are scripts
}

var kinds = []kind{
	{"keep-alive", 4, 10 * time.Millisecond, keepAlive, false},
	{"a connection each", 4, 4 * time.Millisecond, oneEach, false},
	{"16 pipelined", 2, 10 * time.Millisecond, pipelined, false},
	{"ranges", 3, 10 * time.Millisecond, ranges, false},
	{"conditions", 4, 10 * time.Millisecond, conditions, false},
	{"HEAD", 1, 10 * time.Millisecond, heads, false},
	{"listings", 2, 10 * time.Millisecond, listings, false},
	{"what is not there", 1, 20 * time.Millisecond, missing, false},
	{"POST", 3, 10 * time.Millisecond, posts, true},
	{"CGI", 1, 250 * time.Millisecond, cgi, true},
	{"slow heads", 8, 10 * time.Millisecond, slowHeads, false},
	{"slow readers", 4, 10 * time.Millisecond, slowReaders, false},
	{"resets", 3, 10 * time.Millisecond, resets, true},
	{"idle", 30, 10 * time.Millisecond, idle, false},
}

// pause waits as long, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// series asks a few times, what the function gives, and closes in one of the ways there
// are.
func (c *client) series(ctx context.Context, next func() *ask) error {
	for range 1 + c.r.IntN(200) {
		if ctx.Err() != nil {
			break
		}
		if _, err := c.ask(next()); err != nil {
			return err
		}
		if c.r.IntN(20) == 0 {
			pause(ctx, time.Duration(c.r.IntN(20))*time.Millisecond)
		}
	}
	if c.r.IntN(2) == 0 {
		return nil
	}
	k := next()
	k.closes = true
	_, err := c.ask(k)
	return err
}

func keepAlive(ctx context.Context, c *client) error {
	return c.series(ctx, func() *ask { return c.get(c.any()) })
}

func oneEach(_ context.Context, c *client) error {
	for range 10 {
		k := c.get(c.any())
		k.http10 = true
		if _, err := c.ask(k); err != nil {
			return err
		}
	}
	return nil
}

// depth is how many requests are sent together.
const depth = 16

func pipelined(ctx context.Context, c *client) error {
	for range 10 {
		if err := c.connect(); err != nil {
			return err
		}
		var asks []*ask
		for range depth {
			k := c.get(c.any())
			if c.r.IntN(4) == 0 {
				k.method = "HEAD"
			}
			asks = append(asks, k)
		}
		if err := c.send(asks...); err != nil {
			return err
		}
		for _, k := range asks {
			if _, err := c.receive(k); err != nil {
				return err
			}
			if c.conn == nil { // as behind a 404: what follows is not answered
				break
			}
		}
	}
	return nil
}

func ranges(ctx context.Context, c *client) error {
	return c.series(ctx, func() *ask {
		it := c.any()
		if c.r.IntN(20) == 0 {
			it = c.groups["big"][c.r.IntN(2)]
		}
		k := c.get(it)
		k.ranges = c.someRanges()
		return k
	})
}

// someRanges gives a range, or a few.
func (c *client) someRanges() []byteRange {
	count := 1
	if c.r.IntN(3) == 0 {
		count += c.r.IntN(5)
	}
	var all []byteRange
	for range count {
		first := c.r.IntN(c.changing())
		switch c.r.IntN(4) {
		case 0:
			all = append(all, byteRange{-1, 1 + c.r.IntN(5000)})
		case 1:
			all = append(all, byteRange{first, -1})
		default:
			all = append(all, byteRange{first, first + c.r.IntN(50_000)})
		}
	}
	return all
}

// changing gives a size that a file may have.
func (c *client) changing() int { return changingSizes[c.r.IntN(len(changingSizes))] }

// conditions asks for an item, and then again under a condition: at once, or after a
// while, when it may be another one.
func conditions(ctx context.Context, c *client) error {
	for range 1 + c.r.IntN(20) {
		it := c.any()
		if it.target == "/listed/" || it.inPlace && c.r.IntN(2) == 0 {
			continue
		}
		k := c.get(it)
		a, err := c.ask(k)
		if err != nil {
			return err
		}
		v := c.certainly(k, a)
		if v == nil {
			continue
		}
		if c.r.IntN(2) == 0 {
			pause(ctx, time.Duration(c.r.IntN(100))*time.Millisecond)
		}
		for range 1 + c.r.IntN(3) {
			if _, err := c.ask(c.conditional(it, v, a)); err != nil {
				return err
			}
		}
	}
	return nil
}

// certainly gives the version that an answer is of, if there is no doubt.
func (c *client) certainly(k *ask, a *answer) *version {
	all := k.possible(a)
	if a.status != 200 || len(all) != 1 {
		return nil
	}
	return all[0].v
}

// conditional asks for an item under a condition that names a version.
func (c *client) conditional(it *item, v *version, a *answer) *ask {
	k := c.get(it)
	tag, second := a.value("ETag"), c.modified(a)
	k.when = []condition{
		{"If-None-Match", tag, time.Time{}, v},
		{"If-Match", tag, time.Time{}, v},
		{"If-Range", tag, time.Time{}, v},
		{"If-Modified-Since", "", second, v},
		{"If-Unmodified-Since", "", second, v},
		{"If-Range", "", second, v},
		{"If-None-Match", `"other"`, time.Time{}, nil},
		{"If-Unmodified-Since", "", second.Add(-time.Second), v},
	}[c.r.IntN(8)]
	if k.when.field == "If-Range" || c.r.IntN(4) == 0 {
		k.ranges = c.someRanges()
	}
	return k
}

// modified gives the time that an answer says.
func (c *client) modified(a *answer) time.Time {
	t, _ := time.Parse(dateLayout, a.value("Last-Modified"))
	return t
}

func heads(ctx context.Context, c *client) error {
	return c.series(ctx, func() *ask {
		k := c.get(c.any())
		k.method = "HEAD"
		return k
	})
}

func listings(ctx context.Context, c *client) error {
	return c.series(ctx, func() *ask {
		switch c.r.IntN(8) {
		case 0:
			return c.fixed("GET", "/listed", outcome{redirect: true})
		case 1:
			return c.get(c.groups["index"][1])
		}
		k := c.get(c.groups["listed"][0])
		if c.r.IntN(8) == 0 {
			k.method = "HEAD"
		}
		return k
	})
}

// missingTargets lead nowhere.
var missingTargets = []string{"/nothing", "/still/99", "/still/1/", "/listed/../../etc/passwd", "/swapped/99", "/link/99", "/%00"}

func missing(ctx context.Context, c *client) error {
	for range 5 {
		target := missingTargets[c.r.IntN(len(missingTargets))]
		if _, err := c.ask(c.fixed("GET", target, outcome{missing: true})); err != nil {
			return err
		}
	}
	return nil
}

// maxBody is where an echo ends.
const maxBody = 256 << 10

func posts(_ context.Context, c *client) error {
	count := 50
	if c.ledger.command {
		count = 2 // each is a script
	}
	for range 1 + c.r.IntN(count) {
		size := 1 + c.r.IntN(2000)
		if c.r.IntN(10) == 0 {
			size = 1 + c.r.IntN(maxBody)
		}
		k := c.echo(c.noise.text(c.r.IntN(period), size))
		k.chunks, k.expect = c.r.IntN(2) == 0, c.r.IntN(10) == 0
		if _, err := c.post(k); err != nil {
			return err
		}
	}
	return nil
}

// echo makes a request to the handler that echoes, or now and then, and where the server
// has none, to the script.
func (c *client) echo(body []byte) (k *ask) {
	if c.ledger.command || c.r.IntN(100) == 0 {
		k = c.script("POST", "/cgi-bin/echo", func() []byte { return body })
	} else {
		k = always("POST", "/echo", outcome{exact: body})
	}
	k.body = body
	return k
}

// script makes a request to a script. Where the root is swapped, it may be found and not
// be there when it is to be started.
func (c *client) script(method, target string, content func() []byte) *ask {
	k := &ask{method: method, target: target}
	k.possible = func(a *answer) (all []outcome) {
		for _, p := range c.place.possible(k.begin, a.head) {
			all = append(all, outcome{missing: p != home, exact: content()})
		}
		if len(all) > 1 {
			all = append(all, outcome{failed: true})
		}
		return all
	}
	return k
}

func cgi(_ context.Context, c *client) error {
	var k *ask
	k = c.script("GET", "/cgi-bin/hello", func() []byte { return helloText(k.id) })
	_, err := c.ask(k)
	return err
}

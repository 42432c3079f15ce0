package main

import (
	"context"
	"fmt"
	"time"
)

// helloText is what the script says to a request with that number.
func helloText(id int) []byte { return fmt.Appendf(nil, "hello id=%d\n", id) }

// slowHeads sends a request a few bytes at a time, and waits between two requests.
func slowHeads(ctx context.Context, c *client) error {
	for range 3 {
		if err := c.connect(); err != nil {
			return err
		}
		k := c.get(c.any())
		text := c.prepareToAsk(k)
		for len(text) > 20 {
			n := 1 + c.r.IntN(20)
			if err := c.write([]*ask{k}, []byte(text[:n])); err != nil {
				return err
			}
			text = text[n:]
			pause(ctx, time.Duration(c.r.IntN(100))*time.Millisecond)
		}
		if err := c.write([]*ask{k}, []byte(text)); err != nil {
			return err
		}
		if _, err := c.receive(k); err != nil {
			return err
		}
	}
	return nil
}

// slowReaders take a large file slowly.
func slowReaders(ctx context.Context, c *client) error {
	k := c.get(c.groups["big"][c.r.IntN(2)])
	if c.r.IntN(3) == 0 {
		k.ranges = []byteRange{{c.r.IntN(bigSize), -1}}
	}
	defer c.close()
	_, err := c.readSlowly(k, func() {
		if c.r.IntN(2) == 0 {
			pause(ctx, time.Duration(c.r.IntN(20))*time.Millisecond)
		}
	})
	return err
}

// readSlowly asks on a new connection, with little room for what comes, and takes it in
// pieces, with a rest before each.
func (c *client) readSlowly(k *ask, rest func()) (*answer, error) {
	c.close()
	c.window = 16 << 10
	if err := c.connect(); err != nil {
		return nil, err
	}
	c.in.Reset(slowly{c, rest})
	if err := c.send(k); err != nil {
		return nil, err
	}
	return c.receive(k)
}

// slowly reads up to 16 KiB of a client's connection after a rest.
type slowly struct {
	c    *client
	rest func()
}

func (s slowly) Read(p []byte) (int, error) {
	s.rest()
	return s.c.conn.Read(p[:min(len(p), 16<<10)])
}

// resets goes at some moment: in a head, in a body, before the answer, within it, or
// behind it. Half of them go with a reset, the others in peace as far as they know.
func resets(ctx context.Context, c *client) error {
	for range 10 {
		if err := c.connect(); err != nil {
			return err
		}
		it := c.any()
		if c.r.IntN(3) == 0 {
			it = c.groups["big"][c.r.IntN(2)]
		}
		k := c.get(it)
		if c.r.IntN(4) == 0 {
			k = c.echo(nil)
			k.body = c.noise.text(0, 20_000)
		}
		text := c.prepareToAsk(k) + string(k.body)
		whole := c.r.IntN(2) == 0
		if !whole {
			text = text[:c.r.IntN(len(text))]
		}
		c.conn.SetDeadline(time.Now().Add(patience))
		c.conn.Write([]byte(text)) // which may fail behind an answer that ends the connection
		if c.r.IntN(2) == 0 {
			pause(ctx, time.Duration(c.r.IntN(5))*time.Millisecond)
		}
		if whole && c.r.IntN(2) == 0 {
			c.in.Discard(1 + c.r.IntN(100))
		}
		if c.r.IntN(2) == 0 {
			c.reset()
		} else {
			c.close()
		}
	}
	return nil
}

// longestIdle is less than what the servers wait for a request.
const longestIdle = 20 * time.Second

// idle asks, and comes back after a while.
func idle(ctx context.Context, c *client) error {
	for range 2 + c.r.IntN(4) {
		if _, err := c.ask(c.get(c.any())); err != nil {
			return err
		}
		pause(ctx, between(c.r, 10*time.Millisecond, longestIdle))
	}
	return nil
}

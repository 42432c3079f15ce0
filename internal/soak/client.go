package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

// patience bounds every wait for a server, and the whole of a request.
const patience = 60 * time.Second

// A client asks one server, on one connection at a time.
type client struct {
	*checker
	addr   string
	ledger *ledger
	r      *rand.Rand
	window int // for what comes, in bytes; if zero, the system's

	conn     net.Conn
	in       reader
	answered int
	statuses [600]int
}

func (s *site) newClient(addr string, l *ledger, seed uint64) *client {
	return &client{checker: &checker{s}, addr: addr, ledger: l, r: rand.New(rand.NewPCG(s.noise.seed, seed))}
}

// connect makes a connection, where there is none.
func (c *client) connect() error {
	if c.conn != nil {
		return nil
	}
	conn, err := net.DialTimeout("tcp", c.addr, patience)
	if err != nil {
		return err
	}
	if c.window > 0 {
		conn.(*net.TCPConn).SetReadBuffer(c.window)
	}
	c.conn = conn
	if c.in.Reader == nil {
		c.in = reader{Reader: bufio.NewReader(nil), clock: c.clock}
	}
	c.in.Reset(conn)
	return nil
}

// close ends the connection, if there is one.
func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// reset ends the connection with a reset.
func (c *client) reset() {
	c.conn.(*net.TCPConn).SetLinger(0)
	c.close()
}

// send sends requests, all at once.
func (c *client) send(asks ...*ask) error {
	var text []byte
	for _, k := range asks {
		text = append(text, c.prepareToAsk(k)...)
	}
	return c.write(asks, text)
}

// prepareToAsk gives a request a number, and the text to send but for a body.
func (c *client) prepareToAsk(k *ask) string {
	k.id = c.ledger.next()
	return k.head()
}

// write sends the last of what requests need for an answer.
func (c *client) write(asks []*ask, text []byte) error {
	c.conn.SetDeadline(time.Now().Add(patience))
	begin := c.now()
	for _, k := range asks {
		k.begin = begin
	}
	if _, err := c.conn.Write(text); err != nil {
		return fmt.Errorf("%v could not be sent: %w", asks[0], err)
	}
	return nil
}

// receive reads the answer to a request and checks it, and the connection's end where
// that is to follow.
func (c *client) receive(k *ask) (*answer, error) {
	a, err := c.in.read(k.method)
	if err == nil {
		err = c.check(k, a)
	}
	if err != nil {
		if a != nil {
			err = fmt.Errorf("%w\n  %v", err, a)
		}
		return nil, fmt.Errorf("%v: %w", k, err)
	}
	c.answered++
	c.statuses[a.status]++
	if a.status >= 200 {
		c.ledger.answered(k.id, a.status)
	}
	if a.closes {
		if err := c.in.readEnd(); err != nil {
			return nil, fmt.Errorf("%v: %w", k, err)
		}
		c.close()
	}
	return a, nil
}

// ask asks, on the connection there is or a new one, and gives the answer.
func (c *client) ask(k *ask) (*answer, error) {
	if err := c.connect(); err != nil {
		return nil, err
	}
	if err := c.send(k); err != nil {
		return nil, err
	}
	return c.receive(k)
}

// post is ask for a request with a body, which goes out in pieces.
func (c *client) post(k *ask) (*answer, error) {
	if err := c.connect(); err != nil {
		return nil, err
	}
	head := c.prepareToAsk(k)
	if err := c.write([]*ask{k}, []byte(head)); err != nil {
		return nil, err
	}
	if k.expect {
		a, err := c.in.read(k.method)
		if err != nil || a.status != 100 {
			return nil, fmt.Errorf("%v: in place of 100 Continue: %v, %w", k, a, err)
		}
	}
	if err := c.sendBody(k); err != nil {
		return nil, fmt.Errorf("%v: %w", k, err)
	}
	return c.receive(k)
}

// sendBody sends a body in pieces, as chunks or without.
func (c *client) sendBody(k *ask) error {
	out := bufio.NewWriter(c.conn)
	for rest := k.body; len(rest) > 0; {
		n := 1 + c.r.IntN(len(rest))
		if k.chunks {
			fmt.Fprintf(out, "%x;n=%d\r\n", n, n)
		}
		out.Write(rest[:n])
		if k.chunks {
			io.WriteString(out, "\r\n")
		}
		if c.r.IntN(2) == 0 {
			out.Flush()
		}
		rest = rest[n:]
	}
	if k.chunks {
		io.WriteString(out, "0\r\nX-Trailer: yes\r\n\r\n")
	}
	return out.Flush()
}

// get makes a request for an item.
func (c *client) get(it *item) *ask {
	k := &ask{method: "GET", target: it.target}
	k.possible = func(a *answer) []outcome { return c.ofItem(it, k.begin, a.head, a.end) }
	return k
}

// fixed makes a request that has one outcome, but where the root is another one.
func (c *client) fixed(method, target string, o outcome) *ask {
	k := &ask{method: method, target: target}
	k.possible = func(a *answer) []outcome {
		var states history[outcome]
		states.states = []state[outcome]{{o, 0, never}}
		return c.possible(&states, nil, k.begin, a.head)
	}
	return k
}

// always makes a request that has one outcome, whatever happens to the files.
func always(method, target string, o outcome) *ask {
	return &ask{method: method, target: target, possible: func(*answer) []outcome { return []outcome{o} }}
}

// any gives some item, but no large one.
func (c *client) any() *item {
	for {
		it := c.items[c.r.IntN(len(c.items))]
		if it.name != "big/0" && it.name != "big/1" {
			return it
		}
	}
}

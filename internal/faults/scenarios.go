package main

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"
)

// A scenario is one way to make a server's life hard.
type scenario struct {
	name   string
	title  string // %d is the count
	attack func(*attack)

	count, short int           // how many, in a full run and in a short one
	hold         time.Duration // for those that hold something, in a full run
	bound        time.Duration // how long to watch at most; if zero, longer than any limit of ours
	boundShort   time.Duration // the same in a short run

	mustEnd  bool // the server has to end every connection within the bound
	mustKeep bool // the server must not end any: those clients are slow, not hostile
	early    bool // the row says how many were ended before the idle limit
	fleeting bool // only a few of the connections stand at the same time

	each int64 // bound on memory in use for each connection, in bytes; zero: none
	peak int64 // bound on resident memory for each connection, in bytes; zero: none

	limitShort  time.Duration // ours' limits in a short run; if zero, a second; if negative, the defaults
	maxShort    int           // ours' MaxConnections in a short run
	descriptors uint64        // the child's limit
}

const (
	kilobyte = 1 << 10
	megabyte = 1 << 20
)

// listingEach is what a listing that is read slowly may take. Its names and what
// is known of them are 3.5 MB, and 5.5 MB while the directory is being read; how
// many bytes there are of the page makes no difference.
const listingEach = 8 * megabyte

// boundOut is how long to watch who does not take an answer: that may be noticed
// only after four times ProgressTimeout.
const boundOut = 135 * time.Second

// scenarios are the rows of the table. Those who dribble and those who flood go
// on until a write fails: an answer does not stop them.
var scenarios = []scenario{
	{name: "none", title: "no attack",
		attack: func(a *attack) { a.wait(a.hold) }, hold: 10 * time.Second},
	{name: "head-dribble", title: "%d heads, a byte a second, without end",
		attack: dribbleHeads, count: 200, short: 20, mustEnd: true, each: 64 * kilobyte},
	{name: "body-dribble", title: "%d bodies of 1 MB, a byte a second",
		attack: dribbleBodies, count: 50, short: 20, mustEnd: true, each: 64 * kilobyte},
	{name: "idle", title: "%d connections that say nothing",
		attack: (*attack).silence, count: 50, short: 20, mustEnd: true, each: 64 * kilobyte},
	{name: "slow-read", title: "%d readers of 100 MB, 16 kB a second",
		attack: func(a *attack) { a.read(16_000) }, count: 20, short: 20, mustKeep: true, each: 64 * kilobyte,
		bound: boundOut, limitShort: 3 * time.Second, boundShort: 7 * time.Second},
	{name: "trickle-read", title: "%d readers of 100 MB, 20 bytes a second",
		attack: func(a *attack) { a.read(20) }, count: 20, short: 20, mustEnd: true, each: 64 * kilobyte,
		bound: boundOut},
	{name: "no-read", title: "%d readers of 100 MB that take nothing",
		attack: readNothing, count: 20, short: 20, mustEnd: true, each: 64 * kilobyte,
		bound: boundOut},
	{name: "slow-listing", title: "%d readers of a listing of 20,000 names, a byte a second",
		attack: readListing, count: 20, short: 20, mustEnd: true, each: listingEach, peak: 2 * listingEach,
		bound: boundOut},
	{name: "pipeline", title: "%d clients that ask without end and take no answer",
		attack: pipeline, count: 20, short: 20, mustEnd: true, each: 256 * kilobyte,
		bound: boundOut},
	{name: "idle-crowd", title: "%d connections that say nothing",
		attack: (*attack).silence, count: 10_000, short: 300, early: true, each: 64 * kilobyte,
		bound: 30 * time.Second, boundShort: 2 * time.Second, limitShort: -1, maxShort: 200},
	{name: "held-heads", title: "%d heads of 245 kB that do not end",
		attack: holdHeads, count: 50, short: 20, mustEnd: true, each: megabyte, peak: 2 * megabyte},
	{name: "head-flood", title: "%d heads, field after field as fast as it goes",
		attack: floodHeads, count: 50, short: 20, mustEnd: true, each: megabyte, peak: megabyte},
	{name: "line-flood", title: "%d field lines of 1 GB",
		attack: floodLine, count: 50, short: 20, mustEnd: true, each: megabyte, peak: megabyte},
	{name: "extension-flood", title: "%d chunk extensions without end",
		attack: floodExtension, count: 50, short: 20, mustEnd: true, each: megabyte, peak: megabyte},
	{name: "confetti-flood", title: "%d bodies in chunks of a byte, with 2 kB of extensions each",
		attack: floodConfetti, count: 50, short: 20, mustEnd: true, each: megabyte, peak: megabyte},
	{name: "trailer-flood", title: "%d trailer sections without end",
		attack: floodTrailers, count: 50, short: 20, mustEnd: true, each: megabyte, peak: megabyte},
	{name: "churn", title: "%d connections in a row, a request each",
		attack: churn, count: 20_000, short: 200, fleeting: true},
	{name: "descriptors-busy", title: "%d connections within a body, and 256 descriptors",
		attack: exhaustBusy, count: 400, short: 400, hold: 10 * time.Second, descriptors: 256, limitShort: -1},
	{name: "descriptors-idle", title: "%d connections that say nothing, and 256 descriptors",
		attack: exhaustIdle, count: 400, short: 400, hold: 10 * time.Second, descriptors: 256, limitShort: -1},
	{name: "random", title: "%d random streams, most of them requests gone wrong",
		attack: throwRandom, count: 5000, short: 300, fleeting: true, mustEnd: true},
}

const (
	postHead    = "POST /body HTTP/1.1\r\nHost: localhost\r\n"
	chunkedHead = postHead + "Transfer-Encoding: chunked\r\n\r\n"
	bigRequest  = "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"
	listRequest = "GET /many/ HTTP/1.1\r\nHost: localhost\r\n\r\n"

	listed = 20_000 // names of /many/, of a hundred bytes each: the page is of 4 MB
)

func dribbleHeads(a *attack) {
	a.swarm(func(v *villain) {
		v.listenMeanwhile()
		if v.send("GET /small HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") {
			v.dribble('x')
		}
	})
}

func dribbleBodies(a *attack) {
	a.swarm(func(v *villain) {
		v.listenMeanwhile()
		if v.send(postHead + "Content-Length: 1000000\r\n\r\n") {
			v.dribble('x')
		}
	})
}

func (a *attack) silence() { a.swarm((*villain).listen) }

// read takes the file at so many bytes a second, in steps, as a client on a slow
// line does.
func (a *attack) read(rate int) {
	const steps = 10
	a.swarm(func(v *villain) {
		step := make([]byte, rate/steps)
		for ok := v.send(bigRequest); ok; ok = v.wait(time.Second/steps) && v.probe() {
			if _, err := io.ReadFull(v, step); err != nil {
				return
			}
		}
	})
}

func readNothing(a *attack) {
	a.swarm(func(v *villain) {
		for ok := v.send(bigRequest); ok; ok = v.wait(a.pace) && v.probe() {
		}
	})
}

// readListing reads the status at once and the rest in the attack's pace. A server
// may refuse some of them: what it has read of the directory waits with them.
func readListing(a *attack) {
	a.swarm(func(v *villain) {
		if !v.send(listRequest) || !v.listenToStatus() {
			return
		}
		if v.status != "200" && v.status != "503" {
			v.fault("a listing was answered with %s", v.status)
		}
		for v.wait(v.pace) && v.probe() {
			if _, err := io.ReadFull(v, make([]byte, 1)); err != nil {
				return
			}
		}
	})
}

// probe finds out whether the connection still stands, where reading would first
// give what has come: it writes an empty line, which may stand before the next
// request (RFC 9112 §2.2).
func (v *villain) probe() bool { return v.send("\r\n") }

func pipeline(a *attack) {
	requests := bytes.Repeat([]byte("GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n"), 100)
	a.swarm(func(v *villain) { v.flood(requests, 1<<40) })
}

// holdHeads goes to just below the limits on a line, on their number and on a
// head, where a head takes the most memory.
func holdHeads(a *attack) {
	head := "GET /small HTTP/1.1\r\nHost: localhost\r\n" +
		strings.Repeat("X-Field: "+strings.Repeat("x", 2540)+"\r\n", 96)
	a.swarm(func(v *villain) {
		if v.send(head) {
			v.listen()
		}
	})
}

// floodAfter gives an attack that sends a beginning and then the same text over
// and over.
func floodAfter(beginning, text string, most int64) func(*attack) {
	return func(a *attack) {
		block := bytes.Repeat([]byte(text), 1+16*kilobyte/len(text))
		a.swarm(func(v *villain) {
			v.listenMeanwhile()
			if v.send(beginning) {
				v.flood(block, most)
			}
		})
	}
}

const endless = 1 << 40 // bytes: more than the time is good for

var (
	floodHeads     = floodAfter("GET /small HTTP/1.1\r\nHost: localhost\r\n", "X-Field: value\r\n", endless)
	floodLine      = floodAfter("GET /small HTTP/1.1\r\nHost: localhost\r\nX-Long: ", "x", 1<<30)
	floodExtension = floodAfter(chunkedHead+"5", ";name=value", endless)
	floodConfetti  = floodAfter(chunkedHead, "1;name="+strings.Repeat("x", 2000)+"\r\nx\r\n", endless)
	floodTrailers  = floodAfter(chunkedHead+"5\r\nhello\r\n0\r\n", "X-Trailer: value\r\n", endless)
)

// churn is count ordinary requests without a pause, each on a connection of its
// own, one after the other.
func churn(a *attack) {
	o := &ordinary{addr: a.server.addr, patience: 10 * time.Second}
	var t tally
	began := time.Now()
	for range a.count {
		if a.ctx.Err() != nil {
			break
		}
		began := time.Now()
		err := o.request()
		t.count(time.Since(began), err)
	}
	a.note("%s answered in %s", thousands(t.answered), seconds(time.Since(began)))
	if t.answered != a.count {
		a.fault("%d of %d connections in a row were answered: %v", t.answered, a.count, t.err)
	}
}

func exhaustBusy(a *attack) { a.exhaust(postHead + "Content-Length: 1000\r\n\r\nx") }
func exhaustIdle(a *attack) { a.exhaust("") }

// exhaust holds more connections than the server has descriptors, and then lets
// go. What the server does meanwhile is its business, as long as it does not
// spin; afterwards it has to answer again.
func (a *attack) exhaust(request string) {
	var held []*villain
	release := sync.OnceFunc(func() {
		for _, v := range held {
			v.Close()
		}
	})
	defer release()
	for range a.count {
		v, err := a.open()
		if err != nil {
			continue // counted
		}
		v.send(request)
		held = append(held, v)
	}
	a.wait(a.hold / 10) // until the server has met the end of its descriptors
	if open, err := descriptors(a.server.pid); err != nil {
		a.fault("%v", err)
	} else {
		a.note("%d descriptors open", open)
	}
	before, answered, began := a.cpu(), a.answered(), time.Now()
	a.wait(a.hold)
	share := (a.cpu() - before).Seconds() / time.Since(began).Seconds()
	a.note("while held: %s ordinary requests answered, %.1f %% of a core", thousands(int(a.answered()-answered)), 100*share)
	if share > 0.5 {
		a.fault("out of descriptors, it spins: %.0f %% of a core", 100*share)
	}
	release()
	a.recovered()
}

func (a *attack) cpu() time.Duration {
	used, err := cpuTime(a.server.pid)
	if err != nil {
		a.fault("%v", err)
	}
	return used
}

// recovered waits until ordinary requests are answered again.
func (a *attack) recovered() {
	const enough = 20
	from, began := a.answered(), time.Now()
	for a.answered() < from+enough {
		if !a.wait(10 * time.Millisecond) {
			a.fault("ordinary requests were not answered again")
			return
		}
	}
	a.note("%d more answered within %s of the release", enough, seconds(time.Since(began)))
}

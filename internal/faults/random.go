package main

import (
	"io"
	"math/rand/v2"
	"sync"
)

// seed makes every run throw the same streams.
const seed = 9112

// seeds are the requests that streams are made of.
var seeds = []string{
	"GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"HEAD /big HTTP/1.0\r\n\r\n",
	"GET /\r\n",
	"GET http://localhost/small?a=%20b HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\nAccept: */*\r\n\r\n",
	"GET /big HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-9, 20-29\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n",
	"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\nhello world",
	"POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n",
}

// interesting are pieces that mean something to a server.
var interesting = []string{
	"\r\n", "\n", "\r", "\x00", "\r\n\r\n", " ", "\t", ":", ";", "0", "-1", "\xff", "99999999999999999999", "%", "//", "..",
	"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: a, b\r\n", "Expect: 100-continue\r\n", "HTTP/1.1", "HTTP/9.9",
}

// throwRandom sends random streams, each on a connection of its own, and waits
// for the server to end each.
func throwRandom(a *attack) {
	streams := make(chan []byte)
	go func() {
		defer close(streams)
		r := rand.New(rand.NewPCG(seed, seed))
		for range a.count {
			streams <- randomStream(r)
		}
	}()
	var throwers sync.WaitGroup
	for range 8 {
		throwers.Go(func() {
			for s := range streams {
				if v, err := a.open(); err == nil {
					v.play(func(v *villain) { v.throw(s) })
				}
			}
		})
	}
	throwers.Wait()
}

// throw sends a stream and ends it, so that whatever the server made of it, it
// has no more to wait for. Of an answer that is the whole file, a part is enough.
func (v *villain) throw(stream []byte) {
	v.Write(stream)
	if half, ok := v.Conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	io.Copy(io.Discard, io.LimitReader(v, 64*kilobyte))
}

// randomStream gives noise now and then, and mostly a few requests with a few
// things wrong.
func randomStream(r *rand.Rand) []byte {
	if r.IntN(5) == 0 {
		b := make([]byte, r.IntN(4096))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	var b []byte
	for range 1 + r.IntN(3) {
		b = append(b, seeds[r.IntN(len(seeds))]...)
	}
	for range 1 + r.IntN(6) {
		b = mutate(r, b)
	}
	return b
}

// mutate changes one thing about a stream.
func mutate(r *rand.Rand, b []byte) []byte {
	from := r.IntN(len(b) + 1)
	to := min(from+r.IntN(16), len(b))
	piece := func(replacement string) []byte {
		return append(append(append([]byte(nil), b[:from]...), replacement...), b[to:]...)
	}
	switch r.IntN(6) {
	case 0: // leave out
		return piece("")
	case 1: // say twice
		return piece(string(b[from:to]) + string(b[from:to]))
	case 2: // stop short
		return b[:from]
	case 3: // one byte for another
		to = min(from+1, len(b))
		return piece(string([]byte{byte(r.Uint32())}))
	case 4: // something that means something, in the place of what was there
		return piece(interesting[r.IntN(len(interesting))])
	default: // and between what was there
		to = from
		return piece(interesting[r.IntN(len(interesting))])
	}
}

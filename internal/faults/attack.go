package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// An attack is one scenario under way against one server.
type attack struct {
	ctx      context.Context // ends when the time is up
	server   *process
	count    int           // of connections, or whatever the scenario has many of
	pace     time.Duration // between the bytes of those who dribble
	hold     time.Duration // how long the scenarios that hold something do
	answered func() int64  // ordinary requests so far

	mu       sync.Mutex
	ends     []end
	unopened int   // connections that could not be made
	unmade   error // why, for the first
	notes    []string
	faults   []string
}

// An end is how the server ended a connection.
type end struct {
	after  time.Duration
	status string // of the answer, if one came
}

// note adds a remark to the row.
func (a *attack) note(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.notes = append(a.notes, fmt.Sprintf(format, args...))
}

// fault says that the server did what it must not.
func (a *attack) fault(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

// wait waits, and reports whether there is time left.
func (a *attack) wait(d time.Duration) bool {
	select {
	case <-a.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// dialling is how many connections are being made at once: fewer than the
// server's queue has room for.
const dialling = 32

// swarm plays the script on count connections at once. A script returns when the
// server has ended its connection, or time is up; those that were ended are not
// made again.
func (a *attack) swarm(script func(*villain)) {
	var all sync.WaitGroup
	gate := make(chan struct{}, dialling)
	for range a.count {
		gate <- struct{}{}
		all.Go(func() {
			v, err := a.open()
			<-gate
			if err == nil {
				v.play(script)
			}
		})
	}
	all.Wait()
}

// open makes a connection.
func (a *attack) open() (*villain, error) {
	d := net.Dialer{Timeout: 10 * time.Second, Control: smallWindow}
	conn, err := d.DialContext(a.ctx, "tcp", a.server.addr)
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.unopened++
		if a.unmade == nil {
			a.unmade = err
		}
		return nil, err
	}
	return &villain{Conn: conn, attack: a, began: time.Now()}, nil
}

// A villain is one connection of an attack.
type villain struct {
	net.Conn
	*attack
	began  time.Time
	status string        // of the answer, once its reader has returned
	heard  chan struct{} // closed when the reader in the background has returned
}

// play plays a script and notes how the connection ended.
func (v *villain) play(script func(*villain)) {
	defer v.Close()
	over := context.AfterFunc(v.ctx, func() { v.SetDeadline(time.Unix(1, 0)) })
	defer over()
	script(v)
	after, ended := time.Since(v.began), v.ctx.Err() == nil
	if v.heard != nil {
		// The answer may be in the socket still.
		v.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		<-v.heard
	}
	if ended {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.ends = append(v.ends, end{after, v.status})
	}
}

// send writes, and reports whether the connection still stands.
func (v *villain) send(text string) bool {
	_, err := v.Write([]byte(text))
	return err == nil
}

// flood writes the text over and over, most bytes in all.
func (v *villain) flood(text []byte, most int64) {
	for ; most > 0; most -= int64(len(text)) {
		if _, err := v.Write(text[:min(int64(len(text)), most)]); err != nil {
			return
		}
	}
}

// dribble writes a byte at a time, in the attack's pace.
func (v *villain) dribble(b byte) {
	for v.send(string(b)) && v.wait(v.pace) {
	}
}

// listenToStatus reads up to the status, if one comes, and keeps it.
func (v *villain) listenToStatus() bool {
	const version = len("HTTP/1.1 ")
	var head [version + 3]byte
	if _, err := io.ReadFull(v, head[:]); err != nil {
		return false
	}
	v.status = string(head[version:])
	return true
}

// listen reads to the end of what the server sends and keeps the status.
func (v *villain) listen() {
	if !v.listenToStatus() {
		return
	}
	rest := make([]byte, 512)
	for {
		if _, err := v.Read(rest); err != nil {
			return
		}
	}
}

// listenMeanwhile listens while the script goes on to write.
func (v *villain) listenMeanwhile() {
	v.heard = make(chan struct{})
	go func() {
		defer close(v.heard)
		v.listen()
	}()
}

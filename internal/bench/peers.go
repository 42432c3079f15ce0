package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// A peer is something that can be measured: ours, another server, or a program
// that does a part of what servers do.
type peer struct {
	name    string
	about   string
	groups  []string // the rows it can play
	version func(context.Context) string
	start   func(context.Context, *site) (player, error)
}

// A player is a peer that has been started.
type player interface {
	// check does once what shot does again and again.
	check(context.Context, *row) error
	// shot does what a row says n times. Any answer that is not right is an error.
	shot(ctx context.Context, r *row, n int) (shot, error)
	// stop ends whatever was started, and waits for that.
	stop() error
}

var allPeers = []*peer{
	{
		name: "ours", about: "CGIHandler on ThreadingServer", groups: []string{"cgi"},
		version: goVersion, start: startChild("ours"),
	},
	{
		name: "nethttp", about: "net/http and net/http/cgi", groups: []string{"cgi"},
		version: goVersion, start: startChild("nethttp"),
	},
	{
		name: "lighttpd", about: "lighttpd with mod_cgi", groups: []string{"cgi"},
		version: lighttpdVersion, start: startLighttpd,
	},
	{
		name: "spawn", about: "no server: vfork and exec in C", groups: []string{"cgi"},
		version: func(context.Context) string { return "" }, start: startSpawner,
	},
	{
		name: "gospawn", about: "no server: os.StartProcess", groups: []string{"cgi"},
		version: goVersion, start: startGoSpawner("gospawn"),
	},
	{
		name: "script", about: "no server: ours without HTTP", groups: []string{"cgi"},
		version: goVersion, start: startGoSpawner("script"),
	},
}

func goVersion(context.Context) string { return runtime.Version() }

// choosePeers gives the peers by their names.
func choosePeers(names string) ([]*peer, error) {
	var chosen []*peer
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(allPeers, func(p *peer) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no peer is called %q: -list lists them", name)
		}
		if slices.Contains(chosen, allPeers[i]) {
			return nil, fmt.Errorf("the peer %q is named twice", name)
		}
		chosen = append(chosen, allPeers[i])
	}
	return chosen, nil
}

// A contestant is a peer in this run.
type contestant struct {
	*peer
	player  player // nil if it could not be started
	failure error  // why not
	said    string // its version
}

// A field is all of them, in the order of the command line.
type field []*contestant

// startAll starts the peers. One that cannot be started is void in every row,
// and no reason not to measure the others.
func startAll(ctx context.Context, peers []*peer, s *site) field {
	var all field
	for _, p := range peers {
		c := &contestant{peer: p}
		if c.player, c.failure = p.start(ctx, s); c.failure == nil {
			c.said = p.version(ctx)
		}
		all = append(all, c)
	}
	return all
}

// stop ends them all.
func (f field) stop() error {
	var failures []error
	for _, c := range f {
		if c.player != nil {
			failures = append(failures, c.player.stop())
		}
	}
	return errors.Join(failures...)
}

// describe says what they are.
func (f field) describe() []peerReport {
	var all []peerReport
	for _, c := range f {
		all = append(all, peerReport{Name: c.name, About: c.about, Version: c.said})
	}
	return all
}

// firstLine gives the first line that a command writes, or nothing.
func firstLine(ctx context.Context, name string, args ...string) string {
	text, _ := exec.CommandContext(ctx, name, args...).Output()
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}

// plays says whether a peer can play a row.
func (p *peer) plays(r *row) bool { return slices.Contains(p.groups, r.group()) }

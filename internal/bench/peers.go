package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"example.com/httpserver/internal/bench/child"
)

// A peer is something that can be measured: ours, another server, or a program
// that does a part of what servers do.
type peer struct {
	name    string
	about   string
	base    string // the peer that it is with something more, if it is
	plays   test   // the rows that it can play
	build   build  // the program that it is, if that has to be built
	version func(context.Context, *site) string
	start   func(context.Context, *site, *row) (player, error)
	slow    int // it is sent one in so many of the requests of others; if zero, all of them
}

// share is a peer's part of what others are sent, where requests are counted.
func (p *peer) share(e extent) extent {
	if p.slow > 0 && e.requests > p.slow {
		e.requests /= p.slow
	}
	return e
}

// A player is a peer that has been started.
type player interface {
	// check does once what shot does again and again.
	check(context.Context, *row) error
	// shot does what a row says. Any answer that is not right is an error.
	shot(context.Context, *row, extent) (shot, error)
	// stop ends whatever was started, and waits for that.
	stop() error
}

// servers are the packages of those that are written in Go.
const servers = "example.com/httpserver/internal/bench/servers/"

var (
	ours     = build{pkg: servers + "ours"}
	portable = build{pkg: servers + "ours", tags: "httpserver_portable"}
	before   = build{pkg: servers + "ours", before: true}
	bare     = build{pkg: servers + "bare"}
	nethttp  = build{pkg: servers + "nethttp"}
	fasthttp = build{pkg: servers + "fasthttp"}

	commandOurs = build{pkg: "example.com/httpserver/cmd/httpserver"}

	fasthttpVersion = moduleVersion(fasthttp, "github.com/valyala/fasthttp")
	nginxVersion    = versionOf("nginx", "-v")
)

var allPeers = []*peer{
	{
		name: "ours", about: "the library: BaseHandler, SimpleHandler, CGIHandler on ThreadingServer, HTTP/1.1, no log",
		plays: serves(child.Hello, child.Files, child.Scripts), build: ours, version: goVersion, start: goServer(ours, "").start,
	},
	{
		name: "before", about: "the same, of another tree",
		plays: serves(child.Hello, child.Files, child.Scripts), build: before, version: goVersion, start: goServer(before, "").start,
	},
	{
		name: "ours-portable", about: "the same, built without what is for Linux alone",
		plays: but(isLog, serves(child.Hello, child.Files)), build: portable, version: goVersion, start: goServer(portable, "").start,
	},
	{
		name: "ours-command", about: "the command, httpserver -p HTTP/1.1, its log in a file", base: "ours",
		plays: only(or(isLog, isStart), serves(child.Files)), build: commandOurs, version: goVersion, start: theCommand(commandOurs).start,
	},
	{
		name: "ours-log", about: "the library with its own log, a write for each request, in a file", base: "ours",
		plays: only(isLog, serves(child.Hello, child.Files)), build: ours, version: goVersion, start: goServer(ours, "log").start,
	},
	{
		name: "bare", about: "a loop over net.Conn with canned answers",
		plays: but(isLog, serves(child.Hello, child.Files)), build: bare, version: goVersion, start: goServer(bare, "").start,
	},
	{
		name: "nethttp", about: "net/http: a HandlerFunc, FileServer, and net/http/cgi",
		plays: but(isLog, serves(child.Hello, child.Files, child.Scripts)), build: nethttp, version: goVersion, start: goServer(nethttp, "").start,
	},
	{
		name: "fasthttp", about: "fasthttp; files from its cache, which may be stale for ten seconds",
		plays: but(or(isLog, lists), serves(child.Hello, child.Files)), build: fasthttp, version: fasthttpVersion, start: goServer(fasthttp, "").start,
	},
	{
		name: "fasthttp-nocache", about: "fasthttp that skips its cache",
		plays: but(or(isLog, isStart), serves(child.Files)), build: fasthttp, version: fasthttpVersion, start: goServer(fasthttp, "nocache").start,
	},
	{
		name: "nginx", about: "nginx, a worker for each core, sendfile, tcp_nopush, no log",
		plays: but(posts, serves(child.Hello, child.Files)), version: nginxVersion, start: nginx(noLog).start,
	},
	{
		name: "nginx-ofc", about: "the same with open_file_cache, which may be stale for a minute",
		plays: but(or(isLog, isStart, lists), serves(child.Files)), version: nginxVersion, start: nginx(openFileCache).start,
	},
	{
		name: "nginx-log", about: "nginx with access_log, 64 KiB or a tenth of a second at once", base: "nginx",
		plays: only(isLog, serves(child.Hello, child.Files)), version: nginxVersion, start: nginx(logTogether).start,
	},
	{
		name: "nginx-log-each", about: "nginx with access_log, a write for each request", base: "nginx",
		plays: only(isLog, serves(child.Hello, child.Files)), version: nginxVersion, start: nginx(logEach).start,
	},
	{
		name: "lighttpd", about: "lighttpd, one process, mod_cgi and mod_dirlisting",
		plays: but(isLog, serves(child.Files, child.Scripts)), version: versionOf("lighttpd", "-v"), start: configured("lighttpd", lighttpdConfig, "-D", "-f").start,
	},
	{
		name: "h2o", about: "h2o, a thread for each core",
		plays: but(isLog, serves(child.Files)), version: versionOf("h2o", "-v"), start: configured("h2o", h2oConfig, "-m", "worker", "-c").start,
	},
	{
		name: "cpython", about: "http.server, ThreadingHTTPServer, HTTP/1.1",
		plays: but(or(isLog, isMemory, ranges), serves(child.Hello, child.Files)), version: versionOf("python3", "--version"), start: recipe(cpython).start,
		slow: 20,
	},
	{
		name: "spawn", about: "no server: vfork and exec in C",
		plays: serves(child.Scripts), version: noVersion, start: startSpawner,
	},
	{
		name: "gospawn", about: "no server: os.StartProcess",
		plays: serves(child.Scripts), version: goVersion, start: startGoSpawner("gospawn"),
	},
	{
		name: "script", about: "no server: ours without HTTP",
		plays: serves(child.Scripts), version: goVersion, start: startGoSpawner("script"),
	},
}

// A test of a row says whether it is of a kind.
type test = func(*row) bool

// serves is for a peer that can be these applications.
func serves(applications ...string) test {
	return func(r *row) bool { return slices.Contains(applications, r.application) }
}

func but(not, plays test) test    { return func(r *row) bool { return !not(r) && plays(r) } }
func only(those, plays test) test { return func(r *row) bool { return those(r) && plays(r) } }

func or(tests ...test) test {
	return func(r *row) bool { return slices.ContainsFunc(tests, func(t test) bool { return t(r) }) }
}

func isLog(r *row) bool    { return r.group() == "log" }
func isStart(r *row) bool  { return r.measure == startTime }
func isMemory(r *row) bool { return r.measure == idleMemory }
func lists(r *row) bool    { return r.entries > 0 }
func ranges(r *row) bool   { return r.part.to > 0 }
func posts(r *row) bool    { return strings.HasPrefix(r.request, "POST") }

func goVersion(context.Context, *site) string { return runtime.Version() }

func noVersion(context.Context, *site) string { return "" }

// moduleVersion gives a function that says which version of a module is built
// into a program.
func moduleVersion(b build, path string) func(context.Context, *site) string {
	return func(_ context.Context, s *site) string {
		info, err := buildinfo.ReadFile(s.program(b))
		if err != nil {
			return ""
		}
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
		return ""
	}
}

// profileOf is what the names of a peer's profiles in a row begin with.
func (s *site) profileOf(r *row, b build, variant string) string {
	name := strings.ReplaceAll(r.name, "/", "-") + "." + filepath.Base(s.program(b))
	if variant != "" {
		name += "-" + variant
	}
	return filepath.Join(s.profile, name)
}

// choosePeers gives the peers by their names. All of this tree are
// "all".
func choosePeers(names string) ([]*peer, error) {
	if names == "all" {
		return slices.DeleteFunc(slices.Clone(allPeers), func(p *peer) bool { return p.build.before }), nil
	}
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

// A contestant is a peer in a row.
type contestant struct {
	*peer
	player  player // nil if it could not be started
	failure error  // why not
}

// A field is all of them, in the order of the command line.
type field []*contestant

// startAll starts the peers that play a row. One that cannot be started is void
// in it, and no reason not to measure the others.
func startAll(ctx context.Context, peers []*peer, s *site, r *row) field {
	var all field
	for _, p := range peers {
		if p.plays(r) {
			c := &contestant{peer: p}
			c.player, c.failure = p.start(ctx, s, r)
			all = append(all, c)
		}
	}
	return all
}

// stop ends them all.
func (f field) stop() error {
	var failures []error
	for _, c := range f {
		if c.failure == nil {
			failures = append(failures, c.player.stop())
		}
	}
	return errors.Join(failures...)
}

// describe says what peers are.
func describe(ctx context.Context, s *site, peers []*peer) []peerReport {
	var all []peerReport
	for _, p := range peers {
		all = append(all, peerReport{Name: p.name, About: p.about, Version: p.version(ctx, s)})
	}
	return all
}

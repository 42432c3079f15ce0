// Bench measures what a request costs a server: processor time of all its
// processes, and requests per second, ours beside those of others in the same
// run. README.md says how to read what it prints.
//
//	go run . -rows hello,file -peers ours,nginx,fasthttp -rounds 8
//	go run . -list
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the program, or what it starts itself again to be.
func run() error {
	if len(os.Args) == 3 {
		switch os.Args[1] {
		case spawnFlag:
			return spawnMain(os.Args[2])
		case insideFlag:
			return insideMain(os.Args[2])
		}
	}
	return parentMain()
}

// again is this program as something else.
func again(flag string, what any) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(what)
	if err != nil {
		return nil, err
	}
	return exec.Command(self, flag, string(text)), nil
}

// options are what the command line says.
type options struct {
	Rows, Peers string // names, with commas
	Rounds      int
	Requests    int           // in a shot; if zero, as many as the row says
	Time        time.Duration // of a shot that does not count requests
	JSON        string
	SVG         string
	Markdown    string
	Profile     string
	Before      string // another tree
	Outside     bool   // no network of its own
	Syscalls    bool   // count them
}

func parseFlags() (o options, list bool) {
	flag.StringVar(&o.Rows, "rows", quick, "the rows, or groups of rows, by `names`; or all, which are all but scale")
	flag.StringVar(&o.Peers, "peers", "ours,bare,nethttp,fasthttp,nginx,lighttpd", "the peers, by `names`; the others are compared with the first; or all")
	flag.IntVar(&o.Rounds, "rounds", 8, "how often each peer gets its turn")
	flag.IntVar(&o.Requests, "requests", 0, "requests in a turn, where they are counted; if 0, as many as is right for the row")
	flag.DurationVar(&o.Time, "time", time.Second, "how long a turn is, where requests are not counted")
	flag.StringVar(&o.JSON, "json", "", "write all that was measured to this `file`")
	flag.StringVar(&o.SVG, "svg", "", "draw all rows into this `file`")
	flag.StringVar(&o.Markdown, "markdown", "", "write what is printed to this `file` too")
	flag.StringVar(&o.Profile, "profile", "", "have servers written in Go write profiles into this `directory`, which costs them some")
	flag.StringVar(&o.Before, "before", "", "the `directory` of another tree, whose library is the peer before")
	flag.BoolVar(&o.Outside, "outside", false, "use the machine's own loopback interface")
	flag.BoolVar(&o.Syscalls, "syscalls", false, "count system calls with perf, in a turn more, which needs root")
	flag.BoolVar(&list, "list", false, "list rows and peers")
	flag.Parse()
	return o, list
}

func parentMain() error {
	o, list := parseFlags()
	if list {
		listAll(os.Stdout)
		return nil
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("this needs the /proc of Linux, and this is %s", runtime.GOOS)
	}
	if err := raiseLimit(); err != nil {
		return err
	}
	// A signal ends the load, and what was started is ended on the way out.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return bench(ctx, o, os.Stdout)
}

// A job is what is to be done, chosen from what there is.
type job struct {
	rows   []*row
	peers  []*peer
	before string
}

func (o options) job() (j job, err error) {
	if o.Rounds < 1 || o.Requests < 0 || o.Time <= 0 {
		return j, fmt.Errorf("%d rounds of %d requests, or %v, make no sense", o.Rounds, o.Requests, o.Time)
	}
	rows, err1 := chooseRows(o.Rows)
	peers, err2 := choosePeers(o.Peers)
	if slices.ContainsFunc(peers, func(p *peer) bool { return p.build.before }) && o.Before == "" {
		err2 = errors.New("the peer before needs the flag of that name")
	}
	return job{rows, peers, o.Before}, errors.Join(err1, err2)
}

// bench measures what o asks for and writes the tables to out. It makes what is
// needed, while there is a network to get it from, and then goes where there is
// another one.
func bench(ctx context.Context, o options, out io.Writer) (err error) {
	j, err := o.job()
	if err != nil {
		return err
	}
	for _, file := range []string{o.JSON, o.SVG, o.Markdown} { // before the work, not after it
		if file == "" {
			continue
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			return err
		}
	}
	s, err := makeSite(ctx, j)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.remove()) }()
	s.profile = o.Profile
	return inNetwork(ctx, o, s, out)
}

// benchIn measures where the servers are to be.
func benchIn(ctx context.Context, o options, s *site, network string, out io.Writer) error {
	j, err := o.job()
	if err != nil {
		return err
	}
	if o.Markdown != "" {
		file, err := os.Create(o.Markdown)
		if err != nil {
			return err
		}
		defer file.Close()
		out = io.MultiWriter(out, file)
	}
	rep := report{Machine: describeMachine(), Network: network, Peers: describe(ctx, s, j.peers)}
	rep.writeHead(out)
	for _, r := range j.rows {
		result, err := play(ctx, r, j.peers, s, o)
		if err != nil {
			return err
		}
		if len(result.Lines) == 0 {
			continue // nobody plays it
		}
		rep.Rows = append(rep.Rows, result)
		result.writeTable(out)
	}
	rep.writeSummary(out)
	if o.Syscalls {
		rep.writeCalls(out)
	}
	if o.SVG != "" {
		if err := os.WriteFile(o.SVG, []byte(rep.plot()), 0o644); err != nil {
			return err
		}
	}
	if o.JSON != "" {
		text, err := json.MarshalIndent(rep, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.JSON, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return rep.void()
}

func listAll(out io.Writer) {
	fmt.Fprintln(out, "rows:")
	for _, r := range allRows {
		fmt.Fprintf(out, "  %-18s %s\n", r.name, r.title)
	}
	fmt.Fprintln(out, "peers:")
	for _, p := range allPeers {
		fmt.Fprintf(out, "  %-18s %s\n", p.name, p.about)
	}
}

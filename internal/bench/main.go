// Bench measures what a request costs a server: processor time of all its
// processes, and requests per second, ours beside those of others in the same
// run. README.md says how to read what it prints.
//
//	go run . -rows cgi -peers ours,nethttp,lighttpd,spawn -rounds 8
//	go run . -list
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	var err error
	if len(os.Args) == 3 && os.Args[1] == childFlag {
		err = childMain(os.Args[2])
	} else {
		err = parentMain()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	rows, peers string // names, with commas
	rounds      int
	requests    int // in a shot; if zero, as many as the row says
	json        string
	profile     string
}

func parentMain() error {
	var o options
	flag.StringVar(&o.rows, "rows", "cgi", "the rows, or groups of rows, by `names`")
	flag.StringVar(&o.peers, "peers", "ours,nethttp,lighttpd,spawn,gospawn,script", "the peers, by `names`; the others are compared with the first")
	flag.IntVar(&o.rounds, "rounds", 8, "how often each peer gets its turn")
	flag.IntVar(&o.requests, "requests", 0, "requests in a turn; if 0, as many as is right for the row")
	flag.StringVar(&o.json, "json", "", "write all that was measured to this `file`")
	flag.StringVar(&o.profile, "profile", "", "have servers written in Go write profiles of their processor time into this `directory`, which costs them some")
	list := flag.Bool("list", false, "list rows and peers")
	flag.Parse()
	if *list {
		listAll(os.Stdout)
		return nil
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("this needs the /proc of Linux, and this is %s", runtime.GOOS)
	}
	// A signal ends the load, and what was started is ended on the way out.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return bench(ctx, o, os.Stdout)
}

// bench measures what o asks for and writes the tables to out.
func bench(ctx context.Context, o options, out io.Writer) error {
	if o.rounds < 1 || o.requests < 0 {
		return fmt.Errorf("%d rounds of %d requests make no sense", o.rounds, o.requests)
	}
	rows, err := chooseRows(o.rows)
	if err != nil {
		return err
	}
	peers, err := choosePeers(o.peers)
	if err != nil {
		return err
	}
	if o.json != "" { // before the work, not after it
		if err := os.WriteFile(o.json, nil, 0o644); err != nil {
			return err
		}
	}
	s, err := makeSite(ctx)
	if err != nil {
		return err
	}
	defer s.remove()
	s.profile = o.profile

	field := startAll(ctx, peers, s)
	defer field.stop()
	rep := report{Machine: describeMachine(), Peers: field.describe()}
	rep.writeHead(out)
	for _, r := range rows {
		result, err := measure(ctx, r, field, o)
		if err != nil {
			return err
		}
		rep.Rows = append(rep.Rows, result)
		result.writeTable(out)
	}
	if o.json != "" {
		text, err := json.MarshalIndent(rep, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return rep.void()
}

func listAll(out io.Writer) {
	fmt.Fprintln(out, "rows:")
	for _, r := range allRows {
		fmt.Fprintf(out, "  %-16s %s\n", r.name, r.title)
	}
	fmt.Fprintln(out, "peers:")
	for _, p := range allPeers {
		fmt.Fprintf(out, "  %-16s %s; rows: %s\n", p.name, p.about, strings.Join(p.groups, ", "))
	}
}

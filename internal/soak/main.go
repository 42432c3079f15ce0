// Soak loads servers on the loopback interface for a while with everything that clients
// do in peace, and some things that they do not, while the files that are served are
// replaced, written over, removed and made again; and checks every answer, byte by byte.
//
//	go run ./internal/soak                   # ten minutes
//	go run ./internal/soak -for 1h
//	go run -tags httpserver_portable ./internal/soak -for 3m
//
// Two servers serve one directory: the command, built from this tree, and a process with
// a server of the library, which tells more of itself. What a file holds tells which
// version of it that is, so an answer is found that is of two versions, of another part or
// length than it says, or of a version that another one had replaced before the request
// was sent.
//
// It prints what the servers use, every ten seconds, and fails where that grows, or does
// not go back when the load has ended; where an answer is missing in a log, or is there
// twice; and where a server that is told to end cuts somebody off, or does not end.
// Memory is judged by slopes once a run is two minutes long.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == childFlag {
		exit(childMain(os.Args[2]))
	}
	exit(parentMain())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parentMain() error {
	set := settings{rest: 30 * time.Second, grace: longestEnd, keep: true, out: os.Stdout}
	flag.DurationVar(&set.long, "for", 10*time.Minute, "how `long` the load lasts")
	flag.IntVar(&set.most, "most", 20_000_000, "end the load after so many `requests`")
	flag.DurationVar(&set.every, "every", 10*time.Second, "the time between two `samples`")
	flag.Uint64Var(&set.seed, "seed", rand.Uint64N(1_000_000), "what each client and each change does comes of this `number`; when it does so does not")
	servers := flag.String("servers", "command,library", "the servers, by `names`")
	only := flag.String("only", "", "the kinds of clients, by `names`; if empty, all of them")
	still := flag.Bool("still", false, "nothing is changed meanwhile")
	list := flag.Bool("list", false, "list the kinds of clients, and the changes")
	flag.Parse()
	if *list {
		writeList(os.Stdout)
		return nil
	}
	set.servers = strings.Split(*servers, ",")
	set.kinds = slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool {
		return *only != "" && !slices.Contains(strings.Split(*only, ","), k.name)
	})
	if !*still {
		set.changes = changes
	}
	if unsupported != "" {
		return errors.New(unsupported)
	}
	for _, name := range set.servers {
		if name != "command" && handlers[name] == nil {
			return fmt.Errorf("no server is called %q", name)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop() // an interrupt ends the load; a second one ends the program
	context.AfterFunc(ctx, stop)
	fmt.Printf("Seed %d, %v, built with %v.\n\n", set.seed, set.long, buildFlags())
	return runAll(ctx, set)
}

func writeList(w io.Writer) {
	for _, k := range kinds {
		fmt.Fprintf(w, "%3d clients: %s\n", k.count, k.name)
	}
	for _, c := range changes {
		fmt.Fprintf(w, "every %v to %v: %s\n", c.least, c.most, c.name)
	}
}

// Faults attacks a server on the loopback interface in every way that comes to
// mind, while ordinary clients go on, and prints what came of it as a Markdown
// table: whether ordinary requests were answered, when the attackers were cut
// off, and what it cost the server, which runs as a process of its own.
//
//	go run ./internal/faults                        # ours and net/http, half an hour
//	go run ./internal/faults -peers ours -short     # limits of a second, half a minute
//	go run ./internal/faults -only idle,head-flood
//
// It fails where ours did what it must not: an ordinary request that failed,
// memory beyond its bound, an attacker that was never cut off, a panic. Times
// are reported and fail nothing. The peers are there to compare.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == childFlag {
		exit(childMain(os.Args[2]))
	}
	exit(parentMain())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parentMain() error {
	peers := flag.String("peers", "ours,net/http", "the servers, by `names`")
	only := flag.String("only", "", "the scenarios, by `names`; if empty, all of them")
	short := flag.Bool("short", false, "smaller numbers, and limits of a second")
	list := flag.Bool("list", false, "list the scenarios")
	flag.Parse()
	if *list {
		for _, s := range scenarios {
			fmt.Printf("%-18s %s\n", s.name, (&result{scenario: &s, count: s.count}).label())
		}
		return nil
	}
	if unsupported != "" {
		return errors.New(unsupported)
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	set := settings{short: *short, lenient: raceEnabled}
	if set.directory, err = makeSite(); err != nil {
		return err
	}
	defer os.RemoveAll(set.directory)
	return runAll(chosen, strings.Split(*peers, ","), set)
}

// choose gives the scenarios by their names.
func choose(names string) ([]scenario, error) {
	if names == "" {
		return scenarios, nil
	}
	var chosen []scenario
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no scenario is called %q: -list lists them", name)
		}
		chosen = append(chosen, scenarios[i])
	}
	return chosen, nil
}

// makeSite makes a directory with the file that is asked for, and the directory
// that is listed. The file has no content on the disk: reading it gives zeros.
func makeSite() (directory string, err error) {
	directory, err = os.MkdirTemp("", "faults")
	if err != nil {
		return "", err
	}
	name := filepath.Join(directory, "big")
	if err = os.WriteFile(name, nil, 0o644); err == nil {
		err = os.Truncate(name, 100_000_000)
	}
	many := filepath.Join(directory, "many")
	if err == nil {
		err = os.Mkdir(many, 0o755)
	}
	for i := 0; i < listed && err == nil; i++ {
		err = os.WriteFile(filepath.Join(many, fmt.Sprintf("%06d-%s", i, strings.Repeat("n", 93))), nil, 0o644)
	}
	return directory, err
}

// runAll prints a row for every scenario and server, as soon as it is there.
func runAll(chosen []scenario, peers []string, set settings) error {
	var faults []string
	if set.short {
		fmt.Printf("A short run: limits of ours are %v, and who dribbles sends a byte every %v.\n\n", shortLimit, shortPace)
	}
	fmt.Print(tableHead)
	for _, s := range chosen {
		for _, server := range peers {
			r, err := run(&s, server, set)
			if err != nil {
				return fmt.Errorf("%s against %s: %w", s.name, server, err)
			}
			r.writeRow(os.Stdout)
			for _, fault := range r.faults {
				text := fmt.Sprintf("%s: %s: %s", s.name, server, fault)
				fmt.Fprintln(os.Stderr, text)
				if server == "ours" {
					faults = append(faults, text)
				}
			}
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("ours failed:\n%s", strings.Join(faults, "\n"))
	}
	return nil
}

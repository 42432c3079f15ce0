package script

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"
)

// roleName is the variable that makes this program a script.
const roleName = "SCRIPT_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleName); role != "" {
		play(role)
		os.Exit(0)
	}
	adoptOrphans()
	os.Exit(m.Run())
}

// A script hangs for so long at most, in case that a test does not end it.
const forever = 5 * time.Minute

// roles is what this program does as a script.
var roles = map[string]func(){
	"hello": func() {
		fmt.Println("hello")
		fmt.Fprintln(os.Stderr, "a complaint")
	},
	"silent":  func() {},
	"exit 3":  func() { os.Exit(3) },
	"die":     func() { killSelf() },
	"cat":     func() { io.Copy(os.Stdout, os.Stdin) },
	"hang":    func() { time.Sleep(forever) },
	"blocked": func() { io.Copy(os.Stdout, endless{}); os.Exit(killed(-13)) }, // or the signal is first
	"stubborn": func() {
		signal.Ignore(terminate)
		fmt.Println("ready")
		time.Sleep(forever)
	},
	"parting words": func() {
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, terminate)
		fmt.Println("ready")
		<-ended
		fmt.Println("farewell")
	},
	"flood": func() { // more than any pipe holds, then an answer
		w := bufio.NewWriter(os.Stderr)
		for i := range 20_000 {
			fmt.Fprintf(w, "complaint number %d\n", i)
		}
		w.Flush()
		fmt.Print("hello\n")
	},
	"complain": func() { io.Copy(os.Stderr, endless{}) },
	"long": func() {
		os.Stderr.WriteString(strings.Repeat("x", 10_000) + "\r\n\nshort\r\nunended")
	},
	"big":       func() { io.Copy(os.Stdout, io.LimitReader(endless{}, 200<<20)) },
	"daemon":    func() { leave("hang"); fmt.Println("hello") },
	"stranger":  func() { fmt.Println(leave("stray")) },
	"chatty":    func() { fmt.Println(leave("stray chatter")) },
	"grumbling": func() { fmt.Println(leave("stray grumbler")) },
	"leaves closed": func() { // has closed its output, and lives on
		fmt.Println("hello")
		os.Stdout.Close()
		time.Sleep(forever)
	},
	"closed then exits": func() {
		fmt.Println("hello")
		os.Stdout.Close()
		io.Copy(io.Discard, os.Stdin)
		fmt.Fprintln(os.Stderr, "late complaint")
		os.Exit(4)
	},
	"deaf": func() { // takes no input
		os.Stdin.Close()
		fmt.Println("hello")
		io.Copy(os.Stdout, io.LimitReader(endless{}, 1<<20))
	},
	"deaf stranger": func() { fmt.Println(leave("stray")) }, // its child holds the input, too
	"whole": func() {
		b, _ := io.ReadAll(os.Stdin)
		fmt.Printf("all %d\n", len(b))
	},
	"facts": func() {
		dir, _ := os.Getwd()
		fmt.Println(dir)
		fmt.Printf("%q\n", os.Args)
		fmt.Printf("%q\n", os.Environ())
	},

	// Those that others leave behind.
	"stray":          func() { time.Sleep(forever) },
	"stray chatter":  func() { io.Copy(os.Stdout, endless{}) },
	"stray grumbler": func() { io.Copy(os.Stderr, endless{}) },
}

func play(role string) {
	do, ok := roles[role]
	if !ok {
		fmt.Fprintln(os.Stderr, "no role", role)
		os.Exit(99)
	}
	do()
}

// leave starts another of this program, with the same files, and returns its number. A
// stray is in a session of its own.
func leave(role string) int {
	child := exec.Command(os.Args[0])
	child.Env = environ(role)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	if strings.HasPrefix(role, "stray") {
		child.SysProcAttr = ownSession()
	}
	if err := child.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(98)
	}
	return child.Process.Pid
}

// environ is what a script needs of us: its role and that the race detector does not have
// it wait a second at its end.
func environ(role string) []string {
	env := []string{roleName + "=" + role, "GORACE=atexit_sleep_ms=0"}
	for _, name := range []string{"SystemRoot", "TEMP", "GOCOVERDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// endless is lines without an end.
type endless struct{}

var lotsOfLines = bytes.Repeat([]byte("endless\n"), 4096)

func (endless) Read(p []byte) (int, error) { return copy(p, lotsOfLines), nil }

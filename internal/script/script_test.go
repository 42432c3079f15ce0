package script

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

const roleName = "SCRIPT_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleName); role != "" {
		play(role)
	}
	os.Exit(m.Run())
}

// play is what this program does as a script.
func play(role string) {
	switch role {
	case "hello":
		fmt.Println("hello")
		fmt.Fprintln(os.Stderr, "a complaint")
	case "cat":
		io.Copy(os.Stdout, os.Stdin)
	case "hang":
		select {}
	default:
		fmt.Fprintln(os.Stderr, "no role", role)
		os.Exit(2)
	}
	os.Exit(0)
}

func TestHello(t *testing.T) {
	exe, _ := os.Executable()
	for range 20 {
		var set Set
		turn, err := set.Enter(context.Background(), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		var log []string
		s, err := turn.Start(&Program{Path: exe, Args: []string{exe}, Env: []string{roleName + "=hello"}, Timeout: 10 * time.Second, Log: func(line string) { log = append(log, line) }})
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(s)
		exit, ok := s.Wait(5 * time.Second)
		if string(b) != "hello\n" || err != nil || exit.Code != 0 || !ok {
			t.Fatal(string(b), err, exit, ok)
		}
		s.Close(nil, nil)
		if strings.Join(log, "|") != "a complaint" {
			t.Error(log)
		}
		turn, err = set.Enter(context.Background(), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		s, err = turn.Start(&Program{Path: exe, Args: []string{exe}, Env: []string{roleName + "=cat"}, Input: true, Timeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		go s.Feed(strings.NewReader(strings.Repeat("abc", 100000)))
		b, err = io.ReadAll(s)
		s.Close(nil, nil)
		if len(b) != 300000 || err != nil {
			t.Fatal(len(b), err)
		}
		turn, err = set.Enter(context.Background(), 1, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		s, err = turn.Start(&Program{Path: exe, Args: []string{exe}, Env: []string{roleName + "=hang"}, Timeout: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		b, err = io.ReadAll(s)
		if err != ErrTimeout {
			t.Fatal(b, err)
		}
		s.Close(nil, nil)
		set.Close()
	}
}

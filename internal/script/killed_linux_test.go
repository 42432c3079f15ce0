package script

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func init() {
	roles["server"] = func() { // one that runs a script, and tells which
		var set Set
		turn, err := set.Enter(context.Background(), -1, 0)
		if err != nil {
			panic(err)
		}
		s, err := turn.Start(&Program{Path: os.Args[0], Args: []string{os.Args[0]}, Env: environ("hang")})
		if err != nil {
			panic(err)
		}
		fmt.Println(s.process.pid)
		time.Sleep(forever)
	}
}

// TestServerIsKilled: where the server is killed, and ends nothing any more, its scripts end
// with it.
func TestServerIsKilled(t *testing.T) {
	newBench(t)
	server := exec.Command(os.Args[0])
	server.Env = environ("server")
	output, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(output, &pid); err != nil {
		t.Error(err)
	}
	server.Process.Kill()
	server.Wait()
	var status syscall.WaitStatus
	eventually(t, "the script has ended", func() bool { // it is ours now
		ended, _ := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
		return ended == pid
	})
	if status.Signal() != syscall.SIGKILL {
		t.Errorf("it ended with %v", status)
	}
}

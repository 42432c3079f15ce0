//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"bytes"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// A pace says whether connections take long to be served, as far as it has been
// seen of late. It goes by time on the clock, which is all that tells of somebody
// who waits; but a thread may also wait for a processor, on a machine that has
// other things to do, and that is nobody's fault here.
type pace struct {
	slow  atomic.Bool
	count atomic.Int64 // of what was served since the last judgement
	all   atomic.Int64 // how long that took, in nanoseconds
	long  atomic.Int64 // and how much of it was spent on what took long

	judging atomic.Bool
	delayed int64 // how long our threads have waited for processors, at the last judgement
}

const (
	longTime   = 100 * time.Microsecond // what takes longer took long
	judgeAfter = 512                    // what is served between two judgements
	maxLong    = 4                      // one in so many parts of the time may go to what takes long
)

func (p *pace) isSlow() bool { return p.slow.Load() }

// served counts n connections that took so long together.
func (p *pace) served(n int, took time.Duration) {
	p.all.Add(int64(took))
	if took > time.Duration(n)*longTime {
		p.long.Add(int64(took))
	}
	if p.count.Add(int64(n)) >= judgeAfter && p.judging.CompareAndSwap(false, true) {
		p.judge()
		p.judging.Store(false)
	}
}

// judge decides by what was counted since the last time. While the pace is slow,
// little of it is needed: it may take long to come by.
func (p *pace) judge() {
	all, long := p.all.Swap(0), p.long.Swap(0)
	p.count.Store(0)
	if long*maxLong > all {
		delayed := waitedForProcessors()
		long -= max(0, delayed-p.delayed)
		p.delayed = delayed
	}
	p.slow.Store(long*maxLong > all)
}

// stuck counts what the watchdog has met.
func (p *pace) stuck() {
	p.long.Add(int64(watchTime))
	p.all.Add(int64(watchTime))
}

// waitedForProcessors gives how long the threads of this process were ready to
// run and did not, in nanoseconds, as far as the system tells (proc_pid_schedstat).
func waitedForProcessors() (total int64) {
	const tasks = "/proc/self/task"
	dir, err := os.Open(tasks)
	if err != nil {
		return 0
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		text, err := os.ReadFile(tasks + "/" + name + "/schedstat")
		if fields := bytes.Fields(text); err == nil && len(fields) > 1 {
			n, _ := strconv.ParseInt(string(fields[1]), 10, 64)
			total += n
		}
	}
	return total
}

// Package report is what a server has to say that is about no request: of
// panics, and of connections that could not be served.
package report

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"example.com/httpserver/internal/logline"
)

// A Log gives records to Logger or, where that is nil or panics itself, writes
// lines to Text, each message at once. Where that panics, too, nobody hears of
// it: it must not end the program.
type Log struct {
	Logger *slog.Logger
	Text   io.Writer
}

// Line logs a message.
func (l Log) Line(level slog.Level, message string) {
	if !l.record(level, message) {
		l.printf("httpserver: %s\n", message)
	}
}

func (l Log) printf(format string, args ...any) {
	defer func() { recover() }()
	fmt.Fprintf(l.Text, format, args...)
}

// A Notice is a line that clients could make come too often. The zero Notice is
// ready, and may be used by any goroutine.
type Notice struct {
	mu      sync.Mutex
	next    time.Time
	leftOut int
}

// Notice logs a message of n's once in a while at the most, and then how many
// there have been since the last that were left out.
func (l Log) Notice(n *Notice, while time.Duration, level slog.Level, format string, args ...any) {
	leftOut, due := n.due(while)
	if !due {
		return
	}
	message := fmt.Sprintf(format, args...)
	if leftOut > 0 {
		message += fmt.Sprintf(" (%d more since the last line about it)", leftOut)
	}
	l.Line(level, message)
}

func (n *Notice) due(while time.Duration) (leftOut int, due bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	if now.Before(n.next) {
		n.leftOut++
		return 0, false
	}
	leftOut, n.leftOut = n.leftOut, 0
	n.next = now.Add(while)
	return leftOut, true
}

// Panic logs a panic with its stack, as text between CPython's lines. remote is
// whose request it was; "" stands for ServiceActions.
func (l Log) Panic(remote string, problem any, stack []byte) {
	what, from := "processing of request", " from "+escaped(remote)
	attrs := []any{"remote", remote, "panic", fmt.Sprint(problem), "stack", string(stack)}
	if remote == "" {
		what, from, attrs = "ServiceActions", "", attrs[2:]
	}
	if l.record(slog.LevelError, "exception occurred during "+what, attrs...) {
		return
	}
	const rule = "----------------------------------------\n"
	l.printf("%sException occurred during %s%s\npanic: %v\n\n%s%s", rule, what, from, escaped(fmt.Sprint(problem)), stack, rule)
}

func escaped(s string) string { return string(logline.AppendEscaped(nil, s)) }

// record gives a record to Logger, and reports whether that has taken it.
func (l Log) record(level slog.Level, message string, attrs ...any) (taken bool) {
	if l.Logger == nil {
		return false
	}
	defer func() { recover() }()
	l.Logger.Log(context.Background(), level, message, attrs...)
	return true
}

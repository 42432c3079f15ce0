package report

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestNotice: a line comes once in a while, and says what it stands for.
func TestNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		l := Log{Text: &text}
		var n, other Notice
		for i := range 25 { // from 0 to 2.4 seconds
			l.Notice(&n, time.Second, slog.LevelWarn, "number %d", i)
			time.Sleep(100 * time.Millisecond)
		}
		l.Notice(&other, time.Second, slog.LevelWarn, "another")
		want := "httpserver: number 0\n" +
			"httpserver: number 10 (9 more since the last line about it)\n" +
			"httpserver: number 20 (9 more since the last line about it)\n" +
			"httpserver: another\n"
		if text.String() != want {
			t.Errorf("got\n%swant\n%s", &text, want)
		}
	})
}

// broken is a slog.Handler that panics.
type broken struct{ slog.Handler }

func (broken) Enabled(context.Context, slog.Level) bool { panic("the log is broken") }

// pieces is a writer that tells where each Write ended, and one that panics if it is nil.
type pieces []string

func (p *pieces) Write(b []byte) (int, error) {
	*p = append(*p, string(b))
	return len(b), nil
}

// TestWrites: a message is one Write, so that no other comes into its midst, and
// one that panics ends nothing.
func TestWrites(t *testing.T) {
	for _, tc := range []struct {
		name string
		log  func(Log)
	}{
		{"a line", func(l Log) { l.Line(slog.LevelWarn, "full") }},
		{"a panic", func(l Log) { l.Panic("1.2.3.4:5", "a", []byte("many\nlines\n")) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var text pieces
			tc.log(Log{Text: &text})
			if len(text) != 1 {
				t.Errorf("%d writes: %q", len(text), text)
			}
			tc.log(Log{Text: (*pieces)(nil)})
		})
	}
}

func TestLog(t *testing.T) {
	var records bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&records, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	const rule = "----------------------------------------\n"
	for _, tc := range []struct {
		name         string
		logger       *slog.Logger
		log          func(Log)
		text, record string
	}{
		{"a line", nil, func(l Log) { l.Line(slog.LevelWarn, "full") }, "httpserver: full\n", ""},
		{"a line to a Logger", logger, func(l Log) { l.Line(slog.LevelWarn, "full") }, "", "level=WARN msg=full\n"},
		{"a line to a Logger that panics", slog.New(broken{}), func(l Log) { l.Line(slog.LevelWarn, "full") }, "httpserver: full\n", ""},
		{"a panic", nil, func(l Log) { l.Panic("1.2.3.4:5", "a\x1bb", []byte("stack\n")) },
			rule + "Exception occurred during processing of request from 1.2.3.4:5\npanic: a\\x1bb\n\nstack\n" + rule, ""},
		{"a panic of no connection's", nil, func(l Log) { l.Panic("", "a", []byte("stack\n")) },
			rule + "Exception occurred during ServiceActions\npanic: a\n\nstack\n" + rule, ""},
		{"a panic to a Logger", logger, func(l Log) { l.Panic("1.2.3.4:5", "a", []byte("s")) }, "",
			"level=ERROR msg=\"exception occurred during processing of request\" remote=1.2.3.4:5 panic=a stack=s\n"},
		{"a panic of no connection's to a Logger", logger, func(l Log) { l.Panic("", "a", []byte("s")) }, "",
			"level=ERROR msg=\"exception occurred during ServiceActions\" panic=a stack=s\n"},
		{"a panic to a Logger that panics", slog.New(broken{}), func(l Log) { l.Panic("", "a", []byte("stack\n")) },
			rule + "Exception occurred during ServiceActions\npanic: a\n\nstack\n" + rule, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var text strings.Builder
			records.Reset()
			tc.log(Log{tc.logger, &text})
			if text.String() != tc.text || records.String() != tc.record {
				t.Errorf("got\n%s%s\nwant\n%s%s", &text, &records, tc.text, tc.record)
			}
		})
	}
}

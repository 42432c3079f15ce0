package main

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
)

func TestParsePss(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       int
		ok         bool
	}{
		{"as it is", "00400000-7fff ---p 00000000 00:00 0 [rollup]\nRss:  2000 kB\nPss:   1000 kB\nPss_Anon: 10 kB\n", 1000 << 10, true},
		{"none", "Rss: 2000 kB\n", 0, false},
		{"no number", "Pss: many kB\n", 0, false},
		{"empty", "", 0, false},
	} {
		got, err := parsePss(tc.text)
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("%s: got %d, %v", tc.name, got, err)
		}
	}
}

func TestParsePerf(t *testing.T) {
	const text = "# started on Mon\n\n700,,raw_syscalls:sys_enter,100,100.00,,\n200,,syscalls:sys_enter_read,100,100.00,,\n100,,syscalls:sys_enter_write,100,100.00,,\n"
	got, err := parsePerf(text, 100)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"all": 7, "read": 2, "write": 1, "others": 4} {
		if math.Abs(got[name]-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if got, want := (&line{Calls: got}).which(), "others 4.00, read 2.00, write 1.00"; got != want {
		t.Errorf("in words: %q, want %q", got, want)
	}
	for name, text := range map[string]string{
		"not counted": "<not counted>,,raw_syscalls:sys_enter,0,100.00,,\n",
		"no sum":      "200,,syscalls:sys_enter_read,100,100.00,,\n",
	} {
		if got, err := parsePerf(text, 100); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestScale(t *testing.T) {
	s := scale{1, 1000, 40, 300}
	for v, want := range map[float64]float64{1: 40, 10: 140, 1000: 340} {
		if got := s.of(v); math.Abs(got-want) > 1e-6 {
			t.Errorf("%v is at %v, want %v", v, got, want)
		}
	}
	if got := (scale{from: 0.7, to: 120}).ticks(); len(got) != 3 || got[0] != 1 || got[2] != 100 {
		t.Errorf("the ticks are %v", got)
	}
	if got := (scale{from: 7, to: 30}).ticks(); len(got) != 2 || got[0] != 10 || got[1] != 20 {
		t.Errorf("the ticks are %v", got)
	}
	for v, want := range map[float64]string{0.5: "0.5", 64: "64", 1000: "1k", 1 << 20: "1.05M"} {
		if got := short(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
}

// TestPlot: what is drawn is well-formed, and everybody is in it.
func TestPlot(t *testing.T) {
	figures := func(ours, other float64) []*line {
		return []*line{
			{Peer: "ours", Figure: spread{ours, ours, ours}},
			{Peer: "a<b", Figure: spread{other, other, other}},
			{Peer: "gone", Void: "not installed"},
		}
	}
	rep := &report{Rows: []*rowReport{
		{Name: "file/1k", Unit: "µs", Lines: figures(10, 90), measure: processorTime},
		{Name: "file/16k", Unit: "µs", Lines: []*line{{Peer: "ours", Void: "wrong"}}, measure: processorTime},
		{Name: "scale/bytes-1", Unit: "µs", Axis: "bytes", X: 1, Lines: figures(1, 2), measure: processorTime},
		{Name: "scale/bytes-100", Unit: "µs", Axis: "bytes", X: 100, Lines: figures(10, 20), measure: processorTime},
		{Name: "scale/files-5", Unit: "µs", Axis: "files", X: 5, Lines: figures(10, 20), measure: processorTime},
	}}
	var words strings.Builder
	decoder := xml.NewDecoder(strings.NewReader(rep.plot()))
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			words.Write(text)
		}
	}
	for _, want := range []string{"file/1k, µs", "file/16k, µs", "µs by bytes", "µs by files", "a<b", "… 90.0"} {
		if !strings.Contains(words.String(), want) {
			t.Errorf("%q is not in the plot: %s", want, words.String())
		}
	}
	if strings.Contains(rep.plot(), "NaN") || strings.Contains(rep.plot(), "Inf") {
		t.Error("something is nowhere")
	}
}

// TestMore: a peer that is another with something more is compared with that.
func TestMore(t *testing.T) {
	f := field{
		{peer: &peer{name: "ours"}, player: playerOf(90, nil)},
		{peer: &peer{name: "ours-log", base: "ours"}, player: playerOf(92, nil)},
		{peer: &peer{name: "nginx-log", base: "nginx"}, player: playerOf(92, nil)},
	}
	r := &row{name: "log/test", more: map[string]float64{"ours-log": 1}}
	rep, err := measureRow(t.Context(), r, f, options{Rounds: 2, Requests: 10})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(rep.verdicts(), "; "), "ours-log ≤ 1.00 more than ours: missed"; got != want {
		t.Errorf("the verdicts are %q, want %q", got, want)
	}
	if l := rep.Lines[1]; math.Abs(l.More.Median-2) > 1e-9 || rep.Lines[2].Base != "" {
		t.Errorf("more: %+v, %+v", l, rep.Lines[2])
	}
}

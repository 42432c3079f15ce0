package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A sample is what a server uses at some moment.
type sample struct {
	at          moment
	requests    int
	resident    int64 // bytes in RAM
	threads     int
	descriptors int
	usage       // of a child
}

// sample takes a sample, and takes in the log.
func (s *server) sample(now moment, question string) (x sample, err error) {
	x.at, x.requests = now, s.ledger.sent()
	if x.resident, x.threads, err = status(s.cmd.Process.Pid); err != nil {
		return x, err
	}
	names, err := descriptors(s.cmd.Process.Pid)
	if err != nil {
		return x, err
	}
	x.descriptors = len(names)
	if x.usage, err = s.usage(question); err != nil {
		return x, err
	}
	return x, s.readLog()
}

const tableHead = "| time | server | requests | resident | live heap | stacks | goroutines | threads | descriptors |\n" +
	"|---:|---|---:|---:|---:|---:|---:|---:|---:|\n"

func (s *server) writeRow(w io.Writer, x sample) {
	heap, stacks, goroutines := "", "", ""
	if !s.ledger.command {
		heap, stacks, goroutines = size(int64(x.Heap)), size(int64(x.Stacks)), fmt.Sprint(x.Goroutines)
	}
	fmt.Fprintf(w, "| %.0f s | %s | %d | %s | %s | %s | %s | %d | %d |\n",
		x.at.Seconds(), s.name, x.requests, size(x.resident), heap, stacks, goroutines, x.threads, x.descriptors)
}

func size(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// A measure is something that must not grow while the load is the same. To have grown is
// to have a slope (the median of those between all two samples, so that a peak now and
// then does not matter) that makes more than the slack, or a tenth, over the time that is
// looked at.
type measure struct {
	name  string
	slack float64
	of    func(sample) float64
	child bool // it is known of a child only
}

var measures = []measure{
	{"resident memory, in MiB,", 4, func(x sample) float64 { return float64(x.resident) / (1 << 20) }, false},
	{"live heap, in MiB,", 4, func(x sample) float64 { return float64(x.Heap) / (1 << 20) }, true},
	{"stacks, in MiB,", 2, func(x sample) float64 { return float64(x.Stacks) / (1 << 20) }, true},
	{"goroutines", 16, func(x sample) float64 { return float64(x.Goroutines) }, true},
	{"descriptors", 16, func(x sample) float64 { return float64(x.descriptors) }, false},
	{"threads", 4, func(x sample) float64 { return float64(x.threads) }, false},
}

// What a server uses at first says nothing: its caches and pools fill. The first third of
// the load is left out for that, and half a minute at least; what remains has to be as
// long for a slope to mean something.
const (
	warmUp     = 30 * time.Second
	leastSlope = 60 * time.Second
)

// judge says, of the samples under load, how much each measure has grown per minute, and
// which have grown too much.
func (s *server) judge(w io.Writer) (faults []string) {
	samples := s.samples
	if len(samples) > 0 {
		last := samples[len(samples)-1].at
		warm := max(warmUp, last/3)
		samples = slices.DeleteFunc(slices.Clone(samples), func(x sample) bool { return x.at < warm })
	}
	if len(samples) < 3 || samples[len(samples)-1].at-samples[0].at < leastSlope {
		fmt.Fprintf(w, "%s: too short a run to tell by slopes whether anything grows.\n", s.name)
		return nil
	}
	long := samples[len(samples)-1].at - samples[0].at
	var texts []string
	for _, m := range measures {
		if m.child && s.ledger.command {
			continue
		}
		values := make([]float64, len(samples))
		for i, x := range samples {
			values[i] = m.of(x)
		}
		slope, middle := slopeOf(samples, values), median(values)
		texts = append(texts, fmt.Sprintf("%s %.4g (%+.3g a minute)", m.name, middle, slope*60))
		if grown := slope * long.Seconds(); grown > max(m.slack, middle/10) {
			faults = append(faults, fmt.Sprintf("%s: %s grew by %.1f within %.0f s, from about %.1f", s.name, m.name, grown, long.Seconds(), values[0]))
		}
	}
	fmt.Fprintf(w, "%s, medians from %.0f s to %.0f s: %s\n", s.name, samples[0].at.Seconds(), samples[len(samples)-1].at.Seconds(), strings.Join(texts, ", "))
	return faults
}

// slopeOf gives the median of the slopes between all two samples, per second (Theil, Sen).
func slopeOf(samples []sample, values []float64) float64 {
	var slopes []float64
	for i := range values {
		for j := i + 1; j < len(values); j++ {
			slopes = append(slopes, (values[j]-values[i])/(samples[j].at-samples[i].at).Seconds())
		}
	}
	return median(slopes)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// remains says what is left of a load that has ended, beyond what there was before.
func (s *server) remains(before, after sample) (faults []string) {
	// Workers and threads that were needed may stay for the next load. Nothing else may.
	const workers, threads = 64, 64
	if n := after.descriptors - before.descriptors; n > 0 {
		names, _ := descriptors(s.cmd.Process.Pid)
		faults = append(faults, fmt.Sprintf("%s: %d descriptors more than before the load: %v", s.name, n, names))
	}
	if n := after.Goroutines - before.Goroutines; n > workers {
		faults = append(faults, fmt.Sprintf("%s: %d goroutines more than before the load", s.name, n))
	}
	if n := after.threads - before.threads; n > threads {
		faults = append(faults, fmt.Sprintf("%s: %d threads more than before the load", s.name, n))
	}
	if n := int64(after.Heap) - int64(before.Heap); n > 4<<20 {
		faults = append(faults, fmt.Sprintf("%s: %s of live heap more than before the load", s.name, size(n)))
	}
	return faults
}

package main

// A measure is what is measured in a row.
type measure struct {
	column string // the head of a table's column
	unit   string
	digits int // behind the point
	of     func(shot) float64
}

var processorTime = &measure{"CPU a request, µs", "µs", 1, shot.cost}

// measures gives what is measured in a row.
func (r *row) measures() *measure {
	if r.measure == nil {
		return processorTime
	}
	return r.measure
}

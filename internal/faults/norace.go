//go:build !race

package main

// raceEnabled: the race detector takes memory of its own.
const raceEnabled = false

//go:build race

package httpserver_test

// raceEnabled: the race detector allocates too.
const raceEnabled = true

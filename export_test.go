package httpserver

import "time"

// ServePortably has a server reach files in the way that every system has, though
// this one has a better way of its own. It is called before the server serves.
func ServePortably(s *Server) { s.roots.Portable = true }

// AgeFiles has files look older than they are to what a server keeps of them. It is
// called before the server serves.
func AgeFiles(s *Server, by time.Duration) { s.files.Ahead = by }

// SettleFor sets how long an answer waits for the exit of a script that has closed
// its output, and gives what it was.
func SettleFor(d time.Duration) (before time.Duration) {
	before, settleTime = settleTime, d
	return before
}

// WaitForScripts sets how long a request waits for its turn to run a script, and
// gives what it was.
func WaitForScripts(d time.Duration) (before time.Duration) {
	before, cgiPatience = cgiPatience, d
	return before
}

//go:build !unix

package main

// closeInherited does nothing: a process gets what handles it is to get, and no others.
func closeInherited() {}

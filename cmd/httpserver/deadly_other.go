//go:build !unix

package main

import "os"

// deadly is empty: there are no signals but those that endings asks for anyway.
var deadly []os.Signal

func raise(os.Signal) {}

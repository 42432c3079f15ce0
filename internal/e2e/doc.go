// Package e2e has the tests that need a browser. It is a module of its own, so
// that what they need stays out of the library's.
package e2e

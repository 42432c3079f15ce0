//go:build unix && !linux

package httpserver_test

import (
	"errors"
	"testing"
)

func exchangeNames(string, string) error { return errors.ErrUnsupported }

func watchOpens(*testing.T, []string) func() []string { return func() []string { return nil } }

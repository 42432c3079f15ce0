//go:build !linux

package main

import (
	"errors"
	"syscall"
	"time"
)

const unsupported = "what the server uses is read from Linux's /proc"

var errUnsupported = errors.New(unsupported)

func cpuTime(int) (time.Duration, error)               { return 0, errUnsupported }
func resident(int) (now, peak int64, err error)        { return 0, 0, errUnsupported }
func descriptors(int) (int, error)                     { return 0, errUnsupported }
func ownDescriptors() int                              { return 0 }
func limitDescriptors(uint64) error                    { return errUnsupported }
func smallWindow(_, _ string, _ syscall.RawConn) error { return errUnsupported }

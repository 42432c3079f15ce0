//go:build !linux

package main

import (
	"errors"
	"os"
	"os/exec"
)

// unsupported is why this program cannot run here.
const unsupported = "this program needs Linux, whose /proc tells what a process uses"

var errUnsupported = errors.New(unsupported)

func status(int) (resident int64, threads int, err error) { return 0, 0, errUnsupported }

func descriptors(int) ([]string, error) { return nil, errUnsupported }

func forget(*os.File, int64) {}

func endWithUs(*exec.Cmd) {}

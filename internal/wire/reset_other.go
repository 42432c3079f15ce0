//go:build !linux

package wire

import (
	"errors"
	"syscall"
)

func awaitReset(syscall.Conn) error { return errors.ErrUnsupported }

//go:build !linux || android

package docroot

import "errors"

func hasBeneath() bool { return false }

func openBeneath(string) (top, error) { return nil, errors.ErrUnsupported }

//go:build !unix

package docroot

import "errors"

func makeFIFO(string) error { return errors.ErrUnsupported }

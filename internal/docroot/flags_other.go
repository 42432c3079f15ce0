//go:build !unix

package docroot

import "os"

const openFlags = os.O_RDONLY

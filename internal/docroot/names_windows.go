package docroot

import "syscall"

// namesNothingHere is what Windows says of names that nothing can have.
var namesNothingHere = []syscall.Errno{
	123,  // ERROR_INVALID_NAME
	161,  // ERROR_BAD_PATHNAME
	206,  // ERROR_FILENAME_EXCED_RANGE
	267,  // ERROR_DIRECTORY: the way leads through a file
	1921, // ERROR_CANT_RESOLVE_FILENAME: links in a circle
}

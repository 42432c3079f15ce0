package httpserver_test

import "syscall"

const errTooManyFiles = syscall.EMFILE

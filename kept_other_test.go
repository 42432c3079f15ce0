//go:build !linux || android || httpserver_portable || !(amd64 || arm64 || riscv64)

package httpserver_test

const keepsFiles = false

//go:build !race && (amd64 || arm64 || riscv64) && !android && !httpserver_portable

package docroot

const raceEnabled = false

package script

// An Identity is who a script runs as.
type Identity struct {
	UID, GID uint32
	Groups   []uint32
}

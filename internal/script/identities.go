package script

import "sync"

// Identities remembers whom Lookup has found: reading the system's lists for every
// script would cost more than much of the rest. The zero value is ready, and may be
// used by any goroutine.
type Identities struct{ found sync.Map }

// Lookup is the function Lookup. What it fails with is not remembered.
func (i *Identities) Lookup(name string) (*Identity, error) {
	if found, ok := i.found.Load(name); ok {
		return found.(*Identity), nil
	}
	identity, err := Lookup(name)
	if err == nil {
		i.found.Store(name, identity)
	}
	return identity, err
}

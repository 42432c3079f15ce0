//go:build !windows

package script

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
)

// overflowID is what nobody and its group are by custom, where no list of users says so.
const overflowID = 65534

// Lookup finds a user by name or number. "nobody" there always is. A number that no user
// has comes without groups.
func Lookup(name string) (*Identity, error) {
	u, err := user.Lookup(name)
	if err == nil {
		return identity(u)
	}
	var unknown user.UnknownUserError
	if !errors.As(err, &unknown) {
		return nil, err
	}
	if name == "nobody" {
		return &Identity{UID: overflowID, GID: overflowID}, nil
	}
	uid, numErr := strconv.ParseUint(name, 10, 32)
	if numErr != nil {
		return nil, err
	}
	if u, err := user.LookupId(name); err == nil {
		return identity(u)
	}
	return &Identity{UID: uint32(uid), GID: overflowID}, nil
}

func identity(u *user.User) (*Identity, error) {
	uid, err := parseID(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := parseID(u.Gid)
	if err != nil {
		return nil, err
	}
	names, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("script: groups of %s: %w", u.Username, err)
	}
	groups := make([]uint32, len(names))
	for i, name := range names {
		if groups[i], err = parseID(name); err != nil {
			return nil, err
		}
	}
	return &Identity{uid, gid, groups}, nil
}

func parseID(s string) (uint32, error) {
	id, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("script: user or group %q: %w", s, err)
	}
	return uint32(id), nil
}

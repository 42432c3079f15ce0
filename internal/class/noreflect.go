//go:build httpserver_noreflect

package class

import (
	"fmt"
	"reflect"
)

func verbsOf(reflect.Type) (map[string]int, error) { return nil, nil }

func bind(any, int) func() { return nil }

// Missing says that t lacks a method of want. Which one it is takes reflection
// on methods to find out.
func Missing(t, want reflect.Type) error {
	return fmt.Errorf("%v overrides a hook of %v with another signature", t, want)
}

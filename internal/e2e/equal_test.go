package e2e

import (
	"reflect"
	"testing"
)

// equal fails where got is not want.
func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot:  %#v\nwant: %#v", what, got, want)
	}
}

package urlpath

import "testing"

// TestAllocations: a path that is spelled plainly is taken out of the target as it stands.
func TestAllocations(t *testing.T) {
	for _, target := range []string{"/", "/static/css/main.css?v=1", "/dir/#fragment", "http://host/file"} {
		if got := testing.AllocsPerRun(100, func() { Local(Unquote(Of(target)), false) }); got != 0 {
			t.Errorf("%s: %v allocations", target, got)
		}
	}
}

func BenchmarkLocal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Local(Unquote(Of("/static/css/main.css?v=1")), false)
	}
}

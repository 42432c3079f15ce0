package script

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// enterAll has n callers wait in order, and returns what tells how each fared.
func enterAll(ctx context.Context, set *Set, n, limit int, patience time.Duration) <-chan entered {
	results := make(chan entered, n)
	for i := range n {
		go func() {
			turn, err := set.Enter(ctx, limit, patience)
			results <- entered{i, turn, err}
		}()
		synctest.Wait()
	}
	return results
}

type entered struct {
	who  int
	turn *Turn
	err  error
}

func mustEnter(t *testing.T, set *Set, limit int) *Turn {
	t.Helper()
	turn, err := set.Enter(t.Context(), limit, 0)
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

func TestEnterInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set Set
		held := mustEnter(t, &set, 1)
		results := enterAll(t.Context(), &set, 5, 1, time.Minute)
		held.Leave()
		held.Leave() // once is all it does
		var order []int
		for range 5 {
			synctest.Wait()
			if len(results) != 1 {
				t.Fatalf("%d have entered at once", len(results))
			}
			r := <-results
			if r.err != nil {
				t.Fatal(r.err)
			}
			order = append(order, r.who)
			r.turn.Leave()
		}
		if want := []int{0, 1, 2, 3, 4}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		mustEnter(t, &set, 1).Leave()
	})
}

func TestEnterGivesUp(t *testing.T) {
	cause := errors.New("cause")
	for _, test := range []struct {
		name string
		end  func(*Set, context.CancelCauseFunc)
		want error
	}{
		{"after its patience", func(*Set, context.CancelCauseFunc) {}, ErrFull},
		{"with the context", func(_ *Set, cancel context.CancelCauseFunc) { cancel(cause) }, cause},
		{"with the set", func(set *Set, _ context.CancelCauseFunc) { set.Close() }, ErrClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var set Set
				held := mustEnter(t, &set, 1)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				begun := time.Now()
				results := enterAll(ctx, &set, 3, 1, 10*time.Second)
				test.end(&set, cancel)
				for range 3 {
					if r := <-results; r.err != test.want || r.turn != nil {
						t.Errorf("%d: %v, want %v", r.who, r.err, test.want)
					}
				}
				if waited := time.Since(begun); test.want == ErrFull && waited != 10*time.Second {
					t.Errorf("gave up after %v", waited)
				}
				held.Leave()
				if set.running != 0 || set.waiting.Len() != 0 {
					t.Errorf("%d run, %d wait", set.running, set.waiting.Len())
				}
			})
		})
	}
}

func TestEnterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set Set
		a, b := mustEnter(t, &set, 2), mustEnter(t, &set, 2)
		results := enterAll(t.Context(), &set, 2*waitersPerTurn+1, 2, time.Minute)
		if r := <-results; r.err != ErrFull || r.who != 2*waitersPerTurn {
			t.Errorf("%d: %v, want %v", r.who, r.err, ErrFull)
		}
		if len(results) != 0 {
			t.Error("more have given up")
		}
		a.Leave()
		b.Leave()
		for range 2 * waitersPerTurn {
			r := <-results
			if r.err != nil {
				t.Fatal(r.err)
			}
			r.turn.Leave()
		}
	})
}

func TestEnterAtOnceOrNot(t *testing.T) {
	var set Set
	for range 100 {
		defer mustEnter(t, &set, -1).Leave() // no limit
	}
	for _, test := range []struct {
		name     string
		limit    int
		patience time.Duration
	}{
		{"no patience", 100, 0},
		{"no turns at all", 0, time.Hour},
	} {
		if _, err := set.Enter(t.Context(), test.limit, test.patience); err != ErrFull {
			t.Errorf("%s: %v, want %v", test.name, err, ErrFull)
		}
	}
	mustEnter(t, &set, 101).Leave()
}

// One that gives up lets those pass that waited behind it, for more.
func TestEnterWithLimitsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set Set
		held := []*Turn{mustEnter(t, &set, 2), mustEnter(t, &set, 2)}
		few := enterAll(t.Context(), &set, 1, 1, time.Second)
		more := enterAll(t.Context(), &set, 1, 3, time.Minute)
		if r := <-few; r.err != ErrFull {
			t.Error(r.err)
		}
		r := <-more
		if r.err != nil {
			t.Fatal(r.err)
		}
		for _, turn := range append(held, r.turn) {
			turn.Leave()
		}
		if set.running != 0 {
			t.Errorf("%d run", set.running)
		}
	})
}

func TestCloseAnEmptySet(t *testing.T) {
	var set Set
	set.Close()
	set.Close()
	if _, err := set.Enter(t.Context(), -1, 0); err != ErrClosed {
		t.Error(err)
	}
}

func TestStartInAClosedSet(t *testing.T) {
	b := newBench(t)
	turn := mustEnter(t, &b.set, 1)
	b.set.Close()
	if _, err := turn.Start(b.program("hello")); err != ErrClosed {
		t.Errorf("%v, want %v", err, ErrClosed)
	}
	turn.Leave()
}

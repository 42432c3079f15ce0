package main

import (
	"cmp"
	"slices"
	"sync"
)

// A Note is what the API is about.
type Note struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
}

// Notes are kept in memory. They may be used by several goroutines.
type Notes struct {
	mu   sync.Mutex
	last int
	byID map[int]Note
}

// All gives all notes, the oldest first.
func (n *Notes) All() []Note {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]Note, 0, len(n.byID))
	for _, note := range n.byID {
		all = append(all, note)
	}
	slices.SortFunc(all, func(a, b Note) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Get gives the note of that ID.
func (n *Notes) Get(id int) (note Note, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	note, ok = n.byID[id]
	return note, ok
}

// Add keeps a text as a new note.
func (n *Notes) Add(text string) Note {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byID == nil {
		n.byID = map[int]Note{}
	}
	n.last++
	note := Note{n.last, text}
	n.byID[note.ID] = note
	return note
}

// Delete forgets the note of that ID, and reports whether there was one.
func (n *Notes) Delete(id int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, ok := n.byID[id]
	delete(n.byID, id)
	return ok
}

// Package argparse reads a command line as Python's argparse does, and complains in its words.
//
// It has what one command needs: options with no value, a fixed number of them, or some that may be left out, and
// one positional argument that may be left out.
package argparse

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Parser knows a program's arguments. Make one with New.
type Parser struct {
	prog  string
	width int
	args  []*Argument
}

// An Argument is one that a Parser knows.
type Argument struct {
	names  []string // of an option; none for the positional
	values []string // what the usage calls the values of an option
	least  int      // how many of them it needs
	more   func(taken []string) bool
	name   string // the positional's
	help   string
	set    func(values []string) error
}

// An Exit is what Parse gives where an option, as --help, only shows something: the program prints the text
// to standard output and has done its work.
type Exit struct{ Text string }

func (e *Exit) Error() string { return e.Text }

// New makes a parser for the program that is called prog, with the option --help. What it shows fits a
// terminal of so many columns.
func New(prog string, columns int) *Parser {
	p := &Parser{prog: prog, width: columns - 2}
	p.Add("-h --help", "", "show this help message and exit", func([]string) error { return &Exit{p.Help()} })
	return p
}

// Add adds an argument. names are an option's spellings, "-b --bind", and values what follows it, one word for
// each: "ADDRESS". The last may be in brackets, "[FILE]": these values may be left out. Names without a dash are
// the name of the positional argument. set is called with the values each time the argument is met.
func (p *Parser) Add(names, values, help string, set func(values []string) error) *Argument {
	a := &Argument{help: help, set: set}
	if strings.HasPrefix(names, "-") {
		a.names, a.values = strings.Fields(names), strings.Fields(values)
		for _, v := range a.values {
			if !strings.HasPrefix(v, "[") {
				a.least++
			}
		}
	} else {
		a.name = names
	}
	p.args = append(p.args, a)
	return a
}

// While says when an option takes one more of the values that may be left out, beside those that it has taken.
// Without it, it takes all that there are.
//
// Unlike argparse, which looks at nothing but the number of values.
func (a *Argument) While(more func(taken []string) bool) { a.more = more }

// Print gives what an option as --version does: it shows text.
func (p *Parser) Print(text string) func([]string) error {
	return func([]string) error {
		return &Exit{strings.Join(wrap(text, max(p.width, minWidth)), "\n") + "\n"}
	}
}

// Complain gives what the program prints to standard error before it exits with status 2.
func (p *Parser) Complain(err error) string {
	return p.Usage() + printable(fmt.Sprintf("%s: error: %v\n", p.prog, err))
}

// Parse reads the arguments, without the program's name, and calls their set functions in that order, until one
// fails. The error is for Complain, unless it is an *Exit.
func (p *Parser) Parse(args []string) error {
	words, err := p.readAll(args)
	if err != nil {
		return err
	}
	positional := p.positional()
	var unrecognized []string
	for len(words) > 0 {
		n := 1
		switch w := words[0]; {
		case w.kind == option && w.arg != nil:
			n, err = p.takeOption(words)
		case w.kind != option && positional != nil:
			n, err = positional.takeValue(words)
			positional = nil
		default:
			unrecognized = append(unrecognized, w.text)
		}
		if err != nil {
			return err
		}
		words = words[n:]
	}
	if unrecognized != nil {
		return errors.New("unrecognized arguments: " + strings.Join(unrecognized, " "))
	}
	return nil
}

// A word is an argument of the command line and what it is by itself.
type word struct {
	kind kind
	text string
	// Of an option:
	arg      *Argument // nil where there is no such option
	name     string    // in full
	attached string    // what stands behind "=" or the letter
	joined   bool      // there is something attached, be it ""
}

type kind int

const (
	value     kind = iota
	option         // looks like one
	separator      // the first "--": all that follow are values
)

func (p *Parser) readAll(args []string) ([]word, error) {
	words := make([]word, 0, len(args))
	for i, arg := range args {
		if arg == "--" {
			words = append(words, word{kind: separator, text: arg})
			for _, arg := range args[i+1:] {
				words = append(words, word{kind: value, text: arg})
			}
			break
		}
		w, err := p.read(arg)
		if err != nil {
			return nil, err
		}
		words = append(words, w)
	}
	return words, nil
}

// read tells what an argument is that no "--" stands before. With a dash before it, it is still a value where
// it is a negative number or has a space in it, and is not known as an option.
func (p *Parser) read(arg string) (word, error) {
	if !strings.HasPrefix(arg, "-") || arg == "-" {
		return word{kind: value, text: arg}, nil
	}
	if a := p.find(arg); a != nil {
		return word{kind: option, text: arg, arg: a, name: arg}, nil
	}
	if name, attached, ok := strings.Cut(arg, "="); ok {
		if a := p.find(name); a != nil {
			return word{option, arg, a, name, attached, true}, nil
		}
	}
	switch meant := p.complete(arg); {
	case len(meant) == 1:
		return meant[0], nil
	case len(meant) > 1:
		names := make([]string, len(meant))
		for i, w := range meant {
			names[i] = w.name
		}
		return word{}, fmt.Errorf("ambiguous option: %s could match %s", arg, strings.Join(names, ", "))
	case isNegativeNumber(arg) || strings.Contains(arg, " "):
		return word{kind: value, text: arg}, nil
	}
	return word{kind: option, text: arg}, nil
}

func (p *Parser) find(name string) *Argument {
	for _, a := range p.args {
		for _, n := range a.names {
			if n == name {
				return a
			}
		}
	}
	return nil
}

// complete gives the options that arg can stand for: a long one's beginning, with or without a value, or a short
// one with something joined to it.
func (p *Parser) complete(arg string) (meant []word) {
	prefix, attached, joined := strings.Cut(arg, "=")
	long := isLong(arg)
	if !long {
		prefix, attached, joined = arg[:2], arg[2:], true
	}
	for _, a := range p.args {
		for _, name := range a.names {
			if name == prefix || long && strings.HasPrefix(name, prefix) {
				meant = append(meant, word{option, arg, a, name, attached, joined})
			}
		}
	}
	return meant
}

func isLong(name string) bool { return strings.HasPrefix(name, "--") }

// isNegativeNumber reports whether s is
//
//	"-" ( 1*DIGIT / *DIGIT "." 1*DIGIT ) [ LF ]
//
// with the digits of any script. The line end is what "$" allows in Python's expression.
func isNegativeNumber(s string) bool {
	whole, fraction, point := strings.Cut(strings.TrimSuffix(s[1:], "\n"), ".")
	last := whole
	if point {
		last = fraction
	}
	notDigit := func(r rune) bool { return !unicode.IsDigit(r) }
	return last != "" && strings.IndexFunc(whole+fraction, notDigit) < 0
}

func (p *Parser) positional() *Argument {
	for _, a := range p.args {
		if a.names == nil {
			return a
		}
	}
	return nil
}

// takeValue takes the positional argument, and with it a separator on either side. It returns the number of
// words that this took.
func (a *Argument) takeValue(words []word) (n int, err error) {
	var values []string
	for ; n < len(words); n++ {
		if words[n].kind == separator {
			continue
		}
		if words[n].kind == option || values != nil {
			break
		}
		values = []string{words[n].text}
	}
	if values == nil {
		return n, nil
	}
	return n, a.take(values)
}

// takeOption takes the option that words begin with, or a cluster of them, and the values of the last. It
// returns the number of words that this took.
func (p *Parser) takeOption(words []word) (n int, err error) {
	cluster, err := p.unfold(words[0])
	if err != nil {
		return 0, err
	}
	last := len(cluster) - 1
	values, n, err := cluster[last].valuesFrom(words[1:])
	if err != nil {
		return 0, err
	}
	for _, flag := range cluster[:last] {
		if err := flag.arg.take(nil); err != nil {
			return 0, err
		}
	}
	return 1 + n, cluster[last].arg.take(values)
}

// unfold splits a word as "-xyz" into the options x, y and z; of these, the last alone can have a value.
func (p *Parser) unfold(w word) (cluster []word, err error) {
	for w.joined && len(w.arg.values) == 0 {
		_, n := utf8.DecodeRuneInString(w.attached)
		next := p.find("-" + w.attached[:n])
		if isLong(w.name) || next == nil {
			return nil, w.arg.fault("ignored explicit argument " + Quote(w.attached))
		}
		cluster = append(cluster, w)
		w = word{option, w.text, next, "-" + w.attached[:n], w.attached[n:], w.attached[n:] != ""}
	}
	return append(cluster, w), nil
}

// valuesFrom gives the values of an option: the attached one, or as many of the words behind it as it wants.
//
// Unlike CPython before 3.13, an attached "--" is a value like any other: there the option gets an empty list.
func (w word) valuesFrom(behind []word) (values []string, n int, err error) {
	if w.joined {
		values = []string{w.attached}
	} else {
		for n < len(behind) && behind[n].kind == value && w.arg.wants(values) {
			values = append(values, behind[n].text)
			n++
		}
	}
	least, most := w.arg.least, len(w.arg.values)
	switch {
	case len(values) >= least:
		return values, n, nil
	case least < most:
		return nil, 0, w.arg.fault("expected at least one argument")
	case least == 1:
		return nil, 0, w.arg.fault("expected one argument")
	}
	return nil, 0, w.arg.fault(fmt.Sprintf("expected %d arguments", least))
}

// wants reports whether the option takes one more value beside those that it has taken.
func (a *Argument) wants(taken []string) bool {
	return len(taken) < a.least || len(taken) < len(a.values) && (a.more == nil || a.more(taken))
}

// take sets the argument.
func (a *Argument) take(values []string) error {
	err := a.set(values)
	if _, ok := errors.AsType[*Exit](err); ok || err == nil {
		return err
	}
	return a.fault(err.Error())
}

// fault says which argument is at fault.
func (a *Argument) fault(message string) error {
	name := a.name
	if a.names != nil {
		name = strings.Join(a.names, "/")
	}
	return fmt.Errorf("argument %s: %s", name, message)
}

package argparse

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	minWidth    = 11 // of a column of text, however narrow the terminal
	helpColumn  = 24 // where the help begins, at the most
	leastIndent = 4  // where it begins on a terminal too narrow for two columns
	helpIndent  = 2
)

// Usage gives the line, or the lines, that sum up the arguments.
func (p *Parser) Usage() string {
	const prefix = "usage: "
	options, positionals := p.usageParts()
	all := append([]string{p.prog}, append(options, positionals...)...)
	if line := prefix + strings.Join(all, " "); utf8.RuneCountInString(line) <= p.width {
		return line + "\n"
	}
	// The positionals have lines of their own.
	head := prefix + p.prog
	lines := []string{head}
	if indent := len(head) + 1; float64(len(head)) <= 0.75*float64(p.width) {
		lines = fill(lines, options, indent, p.width)
		if options != nil && positionals != nil {
			lines = append(lines, "")
		}
		lines = fill(lines, positionals, indent, p.width)
	} else if lines = fill([]string{head, ""}, append(options, positionals...), len(prefix), p.width); len(lines) > 2 {
		lines = fill([]string{head, ""}, options, len(prefix), p.width)
		lines = fill(append(lines, ""), positionals, len(prefix), p.width)
	}
	return strings.Join(lines, "\n") + "\n"
}

// usageParts gives the arguments as the usage has them: "[-b ADDRESS]".
func (p *Parser) usageParts() (options, positionals []string) {
	for _, a := range p.args {
		if a.names == nil {
			positionals = append(positionals, "["+a.name+"]")
		} else {
			options = append(options, "["+a.spell(a.names[0])+"]")
		}
	}
	return options, positionals
}

// spell gives an option by one of its names, with its values.
func (a *Argument) spell(name string) string {
	return strings.Join(append([]string{name}, a.values...), " ")
}

// fill adds parts to the last line, and to new ones that begin with an indent as the width demands. A line has
// at least one part of its own.
func fill(lines, parts []string, indent, width int) []string {
	for _, part := range parts {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = strings.Repeat(" ", indent) + part
		case len(*last) > indent && utf8.RuneCountInString(*last+part)+1 > width:
			lines = append(lines, strings.Repeat(" ", indent)+part)
		default:
			*last += " " + part
		}
	}
	return lines
}

// Help gives the usage and, for each argument, its help.
func (p *Parser) Help() string {
	var b strings.Builder
	b.WriteString(p.Usage())
	column := p.helpColumn()
	for _, section := range []struct {
		heading string
		options bool
	}{{"positional arguments:", false}, {"options:", true}} {
		heading := "\n" + section.heading + "\n"
		for _, a := range p.args {
			if section.options == (a.names != nil) {
				b.WriteString(heading)
				heading = ""
				a.writeHelp(&b, column, max(p.width-column, minWidth))
			}
		}
	}
	return b.String()
}

// helpColumn is where the help of all arguments begins: behind the longest of them, unless that is too far.
func (p *Parser) helpColumn() int {
	longest := 0
	for _, a := range p.args {
		longest = max(longest, utf8.RuneCountInString(a.heading()))
	}
	return min(helpIndent+longest+2, helpColumn, max(p.width-20, leastIndent))
}

// heading gives an argument as its help has it: "-b ADDRESS, --bind ADDRESS".
func (a *Argument) heading() string {
	if a.names == nil {
		return a.name
	}
	spelled := make([]string, len(a.names))
	for i, name := range a.names {
		spelled[i] = a.spell(name)
	}
	return strings.Join(spelled, ", ")
}

// writeHelp writes an argument and its help, beside it where there is room.
func (a *Argument) writeHelp(b *strings.Builder, column, width int) {
	heading := a.heading()
	room := column - helpIndent - 2
	if utf8.RuneCountInString(heading) > room {
		fmt.Fprintf(b, "%*s%s\n%*s", helpIndent, "", heading, column, "")
	} else {
		fmt.Fprintf(b, "%*s%-*s  ", helpIndent, "", room, heading)
	}
	for i, line := range wrap(a.help, width) {
		if i > 0 {
			fmt.Fprintf(b, "%*s", column, "")
		}
		b.WriteString(line + "\n")
	}
}

// wrap breaks text into lines of the given width, as Python's textwrap does: between words, behind a hyphen
// within one, and anywhere in a piece that is longer than a line.
func wrap(text string, width int) (lines []string) {
	for _, word := range strings.Fields(text) {
		glue := " "
		for _, piece := range pieces(word) {
			if lines == nil {
				lines, glue = []string{""}, ""
			}
			last := &lines[len(lines)-1]
			if len(*last)+len(glue)+len(piece) <= width {
				*last += glue + piece
				glue = ""
				continue
			}
			if len(piece) > width { // it begins where there is room for some of it
				if room := width - len(*last) - len(glue); room > 0 {
					n := breakAt(piece, room)
					*last += glue + piece[:n]
					piece = piece[n:]
				}
			}
			for ; len(piece) > width; piece = piece[breakAt(piece, width):] {
				lines = append(lines, piece[:breakAt(piece, width)])
			}
			lines = append(lines, piece)
			glue = ""
		}
	}
	return lines
}

// breakAt tells how much of a piece to leave in room for less of it: up to a hyphen, if it has one there.
func breakAt(piece string, room int) int {
	if i := strings.LastIndexByte(piece[:room], '-'); i > 0 && strings.Trim(piece[:i], "-") != "" {
		return i + 1
	}
	return room
}

// pieces splits a word behind those of its hyphens that have two letters on either side.
func pieces(word string) (split []string) {
	start := 0
	for i := 2; i+2 < len(word); i++ {
		if word[i] == '-' && isLetter(word[i-2]) && isLetter(word[i-1]) && beginsWord(word[i+1:]) {
			split = append(split, word[start:i+1])
			start = i + 1
		}
	}
	return append(split, word[start:])
}

// beginsWord reports whether s begins with two letters, with or without a hyphen between them.
func beginsWord(s string) bool {
	return isLetter(s[0]) && (isLetter(s[1]) || s[1] == '-' && len(s) > 2 && isLetter(s[2]))
}

func isLetter(c byte) bool { return c < utf8.RuneSelf && unicode.IsLetter(rune(c)) }

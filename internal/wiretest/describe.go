package wiretest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An Answer is what came of one request: on the connection, and in the log.
type Answer struct {
	Messages []Message
	Log      []string
}

// Describe tells two answers apart, in Markdown. It gives the same texts for the same pair and for no other, but for
// collisions of 32 bits: what is left out is the same in both. Answers that are equal are "" and "".
//
// Where the status lines agree, the field lines that differ are spelled out, "…5" stands for five lines in a row that
// both have, and content and log follow where they differ. Where they do not, the status lines stand for all, and a
// digest of everything, log and content, makes sure of the rest.
func Describe(a, b Answer) (string, string) {
	if !slices.EqualFunc(a.Messages, b.Messages, func(m, n Message) bool { return m.Status == n.Status }) {
		return a.describe(), b.describe()
	}
	var x, y []string
	for i := range a.Messages {
		u, v := describePair(a.Messages[i], b.Messages[i])
		x, y = append(x, u...), append(y, v...)
	}
	switch {
	case !slices.Equal(a.Log, b.Log):
		x, y = append(x, describeLog(a.Log)...), append(y, describeLog(b.Log)...)
	case slices.Equal(x, y):
		return "", ""
	}
	return strings.Join(x, "<br>"), strings.Join(y, "<br>")
}

// describe describes an answer by itself.
func (a Answer) describe() string {
	if a.Messages == nil {
		return strings.Join(append([]string{"nothing"}, describeLog(a.Log)...), "<br>")
	}
	var lines []string
	for _, m := range a.Messages {
		switch {
		case m.Status != "":
			lines = append(lines, code(m.Status))
		case len(m.Content) <= maxLiteral:
			lines = append(lines, "no head, "+literal(m.Content))
		default:
			lines = append(lines, fmt.Sprintf("no head, %d bytes", len(m.Content)))
		}
	}
	return strings.Join(lines, "<br>") + " " + digest(fmt.Sprintf("%q %q", a.Messages, a.Log))
}

// describePair describes two messages with the same status line.
func describePair(m, n Message) (x, y []string) {
	if m.Status != "" {
		x, y = append(x, code(m.Status)), append(y, code(n.Status))
	}
	common := 0
	flush := func() {
		if common > 0 {
			same := "…" + strconv.Itoa(common)
			x, y, common = append(x, same), append(y, same), 0
		}
	}
	differ := false
	for p, q := m.Fields, n.Fields; len(p) > 0 || len(q) > 0; {
		switch {
		case len(p) > 0 && len(q) > 0 && p[0] == q[0]:
			common++
			p, q = p[1:], q[1:]
			continue
		case len(q) == 0 || len(p) > 0 && overlap(p[1:], q) >= overlap(p, q[1:]):
			flush()
			x, p = append(x, code(p[0])), p[1:]
		default:
			flush()
			y, q = append(y, code(q[0])), q[1:]
		}
		differ = true
	}
	if differ {
		flush()
	}
	if m.Content != n.Content {
		x, y = append(x, content(m.Content)), append(y, content(n.Content))
	}
	return x, y
}

// overlap is the length of the longest common subsequence of two short lists.
func overlap(p, q []string) int {
	row := make([]int, len(q)+1)
	for i := range p {
		diagonal := 0
		for j := range q {
			above := row[j+1]
			if row[j+1] = max(above, row[j]); p[i] == q[j] {
				row[j+1] = diagonal + 1
			}
			diagonal = above
		}
	}
	return row[len(q)]
}

// maxLiteral is how long a content may be to be spelled out.
const maxLiteral = 60

func content(s string) string {
	if len(s) <= maxLiteral {
		return "content " + literal(s)
	}
	return fmt.Sprintf("content of %d bytes %s", len(s), digest(s))
}

func describeLog(lines []string) []string {
	if lines == nil {
		return []string{"log: nothing"}
	}
	described := make([]string, len(lines))
	for i, line := range lines {
		described[i] = "log: " + code(line)
	}
	return described
}

// code makes s a code span: what a literal has between its quotation marks, which stand for themselves here.
func code(s string) string {
	quoted := strconv.Quote(s)
	return "`" + plain(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)) + "`"
}

// literal makes s a code span that quotes it as Go does.
func literal(s string) string { return "`" + plain(strconv.Quote(s)) + "`" }

// plain spells the two characters that mean something in a table's code span.
func plain(quoted string) string {
	return strings.NewReplacer("|", `\x7c`, "`", `\x60`).Replace(quoted)
}

func digest(s string) string { return fmt.Sprintf("#%x", sha256.Sum256([]byte(s)))[:9] }

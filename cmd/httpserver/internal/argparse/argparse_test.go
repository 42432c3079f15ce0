package argparse

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/httpserver/internal/pythontest"
)

// An outcome is what became of a command line.
type outcome struct {
	Out    string // shown by --help and the like
	Err    string // the complaint, with the usage
	Values []string
}

// A trial is a command line for the parser of the command, or, with More, for one with arguments of other kinds.
type trial struct {
	Args    [][]byte
	Columns int
	More    bool
}

// newParser makes the parser of a trial. Each argument notes the values that it is set to.
func (t trial) newParser(note func(name string, values []string)) *Parser {
	p := New("httpserver", t.Columns)
	noting := func(name string) func([]string) error {
		return func(values []string) error {
			note(name, values)
			return nil
		}
	}
	oneOf := func(name string, choices ...string) func([]string) error {
		return func(values []string) error {
			var choice string
			err := OneOf(&choice, choices...)(values)
			if err == nil {
				note(name, values)
			}
			return err
		}
	}
	if t.More {
		p.Add("--cgi", "", "run as CGI server", noting("cgi"))
	}
	p.Add("-b --bind", "ADDRESS", "bind to this address (default: all interfaces)", noting("bind"))
	p.Add("-d --directory", "DIRECTORY", "serve this directory (default: current directory)", noting("directory"))
	p.Add("-p --protocol", "VERSION", "conform to this HTTP version (default: HTTP/1.0)", oneOf("protocol", "HTTP/1.0", "HTTP/1.1"))
	if t.More {
		p.Add("--tls-cert", "PATH", "path to the TLS certificate chain file", noting("tls_cert"))
		p.Add("--tls-key", "PATH", "path to the TLS key file", noting("tls_key"))
		p.Add("-H --header", "NAME VALUE", "Add a custom response header (can be used multiple times)", noting("header"))
		p.Add("-q --quiet", "", "a well-known, half-baked flag-of-convenience: log nothing", noting("quiet"))
		p.Add("--content-type", "TYPE", "the fallback (default: application/octet-stream)", noting("content_type"))
		p.Add("--spa", "[FILE]", "answer with this file what is not there (default: index.html)", Const("index.html", noting("spa")))
		p.Add("--listing", Braced("plain", "rich", "none"), "how to list a directory", oneOf("listing", "plain", "rich", "none"))
		p.Add("-c --color", "["+Braced("always", "auto")+"]", "colors", Const("auto", oneOf("color", "always", "auto")))
		p.Add("-C", "[WHEN]", "a default that is no choice", Const("no choice", oneOf("C", "x")))
	}
	p.Add("-V --version", "", "show program's version number and exit", p.Print("httpserver 0.1.0"))
	p.Add("port", "", "bind to this port (default: 8000)", func(values []string) error {
		n, ok := ParseInt(values[0])
		if !ok {
			return errors.New("invalid int value: " + Quote(values[0]))
		}
		note("port", []string{strconv.Itoa(n)})
		return nil
	})
	return p
}

func (t trial) run() (o outcome) {
	args := make([]string, len(t.Args))
	for i, arg := range t.Args {
		args[i] = string(arg)
	}
	o.Values = []string{}
	p := t.newParser(func(name string, values []string) {
		plain := make([]string, len(values))
		for i, v := range values {
			plain[i] = printable(v)
		}
		o.Values = append(o.Values, fmt.Sprintf("%s=%q", name, plain))
	})
	err := p.Parse(args)
	if exit, ok := errors.AsType[*Exit](err); ok {
		o.Out = exit.Text
	} else if err != nil {
		o.Err = p.Complain(err)
	}
	if err != nil {
		o.Values = []string{}
	}
	return o
}

const python = `
import argparse, base64, contextlib, io, os

class Note(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        if isinstance(values, int) and not self.option_strings and values is self.default:
            return
        values = values if isinstance(values, list) else [values]
        namespace.notes.append((self.dest, values))

def make(more):
    p = argparse.ArgumentParser(prog='httpserver')
    if more:
        p.add_argument('--cgi', action=Note, nargs=0, help='run as CGI server')
    p.add_argument('-b', '--bind', action=Note, metavar='ADDRESS', help='bind to this address (default: all interfaces)')
    p.add_argument('-d', '--directory', action=Note, help='serve this directory (default: current directory)')
    p.add_argument('-p', '--protocol', action=Note, metavar='VERSION', choices=['HTTP/1.0', 'HTTP/1.1'],
                   default='HTTP/1.0', help='conform to this HTTP version (default: %(default)s)')
    if more:
        p.add_argument('--tls-cert', action=Note, metavar='PATH', help='path to the TLS certificate chain file')
        p.add_argument('--tls-key', action=Note, metavar='PATH', help='path to the TLS key file')
        p.add_argument('-H', '--header', action=Note, nargs=2, metavar=('NAME', 'VALUE'),
                       help='Add a custom response header (can be used multiple times)')
        p.add_argument('-q', '--quiet', action=Note, nargs=0,
                       help='a well-known, half-baked flag-of-convenience: log nothing')
        p.add_argument('--content-type', action=Note, metavar='TYPE',
                       help='the fallback (default: application/octet-stream)')
        p.add_argument('--spa', action=Note, nargs='?', const='index.html', metavar='FILE',
                       help='answer with this file what is not there (default: %(const)s)')
        p.add_argument('--listing', action=Note, choices=['plain', 'rich', 'none'], help='how to list a directory')
        p.add_argument('-c', '--color', action=Note, nargs='?', const='auto', choices=['always', 'auto'], help='colors')
        p.add_argument('-C', action=Note, nargs='?', const='no choice', choices=['x'], metavar='WHEN',
                       help='a default that is no choice')
    p.add_argument('-V', '--version', action='version', version='httpserver 0.1.0')
    p.add_argument('port', action=Note, type=int, nargs='?', default=8000, help='bind to this port (default: %(default)s)')
    return p

def show(values):
    # as Go's %q of a []string, for what stands in the trials
    quote = lambda s: '"' + s.encode('utf-8', 'backslashreplace').decode().replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n').replace('\t', '\\t') + '"'
    return '[' + ' '.join(quote(str(v)) for v in values) + ']'

parsers = {more: make(more) for more in (False, True)}
out = []
for trial in inp:
    os.environ['COLUMNS'] = str(trial['Columns'])
    args = [base64.b64decode(a).decode('utf-8', 'surrogateescape') for a in trial['Args'] or []]
    stdout, stderr = io.StringIO(), io.StringIO()
    namespace = argparse.Namespace(notes=[])
    values = []
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            parsers[trial['More']].parse_args(args, namespace)
            values = ['%s=%s' % (name, show(v)) for name, v in namespace.notes]
        except SystemExit as e:
            if e.code != (2 if stderr.getvalue() else 0):
                raise
    plain = lambda s: s.encode('utf-8', 'backslashreplace').decode()
    out.append({'Out': plain(stdout.getvalue()), 'Err': plain(stderr.getvalue()), 'Values': values})
`

// compare runs trials past the real argparse.
func compare(t *testing.T, trials []trial) {
	t.Helper()
	var want []outcome
	version := pythontest.Run(t, python, trials, &want)
	if !version.Before(3, 12) {
		t.Skip("argparse has changed since Python 3.11, which we follow")
	}
	for i, trial := range trials {
		got := trial.run()
		if got.Out != want[i].Out || got.Err != want[i].Err || !slices.Equal(got.Values, want[i].Values) {
			t.Errorf("%q in %d columns:\n got %+q\nwant %+q", trial.Args, trial.Columns, got, want[i])
		}
	}
}

func trialOf(more bool, args ...string) trial {
	t := trial{Columns: 80, More: more}
	for _, arg := range args {
		t.Args = append(t.Args, []byte(arg))
	}
	return t
}

func TestParse(t *testing.T) {
	var trials []trial
	for _, line := range []string{
		"", "8000", "0", "8000 9000", "8000 9000 7000", "abc", "8000 -b ::1", "-b ::1 8000", "-b ::1 8000 -d x", "8000 -b ::1 9000",
		"-b ::1 8000 -d x 9000", "8000 9000 -b ::1 1 -d x 2",
		// a short option and its value
		"-b", "-b x", "-bx", "-b=x", "-b= x", "-b=", "-bx=y", "-b==", "-p8000", "-pHTTP/1.1", "-p=HTTP/1.1", "-p HTTP/1.1", "-pHTTP/2",
		"-p http/1.1", "-d", "-d -b", "-d -bx", "-b x -b y", "-bind x", "-directory", "-x", "-xb", "-b -x", "-é", "-hé",
		// a long one
		"--bind x", "--bind=x", "--bind=", "--bind==", "--bind", "--bind --directory", "--bindx", "--bindx=y", "--bind=x=y", "--BIND x",
		// prefixes
		"--b x", "--bi=x", "--d=x", "--dir x", "--dir=x", "--p HTTP/1.1", "--pro=HTTP/1.1", "--h", "--he", "--v", "--ver", "--x", "--x=y",
		"---", "---bind", "--=", "--=x", "--help=x", "--h=x", "--h=", "--version=1",
		// clusters
		"-h", "-V", "-hV", "-Vh", "-hb", "-hbx", "-hb x", "-Vbx", "-hx", "-h=", "-h=x", "-h=V", "-h-", "-h--help", "-hVx", "-hhh", "-V8000",
		"-bh", "8000 -h", "abc -h", "-h abc", "-h -b", "-b -h", "-x -h", "-h -x", "--nope -V", "--b -h", "-h --=x", "-p x -h", "-h -p x",
		// what looks like an option
		"-", "-1", "-1.5", "-.5", "-1.", "-1a", "--1", "-b -1", "-d -1.5", "-b -", "- -", "-1 -2", "-1e5", "-٣", "-b -٣.٤", "-²", "- 8000",
		// the separator
		"--", "-- 8000", "8000 --", "-- --", "-- -- 8000", "-- 8000 --", "-- 8000 9000", "8000 -- 9000", "8000 9000 -- x", "-b --", "-b -- x",
		"-b x --", "-b x -- 8000", "8000 -b x --", "8000 -b x -- 9000", "-- -b x", "-- -h", "-b x -- -1", "8000 -- -h", "-h --", "-- -x y",
	} {
		for _, more := range []bool{false, true} {
			trials = append(trials, trialOf(more, strings.Fields(line)...))
		}
	}
	for _, line := range []string{
		"--cgi", "--cgi=x", "--cgi=", "--c", "--c x", "--cg", "--co x", "--cgi 80", "--tls", "--tls=x", "--tls-", "--tls-c x", "--tls-k=x", "--he", "--hea a b",
		"--h", "-H", "-H a", "-H a b", "-H a b c", "-H a b 80 -H c d", "-Ha b", "-H=a b", "--header=a b", "--header a -b c", "-H a -- b", "-H -1 -2",
		"-q", "-qh", "-qV", "-qqq", "-qb", "-qbx", "-qb x", "-qHa", "-qH a b", "-qH a", "-qx", "-q=q", "-q=", "-q=bx", "-qq=", "-q-q", "-q 80 -q", "-q -- 80", "--quiet=1",
		"-qqh", "-hq", "-qbq x",
		// a value that may be left out
		"--spa", "--spa x", "--spa 80", "80 --spa", "--spa 80 90", "--spa x y", "--spa --spa", "--spa=", "--spa=x", "--spa=x 80", "--spa -b x", "--spa -1", "--spa -",
		"--spa -- 80", "--spa -- x", "80 --spa --", "--spa=x -- 80", "-- 80 --spa", "--sp", "--sp=x y", "--spa -x", "--spa x --spa", "--spa -h",
		"-c", "-c auto", "-c x", "-cauto", "-c=auto", "-c=", "-cx", "-calways", "-c -b x", "-qc", "-qc always", "-qcalways", "-qc=always", "-cq", "-c -q", "--color", "--color=", "--color x", "-c 80",
		"80 -c", "-c -- 80", "-hc", "-c -h", "-c x -h", "-C", "-C x", "-Cx", "-C -h", "-C -- 80", "80 -C",
		// choices
		"--listing", "--listing rich", "--listing=none", "--listing x", "--listing=", "--l rich", "--listing rich --listing plain", "--listing Rich", "--listing rich,plain",
	} {
		trials = append(trials, trialOf(true, strings.Fields(line)...))
	}
	for _, args := range [][]string{
		{""}, {"", ""}, {"-b", ""}, {"-d", "", "80"}, {"--bind", ""}, {" "}, {"-x y"}, {"-x y", "80"}, {"-b", "-x y"}, {"--x y"}, {"--bind x"}, {"--bind x=y"},
		{"--b x"}, {"--bind=x y"}, {"-bx y"}, {"-h y"}, {"-1\n"}, {"-\n"}, {"-1\n2"}, {"-1.5\n"}, {"- 1"}, {"a'b"}, {`a"b`}, {`a'b"c`}, {`a\b`}, {"a\tb\nc\rd"},
		{"\x01\x7f\u0085\u00a0\u00ad"}, {"é€😀"}, {"\u200b\u2028\ue000\U000e0001\U0010ffff"}, {"\ufffd"}, {"\xff"}, {"\xef\xbf"}, {"-\xff"}, {"-h\xff"}, {"-b\xff"},
		{"80", "\xff", "\xed\xa0\x80"}, {"-p", "é\xff'"}, {"--\xc3"},
	} {
		trials = append(trials, trialOf(false, args...), trialOf(true, args...))
	}
	compare(t, trials)
}

// Words at random, of those that mean something.
func TestParseRandom(t *testing.T) {
	vocabulary := strings.Fields("80 x -1 -1.5 - -b -bx -b= -d -p HTTP/1.1 -pHTTP/1.1 -h -V -hV -hb --bind --b --bind=x --dir=y --d --h --v -x --x=y " +
		"-H -Ha -q -qq -qH -qb --header --head=1 --tls-c --tls --cgi --cg=1 --c --spa --spa=x --sp -c -calways always -qc -C --listing rich --listing=x")
	vocabulary = append(vocabulary, "--", "--", "", "-x y", " 8_0 ")
	random := rand.New(rand.NewPCG(1, 2))
	trials := make([]trial, 1500)
	for i := range trials {
		trials[i] = trialOf(i%2 == 0)
		for range random.IntN(6) {
			trials[i].Args = append(trials[i].Args, []byte(vocabulary[random.IntN(len(vocabulary))]))
		}
	}
	compare(t, trials)
}

func TestParseInt(t *testing.T) {
	trials := []trial{}
	for _, s := range []string{
		"0", "80", " 80 ", "\t80\n", "\v80\f\r", "+80", "-80", "--80", "+-80", "+ 80", "- 80", "8_0", "8__0", "_80", "80_", "+_80", "+8_0", "0080", "0_0", "00",
		"0x50", "0b1", "0o7", "80.", "80.0", "8e1", "8 0", "", " ", "+", "_", "70000", "65536", "1e3", "8000L", "²", "½", "Ⅷ", "八",
		"٨٠", "８０", "𝟖𝟎", "𝟿", "𝟶", "8٠", "\u00a080\u2003", "\u200b80", "\x1c80", "\x1c٨٠\x1f", "\x8580", "\u008580", "80\u3000", "+٨_٠", "−80", "80\xff",
		strings.Repeat("0", 4299) + "1", strings.Repeat("0", 4300) + "1", "0" + strings.Repeat("_0", 4299), strings.Repeat(" ", 5000) + "1",
	} {
		trials = append(trials, trialOf(false, s), trialOf(false, "--", s))
	}
	compare(t, trials)
}

// Every decimal digit there is.
func TestDigitValue(t *testing.T) {
	var want []int
	var digits []string
	for r := rune(0); r < 0x1d800; r++ {
		if n, ok := ParseInt(string(r)); ok {
			digits = append(digits, string(r))
			want = append(want, n)
		}
	}
	var got []*int
	pythontest.Run(t, `
import unicodedata
out = [unicodedata.decimal(c, None) for c in inp]
`, digits, &got)
	for i, digit := range digits {
		// A digit of a newer Unicode than Python's is none to it.
		if got[i] != nil && *got[i] != want[i] {
			t.Errorf("ParseInt(%q) = %d, want %d", digit, want[i], *got[i])
		}
	}
}

func TestParseIntRange(t *testing.T) {
	for _, tt := range []struct {
		in      string
		tooHigh bool
	}{
		{"999999999999999999999999", true},
		{"-999999999999999999999999", false},
	} {
		n, ok := ParseInt(tt.in)
		if !ok || n > 0 != tt.tooHigh {
			t.Errorf("ParseInt(%q) = %d, %v", tt.in, n, ok)
		}
	}
}

// The usage and the help at every width there is.
func TestHelp(t *testing.T) {
	var trials []trial
	for columns := 1; columns <= 250; columns++ {
		for _, args := range [][]string{{"-h"}, {"-V"}, {"abc"}} {
			for _, more := range []bool{false, true} {
				trial := trialOf(more, args...)
				trial.Columns = columns
				trials = append(trials, trial)
			}
		}
	}
	compare(t, trials)
}

// Unlike CPython before 3.13, which gives the option an empty list.
func TestAttachedSeparator(t *testing.T) {
	for _, arg := range []string{"-b--", "-b=--", "--bind=--", "--bi=--"} {
		got := trialOf(false, arg).run()
		if want := []string{`bind=["--"]`}; !slices.Equal(got.Values, want) {
			t.Errorf("%s: got %+v, want %q", arg, got, want)
		}
	}
}

func TestSetters(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"the lowest", "0", ""},
		{"the highest", "65535", ""},
		{"too high", " 70_000", "invalid choice: ' 70_000' (choose from 0 to 65535)"},
		{"too low", "-1", "invalid choice: '-1' (choose from 0 to 65535)"},
		{"beyond int", "99999999999999999999", "invalid choice: '99999999999999999999' (choose from 0 to 65535)"},
		{"no number", "it's", `invalid int value: "it's"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var n int
			got := ""
			if err := Int(&n, 0, 65535)([]string{tt.value}); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("Int of %q: %q, want %q", tt.value, got, tt.want)
			}
		})
	}
}

// A value that is taken only where those before it ask for one, which argparse does not have.
func TestWhile(t *testing.T) {
	const fewer = "argument -H/--header: expected at least one argument"
	for _, tt := range []struct{ name, line, headers, rest, err string }{
		{"in one word", "-H a:b x", "[a:b]", "x", ""},
		{"in two", "-H a b x", "[a b]", "x", ""},
		{"in the last word", "-H a", "[a]", "", ""},
		{"before an option", "-H a -q x", "[a]", "x", ""},
		{"before a separator", "-H a -- x", "[a]", "x", ""},
		{"a negative number for a value", "-H a -1", "[a -1]", "", ""},
		{"joined to the letter", "-Ha x", "[a]", "x", ""},
		{"joined by a sign", "--header=a x", "[a]", "x", ""},
		{"joined, and empty", "--header= x", "[]", "x", ""},
		{"at the end of a cluster", "-qH a b x", "[a b]", "x", ""},
		{"twice", "-H a b -H c:d x", "[a b] [c:d]", "x", ""},
		{"behind the positional", "x -H a b", "[a b]", "x", ""},
		{"nothing", "-H", "", "", fewer},
		{"nothing before an option", "-H -q", "", "", fewer},
		{"nothing before a separator", "-H -- a", "", "", fewer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var headers []string
			var rest, got string
			p := newHeaderParser(func(values []string) error {
				headers = append(headers, fmt.Sprint(values))
				return nil
			}, &rest)
			if err := p.Parse(strings.Fields(tt.line)); err != nil {
				got = err.Error()
			}
			if s := strings.Join(headers, " "); s != tt.headers || rest != tt.rest || got != tt.err {
				t.Errorf("%s: headers %s, rest %q, error %q, want %s, %q, %q", tt.line, s, rest, got, tt.headers, tt.rest, tt.err)
			}
		})
	}
	const want = `usage: x [-h] [-H HEADER [VALUE]] [-q] [rest]

positional arguments:
  rest                  what is left

options:
  -h, --help            show this help message and exit
  -H HEADER [VALUE], --header HEADER [VALUE]
                        a field of every answer
  -q                    nothing
`
	if got := newHeaderParser(nil, nil).Help(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// newHeaderParser makes a parser with an option of one word with a colon, or of two.
func newHeaderParser(set func([]string) error, rest *string) *Parser {
	p := New("x", 80)
	p.Add("-H --header", "HEADER [VALUE]", "a field of every answer", set).
		While(func(taken []string) bool { return !strings.Contains(taken[0], ":") })
	p.Add("-q", "", "nothing", func([]string) error { return nil })
	p.Add("rest", "", "what is left", Text(rest))
	return p
}

func FuzzParse(f *testing.F) {
	f.Add("-b x 80")
	f.Add("-hé --=")
	f.Add("-q -H a b --header c:d 80")
	f.Add("--spa --cor -cauto -- 80")
	f.Fuzz(func(t *testing.T, line string) {
		trialOf(true, strings.Split(line, " ")...).run()
		trialOf(true, line).run()

		var rest string
		newHeaderParser(func(values []string) error {
			if n := len(values); n < 1 || n > 2 || n == 2 && strings.Contains(values[0], ":") {
				t.Errorf("%q: a header of %q", line, values)
			}
			return nil
		}, &rest).Parse(strings.Split(line, " "))
	})
}

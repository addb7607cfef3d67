package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// The rules of output.
//
//   - Standard output holds what was asked for and nothing else, so that it can be
//     piped: a token, a key, a verdict, an explanation, JSON.
//   - Everything else goes to standard error, line by line behind "usersig: ", in
//     lower case and without a full stop. Advice is a line of its own that begins
//     with "hint:", and what may bite later begins with "warning:".
//   - With --json, errors and refusals are one JSON object on standard output. Only
//     warnings and notes are still text.
//   - People are answered in the language of LC_ALL, LC_MESSAGES or LANG, English or
//     Chinese. JSON is English, whoever reads it.
//   - Nothing of a secret, of a private key or of a token that was refused is ever
//     repeated, and nothing of an argument that may be one of these.
//   - What came from outside is quoted if a terminal could take it for more than text,
//     and whatever goes to people passes through visible. JSON, tokens and keys do not.
//   - Progress is drawn on a terminal only.
type ui struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	json           bool
	language       string
	clock          func() time.Time
	env            environment
	wait           func(context.Context, time.Duration) error // before a server is asked again; nil for a timer
	failed         error                                      // of the first write to stdout that failed
}

func newUI(stdin io.Reader, stdout, stderr io.Writer, env func(string) string) *ui {
	u := &ui{stdin: stdin, stdout: stdout, stderr: stderr, clock: time.Now, env: env}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if u.language = env(name); u.language != "" {
			break // POSIX's order: the first that is set counts
		}
	}
	return u
}

// lang returns the language to answer in, as the library's texts take it.
func (u *ui) lang() string {
	if !u.json && strings.HasPrefix(strings.ToLower(u.language), "zh") {
		return "zh"
	}
	return "en"
}

// say returns the text in the language of the user.
func (u *ui) say(en, zh string) string {
	if u.lang() == "zh" {
		return zh
	}
	return en
}

// print writes to standard output. A failure is kept for finish: a token that did
// not arrive is not a token that was made.
func (u *ui) print(text string) {
	if _, err := io.WriteString(u.stdout, text); err != nil && u.failed == nil {
		u.failed = err
	}
}

// printJSON writes v on one line of standard output.
func (u *ui) printJSON(v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	u.print(buf.String())
	return nil
}

// tell writes for people to standard output.
func (u *ui) tell(text string) { u.print(visible(text)) }

// note writes a line to standard error.
func (u *ui) note(format string, args ...any) { u.line("", sentence(format, args...)) }

func (u *ui) warn(format string, args ...any) {
	u.line(u.say("warning: ", "警告："), sentence(format, args...))
}

func (u *ui) hint(format string, args ...any) {
	u.line(u.say("hint: ", "提示："), sentence(format, args...))
}

func (u *ui) line(label string, m message) {
	_, _ = fmt.Fprintf(u.stderr, "usersig: %s%s\n", label, visible(m.in(u.lang())))
}

// isTerminal reports whether a stream of ours is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// show returns text from outside as it is if it is plain, and quoted if not.
func show(text string) string {
	odd := func(r rune) bool { return hidden(r) || strings.ContainsRune(" \"'", r) }
	if text == "" || !utf8.ValidString(text) || strings.ContainsFunc(text, odd) {
		return quote(text)
	}
	return text
}

// brief returns text from outside quoted, and cut if it is long.
func brief(text string) string {
	const most = 80
	if len(text) <= most {
		return quote(text)
	}
	runes := []rune(text[:most])
	return quote(string(runes[:len(runes)/2])) + "…"
}

func quote(text string) string { return visible(strconv.Quote(text)) }

// hidden reports whether a terminal may take a character for more, or show it as less,
// than it is. A user ID or a room name comes from whoever made the token: an escape
// sequence in it could rewrite the screen, U+202E turn "valid" around, and a character
// without width make two names look alike.
func hidden(r rune) bool {
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// visible writes each hidden character but the line feed, which ends lines of our
// own, as Go escapes it.
func visible(text string) string {
	odd := func(r rune) bool { return r != '\n' && hidden(r) }
	if !strings.ContainsFunc(text, odd) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !odd(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// instant returns a time as everything here writes it.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// table lines up pairs of a label and a text.
func table(rows [][2]string) string {
	widest := 0
	for _, row := range rows {
		widest = max(widest, width(row[0]))
	}
	var b strings.Builder
	for _, row := range rows {
		gap := strings.Repeat(" ", widest-width(row[0])+2)
		b.WriteString("  " + row[0] + gap + row[1] + "\n")
	}
	return b.String()
}

// width returns how many columns a label takes on a terminal: Chinese characters
// take two.
func width(label string) int {
	n := 0
	for _, r := range label {
		n++
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}

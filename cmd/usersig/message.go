package main

import (
	"errors"
	"fmt"
	"strings"

	"usersig"
)

// message is a sentence for people. It is written in English where it is needed, and
// chinese has the other language, so that the code can be read and no sentence is
// forgotten: a test compares the two.
type message struct {
	err    error // the English
	format string
	args   []any
}

func sentence(format string, args ...any) message {
	return message{fmt.Errorf(format, args...), format, args}
}

func (m message) Error() string { return m.err.Error() }
func (m message) Unwrap() error { return errors.Unwrap(m.err) }

// in returns the message in a language, with all that is filled into it.
func (m message) in(lang string) string {
	if lang != "zh" {
		return m.Error()
	}
	args := make([]any, len(m.args))
	for i, a := range m.args {
		args[i] = a
		if err, ok := a.(error); ok {
			args[i] = chineseOf(err)
		}
	}
	format, ok := chinese[m.format]
	if !ok {
		format = strings.ReplaceAll(m.format, "%w", "%s")
	}
	return fmt.Sprintf(format, args...)
}

// bilingual is a sentence that comes with both languages.
type bilingual struct{ en, zh string }

func (b bilingual) Error() string { return b.en }

// chineseOf returns the text of any error in Chinese, as far as there is any.
func chineseOf(err error) string {
	switch e := err.(type) { //nolint:errorlint // what it wraps says less
	case message:
		return e.in("zh")
	case *failure:
		return e.in("zh")
	case bilingual:
		return e.zh
	}
	text := withoutSentinel(err)
	if s := systemFault(err); s != nil {
		text = strings.Replace(text, s.err.Error(), s.zh, 1)
	}
	for _, l := range libraryTexts {
		text = l.en.ReplaceAllString(text, l.zh)
	}
	return text
}

// adviceFor returns what to do about an error that has no hint of its own.
func adviceFor(err error) message {
	if s := systemFault(err); s != nil {
		return s.hint
	}
	if advice, ok := libraryAdvice(err); ok {
		return advice
	}
	return sentence("if the files and the key are what they should be, this is a defect: report it, without keys and tokens")
}

// libraryAdvice returns what to do about an error of the library.
func libraryAdvice(err error) (message, bool) {
	text := withoutSentinel(err)
	for _, l := range libraryTexts {
		if l.hint.format != "" && l.en.MatchString(text) {
			return l.hint, true
		}
	}
	return message{}, false
}

// withoutSentinel returns the text of a library error without the general reason
// in front, where the rest says more.
func withoutSentinel(err error) string {
	text := err.Error()
	for _, e := range []usersig.Error{usersig.ErrInvalidClaims, usersig.ErrInvalidKey} {
		text = strings.TrimPrefix(text, e.Error()+": ")
	}
	return text
}

// userIDs and tokens count, in words that agree with the number.

func userIDs(n int64) message {
	if n == 1 {
		return sentence("1 user ID")
	}
	return sentence("%d user IDs", n)
}

func tokens(n int64) message {
	if n == 1 {
		return sentence("1 token")
	}
	return sentence("%d tokens", n)
}

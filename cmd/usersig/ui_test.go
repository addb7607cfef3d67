package main

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestLanguage(t *testing.T) {
	for _, c := range []struct {
		all, messages, lang string
		json                bool
		want                string
	}{
		{"", "", "", false, "en"},
		{"", "", "zh_CN.UTF-8", false, "zh"},
		{"", "", "zh", false, "zh"},
		{"", "", "ZH_TW", false, "zh"},
		{"", "", "C.UTF-8", false, "en"},
		{"", "", "fr_FR", false, "en"},
		{"", "zh_CN", "en_US", false, "zh"},
		{"", "en_US", "zh_CN", false, "en"},
		{"C", "zh_CN", "zh_CN", false, "en"},
		{"zh_CN", "C", "C", false, "zh"},
		{"zh_CN", "", "", true, "en"},
	} {
		env := map[string]string{"LC_ALL": c.all, "LC_MESSAGES": c.messages, "LANG": c.lang}
		u := newUI(nil, nil, nil, func(name string) string { return env[name] })
		u.json = c.json
		if got := u.lang(); got != c.want {
			t.Errorf("LC_ALL=%s LC_MESSAGES=%s LANG=%s json=%v: %s, want %s", c.all, c.messages, c.lang, c.json, got, c.want)
		}
	}
}

func TestShow(t *testing.T) {
	for text, want := range map[string]string{
		"alice": "alice", "用户甲": "用户甲", "": `""`, "a b": `"a b"`, `a"b`: `"a\"b"`, "a'b": `"a'b"`,
		"\x1b[31m": `"\x1b[31m"`, "a\u202eb": `"a\u202eb"`, "a\nb": `"a\nb"`, "\xff": `"\xff"`, "\u0085": `"\u0085"`,
	} {
		if got := show(text); got != want {
			t.Errorf("show(%q) = %s, want %s", text, got, want)
		}
	}
}

// What a terminal would obey or hide is written out, wherever it comes from; U+115F is
// called a letter and is blank, U+FE0F is a mark and has no width.
func TestNothingIsHidden(t *testing.T) {
	for _, r := range []rune{
		0x1b, 0x07, 0x85, 0x9b, 0xad, 0x115f, 0x3164, 0xfe0f, 0xfeff, 0xe0041,
		0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0x2028, 0x2029,
	} {
		text := "a" + string(r) + "b"
		var out, log strings.Builder
		u := &ui{stdout: &out, stderr: &log}
		u.tell(text)
		u.note("%s", text)
		u.warn("%s", text)
		for _, got := range []string{show(text), brief(text), out.String(), log.String()} {
			if strings.ContainsRune(got, r) || !strings.Contains(got, `\`) {
				t.Errorf("U+%04X is shown as it is: %q", r, got)
			}
		}
	}
	if got := visible("用户甲 é ✓ “…”\n"); got != "用户甲 é ✓ “…”\n" {
		t.Errorf("plain text is changed: %q", got)
	}
}

func TestBrief(t *testing.T) {
	if got := brief("a\nb"); got != `"a\nb"` {
		t.Errorf("brief = %s", got)
	}
	for _, long := range []string{strings.Repeat("a", 5000), strings.Repeat("甲", 5000)} {
		if got := brief(long); len(got) > 200 || !strings.HasSuffix(got, "…") {
			t.Errorf("brief of a long text = %s", got)
		}
	}
}

func TestTableCountsColumns(t *testing.T) {
	got := table([][2]string{{"key", "a"}, {"密钥", "b"}, {"✓ 签名", "c"}})
	want := "  key     a\n  密钥    b\n  ✓ 签名  c\n"
	if got != want {
		t.Errorf("table =\n%s\nwant\n%s", got, want)
	}
}

// A secret must not be repeated because it stands where a file's name should.
func TestLooksLikeKey(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("0123456789abcdef", 4), strings.Repeat("A", 32),
		"-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n", "-----BEGIN", "a\nb", "a\rb",
		"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHPEieRQnXp9/0Jb2",
		"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJ/KQ5vQH8M2hY+f0" + strings.Repeat("Q", 40),
	} {
		if !looksLikeKey(text) {
			t.Errorf("looksLikeKey(%q) = false", text)
		}
	}
	for _, text := range []string{"", "key", "private_key", "keys/private_key", "/etc/usersig/apps/1400000000/private_key",
		"../a-rather-long-name-of-a-key-file.pem", `C:\keys\the\keys\of\my\application\private_key`} {
		if looksLikeKey(text) {
			t.Errorf("looksLikeKey(%q) = true", text)
		}
	}
}

func TestFinish(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		failed error
		want   int
	}{
		{"nothing", nil, nil, exitDone},
		{"output lost", nil, io.ErrShortWrite, exitCannot},
		{"output of a refusal lost", ended{exitRefused}, io.ErrShortWrite, exitCannot},
		{"said already", ended{exitRefused}, nil, exitRefused},
		{"said already, joined", errors.Join(nil, ended{exitRefused}), nil, exitRefused},
		{"misuse", misuse("x"), nil, exitMisuse},
		{"cannot", cannot("x"), nil, exitCannot},
		{"anything else", io.ErrUnexpectedEOF, nil, exitCannot},
	} {
		u := &ui{stdout: io.Discard, stderr: io.Discard, failed: c.failed}
		if got := u.finish(c.err); got != c.want {
			t.Errorf("%s: exit status %d, want %d", c.name, got, c.want)
		}
	}
}

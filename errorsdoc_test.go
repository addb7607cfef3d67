package usersig

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usersig/internal/wire"
)

//go:generate go test . -run ^TestErrorsDoc$ -count=1 -update

var update = flag.Bool("update", false, "write docs/errors.md instead of comparing it")

// TestErrorsDoc holds docs/errors.md true to the tables of this package.
func TestErrorsDoc(t *testing.T) {
	file, want := filepath.Join("docs", "errors.md"), errorsDoc()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: run make gen", file)
	}
}

func errorsDoc() []byte {
	var b bytes.Buffer
	b.WriteString(errorsIntro)
	reasonTable(&b, "\n## Reasons\n\n| code | TRTC | reason | check | meaning | remedy |\n", false)
	reasonTable(&b, "\n## 错误原因\n\n| 错误码 | TRTC | reason | check | 含义 | 处理办法 |\n", true)
	b.WriteString(faultsIntro)
	for _, f := range wire.Faults() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.Layer(), f, faultTexts[f])
	}
	return b.Bytes()
}

func reasonTable(b *bytes.Buffer, head string, zh bool) {
	b.WriteString(head + "|---|---|---|---|---|---|\n")
	for _, e := range Errors() {
		r := refuse(e).fill(zh)
		fmt.Fprintf(b, "| %s | %s | `%s` | %s | %s | %s |\n",
			codeCell(r.Code), codeCell(r.TRTC), r.Reason, cell(r.Check), cell(r.Message), cell(r.Remedy))
	}
}

func codeCell(code int) string {
	if code == 0 {
		return "–"
	}
	return fmt.Sprint(code)
}

func cell(text string) string {
	if text == "" {
		return "–"
	}
	return strings.ReplaceAll(text, "|", `\|`)
}

const errorsIntro = `<!-- Generated from reasons.go by make gen. Do not edit. -->

# Errors and what to do about them

[中文表格见下文](#错误原因)

A token that is refused yields one object, the same in Go (` + "`Refusal`" + `) and in the JSON of the command:

` + "```json" + `
{"code":70013,"trtc":-100018,"reason":"user_mismatch","message":"…","remedy":"…","check":"user"}
` + "```" + `

- **code** is the code that Tencent's account system reports for the same reason (70001 and on), or the
  client SDK's code where only the SDK has one. In the table, – means that the reason never reaches a client.
- **trtc** is what TRTC's client SDKs report: -100018 for whatever is wrong with a UserSig. Whatever is wrong
  with a PrivateMapKey is -100006: a refusal by ` + "`VerifyPrivateMapKey`" + ` has that in place of -100018,
  unless the deny list refused.
- **reason** is the stable name to branch on. In Go, compare with ` + "`errors.Is(err, usersig.ErrExpired)`" + `.
- **check** is the check that failed. They are made in this order, and the first to fail decides: decode, app,
  key, signature, purpose, user, time, grant, revoked. ` + "`no_grant`" + ` comes from "purpose" if the token is no
  PrivateMapKey of this user and application at all, and from "grant" if it is for another room or has ended.
- **message** is the meaning below, followed by the particulars. **remedy** is what to do.

The library gives ` + "`revoked`" + ` and ` + "`blocked`" + ` only if the deny list that it was given does, and the
` + "`no_right_…`" + ` reasons only from ` + "`Grant.Require`" + `. ` + "`app_unknown`" + ` and ` + "`too_many_failures`" + ` are for services
around it, which know the applications and count failures.
`

const faultsIntro = `
## What "malformed" can mean

A token that cannot be decoded is 70003, and the message names the layer that is broken, from the outside in,
and the field if it is one. Tencent's tables spread the same over the codes 70003 to 70008.

无法解析的 UserSig 一律为 70003，message 会指出出错的层次，以及（如有）出错的字段。

| layer | in English | 中文 |
|---|---|---|
`

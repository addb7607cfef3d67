package diagnose

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// A step undoes one thing that happens to tokens on their way. Undo returns its
// argument where there is nothing to undo.
type step struct {
	Finding
	undo func(string) string
}

// steps are all of them, the likeliest first.
var steps = []step{
	{Finding{"spaces", "there is white space or a line break before or after the UserSig; without it, it can be decoded",
		"UserSig 前后有空格或换行；去掉后即可解析"}, strings.TrimSpace},
	{Finding{"quotes", "quotation marks were pasted along with the UserSig; without them it can be decoded",
		"粘贴时带上了引号；去掉后即可解析"}, unquote},
	{Finding{"invisible", "invisible characters (a byte order mark, zero-width space or NUL) were pasted along with the UserSig",
		"粘贴时带上了不可见字符（BOM、零宽空格或 NUL）"}, dropInvisible},
	{Finding{"bearer", "\"Bearer \" was copied along with the UserSig", "复制时带上了 \"Bearer \" 前缀"}, dropBearer},
	{Finding{"url-plus", "a \"+\" became a space on the way: the token has the plain base64 alphabet (Tencent's first Node.js library) and travelled in a URL without encodeURIComponent",
		"其中的 \"+\" 变成了空格：该 UserSig 使用普通 base64 字母表（旧版 Node.js 库），放入 URL 时没有做 encodeURIComponent"}, spacesToPlus},
	{Finding{"percent", "the UserSig is still URL-encoded; decode it once", "UserSig 仍是 URL 编码的形式，请先解码一次"}, unescapeURL},
	{Finding{"slashes", "the UserSig is still escaped as in JSON (\"\\/\"); parse the JSON instead of cutting it",
		"UserSig 仍带有 JSON 转义（\"\\/\"）；请解析 JSON，而不要截取文本"}, unescapeSlashes},
	{Finding{"line-breaks", "the UserSig was broken into lines or has spaces inside; joined, it can be decoded",
		"UserSig 被换行或空格断开；拼接后即可解析"}, joinLines},
	{Finding{"rfc4648", "the URL alphabet of RFC 4648 was used; a UserSig replaces \"+\" by \"*\", \"/\" by \"-\" and \"=\" by \"_\"",
		"使用了 RFC 4648 的 URL 字母表；UserSig 的替换规则是 + 换成 *，/ 换成 -，= 换成 _"}, fromRFC4648},
	{Finding{"mixed-alphabet", "only some of \"+\", \"/\" and \"=\" were replaced; all three must be, by \"*\", \"-\" and \"_\"",
		"\"+\"、\"/\"、\"=\" 只替换了一部分；三者须分别替换为 \"*\"、\"-\"、\"_\""}, replaceAll},
	{Finding{"no-padding", "the padding at the end (\"_\") is missing: something stripped it", "末尾的填充字符（\"_\"）被去掉了"}, pad},
	{Finding{"base64-twice", "the UserSig was encoded in base64 once more; decode it once", "UserSig 又被做了一次 base64 编码，请先解码一次"}, decodeOnce},
	{Finding{"surrounded", "other text stands around the UserSig; pass the UserSig alone", "UserSig 前后还有其他内容；请只传 UserSig 本身"}, extract},
}

// Two or three things can have happened to one token. More are not looked for. Text
// that is too long to be a token and what surrounds it is not looked at, and there
// is an end to what is tried: strangers may send what they like to a checker.
const (
	mostSteps = 3
	mostText  = 4 << 10
	mostTries = 256
)

// path is a text on the way to a token, and the steps that led to it.
type path struct {
	text  string
	steps []Finding
}

// unwrap returns the fewest steps after which text can be decoded, or nil.
func unwrap(text string) []Finding {
	if len(text) > mostText {
		return nil
	}
	seen := map[string]bool{text: true}
	paths := []path{{text: text}}
	for range mostSteps {
		var next []path
		for _, p := range paths {
			for _, s := range steps {
				undone := s.undo(p.text)
				if seen[undone] {
					continue
				}
				if len(seen) > mostTries {
					return nil
				}
				seen[undone] = true
				q := path{undone, append(p.steps[:len(p.steps):len(p.steps)], s.Finding)}
				if decodes(undone) {
					return q.steps
				}
				next = append(next, q)
			}
		}
		paths = next
	}
	return nil
}

// peel takes away what is around a token in any case, so that what is wrong inside
// can be told.
func peel(text string) string {
	return unquote(strings.TrimSpace(dropInvisible(strings.TrimSpace(text))))
}

// unquote also takes away the comma or semicolon that stood behind a quotation mark
// in source code.
func unquote(s string) string { return strings.Trim(s, " \t\r\n,;\\\"'`“”‘’「」") }

func dropInvisible(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 0 || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
}

func dropBearer(s string) string { return strings.TrimPrefix(s, "Bearer ") }

func spacesToPlus(s string) string { return strings.ReplaceAll(s, " ", "+") }

func unescapeURL(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

func unescapeSlashes(s string) string { return strings.ReplaceAll(s, `\/`, "/") }

func joinLines(s string) string { return strings.Join(strings.Fields(s), "") }

func fromRFC4648(s string) string {
	bare := strings.TrimRight(s, "=")
	ours := strings.NewReplacer("-", "*", "_", "-").Replace(bare)
	if ours == bare {
		return s
	}
	return pad(ours)
}

func replaceAll(s string) string { return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(s) }

// pad completes the last group of four, in the alphabet that the text is in.
func pad(s string) string {
	padding := "_"
	if strings.ContainsAny(s, "+/=") {
		padding = "="
	}
	return s + strings.Repeat(padding, -len(s)&3)
}

func decodeOnce(s string) string {
	out, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return s
	}
	return string(out)
}

// tokenLike matches what could be a token; real ones have 180 characters or more. An
// equals sign can only end it: before it stands the name of a parameter.
var tokenLike = regexp.MustCompile(`[A-Za-z0-9*+/_-]{100,}={0,2}`)

func extract(s string) string {
	longest := s
	for i, m := range tokenLike.FindAllString(s, 16) {
		if i == 0 || len(m) > len(longest) {
			longest = m
		}
	}
	return longest
}

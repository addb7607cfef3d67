package usersig

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"usersig/internal/wire"
)

// A Refusal says why a token, or a right, was refused, in one form wherever it
// appears: as an error, in JSON, and to people.
//
// It is an error and wraps an [Error]. It holds nothing of the token's text; what
// its message names (the user, the instants) comes from a token whose signature
// was good. The application is the exception: it picks the key, so a wrong one is
// named before a signature can be checked.
type Refusal struct {
	Code    int    `json:"code"`    // the account system's code, such as 70013
	TRTC    int    `json:"trtc"`    // the client SDK's code, such as -100018
	Reason  string `json:"reason"`  // such as "user_mismatch"
	Message string `json:"message"` // one sentence
	Remedy  string `json:"remedy"`  // what to do
	Check   string `json:"check"`   // the check that failed: "decode", "app", "key", …

	reason    Error
	detail    text
	checkName string // if it is not the reason's own
	fault     *wire.Error
}

// refuse makes a Refusal. Details, if any, go after the reason's own text.
func refuse(reason Error, details ...text) *Refusal {
	r := &Refusal{reason: reason}
	for _, d := range details {
		r.detail.en += d.en
		r.detail.zh += d.zh
	}
	return r.fill(false)
}

// fill sets the exported fields from the table.
func (r *Refusal) fill(zh bool) *Refusal {
	row := &reasons[r.reason.index()]
	r.Code, r.Reason, r.Check = row.code, row.name, row.check
	if r.TRTC == 0 {
		r.TRTC = row.trtc
	}
	if r.checkName != "" {
		r.Check = r.checkName
	}
	r.Message, r.Remedy = row.text.in(zh), row.remedy.in(zh)
	if d := r.detail.in(zh); d != "" {
		r.Message += map[bool]string{false: ": ", true: "："}[zh] + d
	}
	return r
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// Unwrap returns the [Error] that is the reason, also if r was read from JSON.
func (r *Refusal) Unwrap() error {
	if r.reason == 0 {
		return named(r.Reason)
	}
	return r.reason
}

// In returns the refusal with message and remedy in the given language: Chinese
// for tags such as "zh", "zh-CN" or "zh_CN.UTF-8", and English for any other.
func (r Refusal) In(language string) Refusal {
	if r.reason == 0 {
		return r // read from JSON: its text is all there is
	}
	return *r.fill(strings.HasPrefix(strings.ToLower(language), "zh"))
}

// LogValue implements [slog.LogValuer].
func (r *Refusal) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("code", r.Code), slog.String("reason", r.Reason), slog.String("message", r.Message))
}

// RefusalOf returns the Refusal in the tree of err, or one made from the [Error]
// there. It reports false if err is about neither.
func RefusalOf(err error) (Refusal, bool) {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return *r, true
	}
	if e, ok := errors.AsType[Error](err); ok {
		return *refuse(e), true
	}
	return Refusal{}, false
}

// malformed turns what the decoder found into a refusal. The message names the
// layer of the format that is broken.
func malformed(err error) *Refusal {
	r := &Refusal{reason: ErrMalformed}
	if errors.As(err, &r.fault) {
		r.detail = faultText(r.fault)
	}
	return r.fill(false)
}

func faultText(e *wire.Error) text {
	t := faultTexts[e.Fault]
	layer := e.Fault.Layer().String()
	if e.Field == "" {
		return text{layer + ": " + e.Fault.String(), layer + "：" + t}
	}
	return text{layer + ": " + e.Error(), fmt.Sprintf("%s：%s %s", layer, e.Field, t)}
}

// faultTexts are the decoder's faults in Chinese; the decoder itself has the
// English ones.
var faultTexts = map[wire.Fault]string{
	wire.TooLong:        "超过 8192 个字符",
	wire.WhiteSpace:     "中间有空格或换行",
	wire.Alphabet:       "含有 UserSig 不会出现的字符",
	wire.MixedAlphabets: "混用了两种 base64 字母表",
	wire.NoPadding:      "长度不是 4 的倍数，可能被截断",
	wire.Base64:         "填充或末尾字符错误",
	wire.ZlibHeader:     "不是 zlib 数据",
	wire.ZlibTruncated:  "数据不完整",
	wire.ZlibCorrupt:    "压缩数据已损坏",
	wire.ZlibTooLong:    "解压后超过 8192 字节",
	wire.ZlibChecksum:   "校验和不符",
	wire.ZlibTrailing:   "数据流之后还有多余字节",
	wire.NotObject:      "不是 JSON 对象",
	wire.JSONSyntax:     "语法错误",
	wire.JSONTrailing:   "对象之后还有多余内容",
	wire.JSONText:       "文本不是合法的 UTF-8",
	wire.JSONDuplicate:  "字段重复出现",
	wire.JSONCase:       "字段名大小写错误",
	wire.JSONSize:       "字段过多或嵌套过深",
	wire.JSONName:       "字段名含有控制字符",
	wire.FieldMissing:   "缺失",
	wire.FieldType:      "的 JSON 类型错误",
	wire.FieldInteger:   "不是普通的十进制整数",
	wire.FieldRange:     "超出范围",
	wire.FieldControl:   "含有控制字符",
	wire.FieldLength:    "为空或过长",
	wire.FieldVersion:   "不是 \"2.0\"",
	wire.InnerBase64:    "不是严格的 base64",
}

package diagnose

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"usersig/internal/wire"
)

// strangers recognise text that is something else than a token.
var strangers = []detector{empty, pem, secretKey, notIssued, jsonWebToken, mediaToken, jsonText, demoConfig}

// damages recognise what is wrong inside a token.
var damages = []detector{cutOff, otherCompression, latin1, nodeExpire, lineFeedUser, wrongTypes}

func empty(s *subject) *Finding {
	if s.Token != "" {
		return nil
	}
	return found("empty", "nothing was passed: the variable that should hold the UserSig is probably not set",
		"没有传入内容：保存 UserSig 的变量可能未赋值")
}

func pem(s *subject) *Finding {
	if !strings.Contains(s.Token, "-----BEGIN") {
		return nil
	}
	return found("pem", "this is a PEM key, not a UserSig; if it is a private key, it must not leave the server: replace it",
		"这是 PEM 密钥，不是 UserSig；若为私钥则绝不能离开服务器，请更换密钥")
}

func secretKey(s *subject) *Finding {
	if len(s.Token) != 64 || strings.Trim(strings.ToLower(s.Token), "0123456789abcdef") != "" {
		return nil
	}
	return found("secretkey", "this looks like a SECRETKEY, not a UserSig; it must not leave the server: replace it",
		"这看起来是 SECRETKEY，不是 UserSig；它绝不能离开服务器，请更换密钥")
}

func notIssued(s *subject) *Finding {
	switch strings.TrimSpace(s.Token) {
	case "undefined", "null", "nil", "None", "<nil>", "NaN", "[object Object]", "[object Promise]", "true", "false":
		return found("not-issued", "this is what a program prints for a value it does not have: the call that issues the UserSig failed, or was not awaited",
			"这是程序对空值的输出：签发 UserSig 的调用失败了，或没有等待其完成")
	}
	return nil
}

func jsonWebToken(s *subject) *Finding {
	if !strings.HasPrefix(s.Token, "eyJ") || strings.Count(s.Token, ".") != 2 {
		return nil
	}
	return found("jwt", "this is a JSON Web Token; a UserSig has no dots and usually begins with \"eJ\" or \"eA\"",
		"这是 JWT，不是 UserSig；UserSig 不含句点，通常以 eJ 或 eA 开头")
}

func mediaToken(s *subject) *Finding {
	if !strings.HasPrefix(s.Token, "us1.") {
		return nil
	}
	return found("media-token", "this is the media server's combined token; the UserSig is its fifth part, between dots",
		"这是媒体服务器使用的组合凭证；以句点分隔的第五段才是 UserSig")
}

func jsonText(s *subject) *Finding {
	if !strings.HasPrefix(strings.TrimSpace(s.Token), "{") || !strings.Contains(s.Token, `"TLS.`) {
		return nil
	}
	return found("bare-json", "this is the JSON inside a UserSig, without zlib and base64; that form is refused because its expiry could be evaded",
		"这是 UserSig 内部的 JSON，缺少 zlib 压缩与 base64 编码；该形式可绕过有效期，因此不被接受")
}

func demoConfig(s *subject) *Finding {
	if !strings.Contains(s.Token, `"userToken"`) {
		return nil
	}
	return found("demo-config", "this is a demo config; the UserSig is the value of one user's \"userToken\"",
		"这是 demo 配置文件；UserSig 是其中某个用户的 userToken 值")
}

func cutOff(s *subject) *Finding {
	if s.fault != wire.NoPadding && s.fault != wire.ZlibTruncated {
		return nil
	}
	if !isZlib(lenient(s.Token)) {
		return nil
	}
	return found("cut-off", "the token is cut off (%[1]d characters are here): look for a buffer, a database column or a URL limit that is too short",
		"UserSig 被截断（现有 %[1]d 个字符）：请检查缓冲区、数据库字段长度或 URL 长度限制", len(s.Token))
}

func otherCompression(s *subject) *Finding {
	if s.fault != wire.ZlibHeader {
		return nil
	}
	raw := lenient(s.Token)
	switch {
	case len(raw) > 1 && raw[0] == 0x1f && raw[1] == 0x8b:
		return found("gzip", "the JSON was compressed with gzip; a UserSig uses zlib (RFC 1950)", "JSON 使用了 gzip 压缩；UserSig 须使用 zlib（RFC 1950）")
	case len(raw) > 0 && raw[0] == '{':
		return found("not-compressed", "the JSON is not compressed; a UserSig wraps it in zlib (RFC 1950)", "JSON 未压缩；UserSig 须使用 zlib（RFC 1950）封装")
	}
	return nil
}

func latin1(s *subject) *Finding {
	if s.fault != wire.JSONText {
		return nil
	}
	if text, err := s.decoder.Text(s.Token); err != nil || utf8.Valid(text) {
		return nil // half a surrogate pair in an escape, which no library writes
	}
	return found("latin-1", "the JSON is not UTF-8: Tencent's first Node.js library writes user IDs that are not ASCII as Latin-1; use another library or ASCII user IDs",
		"JSON 不是 UTF-8：旧版 Node.js 库会把非 ASCII 的 UserID 写成 Latin-1；请更换库或使用 ASCII UserID")
}

func nodeExpire(s *subject) *Finding {
	if s.fault != wire.FieldType || s.field != "TLS.expire" {
		return nil
	}
	return found("expire-missing", "TLS.expire is not a number: the library was called without a lifetime, or with text", "TLS.expire 不是数字：调用签发函数时漏传有效期，或传成了字符串")
}

func lineFeedUser(s *subject) *Finding {
	if s.fault != wire.FieldControl || s.field != "TLS.identifier" {
		return nil
	}
	return found("user-control", "the user ID has a line break or another control character: trim what the back end reads, and treat it as an attack if a user chose it",
		"UserID 含换行等控制字符：请清理后台读取的内容；若由用户提交，应视为攻击")
}

func wrongTypes(s *subject) *Finding {
	if s.fault != wire.FieldType {
		return nil
	}
	return found("types", "version 1 has strings only, version 2 has numbers for sdkappid, time and expire", "v1 的字段值全部是字符串；v2 的 sdkappid、time、expire 是数字")
}

// isZlib reports whether raw begins like a zlib stream.
func isZlib(raw []byte) bool {
	return len(raw) > 2 && raw[0] == 0x78 && (uint(raw[0])<<8|uint(raw[1]))%31 == 0
}

// lenient decodes as much base64 as there is, in the token's alphabet or the plain one.
func lenient(token string) []byte {
	plain := strings.TrimRight(strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(token), "=")
	raw, _ := base64.RawStdEncoding.DecodeString(plain[:len(plain)/4*4])
	return raw
}

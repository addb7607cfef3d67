package diagnose

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"usersig"
)

func (s *subject) clock() func() time.Time {
	if s.Now.IsZero() {
		return nil
	}
	return func() time.Time { return s.Now }
}

// notes recognise what is odd about a token that can be decoded. They look at
// accepted tokens too: a lifetime in milliseconds is not refused, it just never ends.
var notes = []detector{
	userCase, swappedTicket, userSigAsTicket, injected,
	milliTime, milliExpire, instantExpire, timeZone, skew, behind, shortLife,
}

func userCase(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrUserMismatch) {
		return nil
	}
	got := string(s.fields.UserID)
	unescaped, err := url.QueryUnescape(got)
	switch {
	case strings.EqualFold(got, s.UserID):
		return found("user-case", "the user IDs differ in upper and lower case only; they must agree letter for letter", "两个 UserID 仅大小写不同；须逐字一致")
	case strings.TrimSpace(got) == strings.TrimSpace(s.UserID):
		return found("user-space", "the user IDs differ in white space only; trim where the token is issued", "两个 UserID 仅空白不同；请在签发端去除首尾空白")
	case err == nil && unescaped == s.UserID:
		return found("user-url", "the user ID was URL-encoded when the token was issued; decode it first", "签发时 UserID 仍是 URL 编码的形式；请先解码")
	}
	return nil
}

func swappedTicket(s *subject) *Finding {
	if !errors.Is(s.Err, usersig.ErrPurpose) || s.Purpose != usersig.UserSig && s.Purpose != 0 {
		return nil
	}
	return found("ticket-as-usersig", "a PrivateMapKey or another ticket was passed as the UserSig: they are two parameters (userSig, privateMapKey), issued by two calls",
		"把 PrivateMapKey 等票据当成了 UserSig：它们是两个参数（userSig 与 privateMapKey），由两个函数分别签发")
}

func userSigAsTicket(s *subject) *Finding {
	if s.Purpose != usersig.PrivateMapKey || s.fields.HasUserBuf || !errors.Is(s.Err, usersig.ErrNoGrant) {
		return nil
	}
	return found("usersig-as-ticket", "a UserSig was passed as the PrivateMapKey: issue one with a room and rights", "把 UserSig 当成了 PrivateMapKey：请带上房间与权限签发 PrivateMapKey")
}

// injected points at fields that no issuer writes. Tencent's C++ library pastes
// user IDs into a JSON template, where a user ID can add some.
func injected(s *subject) *Finding {
	var strange []string
	for _, name := range s.decoder.Unsigned() {
		if name != "TLS.version" && name != "TLS.ver" {
			strange = append(strange, fmt.Sprintf("%.20q", name))
		}
	}
	if len(strange) == 0 {
		return nil
	}
	list := strings.Join(strange[:min(len(strange), 3)], ", ")
	return found("extra-fields", "the token has fields that no issuer writes and no signature covers (%[1]s): whoever held it added them, or a user ID was pasted into JSON unescaped",
		"该 UserSig 含有签发库不会写、签名也不覆盖的字段（%[1]s）：可能被持有者添加，或签发时 UserID 未转义就拼入了 JSON", list)
}

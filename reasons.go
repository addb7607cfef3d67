package usersig

// text is a sentence in the two languages of the users: English and Chinese.
type text struct{ en, zh string }

// in returns the sentence in Chinese if zh, and else in English.
func (t text) in(zh bool) string {
	if zh {
		return t.zh
	}
	return t.en
}

// Codes of TRTC's client SDKs (TXLiteAVCode.h). The SDK reports every failure of
// a UserSig as the first, and every failure of a PrivateMapKey as the second.
const (
	trtcUserSig = -100018
	trtcTicket  = -100006
)

// reasons says everything about every [Error]: its name, the account system's
// code, the client SDK's code, the check that finds it, what it means and what to
// do. docs/errors.md is generated from it.
var reasons = [...]struct {
	name   string
	code   int
	trtc   int
	check  string
	text   text
	remedy text
}{
	0: {"unknown", 0, 0, "", text{"unknown error", "未知错误"}, text{}},
	ErrEmpty: {"empty", 70002, trtcUserSig, "decode",
		text{"token is empty", "UserSig 为空"},
		text{"pass the UserSig that your server issued for this user", "请传入业务服务器为该用户签发的 UserSig"}},
	ErrMalformed: {"malformed", 70003, trtcUserSig, "decode",
		text{"token cannot be decoded", "UserSig 无法解析"},
		text{"pass the token exactly as it was issued: whole, unquoted, and URL-encoded where it travels in a URL",
			"请原样传递 UserSig：不要截断，不要加引号，放入 URL 时须做 URL 编码"}},
	ErrAppUnknown: {"app_unknown", 70020, trtcUserSig, "app",
		text{"application does not exist", "SDKAppID 不存在"},
		text{"check the SDKAppID against the console", "请在控制台核对 SDKAppID"}},
	ErrAppMismatch: {"app_mismatch", 70014, trtcUserSig, "app",
		text{"token is for another application", "UserSig 属于另一个应用（SDKAppID 不一致）"},
		text{"use the same SDKAppID in the client and where the token is issued", "请让客户端与签发端使用同一个 SDKAppID"}},
	ErrNoKey: {"no_key", 70016, trtcUserSig, "key",
		text{"no key is known for this kind of token", "没有可用于校验此类 UserSig 的密钥"},
		text{"an ECDSA token (v1) needs the application's public_key, an HMAC token (v2) its SECRETKEY; issue and verify with the same kind",
			"ECDSA 签名（v1）用应用的 public_key 校验，HMAC 签名（v2）用 SECRETKEY 校验；签发与校验须使用同一种密钥"}},
	ErrSignature: {"signature", 70009, trtcUserSig, "signature",
		text{"no key matches the signature", "签名校验失败，密钥不匹配"},
		text{"sign with the key of this SDKAppID; keys of another application or of a demo are the usual cause",
			"请用该 SDKAppID 自己的密钥签发；最常见的原因是用了其他应用或示例工程的密钥"}},
	ErrPurpose: {"wrong_purpose", 70009, trtcUserSig, "purpose",
		text{"token was made for another purpose", "凭证用途不符"},
		text{"pass a UserSig where a UserSig is asked for, and a PrivateMapKey only as the PrivateMapKey",
			"需要 UserSig 时请传 UserSig；PrivateMapKey 只能作为 PrivateMapKey 使用"}},
	ErrUserMismatch: {"user_mismatch", 70013, trtcUserSig, "user",
		text{"token is for another user", "UserID 与 UserSig 中的不一致"},
		text{"log in with the user ID the token was issued for, letter for letter", "请使用签发 UserSig 时的 UserID 登录，须逐字一致"}},
	ErrExpired: {"expired", 70001, trtcUserSig, "time",
		text{"token has expired", "UserSig 已过期"},
		text{"issue a new token; if this one is new, compare the clocks of issuer and verifier and check that the lifetime is in seconds",
			"请重新签发；若刚刚签发，请核对签发端与校验端的时钟，并确认有效期以秒为单位"}},
	ErrNotYetValid: {"not_yet_valid", 70010, trtcUserSig, "time",
		text{"token was issued in the future", "UserSig 的签发时间在未来"},
		text{"set the issuer's clock by NTP, and check that it writes seconds, not milliseconds", "请校准签发端时钟（NTP），并确认时间以秒而非毫秒为单位"}},
	ErrRevoked: {"revoked", 70052, trtcUserSig, "revoked",
		text{"token was revoked", "UserSig 已被失效"},
		text{"issue a new token, if the user may come back", "如允许该用户再次登录，请重新签发"}},
	ErrBlocked: {"blocked", 70051, trtcUserSig, "revoked",
		text{"user is blocked", "用户已被封禁"},
		text{"unblock the user, or wait until the block ends", "请解除封禁，或等待封禁到期"}},
	ErrTooManyFailures: {"too_many_failures", 70050, trtcUserSig, "limit",
		text{"too many failed checks", "校验失败次数过多"},
		text{"wait a minute, then send a good token", "请等待一分钟后使用正确的 UserSig 重试"}},
	ErrNoGrant: {"no_grant", trtcTicket, trtcTicket, "grant",
		text{"PrivateMapKey is missing, wrong or expired", "PrivateMapKey 缺失、错误或已过期"},
		text{"issue a PrivateMapKey for this user, this application and this room", "请为该用户、该应用和该房间签发 PrivateMapKey"}},
	ErrNoRightCreate: {"no_right_create", -102010, -102010, "grant",
		text{"no right to create the room", "没有创建房间的权限"},
		text{"let somebody with the right create the room first, or issue a PrivateMapKey that allows \"create\"",
			"请先由有权限的用户创建房间，或签发包含 create 权限的 PrivateMapKey"}},
	ErrNoRightEnter: {"no_right_enter", -102011, -102011, "grant",
		text{"no right to enter the room", "没有进入房间的权限"},
		text{"issue a PrivateMapKey that allows \"join\"", "请签发包含 join 权限的 PrivateMapKey"}},
	ErrNoRightSendVideo: {"no_right_send_video", -102013, -102013, "grant",
		text{"no right to send video", "没有发送视频的权限"},
		text{"issue a PrivateMapKey that allows \"send-video\"", "请签发包含 send-video 权限的 PrivateMapKey"}},
	ErrNoRightSendScreen: {"no_right_send_screen", -102015, -102015, "grant",
		text{"no right to share a screen", "没有发送辅路（屏幕分享）的权限"},
		text{"issue a PrivateMapKey that allows \"send-screen\"", "请签发包含 send-screen 权限的 PrivateMapKey"}},
	ErrNoRightReceiveVideo: {"no_right_receive_video", -102019, -102019, "grant",
		text{"no right to receive video", "没有接收视频的权限"},
		text{"issue a PrivateMapKey that allows \"receive-video\"", "请签发包含 receive-video 权限的 PrivateMapKey"}},
	ErrInvalidClaims: {"invalid_claims", 0, 0, "",
		text{"claims cannot be signed", "无法签发所请求的内容"},
		text{"correct the request and sign again", "请修正请求后重新签发"}},
	ErrInvalidKey: {"invalid_key", 0, 0, "",
		text{"key cannot be used", "密钥不可用"},
		text{"use a key as the console hands it out: private_key, public_key or SECRETKEY", "请使用控制台提供的密钥：private_key、public_key 或 SECRETKEY"}},
	ErrInvalidOptions: {"invalid_options", 0, 0, "",
		text{"options cannot be used", "选项不可用"},
		text{"correct the options: their documentation says what they can be", "请按文档修正选项"}},
}

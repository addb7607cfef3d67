// Generated from docs/errors.md by npm run gen. Do not edit.

/** A sentence in the two languages of the users. */
export interface Text {
  readonly en: string;
  readonly zh: string;
}

/** What is known about one reason for a refusal. */
export interface ReasonInfo {
  /** The account system's code, as 70001; of rights it is the client SDK's. */
  readonly code: number;
  /** The code of TRTC's client SDKs. */
  readonly trtc: number;
  /** The check that finds it. */
  readonly check: string;
  /** What it means. */
  readonly text: Text;
  /** What to do about it. */
  readonly remedy: Text;
}

/** Every reason for which a server refuses, by its stable name. */
export const REASONS = {
  empty: {
    code: 70002,
    trtc: -100018,
    check: "decode",
    text: { en: "token is empty", zh: "UserSig 为空" },
    remedy: {
      en: "pass the UserSig that your server issued for this user",
      zh: "请传入业务服务器为该用户签发的 UserSig",
    },
  },
  malformed: {
    code: 70003,
    trtc: -100018,
    check: "decode",
    text: { en: "token cannot be decoded", zh: "UserSig 无法解析" },
    remedy: {
      en: "pass the token exactly as it was issued: whole, unquoted, and URL-encoded where it travels in a URL",
      zh: "请原样传递 UserSig：不要截断，不要加引号，放入 URL 时须做 URL 编码",
    },
  },
  app_unknown: {
    code: 70020,
    trtc: -100018,
    check: "app",
    text: { en: "application does not exist", zh: "SDKAppID 不存在" },
    remedy: { en: "check the SDKAppID against the console", zh: "请在控制台核对 SDKAppID" },
  },
  app_mismatch: {
    code: 70014,
    trtc: -100018,
    check: "app",
    text: {
      en: "token is for another application",
      zh: "UserSig 属于另一个应用（SDKAppID 不一致）",
    },
    remedy: {
      en: "use the same SDKAppID in the client and where the token is issued",
      zh: "请让客户端与签发端使用同一个 SDKAppID",
    },
  },
  no_key: {
    code: 70016,
    trtc: -100018,
    check: "key",
    text: { en: "no key is known for this kind of token", zh: "没有可用于校验此类 UserSig 的密钥" },
    remedy: {
      en: "an ECDSA token (v1) needs the application's public_key, an HMAC token (v2) its SECRETKEY; issue and verify with the same kind",
      zh: "ECDSA 签名（v1）用应用的 public_key 校验，HMAC 签名（v2）用 SECRETKEY 校验；签发与校验须使用同一种密钥",
    },
  },
  signature: {
    code: 70009,
    trtc: -100018,
    check: "signature",
    text: { en: "no key matches the signature", zh: "签名校验失败，密钥不匹配" },
    remedy: {
      en: "sign with the key of this SDKAppID; keys of another application or of a demo are the usual cause",
      zh: "请用该 SDKAppID 自己的密钥签发；最常见的原因是用了其他应用或示例工程的密钥",
    },
  },
  wrong_purpose: {
    code: 70009,
    trtc: -100018,
    check: "purpose",
    text: { en: "token was made for another purpose", zh: "凭证用途不符" },
    remedy: {
      en: "pass a UserSig where a UserSig is asked for, and a PrivateMapKey only as the PrivateMapKey",
      zh: "需要 UserSig 时请传 UserSig；PrivateMapKey 只能作为 PrivateMapKey 使用",
    },
  },
  user_mismatch: {
    code: 70013,
    trtc: -100018,
    check: "user",
    text: { en: "token is for another user", zh: "UserID 与 UserSig 中的不一致" },
    remedy: {
      en: "log in with the user ID the token was issued for, letter for letter",
      zh: "请使用签发 UserSig 时的 UserID 登录，须逐字一致",
    },
  },
  expired: {
    code: 70001,
    trtc: -100018,
    check: "time",
    text: { en: "token has expired", zh: "UserSig 已过期" },
    remedy: {
      en: "issue a new token; if this one is new, compare the clocks of issuer and verifier and check that the lifetime is in seconds",
      zh: "请重新签发；若刚刚签发，请核对签发端与校验端的时钟，并确认有效期以秒为单位",
    },
  },
  not_yet_valid: {
    code: 70010,
    trtc: -100018,
    check: "time",
    text: { en: "token was issued in the future", zh: "UserSig 的签发时间在未来" },
    remedy: {
      en: "set the issuer's clock by NTP, and check that it writes seconds, not milliseconds",
      zh: "请校准签发端时钟（NTP），并确认时间以秒而非毫秒为单位",
    },
  },
  revoked: {
    code: 70052,
    trtc: -100018,
    check: "revoked",
    text: { en: "token was revoked", zh: "UserSig 已被失效" },
    remedy: {
      en: "issue a new token, if the user may come back",
      zh: "如允许该用户再次登录，请重新签发",
    },
  },
  blocked: {
    code: 70051,
    trtc: -100018,
    check: "revoked",
    text: { en: "user is blocked", zh: "用户已被封禁" },
    remedy: {
      en: "unblock the user, or wait until the block ends",
      zh: "请解除封禁，或等待封禁到期",
    },
  },
  too_many_failures: {
    code: 70050,
    trtc: -100018,
    check: "limit",
    text: { en: "too many failed checks", zh: "校验失败次数过多" },
    remedy: {
      en: "wait a minute, then send a good token",
      zh: "请等待一分钟后使用正确的 UserSig 重试",
    },
  },
  no_grant: {
    code: -100006,
    trtc: -100006,
    check: "grant",
    text: {
      en: "PrivateMapKey is missing, wrong or expired",
      zh: "PrivateMapKey 缺失、错误或已过期",
    },
    remedy: {
      en: "issue a PrivateMapKey for this user, this application and this room",
      zh: "请为该用户、该应用和该房间签发 PrivateMapKey",
    },
  },
  no_right_create: {
    code: -102010,
    trtc: -102010,
    check: "grant",
    text: { en: "no right to create the room", zh: "没有创建房间的权限" },
    remedy: {
      en: 'let somebody with the right create the room first, or issue a PrivateMapKey that allows "create"',
      zh: "请先由有权限的用户创建房间，或签发包含 create 权限的 PrivateMapKey",
    },
  },
  no_right_enter: {
    code: -102011,
    trtc: -102011,
    check: "grant",
    text: { en: "no right to enter the room", zh: "没有进入房间的权限" },
    remedy: {
      en: 'issue a PrivateMapKey that allows "join"',
      zh: "请签发包含 join 权限的 PrivateMapKey",
    },
  },
  no_right_send_video: {
    code: -102013,
    trtc: -102013,
    check: "grant",
    text: { en: "no right to send video", zh: "没有发送视频的权限" },
    remedy: {
      en: 'issue a PrivateMapKey that allows "send-video"',
      zh: "请签发包含 send-video 权限的 PrivateMapKey",
    },
  },
  no_right_send_screen: {
    code: -102015,
    trtc: -102015,
    check: "grant",
    text: { en: "no right to share a screen", zh: "没有发送辅路（屏幕分享）的权限" },
    remedy: {
      en: 'issue a PrivateMapKey that allows "send-screen"',
      zh: "请签发包含 send-screen 权限的 PrivateMapKey",
    },
  },
  no_right_receive_video: {
    code: -102019,
    trtc: -102019,
    check: "grant",
    text: { en: "no right to receive video", zh: "没有接收视频的权限" },
    remedy: {
      en: 'issue a PrivateMapKey that allows "receive-video"',
      zh: "请签发包含 receive-video 权限的 PrivateMapKey",
    },
  },
} as const satisfies Record<string, ReasonInfo>;

import { REASONS, type ReasonInfo, type Text } from "./reasons.js";

/** The classes of errors of TRTC's web SDK 5: the codes of errors that no server decided. */
export const ERROR_CODE = {
  /** An argument cannot be right; `extraCode` says how. Nothing was sent. */
  INVALID_PARAMETER: 5000,
  /** The call does not fit the state; `extraCode` says why. */
  INVALID_OPERATION: 5100,
  /** The browser, or a page without https, cannot do it. */
  ENV_NOT_SUPPORTED: 5200,
  /** The camera, microphone or screen could not be had; `extraCode` says why. */
  DEVICE_ERROR: 5300,
  /** It was tried and did not work. */
  OPERATION_FAILED: 5500,
  /** Another call ended it, as exitRoom does with enterRoom. */
  OPERATION_ABORT: 5998,
} as const;

/** Everything that can go wrong without a server's refusal, in the form of {@link REASONS}. */
export const LOCAL_REASONS = {
  invalid_parameter: local(
    ERROR_CODE.INVALID_PARAMETER,
    ["argument is not valid", "参数无效"],
    ["correct the argument that the message names", "请修正 message 指出的参数"],
  ),
  invalid_operation: local(
    ERROR_CODE.INVALID_OPERATION,
    ["call does not fit the state", "当前状态不允许此调用"],
    ["make the call at the time the documentation names", "请按文档规定的时机调用"],
  ),
  not_supported: local(
    ERROR_CODE.ENV_NOT_SUPPORTED,
    ["the browser cannot do this", "当前浏览器环境不支持"],
    [
      "use a current browser, and serve the page over https or from localhost",
      "请使用新版浏览器，并通过 https 或 localhost 访问页面",
    ],
  ),
  device: local(
    ERROR_CODE.DEVICE_ERROR,
    ["device cannot be used", "设备不可用"],
    [
      "plug the device in, allow its use, and close other programs that use it",
      "请检查设备是否连接、是否已授权、是否被其他程序占用",
    ],
  ),
  failed: local(
    ERROR_CODE.OPERATION_FAILED,
    ["operation failed", "操作失败"],
    ["try again", "请重试"],
  ),
  aborted: local(
    ERROR_CODE.OPERATION_ABORT,
    ["operation was ended by another call", "操作被其他调用中止"],
    ["nothing, if that was meant", "若属预期，无需处理"],
  ),
  network: local(
    -3301,
    ["no connection to the server", "无法连接服务器"],
    [
      "check the server's address, the network, that its ports are open, and that cors.origins of its configuration names the page's origin if the page is from elsewhere",
      "请检查服务器地址、网络，以及端口是否开放；若页面来自其他站点，其配置中的 cors.origins 须包含页面的源",
    ],
  ),
  timeout: local(
    -3308,
    ["the server did not answer in time", "服务器响应超时"],
    [
      "check the network and the server's UDP port, then try again",
      "请检查网络和服务器 UDP 端口后重试",
    ],
  ),
  unavailable: local(
    -3301,
    ["the server cannot answer now", "服务器暂时不可用"],
    ["try again", "请稍后重试"],
  ),
  duplicate: local(
    6208,
    ["the same user entered from somewhere else", "同一用户在别处进房"],
    ["give each connection a user ID of its own", "请为每个连接使用不同的 UserID"],
  ),
  removed: local(
    -102018,
    ["an operator removed the user from the room", "用户被管理员移出房间"],
    ["ask the operator", "请联系管理员"],
  ),
  room_dissolved: local(
    -102005,
    ["the room was dissolved", "房间已解散"],
    ["enter another room", "请进入其他房间"],
  ),
} as const satisfies Record<string, ReasonInfo>;

function local(code: number, text: [string, string], remedy: [string, string]): ReasonInfo {
  const both = ([en, zh]: [string, string]): Text => ({ en, zh });
  return { code, trtc: code, check: "", text: both(text), remedy: both(remedy) };
}

/** The name of a reason for which a server refuses. */
export type RefusalReason = keyof typeof REASONS;

/** The name of a reason that no server gave. */
export type LocalReason = keyof typeof LOCAL_REASONS;

/** The stable name of what went wrong. A newer server may know more of them. */
export type Reason = RefusalReason | LocalReason | (string & {});

/** The particulars of an error. */
export interface ErrorDetails {
  code: number;
  trtc: number;
  reason: Reason;
  message: string;
  remedy: string;
  check?: string;
  extraCode?: number;
  cause?: unknown;
}

/**
 * What every failing call rejects with, and what {@link EVENT.ERROR} carries.
 *
 * A server's refusal has the fields that usersig's refusals have everywhere: the account
 * system's `code`, the client SDK's code in `trtc`, a stable `reason`, and what to do in `remedy`.
 */
export class TrtcError extends Error {
  /** The name that TRTC's own errors have. */
  override readonly name = "RtcError";
  /**
   * A server's refusal: the account system's code, as 70001, or TRTC's code of a missing right.
   * No connection: -3301 or -3308. Everything else: one of {@link ERROR_CODE}.
   */
  readonly code: number;
  /** The code that TRTC's client SDKs report for the same, or `code` if they have none. */
  readonly trtc: number;
  /** The name to branch on. */
  readonly reason: Reason;
  /** What to do about it, in the language of the page's user. */
  readonly remedy: string;
  /** The server's check that failed; empty if none did. */
  readonly check: string;
  /** What exactly is wrong, for the codes 5000 to 5300, in TRTC's numbers. */
  readonly extraCode?: number;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.trtc = details.trtc;
    this.reason = details.reason;
    this.remedy = details.remedy;
    this.check = details.check ?? "";
    if (details.extraCode !== undefined) this.extraCode = details.extraCode;
  }
}

/** Additions to the text of a reason. */
export interface Particulars {
  detail?: string;
  extraCode?: number;
  trtc?: number;
  cause?: unknown;
}

/** Makes the error for a reason, in the language of the browser. */
export function fail(reason: RefusalReason | LocalReason, more: Particulars = {}): TrtcError {
  const all: Record<string, ReasonInfo> = { ...REASONS, ...LOCAL_REASONS };
  const info = all[reason] as ReasonInfo;
  const language = chinese() ? "zh" : "en";
  const text = info.text[language];
  return new TrtcError({
    code: info.code,
    trtc: more.trtc ?? info.trtc,
    reason,
    message: more.detail === undefined ? text : `${text}: ${more.detail}`,
    remedy: info.remedy[language],
    check: info.check,
    extraCode: more.extraCode,
    cause: more.cause,
  });
}

function chinese(): boolean {
  return typeof navigator !== "undefined" && (navigator.language ?? "").startsWith("zh");
}

/** Makes the error for an argument that cannot be right. */
export function invalid(
  name: string,
  problem: string,
  extraCode: number,
  trtc?: number,
): TrtcError {
  return fail("invalid_parameter", { detail: `${name} ${problem}`, extraCode, trtc });
}

/** Turns whatever was thrown into an error of ours. */
export function asError(thrown: unknown): TrtcError {
  if (thrown instanceof TrtcError) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return fail("failed", { detail, cause: thrown });
}

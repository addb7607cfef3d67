package usersig

import (
	"strings"

	"usersig/internal/eckey"
)

// In returns the error with message and hint in the given language: Chinese for tags
// such as "zh", "zh-CN" or "zh_CN.UTF-8", and English for any other. A message that
// is not this package's own stays as it is.
func (e KeyError) In(language string) KeyError {
	if !strings.HasPrefix(strings.ToLower(language), "zh") {
		return e
	}
	// The English sentences are the keys of the translation, so that whoever makes a
	// KeyError, in whichever file, need not carry a second language about.
	where, what := "", e.Message
	for _, w := range keyWantsZH {
		if rest, ok := strings.CutPrefix(what, w.en); ok {
			where, what = w.zh, rest
			break
		}
	}
	zh, rest, ok := keyTextZH(what)
	if !ok {
		return e
	}
	return KeyError{Message: where + zh.text + rest, Hint: zh.hint}
}

// keyTextZH finds the Chinese for an English message, and what the message goes on
// with, which is the name of a curve.
func keyTextZH(message string) (zh keyText, rest string, ok bool) {
	for _, kind := range eckey.Kinds() {
		if rest, ok := strings.CutPrefix(message, kind.Text()); ok {
			return kindsZH[kind], strings.Replace(rest, ": ", "：", 1), true
		}
	}
	zh, ok = secretsZH[message]
	return zh, "", ok
}

// keyWantsZH is what stands before a message if something was parsed.
var keyWantsZH = [...]text{
	{"parse private key: ", "解析私钥："},
	{"parse public key: ", "解析公钥："},
	{"parse secret: ", "解析 SECRETKEY："},
}

// keyText is a message and a hint in one language. FILE stands for the file.
type keyText struct{ text, hint string }

const (
	keyCopyZH = "请重新复制整个文件，从 BEGIN 行到 END 行"
	keyNewZH  = "请使用 ECDSA 密钥，可用 usersig keygen 生成"
	keyBadZH  = "请勿使用：该密钥被改动过或已损坏"
)

// kindsZH says in Chinese what package eckey says of each kind of input.
var kindsZH = map[eckey.Kind]keyText{
	eckey.KindUnknown:     {"这不是密钥，而是未知类型的数据", "请提供 PEM 文件，其首行形如 -----BEGIN PRIVATE KEY-----"},
	eckey.KindPrivate:     {"这是私钥；此处只应使用它的公钥", "请妥善保管私钥，只提供公钥：usersig public --key FILE"},
	eckey.KindPublic:      {"这是公钥；此处应使用私钥", "请提供私钥，即控制台 keys.zip 中的 private_key 文件"},
	eckey.KindSecret:      {"这是 SECRETKEY，不是 PEM 密钥", "SECRETKEY 自身即可签发和校验 v2；v1 使用 private_key 与 public_key 文件"},
	eckey.KindToken:       {"这是 UserSig，不是密钥", "请提供签发或校验它的密钥；UserSig 应放在别处"},
	eckey.KindEmpty:       {"内容为空", "请确认文件是否正确"},
	eckey.KindNil:         {"没有密钥，只有 nil", "请先解析或生成密钥，并检查返回的错误"},
	eckey.KindTooLarge:    {"超过 64 KiB，密钥不会这么大", "请确认文件是否正确"},
	eckey.KindText:        {"这是没有 BEGIN 行的文本，不是 PEM 密钥", "请提供 PEM 文件，其首行形如 -----BEGIN PRIVATE KEY-----"},
	eckey.KindEncoding:    {"这是 UTF-16 文本，或以字节顺序标记（BOM）开头", "请另存为 ASCII 或不带 BOM 的 UTF-8"},
	eckey.KindQuoted:      {"文本带有引号", "请去掉引号"},
	eckey.KindJSON:        {"这是 JSON（例如 JWK），不是 PEM 密钥", "请将密钥导出为 PEM"},
	eckey.KindZip:         {"这是 zip 压缩包，不是密钥", "请先解压；private_key 用于签发，public_key 用于校验"},
	eckey.KindKeyStore:    {"这是密钥库（PKCS #12 或 Java），不是 PEM 密钥", "请导出密钥：openssl pkcs12 -in FILE -nocerts -nodes -out private_key"},
	eckey.KindDER:         {"这是 DER，缺少 PEM 的首尾行", "请转换：openssl pkey -inform DER -in FILE -out private_key；公钥须加 -pubin"},
	eckey.KindBare:        {"这是 PEM 密钥的中间部分，缺少 BEGIN 与 END 行", "请在首尾加上 -----BEGIN PRIVATE KEY----- 与 -----END PRIVATE KEY-----；公钥用 PUBLIC KEY"},
	eckey.KindOneLine:     {"这是丢失了换行的 PEM", "请在 BEGIN 行之后与 END 行之前各加一个换行"},
	eckey.KindIndented:    {"PEM 行的短横线之前还有其他内容", "请去掉 -----BEGIN 与 -----END 之前的空格、引号或文字"},
	eckey.KindEscaped:     {`这是 PEM，但换行被写成了 \n 两个字符`, `请还原为换行：printf '%b' "$KEY"`},
	eckey.KindTruncated:   {"PEM 的 BEGIN 或 END 行缺失或被截断", keyCopyZH},
	eckey.KindBase64:      {"BEGIN 与 END 之间的内容已损坏，或首尾两行不一致", keyCopyZH},
	eckey.KindAmbiguous:   {"含有多个 PEM 块", "请把要用的那一个单独存为一个文件"},
	eckey.KindParameters:  {"只有曲线参数，没有密钥", "请重新复制整个文件，包括 EC PARAMETERS 之后的密钥"},
	eckey.KindOtherPEM:    {"这是其他类型的 PEM 块", "请提供标签为 PRIVATE KEY、EC PRIVATE KEY 或 PUBLIC KEY 的块"},
	eckey.KindEncrypted:   {"该密钥已用口令加密", "请先解密：openssl pkcs8 -topk8 -nocrypt -in FILE -out private_key"},
	eckey.KindCertificate: {"这是证书，不是密钥", "请取出其公钥：openssl x509 -pubkey -noout -in FILE"},
	eckey.KindRequest:     {"这是证书请求（CSR），不是密钥", "请取出其公钥：openssl req -pubkey -noout -in FILE"},
	eckey.KindSSH:         {"这是 SSH 密钥", keyNewZH},
	eckey.KindPGP:         {"这是 PGP 密钥", keyNewZH},
	eckey.KindPuTTY:       {"这是 PuTTY 密钥", keyNewZH},
	eckey.KindRSA:         {"这是 RSA 密钥", keyNewZH},
	eckey.KindDSA:         {"这是 DSA 密钥", keyNewZH},
	eckey.KindEdwards:     {"这是 Ed25519、Ed448、X25519 或 X448 密钥", keyNewZH},
	eckey.KindAlgorithm:   {"这是其他算法的密钥", keyNewZH},
	eckey.KindCurve:       {"该密钥所在的曲线不受支持", "请使用 P-256、secp256k1、P-384 或 P-521 上的密钥"},
	eckey.KindExplicit:    {"该密钥以数值而非名称给出曲线", "请改用命名曲线：openssl ec -in FILE -param_enc named_curve -out private_key；公钥须加 -pubin 与 -pubout"},
	eckey.KindNoCurve:     {"该密钥未说明所在的曲线", "请用生成它的工具转换为 PKCS #8，其标签为 PRIVATE KEY"},
	eckey.KindDamaged:     {"PEM 块中的密钥已损坏", keyCopyZH},
	eckey.KindMismatch:    {"该密钥的各部分互相矛盾", "请勿使用：该密钥被改动过，或由两个密钥拼成"},
	eckey.KindRange:       {"私钥数值超出其曲线的范围", keyBadZH},
	eckey.KindPoint:       {"公钥的点不在其曲线上", keyBadZH},
}

// secretsZH says in Chinese what [ParseSecret] says of its own.
var secretsZH = map[string]keyText{
	"this is a PEM key, not a SECRETKEY":         {"这是 PEM 密钥，不是 SECRETKEY", "PEM 密钥用于 v1（ECDSA）；SECRETKEY 是控制台为 v2（HMAC）显示的 64 个字符"},
	"white space stands before it":               {"SECRETKEY 之前有空白字符", "请去掉空白：文件中的每个字符都是 SECRETKEY 的一部分"},
	"this is a NAME= line, not the secret alone": {"这是“名称=值”形式的一行，不只是 SECRETKEY", "请只保留等号之后的内容，不带引号"},
}

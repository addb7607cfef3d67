package eckey

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf16"
)

// wrongFiles says what each file in testdata/wrong is.
var wrongFiles = map[string]Kind{
	"certificate.pem":            KindCertificate,
	"request.pem":                KindRequest,
	"encrypted-pkcs8.pem":        KindEncrypted,
	"encrypted-sec1.pem":         KindEncrypted,
	"rsa-pkcs1.pem":              KindRSA,
	"rsa-pkcs8.pem":              KindRSA,
	"rsa-public.pem":             KindRSA,
	"rsa-public-pkcs1.pem":       KindRSA,
	"dsa.pem":                    KindDSA,
	"dsa-pkcs8.pem":              KindDSA,
	"dsa-public.pem":             KindDSA,
	"ed25519.pem":                KindEdwards,
	"ed25519-public.pem":         KindEdwards,
	"ed448.pem":                  KindEdwards,
	"x25519.pem":                 KindEdwards,
	"x25519-public.pem":          KindEdwards,
	"openssh.pem":                KindSSH,
	"openssh-public.pem":         KindSSH,
	"ssh2-public.pem":            KindSSH,
	"pkcs12.p12":                 KindKeyStore,
	"parameters-only.pem":        KindParameters,
	"explicit-sec1.pem":          KindExplicit,
	"explicit-pkcs8.pem":         KindExplicit,
	"explicit-public.pem":        KindExplicit,
	"curve-secp224r1.pem":        KindCurve,
	"curve-secp224r1-pkcs8.pem":  KindCurve,
	"curve-secp224r1-public.pem": KindCurve,
	"curve-prime192v1.pem":       KindCurve,
	"curve-brainpoolP256r1.pem":  KindCurve,
	"curve-secp224k1.pem":        KindCurve,
	"curve-SM2.pem":              KindCurve,
}

// wrongTexts makes what has no file of its own, from a private key's PEM.
var wrongTexts = map[string]struct {
	kind Kind
	make func(pem string) string
}{
	"empty":              {KindEmpty, func(string) string { return "" }},
	"white space":        {KindEmpty, func(string) string { return " \r\n\t\n" }},
	"too large":          {KindTooLarge, func(s string) string { return s + strings.Repeat("\n", maxInput) }},
	"secret":             {KindSecret, func(string) string { return strings.Repeat("0123456789abcdef", 4) }},
	"secret and newline": {KindSecret, func(string) string { return strings.Repeat("9f", 32) + "\r\n" }},
	"secret, own text":   {KindSecret, func(string) string { return "正确的马电池订书钉正确的马电池订书钉" }},
	"secret like 0x30":   {KindSecret, func(string) string { return "0>" + strings.Repeat("a", 62) }},
	"token":              {KindToken, func(string) string { return "eJw1" + strings.Repeat("zbEOgjAU", 20) + "*-_" }},
	"SDK's token":        {KindToken, func(string) string { return "us1.1400000000.YWxpY2U.n1." + strings.Repeat("eJw", 40) }},
	"a word":             {KindText, func(string) string { return "hello" }},
	"a letter":           {KindText, func(string) string { return "x" }},
	"prose":              {KindText, func(string) string { return "please find the key attached, and do not lose it" }},
	"UTF-16 little":      {KindEncoding, func(s string) string { return "\xff\xfe" + wide(s, 0) }},
	"UTF-16 big":         {KindEncoding, func(s string) string { return "\xfe\xff" + wide(s, 1) }},
	"UTF-16 no mark":     {KindEncoding, func(s string) string { return wide(s, 0) }},
	"UTF-16 no mark big": {KindEncoding, func(s string) string { return wide(s, 1) }},
	"UTF-8 mark":         {KindEncoding, func(s string) string { return "\xef\xbb\xbf" + s }},
	"quoted":             {KindQuoted, func(s string) string { return `"` + s + `"` }},
	"quoted secret":      {KindQuoted, func(string) string { return "'" + strings.Repeat("9f", 32) + "'\n" }},
	"JWK":                {KindJSON, func(string) string { return `{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}` }},
	"PEM in JSON":        {KindJSON, func(s string) string { return `{"key":"` + strings.ReplaceAll(s, "\n", `\n`) + `"}` }},
	"zip":                {KindZip, func(string) string { return "PK\x03\x04\x14\x00\x00\x00" }},
	"Java key store":     {KindKeyStore, func(string) string { return "\xfe\xed\xfe\xed\x00\x00\x00\x02" }},
	"DER":                {KindDER, func(string) string { return "\x30\x06\x02\x01\x00\x04\x01\xff" }},
	"binary":             {KindUnknown, func(string) string { return "\x00\x01\xfe\xfd\x80\x00" }},
	"DER and more":       {KindUnknown, func(string) string { return "\x30\x03\x02\x01\x00\xff" }},
	"bare base64":        {KindBare, func(s string) string { return inside(s) }},
	"bare on one line":   {KindBare, func(s string) string { return strings.ReplaceAll(inside(s), "\n", "") }},
	"one line":           {KindOneLine, func(s string) string { return strings.ReplaceAll(s, "\n", "") }},
	"one line, spaces":   {KindOneLine, func(s string) string { return strings.ReplaceAll(s, "\n", " ") }},
	"CR only":            {KindOneLine, func(s string) string { return strings.ReplaceAll(s, "\n", "\r") }},
	"END joined":         {KindOneLine, func(s string) string { return strings.Replace(s, "\n"+endMark, endMark, 1) }},
	"indented":           {KindIndented, func(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }},
	"END indented":       {KindIndented, func(s string) string { return strings.Replace(s, endMark, "\t"+endMark, 1) }},
	"assignment":         {KindIndented, func(s string) string { return "KEY='" + s + "'" }},
	"escaped":            {KindEscaped, func(s string) string { return strings.ReplaceAll(s, "\n", `\n`) }},
	"escaped, quoted":    {KindEscaped, func(s string) string { return `"` + strings.ReplaceAll(s, "\n", `\r\n`) + `"` }},
	"no END":             {KindTruncated, func(s string) string { return s[:strings.Index(s, endMark)] }},
	"cut in the middle":  {KindTruncated, func(s string) string { return s[:len(s)/2] }},
	"no BEGIN":           {KindTruncated, func(s string) string { return s[strings.Index(s, "\n")+1:] }},
	"cut in END":         {KindTruncated, func(s string) string { return strings.TrimRight(s, "-\n") }},
	"no label":           {KindTruncated, func(string) string { return "-----BEGIN -----\nAA==\n-----END -----\n" }},
	"END before BEGIN":   {KindTruncated, func(s string) string { return "-----END PRIVATE KEY-----\n" + s }},
	"BEGIN doubled":      {KindTruncated, func(s string) string { return "-----BEGIN PRIVATE KEY-----\n" + s }},
	"nothing inside":     {KindTruncated, func(string) string { return "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n" }},
	"bad base64":         {KindBase64, func(s string) string { return strings.Replace(s, "\nM", "\n!", 1) }},
	"a letter lost":      {KindBase64, func(s string) string { return strings.Replace(s, "\nM", "\n", 1) }},
	"labels differ":      {KindBase64, func(s string) string { return strings.Replace(s, "END PRIVATE", "END EC PRIVATE", 1) }},
	"two keys":           {KindAmbiguous, func(s string) string { return s + s }},
	"certificates":       {KindCertificate, func(string) string { return block("CERTIFICATE") + block("CERTIFICATE") }},
	"certificate, key":   {KindAmbiguous, func(s string) string { return block("CERTIFICATE") + s }},
	"PKCS 7":             {KindCertificate, func(string) string { return block("PKCS7") }},
	"PGP":                {KindPGP, func(string) string { return block("PGP PRIVATE KEY BLOCK") }},
	"PuTTY":              {KindPuTTY, func(string) string { return "PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\r\nEncryption: none\r\n" }},
	"SSH RSA":            {KindSSH, func(string) string { return "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ me" }},
	"other label":        {KindOtherPEM, func(string) string { return block("WIREGUARD THING") }},
	"damaged":            {KindDamaged, func(string) string { return block("PRIVATE KEY") }},
	"damaged SEC 1":      {KindDamaged, func(string) string { return block("EC PRIVATE KEY") }},
}

func block(label string) string {
	return "-----BEGIN " + label + "-----\nMAMCAQA=\n-----END " + label + "-----\n"
}

func inside(pem string) string {
	_, body, _ := strings.Cut(pem, "\n")
	body, _, _ = strings.Cut(body, endMark)
	return body
}

// wide returns s in UTF-16, the low byte first or second.
func wide(s string, low int) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		pair := [2]byte{}
		pair[low], pair[1-low] = byte(u), byte(u>>8)
		out = append(out, pair[:]...)
	}
	return string(out)
}

// checkWrong holds that both parsers refuse data as kind, and say no more than the
// table of texts does.
func checkWrong(t *testing.T, data []byte, kind Kind) {
	t.Helper()
	if got := Sniff(data); got != kind {
		t.Errorf("Sniff = %v, want %v", got, kind)
	}
	private, err := ParsePrivate(data)
	if err == nil || private != nil {
		t.Fatal("ParsePrivate accepts it")
	}
	isPublicLabel := bytes.Contains(data, []byte(beginMark+labelSPKI))
	if got := errorKind(t, err); got != kind && !(isPublicLabel && got == KindPublic) {
		t.Errorf("ParsePrivate: %v, want %v", got, kind)
	}
	if !strings.HasPrefix(err.Error(), "parse private key: "+errorKind(t, err).Text()) {
		t.Errorf("ParsePrivate says %q", err)
	}
	public, err := ParsePublic(data)
	if err == nil || public != nil {
		t.Fatal("ParsePublic accepts it")
	}
	isPrivateLabel := bytes.Contains(data, []byte("PRIVATE KEY-----"))
	if got := errorKind(t, err); got != kind && !(isPrivateLabel && got == KindPrivate) {
		t.Errorf("ParsePublic: %v, want %v", got, kind)
	}
	if !strings.HasPrefix(err.Error(), "parse public key: "+errorKind(t, err).Text()) {
		t.Errorf("ParsePublic says %q", err)
	}
}

func TestWrongFiles(t *testing.T) {
	for name, kind := range wrongFiles {
		t.Run(name, func(t *testing.T) { checkWrong(t, readFile(t, "wrong", name), kind) })
	}
	files, err := os.ReadDir("testdata/wrong")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := wrongFiles[f.Name()]; !ok {
			t.Errorf("%s is in no table", f.Name())
		}
	}
}

func TestWrongTexts(t *testing.T) {
	key := string(fixture(t, P256, "pkcs8"))
	for name, c := range wrongTexts {
		t.Run(name, func(t *testing.T) { checkWrong(t, []byte(c.make(key)), c.kind) })
	}
}

// Every kind of refusal is reached by some test: those of the tables above, and
// those that crafted keys and the two halves of a pair bring about.
func TestKindsAreTested(t *testing.T) {
	seen := map[Kind]bool{
		KindPrivate: true, KindPublic: true, // TestWrongHalf
		KindAlgorithm: true, KindNoCurve: true, KindMismatch: true, // TestCraftedPrivate
		KindRange: true, KindPoint: true,
		KindNil: true, // TestPublicFromWrong, TestPrivateFromWrong
	}
	for _, kind := range wrongFiles {
		seen[kind] = true
	}
	for _, c := range wrongTexts {
		seen[c.kind] = true
	}
	for _, kind := range Kinds() {
		if !seen[kind] {
			t.Errorf("no test has kind %v", kind)
		}
	}
}

func TestWrongHalf(t *testing.T) {
	for c := range fileNames {
		private, public := fixture(t, c, "pkcs8"), fixture(t, c, "public")
		key, err := ParsePublic(private)
		if key != nil || errorKind(t, err) != KindPrivate {
			t.Errorf("ParsePublic of a private key: %v", err)
		}
		if hint := err.(*Error).Hint(); !strings.Contains(hint, "usersig public --key FILE") {
			t.Errorf("hint %q does not say how", hint)
		}
		other, err := ParsePrivate(public)
		if other != nil || errorKind(t, err) != KindPublic {
			t.Errorf("ParsePrivate of a public key: %v", err)
		}
		if Sniff(private) != KindPrivate || Sniff(public) != KindPublic {
			t.Errorf("Sniff: %v, %v", Sniff(private), Sniff(public))
		}
	}
}

func TestCurveIsNamed(t *testing.T) {
	for file, name := range map[string]string{
		"curve-secp224r1.pem": "P-224", "curve-prime192v1.pem": "prime192v1",
		"curve-brainpoolP256r1.pem": "brainpoolP256r1", "curve-SM2.pem": "SM2",
	} {
		_, err := ParsePrivate(readFile(t, "wrong", file))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// The texts are data for translators and printers: complete, of one style.
func TestTexts(t *testing.T) {
	names := map[string]bool{}
	for _, k := range Kinds() {
		if k.String() == "" || k.Text() == "" || k.Hint() == "" || names[k.String()] {
			t.Errorf("kind %d: %q, %q, %q", k, k, k.Text(), k.Hint())
		}
		names[k.String()] = true
		for _, s := range []string{k.Text(), k.Hint()} {
			if strings.HasSuffix(s, ".") || strings.ToLower(s[:1]) != s[:1] || len(s) > 120 {
				t.Errorf("%v: style of %q", k, s)
			}
		}
	}
	if Kind(0).String() != "none" || Kind(200).String() != "none" || (&Error{Kind: KindZip}).Error() != KindZip.Text() {
		t.Error("a kind out of range has words of its own")
	}
}

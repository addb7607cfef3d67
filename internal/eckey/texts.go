package eckey

// entry is what there is to say about a kind.
type entry struct {
	name string // stable, for machines and translations
	text string // what it is, lower case, no full stop
	hint string // what to do
}

const (
	hintCopy = "copy the whole file again, from its BEGIN line to its END line"
	hintNew  = "use an ECDSA key: usersig keygen makes one"
)

// entries holds the words for every kind. They are data, so that they can be
// translated; nothing in them comes from an input.
var entries = [kindEnd]entry{
	0: {"none", "no error", ""},
	KindUnknown: {"unknown", "this is not a key but data of an unknown kind",
		"give a PEM file, whose first line is like -----BEGIN PRIVATE KEY-----"},
	KindPrivate: {"private_key", "this is a private key; only its public half belongs here",
		"keep the private key to yourself and give the public half: usersig public --key FILE"},
	KindPublic: {"public_key", "this is a public key; the private key belongs here",
		"give the private key, the file private_key in the console's keys.zip"},
	KindSecret: {"secret", "this is a SECRETKEY, not a PEM key",
		"a SECRETKEY signs and checks v2 tokens by itself; v1 takes the files private_key and public_key"},
	KindToken: {"token", "this is a UserSig, not a key",
		"give the key that signs or checks it; the token goes elsewhere"},
	KindEmpty:    {"empty", "there is nothing in it", "check that this is the right file"},
	KindNil:      {"nil", "there is no key, only a nil", "parse or make a key first, and see whether that gave an error"},
	KindTooLarge: {"too_large", "it is larger than 64 KiB, which no key is", "check that this is the right file"},
	KindText: {"text", "this is text without a BEGIN line, not a PEM key",
		"give a PEM file, whose first line is like -----BEGIN PRIVATE KEY-----"},
	KindEncoding: {"encoding", "this is UTF-16 text or begins with a byte order mark",
		"save it as plain ASCII or UTF-8 without a byte order mark"},
	KindQuoted: {"quoted", "the text is in quotation marks", "take the quotation marks away"},
	KindJSON: {"json", "this is JSON, such as a JWK, not a PEM key",
		"export the key as PEM"},
	KindZip: {"zip", "this is a zip archive, not a key",
		"unzip it; private_key signs and public_key checks"},
	KindKeyStore: {"key_store", "this is a key store (PKCS #12 or Java), not a PEM key",
		"take the key out: openssl pkcs12 -in FILE -nocerts -nodes -out private_key"},
	KindDER: {"der", "this is DER without PEM lines around it",
		"convert it: openssl pkey -inform DER -in FILE -out private_key; if public, with -pubin"},
	KindBare: {"bare", "this is the inside of a PEM key without its BEGIN and END lines",
		"put the lines -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY----- around it; if public, PUBLIC KEY"},
	KindOneLine: {"one_line", "this is PEM whose line breaks are gone",
		"put a line break after the BEGIN line and one before the END line"},
	KindIndented: {"indented", "something stands before the dashes of the PEM lines",
		"take away the spaces, quotation marks or words before -----BEGIN and -----END"},
	KindEscaped: {"escaped", `this is PEM with \n as two characters where line breaks belong`,
		`turn them into line breaks: printf '%b' "$KEY"`},
	KindTruncated: {"truncated", "a PEM BEGIN or END line is missing or cut off", hintCopy},
	KindBase64:    {"base64", "the text between the BEGIN and END lines is damaged, or the lines differ", hintCopy},
	KindAmbiguous: {"ambiguous", "there is more than one PEM block", "keep the one that is meant in a file of its own"},
	KindParameters: {"parameters", "there are curve parameters but no key",
		"copy the whole file again, with the key after the EC PARAMETERS block"},
	KindOtherPEM: {"other_pem", "this is a PEM block of another kind",
		"give a block labelled PRIVATE KEY, EC PRIVATE KEY or PUBLIC KEY"},
	KindEncrypted: {"encrypted", "this key is encrypted with a passphrase",
		"decrypt it: openssl pkcs8 -topk8 -nocrypt -in FILE -out private_key"},
	KindCertificate: {"certificate", "this is a certificate, not a key",
		"take its public key: openssl x509 -pubkey -noout -in FILE"},
	KindRequest: {"request", "this is a certificate request, not a key",
		"take its public key: openssl req -pubkey -noout -in FILE"},
	KindSSH:       {"ssh", "this is an SSH key", hintNew},
	KindPGP:       {"pgp", "this is a PGP key", hintNew},
	KindPuTTY:     {"putty", "this is a PuTTY key", hintNew},
	KindRSA:       {"rsa", "this is an RSA key", hintNew},
	KindDSA:       {"dsa", "this is a DSA key", hintNew},
	KindEdwards:   {"edwards", "this is an Ed25519, Ed448, X25519 or X448 key", hintNew},
	KindAlgorithm: {"algorithm", "this is a key for another algorithm", hintNew},
	KindCurve: {"curve", "this key is on a curve that is not supported",
		"use a key on P-256, secp256k1, P-384 or P-521"},
	KindExplicit: {"explicit_curve", "this key gives its curve by numbers, not by name",
		"name the curve: openssl ec -in FILE -param_enc named_curve -out private_key; if public, with -pubin and -pubout"},
	KindNoCurve: {"no_curve", "this key does not say which curve it is on",
		"convert it with the tool that made it to PKCS #8, whose label is PRIVATE KEY"},
	KindDamaged: {"damaged", "the key inside the PEM block is damaged", hintCopy},
	KindMismatch: {"mismatch", "the parts of this key contradict each other",
		"do not use it: it was altered or put together from two keys"},
	KindRange: {"range", "the private value is out of range for its curve", "do not use it: it was altered or damaged"},
	KindPoint: {"point", "the public point is not on its curve", "do not use it: it was altered or damaged"},
}

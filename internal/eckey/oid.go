package eckey

import (
	"encoding/asn1"
)

var oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}

// otherAlgorithms names the keys that are not ECDSA keys at all.
var otherAlgorithms = map[string]Kind{
	"1.2.840.113549.1.1.1":  KindRSA,
	"1.2.840.113549.1.1.7":  KindRSA, // OAEP
	"1.2.840.113549.1.1.10": KindRSA, // PSS
	"1.2.840.10040.4.1":     KindDSA,
	"1.3.101.110":           KindEdwards, // X25519
	"1.3.101.111":           KindEdwards, // X448
	"1.3.101.112":           KindEdwards, // Ed25519
	"1.3.101.113":           KindEdwards, // Ed448
}

// otherCurves names the curves that people try and that are not supported.
var otherCurves = map[string]string{
	"1.3.132.0.33":          "P-224",
	"1.2.840.10045.3.1.1":   "P-192 (prime192v1)",
	"1.3.132.0.9":           "secp160k1",
	"1.3.132.0.8":           "secp160r1",
	"1.3.132.0.31":          "secp192k1",
	"1.3.132.0.32":          "secp224k1",
	"1.3.36.3.3.2.8.1.1.3":  "brainpoolP192r1",
	"1.3.36.3.3.2.8.1.1.5":  "brainpoolP224r1",
	"1.3.36.3.3.2.8.1.1.7":  "brainpoolP256r1",
	"1.3.36.3.3.2.8.1.1.8":  "brainpoolP256t1",
	"1.3.36.3.3.2.8.1.1.9":  "brainpoolP320r1",
	"1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
	"1.3.36.3.3.2.8.1.1.12": "brainpoolP384t1",
	"1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
	"1.3.36.3.3.2.8.1.1.14": "brainpoolP512t1",
	"1.2.156.10197.1.301":   "SM2",
}

// curveOf returns the curve of an ECDSA key, or names the key's real algorithm.
func curveOf(a algorithm) (Curve, *Error) {
	if !a.OID.Equal(oidECPublicKey) {
		if kind, ok := otherAlgorithms[a.OID.String()]; ok {
			return 0, refuse(kind)
		}
		return 0, refuse(KindAlgorithm)
	}
	return namedCurve(a.Parameters)
}

// namedCurve returns the curve that the ECParameters (RFC 5480) name. Curves given
// by their numbers are refused even if the numbers are those of a known curve: to
// believe a stranger's numbers is how CVE-2020-0601 let anybody forge signatures.
func namedCurve(parameters asn1.RawValue) (Curve, *Error) {
	var oid asn1.ObjectIdentifier
	switch {
	case len(parameters.FullBytes) == 0, parameters.Tag == asn1.TagNull:
		return 0, refuse(KindNoCurve)
	case parameters.Tag == asn1.TagSequence:
		return 0, refuse(KindExplicit)
	case !decode(parameters.FullBytes, &oid):
		return 0, refuse(KindDamaged)
	}
	for c := P256; c <= Secp256k1; c++ {
		if oid.Equal(curves[c].oid) {
			return c, nil
		}
	}
	return 0, &Error{Kind: KindCurve, Curve: otherCurves[oid.String()]}
}

func algorithmOf(c Curve) algorithm {
	return algorithm{OID: oidECPublicKey, Parameters: asn1.RawValue{FullBytes: encode(curves[c].oid)}}
}

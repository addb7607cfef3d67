package inflate_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

// tokens are UserSigs issued with throw-away keys by Tencent's libraries, one for each shape of
// stream that they write.
var tokens = []struct{ name, token string }{
	// Java: one block with the fixed codes, level 6.
	{"fixed", "" +
		"eJyrVgrxCdZLrSjILEpVsjI2NDU2MwABHbB4WWqRkpWSkZ6BEoRfnJKdWFCQmaJkZWhiAAUQmcyU1LyS" +
		"zLRMsIbS4tSieEOYnsx0oFBgSLaLvqejX1m6h3*QUWZucJivb5B*mkFSvouFcWROaUSpc16wRUZERrGB" +
		"LVRjSWYu0EmG5pamJkZmBqamtQCM3DGq"},
	// C++: one block with codes of its own, level 1.
	{"dynamic", "" +
		"eAEtTU0LgjAY-i*7GjZtHyl0EyTyoolBN21LXiUZcysh*u8N3XN7vr*oLq7hW2qUojjEaLfyWYytUiBQ" +
		"GhHssTkg5GTgCWuh3Xe*YOAlXZgnlMQMU7qF5aJAOz2OCCfHAyPcz0Pv7uzjUt2WSc9jb8rsnjeV6ebz" +
		"UJTUBipvLIPA2KGGJPuc0O8P010x0Q__"},
	// Go: a stored block and an empty last one.
	{"stored", "" +
		"eAEArQBS-3siVExTLnZlciI6IjIuMCIsIlRMUy5pZGVudGlmaWVyIjoidXNlcl8xIiwiVExTLnNka2Fw" +
		"cGlkIjoxNDAwMDAwMDAwLCJUTFMuZXhwaXJlIjozMTUzNjAwMDAwLCJUTFMudGltZSI6MTc5NTQyNjA1" +
		"NiwiVExTLnNpZyI6InhvcVErVHBOZXRUbjVSSGxJTFdCVkYzbUxPSkl5SWtNYTBIbjJHbTZ3YU09In0K" +
		"AQAA---YVTH6"},
	// Go: a block with codes of its own and an empty last one.
	{"flushed", "" +
		"eJxMj81Os0AUQN-lbr8vdoY-kR2ltKkWKWKxrCaEGeoVgRGmLY3x3U1xTDzLc5L78wnPm-SmKMvu2Cqm" +
		"LlKABwT*-2gpkbNCMbPnf7QYJfaCFZUSPXhgUtt0yBXdkYtWYYVTPQ6iZ1SXgddsGgoeUItofiMewIMo" +
		"zIN1ssAof0wegoV5Wi3l-D2M42zZ7AOOL0k27lJfvuH4kc7PmeWvX-1tNtuMVelW27ZuVvXT7lz-czvr" +
		"MoZ8du8mRhgVcZzXB2Nf6WUKm*un9PbOtgyH2Lb2J9EP2LXggUGoQwml04Vf3wEAAP--Y8pYfA__"},
	// PHP: one block with codes of its own, level 6.
	{"ticket", "" +
		"eJw1jl0LgjAYhf-LrkO2NZ0JXkyGSd9hkXdROmVqYUtFiv576upcnfc58PC*wWEVGq1QwAHYgGAy3jIR" +
		"91qmcsTNU6gz*i3PpLhUlUyAgwj8RS*iq6QSwMGIUGJPLUI1r*Wtp4jOTIItaFqaDtJrk-Z6tmfzJNqU" +
		"cWl3x*liy8Zw5bE4GNoy08S7L9orhvV677r-Z2TWC4qX9Dc*ih4FR8uwK*DOPnWivnCeBxyGtEwjPLNv" +
		"eZxlLvh8Ab99Rqg_"},
}

// streams returns the zlib streams in tokens.
func streams(tb testing.TB) map[string][]byte {
	tb.Helper()
	alphabet := strings.NewReplacer("*", "+", "-", "/", "_", "=")
	all := make(map[string][]byte)
	for _, t := range tokens {
		src, err := base64.StdEncoding.DecodeString(alphabet.Replace(t.token))
		if err != nil {
			tb.Fatalf("%s: %v", t.name, err)
		}
		all[t.name] = src
	}
	return all
}

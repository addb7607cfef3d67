package diagnose

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"usersig"
)

// ask puts the token to a real Verifier and then asks for findings.
func ask(t *testing.T, q Question, room usersig.Room) []Finding {
	t.Helper()
	if q.Now.IsZero() {
		q.Now = now()
	}
	if q.AppID == 0 {
		q.AppID = testApp
	}
	if q.UserID == "" {
		q.UserID = "alice"
	}
	if q.Keys == nil {
		q.Keys = []usersig.VerifyingKey{public(t), secret(t, testSecret)}
	}
	v, err := usersig.NewVerifier(q.AppID, q.Keys, &usersig.VerifierOptions{Clock: func() time.Time { return q.Now }})
	if err != nil {
		t.Fatal(err)
	}
	switch q.Purpose {
	case usersig.PrivateMapKey:
		_, q.Err = v.VerifyPrivateMapKey(t.Context(), q.Token, q.UserID, room)
	case usersig.UserBuf:
		_, q.Err = v.VerifyUserBuf(t.Context(), q.Token, q.UserID)
	default:
		_, q.Err = v.Verify(t.Context(), q.Token, q.UserID)
	}
	found := Token(q)
	for _, f := range found {
		checkFinding(t, f, q)
	}
	return found
}

// checkFinding holds a finding to what all must have: two languages, and nothing of
// the token or of a secret.
func checkFinding(t *testing.T, f Finding, q Question) {
	t.Helper()
	en, zh := f.In("en"), f.In("zh-CN")
	if f.ID == "" || en == "" || en == zh || !strings.ContainsFunc(zh, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }) {
		t.Errorf("%s: %q, %q", f.ID, en, zh)
	}
	if f.In("") != en || f.In("de") != en || f.In("ZH_cn.UTF-8") != zh {
		t.Errorf("%s: another language has another text", f.ID)
	}
	for _, text := range []string{en, zh} {
		if strings.Contains(text, "%!") || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "。") || len(text) > 500 {
			t.Errorf("%s: %q", f.ID, text)
		}
		for i := 0; i+16 <= len(q.Token); i++ {
			if strings.Contains(text, q.Token[i:i+16]) {
				t.Errorf("%s shows the token: %s", f.ID, text)
				break
			}
		}
		for _, k := range q.Keys {
			if s, ok := k.(*usersig.Secret); ok && strings.Contains(strings.ToLower(text), strings.ToLower(s.Reveal()[:8])) {
				t.Errorf("%s shows the secret: %s", f.ID, text)
			}
		}
	}
}

func ids(found []Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, f.ID)
	}
	return strings.Join(all, " ")
}

// padding returns a good token with n characters of padding and with both of the
// characters that the alphabets disagree on.
func padding(t *testing.T, n int) string {
	t.Helper()
	for i := range 10000 {
		c := alice()
		c.extra = `"TLS.version":"` + strings.Repeat("y", i%97) + `",`
		c.time += int64(i / 97)
		if token := c.v2(); strings.Count(token, "_") == n && strings.Contains(token, "*") && strings.Contains(token, "-") {
			return token
		}
	}
	t.Fatal("no such token")
	return ""
}

// TestShapes makes each mistake with text, and each near miss.
func TestShapes(t *testing.T) {
	good, one, two := alice().v2(), padding(t, 1), padding(t, 2)
	text := alice().text2([]byte(testSecret))
	plain := base64.StdEncoding.EncodeToString(deflate(text))
	withPlus := strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(one)
	rfc := func(token string) string { return strings.NewReplacer("*", "-", "-", "_", "_", "=").Replace(token) }
	changed := []byte(good)
	changed[len(changed)-8] ^= 3
	replaced := func(old, with string) string { return wrap(strings.Replace(text, old, with, 1)) }
	for name, c := range map[string]struct{ token, want string }{
		"nothing wrong":                 {good, ""},
		"nothing wrong, plain alphabet": {plain, ""},

		"empty":                     {"", "empty"},
		"PEM key":                   {string(public(t).EncodePEM()), "pem"},
		"PEM key on one line":       {"-----BEGIN PRIVATE KEY-----MIGH-----END PRIVATE KEY-----", "pem"},
		"secret":                    {testSecret, "secretkey"},
		"secret in capitals":        {strings.ToUpper(testSecret), "secretkey"},
		"63 digits":                 {testSecret[1:], ""},
		"64 letters":                {strings.Repeat("g", 64), ""},
		"undefined":                 {"undefined", "not-issued"},
		"null with a line feed":     {"null\n", "not-issued"},
		"Promise":                   {"[object Promise]", "not-issued"},
		"undefinedly":               {"undefinedly", ""},
		"JWT":                       {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl", "jwt"},
		"one dot":                   {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9", ""},
		"media token":               {"us1.1400000000.YWxpY2U.n7." + good, "media-token"},
		"Bearer":                    {"Bearer " + good, "bearer"},
		"Bearer of something else":  {"Bearer abcdef", ""},
		"bare JSON":                 {text, "bare-json"},
		"bare JSON with space":      {"\n " + text, "bare-json"},
		"other JSON":                {`{"a":1}`, ""},
		"demo config":               {`{"sdkappid":1,"users":[{"userId":"a","userToken":"` + good + `"}]}`, "demo-config"},
		"quotes":                    {`"` + good + `"`, "quotes"},
		"Chinese quotes":            {"“" + good + "”", "quotes"},
		"quotes and a line feed":    {"'" + good + "'\n", "quotes"},
		"quoted junk":               {`"junk"`, ""},
		"space after":               {good + " ", "spaces"},
		"line feed after":           {good + "\r\n", "spaces"},
		"junk and space":            {"junk ", ""},
		"plus became space":         {strings.ReplaceAll(withPlus, "+", " "), "url-plus"},
		"URL-encoded":               {url.QueryEscape(plain), "percent"},
		"percent of junk":           {"100%25", ""},
		"text after":                {good + "%zz", "surrounded"},
		"text around":               {"userSig=" + good + "&sdkAppId=1", "surrounded"},
		"a log line":                {"2026/11/23 issued " + good + " for alice", "surrounded"},
		"a comma after":             {`"` + good + `",`, "quotes"},
		"zero-width space":          {"\u200b" + good, "invisible"},
		"byte order mark":           {"\ufeff" + good, "invisible"},
		"NUL after":                 {good + "\x00", "invisible"},
		"slashes of JSON":           {strings.ReplaceAll(withPlus, "/", `\/`), "slashes"},
		"base64 twice":              {base64.StdEncoding.EncodeToString([]byte(good)), "base64-twice"},
		"base64 of junk":            {base64.StdEncoding.EncodeToString([]byte("hello")), ""},
		"quoted, encoded, cut":      {`"` + url.QueryEscape(strings.TrimRight(withPlus, "=")) + `"`, "quotes percent no-padding"},
		"quotes, URL, line feed":    {"'" + url.QueryEscape(plain) + "'\n", "quotes percent"},
		"cut off in quotes":         {`"` + good[:100] + `"`, "cut-off"},
		"very long junk":            {strings.Repeat("ab ", 1<<16), ""},
		"junk with too many ways":   {"\nQUJD/\u200b%20" + strings.Repeat("x/", 60) + "/\n\\/%2B*%252B_Bearer *\"", ""},
		"broken into lines":         {good[:76] + "\n" + good[76:], "line-breaks"},
		"space inside":              {good[:10] + " " + good[10:], "line-breaks"},
		"two words":                 {"hello world", ""},
		"RFC 4648":                  {strings.TrimRight(rfc(one), "="), "rfc4648"},
		"RFC 4648 with padding":     {rfc(one), "rfc4648"},
		"RFC 4648, two paddings":    {strings.TrimRight(rfc(two), "="), "rfc4648"},
		"RFC 4648 of something":     {"ab-cd_ef", ""},
		"slash kept":                {strings.ReplaceAll(one, "-", "/"), "mixed-alphabet"},
		"padding kept":              {strings.ReplaceAll(one, "_", "="), "mixed-alphabet"},
		"mixed junk":                {"ab*+", ""},
		"padding stripped":          {strings.TrimRight(one, "_"), "no-padding"},
		"paddings stripped":         {strings.TrimRight(two, "_"), "no-padding"},
		"plain padding stripped":    {strings.TrimRight(withPlus, "="), "no-padding"},
		"cut off":                   {good[:len(good)-9], "cut-off"},
		"cut off at four":           {good[:len(good)/8*4], "cut-off"},
		"cut off at 100":            {good[:100], "cut-off"},
		"five letters":              {"hello", ""},
		"one character changed":     {string(changed), ""},
		"gzip":                      {outer(gzipped(text)), "gzip"},
		"not compressed":            {outer([]byte(text)), "not-compressed"},
		"neither":                   {outer([]byte("hello world!")), ""},
		"Latin-1":                   {wrap(strings.Replace(text, "alice", "caf\xe9", 1)), "latin-1"},
		"half a pair":               {replaced("alice", `\ud800`), ""},
		"lifetime null":             {replaced("86400", "null"), "expire-missing"},
		"lifetime as text":          {replaced("86400", `"86400"`), "expire-missing"},
		"lifetime missing":          {replaced(`"TLS.expire":86400,`, ""), ""},
		"line feed in the user ID":  {replaced("alice", `alice\n`), "user-control"},
		"control in another field":  {wrap(strings.Replace(alice().text1(testKey), `type":"0"`, `type":"0\n"`, 1)), ""},
		"numbers in version 1":      {wrap(strings.Replace(alice().text1(testKey), `"1400000000"`, "1400000000", 1)), "types"},
		"a field that is missing":   {replaced(`"TLS.ver":"2.0",`, ""), ""},
		"a duplicate":               {replaced("{", `{"TLS.ver":"2.0",`), ""},
		"a duplicate, no asterisks": {strings.NewReplacer("*", "A", "-", "B").Replace(replaced("{", `{"TLS.ver":"2.0",`)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ids(ask(t, Question{Token: c.token}, usersig.Room{})); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// TestKeys: of a signature that does not fit one explanation is given.
func TestKeys(t *testing.T) {
	onlySecret := []usersig.VerifyingKey{secret(t, testSecret)}
	onlyPublic := []usersig.VerifyingKey{public(t)}
	signedFor := func(old, with string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, with, 1) }
	}
	oldPHP, oldNode, escaped1, escaped2, shuffled := alice(), alice(), alice(), alice(), alice()
	oldPHP.lines = func(s string) string { return strings.ReplaceAll(s, "\n", `\n`) }
	oldNode.lines = signedFor("TLS.appid_at_3rd:0\n", "")
	escaped1.user, escaped1.userJSON = `a\u0062`, `"a\u0062"`
	escaped2.user, escaped2.userJSON = `a\u0062`, `"a\u0062"`
	shuffled.lines = signedFor("TLS.identifier:alice\n", "TLS.identifier:someone\n")
	other := alice()
	other.app++
	foreign, err := usersig.GenerateKey(usersig.P256)
	if err != nil {
		t.Fatal(err)
	}
	otherPublic := []usersig.VerifyingKey{foreign.Public()}
	pem := string(public(t).EncodePEM())
	raw := make([]byte, 32)
	for i := range raw {
		for _, c := range []byte(testSecret[2*i : 2*i+2]) {
			raw[i] = raw[i]<<4 | byte(strings.IndexByte("0123456789abcdef", c))
		}
	}
	late := alice()
	late.app, late.time = testApp+1, testTime-1000000
	buffered := other
	buffered.buf = []byte("x")
	for name, c := range map[string]struct {
		q    Question
		want string
	}{
		"v1 with a secret":            {Question{Token: alice().v1(), Keys: onlySecret}, "v1-with-secret"},
		"v2 with a public key":        {Question{Token: alice().v2(), Keys: onlyPublic}, "v2-with-public-key"},
		"key retired":                 {Question{Token: alice().v2(), Keys: []usersig.VerifyingKey{usersig.RetireAt(secret(t, testSecret), time.Unix(1, 0))}}, ""},
		"v1 key retired":              {Question{Token: alice().v1(), Keys: []usersig.VerifyingKey{usersig.RetireAt(public(t), time.Unix(1, 0))}}, ""},
		"HMAC by the public key":      {Question{Token: wrap(alice().text2([]byte(pem))), Keys: onlyPublic}, "public-key-as-secret"},
		"HMAC by another public key":  {Question{Token: wrap(alice().text2([]byte(pem))), Keys: otherPublic}, "v2-with-public-key"},
		"secret decoded":              {Question{Token: wrap(alice().text2(raw))}, "hex-decoded-secret"},
		"secret with a line feed":     {Question{Token: wrap(alice().text2([]byte(testSecret + "\n")))}, "spoilt-secret"},
		"secret in quotes":            {Question{Token: wrap(alice().text2([]byte(`"` + testSecret + `"`)))}, "spoilt-secret"},
		"secret in capitals":          {Question{Token: wrap(alice().text2([]byte(strings.ToUpper(testSecret))))}, "spoilt-secret"},
		"another secret":              {Question{Token: wrap(alice().text2([]byte("another secret")))}, "another-key"},
		"old PHP":                     {Question{Token: oldPHP.v2()}, "php-newline"},
		"old PHP, another secret":     {Question{Token: wrap(oldPHP.text2([]byte("another secret")))}, "another-key"},
		"old Node":                    {Question{Token: oldNode.v1()}, "node-1.0.0"},
		"old Node, another key":       {Question{Token: oldNode.v1(), Keys: otherPublic}, "another-key"},
		"v1 user rewritten":           {Question{Token: escaped1.v1(), UserID: `a\u0062`}, "user-rewritten"},
		"v2 user rewritten":           {Question{Token: escaped2.v2(), UserID: `a\u0062`}, "user-rewritten"},
		"signed for a third":          {Question{Token: shuffled.v1(), UserID: "bob"}, "another-key"},
		"signed for a third, v2":      {Question{Token: shuffled.v2(), UserID: "bob"}, "another-key"},
		"another key":                 {Question{Token: alice().v1(), Keys: otherPublic}, "another-key"},
		"wrong application here":      {Question{Token: other.v1()}, "app-elsewhere"},
		"wrong application, v2":       {Question{Token: other.v2()}, "app-elsewhere"},
		"wrong application, expired":  {Question{Token: late.v2()}, "app-elsewhere"},
		"wrong application, a ticket": {Question{Token: buffered.v2()}, "app-elsewhere"},
		"wrong application and key":   {Question{Token: other.v1(), Keys: otherPublic}, ""},
		"good":                        {Question{Token: alice().v1()}, ""},
		"good v2":                     {Question{Token: alice().v2()}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ids(ask(t, c.q, usersig.Room{})); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestClaims(t *testing.T) {
	named := func(user string) string {
		c := alice()
		c.user = user
		return c.v2()
	}
	extra := func(members string) string {
		c := alice()
		c.extra = members
		return c.v1()
	}
	ticket := alice()
	ticket.buf = []byte("\x00\x00\x05alice\x53\x72\x4e\x00\x00\x00\x00\x07\xff\xff\xff\xff\x00\x00\x00\xff\x00\x00\x00\x00")
	buffered := alice()
	buffered.buf = []byte("hello")
	room := usersig.Room{ID: 7}
	for name, c := range map[string]struct {
		q    Question
		want string
	}{
		"capitals":                 {Question{Token: named("Alice")}, "user-case"},
		"space after":              {Question{Token: named("alice ")}, "user-space"},
		"space asked for":          {Question{Token: named("alice"), UserID: " alice"}, "user-space"},
		"URL-encoded":              {Question{Token: named("%E7%94%A8%E6%88%B7"), UserID: "用户"}, "user-url"},
		"URL-encoded badly":        {Question{Token: named("%E7%zz"), UserID: "用户"}, ""},
		"another user":             {Question{Token: named("bob")}, ""},
		"ticket as UserSig":        {Question{Token: ticket.v2()}, "ticket-as-usersig"},
		"buffer as UserSig":        {Question{Token: buffered.v2(), Purpose: usersig.UserSig}, "ticket-as-usersig"},
		"ticket as buffer":         {Question{Token: ticket.v2(), Purpose: usersig.UserBuf}, ""},
		"UserSig as buffer":        {Question{Token: alice().v2(), Purpose: usersig.UserBuf}, ""},
		"UserSig as PrivateMapKey": {Question{Token: alice().v2(), Purpose: usersig.PrivateMapKey}, "usersig-as-ticket"},
		"buffer as PrivateMapKey":  {Question{Token: buffered.v2(), Purpose: usersig.PrivateMapKey}, ""},
		"ticket as PrivateMapKey":  {Question{Token: ticket.v2(), Purpose: usersig.PrivateMapKey}, ""},
		"extra field":              {Question{Token: extra(`"x":"",`)}, "extra-fields"},
		"many extra fields":        {Question{Token: extra(`"x":"","a very long name of a field that goes on":1,"y":2,"z":3,`)}, "extra-fields"},
		"a name with a quote":      {Question{Token: extra(`"a\"b\u202e":"",`)}, "extra-fields"},
	} {
		t.Run(name, func(t *testing.T) {
			found := ask(t, c.q, room)
			if got := ids(found); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			for _, f := range found {
				if strings.ContainsAny(f.In("en")+f.In("zh"), "\u202e\n") || strings.Contains(f.In("en"), "that goes on") {
					t.Errorf("%q", f.In("en"))
				}
			}
		})
	}
}

func TestTimes(t *testing.T) {
	lasting := func(issued, expire int64) string {
		c := alice()
		c.time, c.expire = issued, expire
		return c.v1()
	}
	const day = 86400
	for name, c := range map[string]struct {
		token string
		now   int64
		want  string
	}{
		"issued in milliseconds":      {lasting(testTime*1000, day), 0, "time-unit"},
		"issued in microseconds":      {lasting(testTime*1_000_000, day), 0, "time-unit"},
		"issued in nanoseconds":       {lasting(testTime*1_000_000_000, day), 0, "time-unit"},
		"issued in the year 5138":     {lasting(99999999999, day), 0, ""},
		"lifetime in milliseconds":    {lasting(testTime, 15552000000), 0, "expire-ms"},
		"lifetime of a century":       {lasting(testTime, 3153600001), 0, ""},
		"lifetime of 50 years":        {lasting(testTime, 1576800000), 0, ""},
		"lifetime beyond any unit":    {lasting(testTime, 9_000_000_000_000_000_000), 0, ""},
		"lifetime of 51 years in ms":  {lasting(testTime, 1576800001000), 0, ""},
		"lifetime is an instant":      {lasting(testTime, testTime+day), 0, "expire-instant"},
		"lifetime is a past instant":  {lasting(testTime, testTime-1), 0, ""},
		"lifetime much too long":      {lasting(testTime, 2*testTime+1), 0, ""},
		"no time of issue":            {lasting(0, 7*day), 0, ""},
		"eight hours ahead":           {lasting(testTime+8*3600, day), testTime, "time-zone clock-skew"},
		"five and a half hours ahead": {lasting(testTime+5*3600+1800+100, day), testTime, "time-zone clock-skew"},
		"half an hour and more":       {lasting(testTime+1800+121, day), testTime, "clock-skew"},
		"half an hour and less":       {lasting(testTime+3600-121, day), testTime, "clock-skew"},
		"two minutes ahead":           {lasting(testTime+120, day), testTime, "clock-skew"},
		"fifteen hours ahead":         {lasting(testTime+15*3600, day), testTime, "clock-skew"},
		"two days ahead":              {lasting(testTime+2*day, day), testTime, ""},
		"within the leeway":           {lasting(testTime+60, day), testTime, ""},
		"five minutes' life":          {lasting(testTime, 300), testTime + 400, "clock-behind short-life"},
		"five minutes, long ago":      {lasting(testTime, 300), testTime + 2*day, "short-life"},
		"an hour's life, 8 hours old": {lasting(testTime, 3600), testTime + 8*3600, "clock-behind"},
		"a day in milliseconds":       {lasting(testTime, day*1000), 0, "expire-ms"},
		"5 minutes in milliseconds":   {lasting(testTime, 300000), 0, "expire-ms"},
		"299 seconds in milliseconds": {lasting(testTime, 299000), 0, ""},
		"five minutes, still good":    {lasting(testTime, 300), testTime, ""},
		"a day's life":                {lasting(testTime, day), testTime + 2*day, ""},
	} {
		t.Run(name, func(t *testing.T) {
			q := Question{Token: c.token}
			if c.now != 0 {
				q.Now = time.Unix(c.now, 0)
			}
			if got := ids(ask(t, q, usersig.Room{})); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// TestWithoutARequest: a token alone, as for inspection, can be asked about.
func TestWithoutARequest(t *testing.T) {
	if got := ids(Token(Question{Token: alice().v2()})); got != "" {
		t.Errorf("a good token: %s", got)
	}
	ahead := alice()
	ahead.time += 8 * 3600
	if got := ids(Token(Question{Token: ahead.v2(), Err: usersig.ErrNotYetValid})); got != "" {
		t.Errorf("without a clock: %s", got)
	}
	other := alice()
	other.app, other.time = 7, time.Now().Unix()
	if got := ids(Token(Question{Token: other.v2(), AppID: testApp, Keys: []usersig.VerifyingKey{secret(t, testSecret)}, Err: usersig.ErrAppMismatch})); got != "app-elsewhere" {
		t.Errorf("by the machine's clock: %s", got)
	}
	for name, q := range map[string]Question{
		"no keys":     {Token: other.v2(), Err: usersig.ErrAppMismatch},
		"a key twice": {Token: other.v2(), Err: usersig.ErrAppMismatch, Keys: []usersig.VerifyingKey{secret(t, testSecret), secret(t, testSecret)}},
		"no user":     {Token: alice().v2(), Err: errors.New("another error"), Keys: []usersig.VerifyingKey{secret(t, testSecret)}},
	} {
		if got := ids(Token(q)); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

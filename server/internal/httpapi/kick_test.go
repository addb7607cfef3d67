package httpapi

import (
	"strings"
	"testing"
	"time"
)

func TestRevokeLosesNoSecond(t *testing.T) {
	run(t, Options{}, func(w *world) {
		type token struct {
			UserSig string `json:"usersig"`
		}
		path := "/v1/apps/" + w.vars["app"]
		issue := func(user string) string {
			return decode[token](w, w.do(request{as: "all", method: "POST", path: path + "/usersigs", body: `{"userid":"` + user + `"}`}).Body.Bytes()).UserSig
		}
		works := func(usersig string) bool {
			return decode[verdict](w, w.do(request{as: "verify", method: "POST", path: path + "/verify", body: `{"userid":"alice","token":"` + usersig + `"}`}).Body.Bytes()).OK
		}
		kick := "/v4/im_open_login_svc/kick?sdkappid=" + w.vars["app"] + "&identifier=administrator&usersig=" + issue("administrator")
		for _, fraction := range []time.Duration{0, 1, 500 * time.Millisecond, 999999999} {
			time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second + fraction))) // in the bubble
			before := issue("alice")
			if got := w.do(request{method: "POST", path: kick, body: `{"Identifier":"alice"}`}); !strings.Contains(got.Body.String(), `"OK"`) {
				t.Fatal(got.Body)
			}
			if after := issue("alice"); works(before) || !works(after) {
				t.Errorf("%v into a second: before %v, after %v", fraction, works(before), works(after))
			}
		}
	})
}

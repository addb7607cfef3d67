package media

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

// TestNothingOfABody: LiveKit asks a request for its parameters in such a way that those
// in a body count, and a long body is written to the disk. Neither can happen behind strip.
func TestNothingOfABody(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, name := range []string{"publish", "access_token", "reconnect"} {
		if err := form.WriteField(name, "mallory"); err != nil {
			t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("f", "f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(make([]byte, 64<<20)); err != nil { // more than net/http keeps in memory
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		r := httptest.NewRequestWithContext(t.Context(), method, "/rtc?sid=PA_1&publish=x&access_token=y", bytes.NewReader(body.Bytes()))
		r.Header.Set("Content-Type", form.FormDataContentType())
		strip(r)
		for name, want := range map[string]string{"sid": "PA_1", "publish": "", "access_token": "", "reconnect": ""} {
			if got := r.FormValue(name); got != want {
				t.Errorf("%s: %s is %q", method, name, got)
			}
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("on the disk: %v, %v", left, err)
	}
}

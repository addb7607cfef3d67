package media

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encoded(t *testing.T, m proto.Message) []byte {
	t.Helper()
	text, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestBoundJoin: a join request comes through as it was, and uncompressed, unless it is
// more than a client needs: 1.5 kB of it could be 436 MB.
func TestBoundJoin(t *testing.T) {
	join := &livekit.JoinRequest{
		ClientInfo: &livekit.ClientInfo{Protocol: 16}, PublisherOffer: &livekit.SessionDescription{Type: "offer", Sdp: strings.Repeat("a=x\r\n", 1000)},
		AddTrackRequests: []*livekit.AddTrackRequest{{Cid: "c", Layers: slices.Repeat([]*livekit.VideoLayer{{}}, 3)}},
	}
	inner := encoded(t, join)
	bomb := encoded(t, &livekit.JoinRequest{AddTrackRequests: []*livekit.AddTrackRequest{{Layers: slices.Repeat([]*livekit.VideoLayer{{}}, 100_000)}}})
	layers := encoded(t, &livekit.JoinRequest{AddTrackRequests: []*livekit.AddTrackRequest{{Layers: slices.Repeat([]*livekit.VideoLayer{{}}, 9)}}})
	tracks := encoded(t, &livekit.JoinRequest{AddTrackRequests: slices.Repeat([]*livekit.AddTrackRequest{{}}, mostTracks+1)})
	wrap := func(how livekit.WrappedJoinRequest_Compression, text []byte) string {
		return base64.URLEncoding.EncodeToString(encoded(t, &livekit.WrappedJoinRequest{Compression: how, JoinRequest: text}))
	}
	const none, zip = livekit.WrappedJoinRequest_NONE, livekit.WrappedJoinRequest_GZIP
	for name, one := range map[string]struct {
		texts []string
		want  bool
	}{
		"plain":                 {[]string{wrap(none, inner)}, true},
		"compressed":            {[]string{wrap(zip, zipped(t, inner))}, true},
		"compressed to much":    {[]string{wrap(zip, zipped(t, bomb))}, false},
		"of any size":           {[]string{wrap(none, bomb)}, false},
		"of zeros":              {[]string{wrap(zip, zipped(t, make([]byte, 10<<20)))}, false},
		"too many layers":       {[]string{wrap(zip, zipped(t, layers))}, false},
		"too many tracks":       {[]string{wrap(none, tracks)}, false},
		"another compression":   {[]string{wrap(7, inner)}, false},
		"said to be zipped":     {[]string{wrap(zip, inner)}, false},
		"two":                   {[]string{wrap(none, inner), wrap(none, inner)}, false},
		"none, and another":     {[]string{"", wrap(zip, zipped(t, bomb))}, false},
		"of another alphabet":   {[]string{base64.StdEncoding.EncodeToString([]byte{0xff, 0xff, 0xff})}, false},
		"no protocol buffer":    {[]string{base64.URLEncoding.EncodeToString([]byte{0xff})}, false},
		"no join request":       {[]string{wrap(none, []byte{0xff})}, false},
		"cut off in the middle": {[]string{wrap(zip, zipped(t, inner)[:50])}, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/rtc/v1?"+url.Values{"join_request": one.texts, "a": {"b"}}.Encode(), nil)
		err := boundJoin(r)
		if (err == nil) != one.want {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if got := r.FormValue("join_request"); got != wrap(none, inner) || r.URL.Query().Get("join_request") != got || r.FormValue("a") != "b" {
			t.Errorf("%s: it became %s", name, r.URL)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/rtc?a=b", nil)
	if err := boundJoin(r); err != nil || r.URL.RawQuery != "a=b" {
		t.Errorf("without one: %v, %s", err, r.URL)
	}
}

package media

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"net/http"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// mostJoin is how large the request to join may be that newer SDKs put into the URL. With
// an offer and some tracks it has 10 kB.
const mostJoin = 64 << 10

var errJoinRequest = errors.New("usersig: the join request is too large, or none")

// boundJoin puts in the place of a request's join request the same one, uncompressed, if
// it is within bounds. LiveKit would inflate 1.5 kB to 1 MB, and make 436 MB of that.
func boundJoin(r *http.Request) error {
	q := r.URL.Query()
	all := q["join_request"]
	if len(all) == 0 || len(all) == 1 && all[0] == "" {
		return nil // LiveKit says whether it needs one
	}
	if len(all) > 1 {
		return errJoinRequest
	}
	join, err := parseJoin(all[0])
	if err != nil {
		return errJoinRequest
	}
	q.Set("join_request", join)
	u := *r.URL
	u.RawQuery = q.Encode()
	r.URL, r.RequestURI, r.Form = &u, u.RequestURI(), q
	return nil
}

// parseJoin returns a join request that is within bounds as it is passed on.
func parseJoin(text string) (string, error) {
	outer, err := base64.URLEncoding.DecodeString(text)
	if err != nil {
		return "", err
	}
	var wrapped livekit.WrappedJoinRequest
	if err := proto.Unmarshal(outer, &wrapped); err != nil {
		return "", err
	}
	inner, err := inflateJoin(&wrapped)
	if err != nil {
		return "", err
	}
	var join livekit.JoinRequest
	if err := proto.Unmarshal(inner, &join); err != nil {
		return "", err
	}
	if !fits(join.ProtoReflect()) {
		return "", errJoinRequest
	}
	if inner, err = proto.Marshal(&join); err != nil {
		return "", err
	}
	outer, err = proto.Marshal(&livekit.WrappedJoinRequest{JoinRequest: inner})
	return base64.URLEncoding.EncodeToString(outer), err
}

func inflateJoin(w *livekit.WrappedJoinRequest) ([]byte, error) {
	var from io.Reader = bytes.NewReader(w.GetJoinRequest())
	switch w.GetCompression() {
	case livekit.WrappedJoinRequest_NONE:
	case livekit.WrappedJoinRequest_GZIP:
		z, err := gzip.NewReader(from)
		if err != nil {
			return nil, err
		}
		from = z
	default:
		return nil, errJoinRequest
	}
	text, err := io.ReadAll(io.LimitReader(from, mostJoin+1))
	if err == nil && len(text) > mostJoin {
		err = errJoinRequest
	}
	return text, err
}

package issuer

import (
	"encoding/json"
	"fmt"
	"time"

	"usersig"
)

// Proof is what a session keeps of the token that opened it, for [Service.Recheck]. It is
// a plain value with a JSON form, because the node that holds the session may not be the
// one that verified the token. Whoever can change it can keep a session open.
type Proof struct {
	App       uint32          `json:"app"`
	UserID    string          `json:"user"`
	KeyID     string          `json:"key"`
	Purpose   usersig.Purpose `json:"purpose"`
	Scheme    usersig.Scheme  `json:"scheme"`
	IssuedAt  time.Time       `json:"issued_at"`
	ExpiresAt time.Time       `json:"expires_at"`
}

// ProofOf returns the proof that a verified token is.
func ProofOf(v usersig.Verified) Proof {
	return Proof{v.AppID(), v.UserID(), v.KeyID(), v.Purpose(), v.Scheme(), v.IssuedAt(), v.ExpiresAt()}
}

// UnmarshalJSON reads what encoding a proof wrote, which is by name what the token is for
// and how it was signed.
func (p *Proof) UnmarshalJSON(data []byte) (err error) {
	type plain Proof
	text := struct {
		*plain
		Purpose string `json:"purpose"`
		Scheme  string `json:"scheme"`
	}{plain: (*plain)(p)}
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if p.Purpose, err = named(text.Purpose, usersig.UserSig, usersig.PrivateMapKey, usersig.UserBuf); err != nil {
		return err
	}
	p.Scheme, err = named(text.Scheme, usersig.SchemeECDSA, usersig.SchemeHMAC)
	return err
}

func named[T fmt.Stringer](name string, all ...T) (none T, err error) {
	for _, v := range all {
		if v.String() == name {
			return v, nil
		}
	}
	return none, fmt.Errorf("%.16q is none of %v", name, all)
}

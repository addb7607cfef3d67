package usersig

import (
	"fmt"
	"strconv"
	"strings"
)

// Privilege is a set of things a user may do in a room.
type Privilege uint32

// The privileges that TRTC defines, as bits (TRTC's "privateMapKey" page).
const (
	CreateRoom Privilege = 1 << iota
	JoinRoom
	SendAudio
	ReceiveAudio
	SendVideo
	ReceiveVideo
	SendScreen
	ReceiveScreen

	AllPrivileges Privilege = 1<<8 - 1

	// Audience may enter and listen and watch, but sees no shared screen: the
	// value 42 of TRTC's documents.
	Audience = JoinRoom | ReceiveAudio | ReceiveVideo
)

var privilegeNames = [...]string{
	"create", "join", "send-audio", "receive-audio",
	"send-video", "receive-video", "send-screen", "receive-screen",
}

// Has reports whether p includes every privilege in q. The empty set includes
// nothing, not even the empty set.
func (p Privilege) Has(q Privilege) bool { return p != 0 && p&q == q }

// String returns the names of the privileges, joined by commas: "all" for all of
// them and "none" for none.
func (p Privilege) String() string {
	switch p {
	case 0:
		return "none"
	case AllPrivileges:
		return "all"
	}
	var names []string
	for i, name := range privilegeNames {
		if p&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if rest := p &^ AllPrivileges; rest != 0 {
		names = append(names, strconv.FormatUint(uint64(rest), 10))
	}
	return strings.Join(names, ",")
}

// ParsePrivilege parses what [Privilege.String] returns, "audience", decimal
// numbers up to 255, and any of these joined by commas.
func ParsePrivilege(s string) (Privilege, error) {
	var p Privilege
	for name := range strings.SplitSeq(s, ",") {
		q, ok := parsePrivilege(strings.TrimSpace(name))
		if !ok {
			return 0, fmt.Errorf("%w: %.32q is not a privilege (they are: all, audience, none, %s, or a number up to 255)",
				ErrInvalidClaims, name, strings.Join(privilegeNames[:], ", "))
		}
		p |= q
	}
	return p, nil
}

func parsePrivilege(name string) (Privilege, bool) {
	switch name {
	case "all":
		return AllPrivileges, true
	case "audience":
		return Audience, true
	case "none":
		return 0, true
	}
	for i, n := range privilegeNames {
		if n == name {
			return 1 << i, true
		}
	}
	n, err := strconv.ParseUint(name, 10, 8)
	return Privilege(n), err == nil
}

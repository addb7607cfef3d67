package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"usersig"
)

var lobby = usersig.Room{ID: 100}

// TestTwoMeet: two users see each other move and hear each other, and each sees what the
// other does.
func TestTwoMeet(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	alice, bob := w.demo(a.config("alice")), w.demo(a.config("bob"))
	alice.enter(want{room: lobby})
	bob.enter(want{room: lobby})
	alice.sees("bob", "main")
	bob.sees("alice", "main")
	alice.hears("bob")
	bob.hears("alice")

	alice.click("mic")
	bob.marked("alice", "mic-off")
	alice.click("mic")
	bob.hears("alice")
	alice.click("cam")
	bob.marked("alice", "cam-off")
	alice.click("cam")
	bob.sees("alice", "main")
	alice.click("share")
	bob.sees("alice", "sub")
	bob.marked("alice", "screen")
	alice.click("share")
	bob.wait(`document.querySelector(".tile.sub") === null`)
	alice.click("leave")
	bob.wait(`document.querySelectorAll(".tile").length === 1`)
	alice.wait(`!document.getElementById("lobby").hidden`)
	if r := alice.refusal("#why"); r.Reason != "" {
		t.Errorf("who leaves is told %+v", r)
	}
	alice.enter(want{room: lobby})
	alice.sees("bob", "main")
}

// TestRoomNames: users meet in a room with a name, and not in the one with that number.
// TestMutedAfterRefusal: who was refused first, and then let in, is not heard when their
// buttons say that they are not.
func TestMutedAfterRefusal(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	bob := w.demo(a.config("bob"))
	bob.enter(want{room: lobby, silent: true})
	alice := w.demo(a.config("alice"))
	alice.fill(want{room: lobby, ticket: a.sig("alice", 0)})
	alice.click("enter")
	alice.isRefused("#why", -100006, "no_grant")
	alice.enter(want{room: lobby})
	bob.hears("alice")
	for _, button := range []string{"mic", "cam"} {
		alice.click(button)
		alice.wait(`document.getElementById("` + button + `").ariaPressed === "false"`)
		bob.wait(`document.querySelector("#list [data-user=alice] .mark.` + button + `-off") !== null`)
	}
}

func TestRoomNames(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	alice, bob := w.demo(a.config("alice")), w.demo(a.config("bob"))
	alice.enter(want{room: usersig.Room{Name: "100"}, silent: true})
	bob.enter(want{room: lobby, silent: true})
	bob.click("leave")
	bob.enter(want{room: usersig.Room{Name: "100"}, silent: true})
	alice.wait(`document.getElementById("count").textContent === "2"`)
}

// TestBlockedSound: sound that the browser holds back until the user clicks is offered.
func TestBlockedSound(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	alice, bob := w.demo(a.config("alice")), w.demo(a.config("bob"))
	alice.enter(want{room: lobby})
	bob.fill(want{room: lobby, silent: true})
	// Not a click of a user's.
	eval[any](bob, `document.getElementById("join").requestSubmit()`)
	bob.wait(`document.querySelector("[data-matter=blocked] button") !== null`)
	bob.do(chromedp.Click(chromedp.CSS("[data-matter=blocked] button")))
	bob.hears("alice")
	bob.wait(`document.querySelector("[data-matter=blocked]") === null`)
}

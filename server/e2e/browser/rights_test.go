package browser_test

import (
	"testing"

	"usersig"
)

// TestRights: in a call, too, each thing that a PrivateMapKey does not allow is refused
// by its name.
func TestRights(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	host, guest := w.demo(a.config("host")), w.visit("/demo")
	host.enter(want{room: lobby})
	host.click("share")
	const all = usersig.AllPrivileges
	for _, one := range []struct {
		name   string
		allow  usersig.Privilege
		code   int
		reason string
		act    func(p *page)
		still  func(p *page)
	}{
		{"send video", all &^ usersig.SendVideo, -102013, "no_right_send_video", func(p *page) { p.click("cam") },
			func(p *page) { p.click("mic"); host.marked("guest", "cam-off"); host.hears("guest") }},
		{"send screen", all &^ usersig.SendScreen, -102015, "no_right_send_screen", func(p *page) { p.click("share") },
			func(p *page) { p.click("cam"); host.sees("guest", "main") }},
		{"send audio", all &^ usersig.SendAudio, -100006, "no_grant", func(p *page) { p.click("mic") },
			func(p *page) { p.click("cam"); host.sees("guest", "main") }},
		{"receive video", all &^ usersig.ReceiveVideo, -102019, "no_right_receive_video", nil,
			func(p *page) { p.hears("host"); p.sees("host", "sub") }},
		{"receive screen", all &^ usersig.ReceiveScreen, -100006, "no_grant", nil,
			func(p *page) { p.hears("host"); p.sees("host", "main") }},
		{"audience", usersig.Audience, -102013, "no_right_send_video", func(p *page) { p.click("cam") },
			func(p *page) { p.hears("host"); p.sees("host", "main") }},
	} {
		t.Run(one.name, func(t *testing.T) {
			guest := guest.in(t)
			guest.anew()
			guest.load(a.config("guest"))
			guest.enter(want{room: lobby, ticket: a.ticket("guest", lobby, one.allow, 0), silent: true})
			if one.act != nil {
				one.act(guest)
			}
			guest.isRefused("#notices [data-matter*="+one.reason+"]", one.code, one.reason)
			one.still(guest)
		})
	}
}

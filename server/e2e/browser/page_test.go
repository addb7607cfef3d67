package browser_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestLanguages: everything on the page is there in both languages, and a refusal is
// shown in the page's even if the browser's is another.
func TestLanguages(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	p := w.demo(demoConfig{a.id, []user{{"alice", a.sig("bob", 0)}}})
	p.fill(want{room: lobby, silent: true})
	p.click("enter")
	english := p.isRefused("#why", 70013, "user_mismatch")
	missing := eval[[]string](p, `Promise.all(["en", "zh"].map((l) => import("/demo/" + l + ".js"))).then(([{ en }, { zh }]) =>
		[...Object.keys(en).filter((k) => !zh[k]), ...Object.keys(zh).filter((k) => !en[k])])`)
	if len(missing) > 0 {
		t.Errorf("in one language only: %v", missing)
	}
	p.click("language")
	p.wait(`document.documentElement.lang === "zh-CN" && document.querySelector("#why .refusal h2").textContent === "未能进入房间"`)
	chinese := p.isRefused("#why", 70013, "user_mismatch")
	if chinese.Message == english.Message || chinese.Remedy == english.Remedy || !strings.Contains(chinese.Remedy, "：") && !strings.Contains(chinese.Remedy, ":") {
		t.Errorf("in Chinese the page says %+v", chinese)
	}
	if left := eval[[]string](p, `[...document.querySelectorAll("[data-t]")].filter((e) => e.checkVisibility() && /^[ -~]+$/.test(e.textContent) && !/^(UserSig|PrivateMapKey)$/.test(e.textContent)).map((e) => e.textContent)`); len(left) > 0 {
		t.Errorf("still in English: %q", left)
	}
	p.do(navigate(w.Base + "/demo?lang=zh"))
	p.wait(`document.getElementById("enter").textContent === "进入房间"`)
}

// TestKeyboard: the whole way into a call and out of it takes no mouse.
func TestKeyboard(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	p := w.demo(a.config("alice"))
	p.fill(want{room: lobby, silent: true})
	eval[any](p, `document.getElementById("room").focus()`)
	p.press("\r")
	p.wait(`!document.getElementById("call").hidden && document.activeElement.id === "mic"`)
	p.press("p")
	p.wait(`document.getElementById("people").checkVisibility()`)
	p.press("m")
	p.wait(`document.getElementById("mic").ariaPressed === "true"`)
	p.press("m")
	p.wait(`document.getElementById("mic").ariaPressed === "false"`)
	p.press("?")
	p.wait(`document.getElementById("keys").open`)
	p.press("m") // not while the list is open
	p.press("\x1b")
	p.wait(`!document.getElementById("keys").open && document.getElementById("mic").ariaPressed === "false"`)
	if said := p.text("said"); said == "" {
		t.Error("who listens is told nothing")
	}
	if unnamed := eval[[]string](p, `[...document.querySelectorAll("button, input, textarea")].filter((e) => e.checkVisibility() && !(e.ariaLabel || e.textContent.trim() || e.labels?.length || e.getAttribute("aria-labelledby"))).map((e) => e.id)`); len(unnamed) > 0 {
		t.Errorf("without a name: %q", unnamed)
	}
	p.press("l")
	p.wait(`document.getElementById("call").hidden && document.activeElement.id === "enter"`)
}

// TestManyFit: however many are in a room, on whatever screen, all are seen whole.
func TestManyFit(t *testing.T) {
	w := open(t, nil)
	p := w.visit("/demo")
	for _, size := range [][2]int64{{1280, 800}, {390, 844}, {844, 390}, {768, 1024}} {
		p.do(viewport(size[0], size[1]))
		bad := eval[[]string](p, `import("/demo/stage.js").then(({ Stage }) => {
			document.getElementById("lobby").hidden = true;
			document.getElementById("call").hidden = false;
			document.body.classList.add("calling");
			const stage = new Stage(document.getElementById("stage"));
			const bad = [];
			for (let n = 1; n <= 16; n++) {
				stage.tile("user_" + n, "main");
				if (n === 8) stage.tile("user_8", "sub");
				for (const tile of document.querySelectorAll(".tile")) {
					const { left, top, right, bottom, width } = tile.getBoundingClientRect();
					const space = tile.parentElement.getBoundingClientRect();
					const inside = left >= space.left - 1 && top >= space.top - 1 && right <= space.right + 1 && bottom <= space.bottom + 1;
					if (!inside || width < 40) bad.push(n + ": " + tile.dataset.user + " " + [left, top, right, bottom].map(Math.round));
				}
			}
			if (document.documentElement.scrollWidth > innerWidth) bad.push("it is too wide");
			stage.clear();
			return bad;
		})`)
		if len(bad) > 0 {
			t.Errorf("on %v: %q", size, bad)
		}
	}
}

// TestLongNamesFit: nothing on the page is wider than the screen, and a long user ID is cut where
// one sees that it is: before a config was given, after it, and in a call.
func TestLongNamesFit(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	long, other := strings.Repeat("W", 32), strings.Repeat("M", 32)
	p := w.visit("/demo")
	fits := func(state string) {
		t.Helper()
		for _, size := range [][2]int64{{1280, 800}, {390, 844}} {
			p.do(viewport(size[0], size[1]))
			bad := eval[[]string](p, `[
				...(document.documentElement.scrollWidth > innerWidth ? ["the page is " + document.documentElement.scrollWidth + " wide"] : []),
				...[...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest(".unseen, svg, .id, .name, .where") && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).overflowX !== "visible").map((e) => e.tagName + "#" + e.id + "." + e.className),
				...[...document.querySelectorAll(".tile .name, .tile .name > *, #list .id, #where")].filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && (getComputedStyle(e).textOverflow !== "ellipsis" || getComputedStyle(e).display.includes("flex"))).map((e) => "cut without a sign: " + e.className + " " + e.textContent),
			]`)
			if len(bad) > 0 {
				t.Errorf("%s, on %v: %q", state, size, bad)
			}
			p.shoot(fmt.Sprintf("fits-%s-%d", state, size[0]))
		}
	}
	fits("before")
	p.load(demoConfig{a.id, []user{{long, a.sig(long, 0)}, {other, a.sig(other, 0)}}})
	fits("loaded")
	p.enter(want{room: lobby, silent: true})
	second := w.demo(a.config(other))
	second.enter(want{room: lobby, silent: true})
	p.wait(`document.querySelectorAll("#list li").length === 2`)
	fits("call")
	p.do(viewport(1280, 800))
	p.click("show-people")
	fits("people")
	p.do(viewport(1280, 800))
	// Two users are given tiles that do not cut the sides of a camera.
	p.wait(`[...document.querySelectorAll(".tile")].every((e) => e.clientWidth / e.clientHeight >= 1.3)`)
}

// TestWrongInBothLanguages: why a text was no demo config is said in the page's language
// also when that is changed afterwards.
func TestWrongInBothLanguages(t *testing.T) {
	p := open(t, nil).visit("/demo")
	p.paste("pasted", "hello")
	p.wait(`document.getElementById("wrong").textContent.startsWith("This is not JSON")`)
	p.click("language")
	p.wait(`document.getElementById("wrong").textContent.startsWith("这不是 JSON")`)
}

// TestFocusIsSeen: the bar at the bottom of the lobby does not lie over what has the focus.
func TestFocusIsSeen(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	p := w.demo(a.config("alice"))
	for _, size := range [][2]int64{{1280, 800}, {390, 844}, {1280, 600}} {
		p.do(viewport(size[0], size[1]))
		eval[any](p, `(() => { scrollTo(0, 0); document.getElementById("room").focus({ preventScroll: true }); })()`)
		p.press("\t")
		if !eval[bool](p, `(() => {
			const e = document.activeElement, { left, top, bottom } = e.getBoundingClientRect();
			const over = document.elementFromPoint(left + 20, (top + bottom) / 2);
			return e.tagName === "SUMMARY" && (over === e || e.contains(over));
		})()`) {
			t.Errorf("on %v it is not seen", size)
		}
	}
}

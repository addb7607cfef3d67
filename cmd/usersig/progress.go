package main

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// meter shows how far a batch is: a bar on a terminal, a line now and then elsewhere.
type meter struct {
	*ui
	total  int64 // 0 if not known
	before int64 // done by an earlier run
	drawn  bool  // as a bar
	bar    *progressbar.ProgressBar
	start  time.Time // zero while what an earlier run did is read
	next   time.Time // when the next line is due
}

const lineEvery = 3 * time.Second

func (c *batchCmd) newMeter(total int64) *meter {
	m := &meter{ui: c.ui, total: total}
	// Rows on the same terminal would tear the bar apart, and are progress enough.
	m.drawn = c.progress || isTerminal(c.stderr) && !(c.out == "" && isTerminal(c.stdout))
	m.begin(0)
	return m
}

// wait stops the clock until begin: reading what is there is no measure of signing.
func (m *meter) wait() { m.start, m.bar = time.Time{}, nil }

// begin starts the clock. What was done before counts neither for the speed nor for
// the time that is left.
func (m *meter) begin(before int64) {
	m.before, m.start = before, m.clock()
	m.next = m.start.Add(lineEvery)
	if m.drawn {
		m.bar = m.newBar()
	}
}

func (m *meter) newBar() *progressbar.ProgressBar {
	total := max(0, m.total-m.before)
	if m.total == 0 {
		total = -1 // a spinner with a count
	}
	title := m.say("usersig: signing", "usersig: 正在签发")
	if m.before > 0 {
		title = m.say("usersig: signing the rest", "usersig: 正在签发其余部分")
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(m.stderr),
		progressbar.OptionSetDescription(title),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("tokens"),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionOnCompletion(func() { _, _ = m.stderr.Write([]byte("\n")) }),
	)
}

func (m *meter) show(done int64) {
	if m.start.IsZero() {
		return
	}
	if m.bar != nil {
		_ = m.bar.Set64(max(0, done-m.before)) // what a terminal does not show is no reason to stop
		return
	}
	now := m.clock()
	if now.Before(m.next) {
		return
	}
	m.next = now.Add(lineEvery)
	if m.total == 0 || done <= m.before {
		m.note("%d done", done)
		return
	}
	each := float64(now.Sub(m.start)) / float64(done-m.before)
	left := time.Duration(each * float64(max(0, m.total-done)))
	m.note("%d of %d done (%d%%), about %s left", done, m.total, min(100, done*100/m.total), formatTTL(left))
}

// end leaves the terminal on a new line.
func (m *meter) end() {
	if m.bar != nil && !m.bar.IsFinished() {
		_ = m.bar.Exit()
		_, _ = m.stderr.Write([]byte("\n"))
	}
}

package main

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// meter shows how far a batch is: a bar on a terminal, a line now and then elsewhere.
type meter struct {
	*ui
	total int64 // 0 if not known
	bar   *progressbar.ProgressBar
	start time.Time
	next  time.Time // when the next line is due
}

const lineEvery = 3 * time.Second

func (c *batchCmd) newMeter(total int64) *meter {
	now := c.clock()
	m := &meter{ui: c.ui, total: total, start: now, next: now.Add(lineEvery)}
	// Rows on the same terminal would tear the bar apart, and are progress enough.
	if c.progress || isTerminal(c.stderr) && !(c.out == "" && isTerminal(c.stdout)) {
		m.bar = m.newBar()
	}
	return m
}

func (m *meter) newBar() *progressbar.ProgressBar {
	total := m.total
	if total == 0 {
		total = -1 // a spinner with a count
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(m.stderr),
		progressbar.OptionSetDescription("usersig: signing"),
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
	if m.bar != nil {
		_ = m.bar.Set64(done) // what a terminal does not show is no reason to stop
		return
	}
	now := m.clock()
	if now.Before(m.next) {
		return
	}
	m.next = now.Add(lineEvery)
	if m.total == 0 || done == 0 {
		m.note("%d done", done)
		return
	}
	left := time.Duration(float64(now.Sub(m.start)) / float64(done) * float64(max(0, m.total-done)))
	m.note("%d of %d done (%d%%), about %s left", done, m.total, min(100, done*100/m.total), formatTTL(left))
}

// end leaves the terminal on a new line.
func (m *meter) end() {
	if m.bar != nil && !m.bar.IsFinished() {
		_ = m.bar.Exit()
		_, _ = m.stderr.Write([]byte("\n"))
	}
}

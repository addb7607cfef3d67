package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// A log gets a line now and then, not one for each chunk, and nothing of a bar.
func TestProgressLines(t *testing.T) {
	for _, c := range []struct {
		total int64
		want  string
	}{
		{1000, "usersig: 100 of 1000 done (10%), about 36s left\nusersig: 1000 of 1000 done (100%), about 0s left\n"},
		{0, "usersig: 100 done\nusersig: 1000 done\n"},
	} {
		now := time.Unix(1795424400, 0)
		var log bytes.Buffer
		u := &ui{stderr: &log, clock: func() time.Time { return now }}
		m := (&batchCmd{ui: u}).newMeter(c.total)
		m.show(10)
		now = now.Add(4 * time.Second)
		m.show(100)
		m.show(200)
		now = now.Add(4 * time.Second)
		m.show(1000)
		m.end()
		if log.String() != c.want {
			t.Errorf("with a total of %d:\n%s\nwant\n%s", c.total, log.String(), c.want)
		}
	}
}

// With --resume, what was there before says nothing about how fast signing is.
func TestProgressCountsNoEarlierRows(t *testing.T) {
	now := time.Unix(1795424400, 0)
	var log bytes.Buffer
	u := &ui{stderr: &log, clock: func() time.Time { return now }}
	m := (&batchCmd{ui: u}).newMeter(1000)
	m.wait()
	now = now.Add(10 * time.Second)
	m.show(400) // rows that are compared
	if log.Len() > 0 {
		t.Errorf("while rows are compared: %s", log.String())
	}
	m.begin(500)
	now = now.Add(4 * time.Second)
	m.show(600)
	if want := "usersig: 600 of 1000 done (60%), about 16s left\n"; log.String() != want {
		t.Errorf("%s, want %s", log.String(), want)
	}
}

func TestProgressBar(t *testing.T) {
	for _, total := range []int64{1000, 0} {
		var log bytes.Buffer
		u := &ui{stderr: &log, clock: time.Now}
		m := (&batchCmd{ui: u, progress: true}).newMeter(total)
		m.show(1000)
		m.end()
		if !strings.Contains(log.String(), "usersig: signing") || !strings.HasSuffix(log.String(), "\n") {
			t.Errorf("with a total of %d the bar is %q", total, log.String())
		}
	}
}

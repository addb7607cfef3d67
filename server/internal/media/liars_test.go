package media

import (
	"testing"
	"time"
)

// TestLiarsStayOut: who lied stays out for a while, and is counted once in it.
func TestLiarsStayOut(t *testing.T) {
	var l liars
	now := time.Unix(1_800_000_000, 0)
	if l.out("a", now) || !l.add("a", now) || l.add("a", now) {
		t.Error("who is out is counted as if they were in")
	}
	if !l.out("a", now.Add(outside-1)) || l.out("a", now.Add(outside)) || l.out("b", now) {
		t.Error("the wrong one is out, or for another time")
	}
	if !l.add("b", now.Add(outside)) || len(l.until) != 1 {
		t.Errorf("%d are kept in mind", len(l.until))
	}
}

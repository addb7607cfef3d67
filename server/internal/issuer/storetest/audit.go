package storetest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

var auditTests = []test{
	{"ChainVerifiesInPagesOfAnySize", testChainVerifies},
	{"AuditOfOneApp", testAuditOfOneApp},
	{"AuditBounds", testAuditBounds},
	{"AuditKeepsEveryText", testAuditKeepsEveryText},
	{"BigBatch", testBigBatch},
}

// fill commits batches of these sizes, whose entries are about apps 1, 2 and 3 in turn
// and, from time to time, about none.
func fill(t *testing.T, s issuer.Store, sizes ...int) (total int) {
	t.Helper()
	for _, size := range sizes {
		var batch []*audit.Entry
		for range size {
			batch = append(batch, entry(uint32(total%4), fmt.Sprint(total)))
			total++
		}
		if err := s.Commit(t.Context(), batch, nil); err != nil {
			t.Fatal(err)
		}
	}
	return total
}

func testChainVerifies(t *testing.T, s issuer.Store) {
	sizes := []int{1, 1, 5, 64, 1, 2}
	for range 70 {
		sizes = append(sizes, 1) // more batches than a store reads at once
	}
	total := fill(t, s, append(sizes, 17, 1)...)
	for _, limit := range []int{1, 2, 7, 64, 100, 10_000} {
		if n := Verify(t, s, limit); n != int64(total) {
			t.Errorf("pages of %d hold %d entries, want %d", limit, n, total)
		}
	}
}

func testAuditOfOneApp(t *testing.T, s issuer.Store) {
	sizes := []int{1, 2, 3, 50, 8}
	for range 150 {
		sizes = append(sizes, 1)
	}
	total := fill(t, s, sizes...)
	for app := uint32(1); app <= 4; app++ { // 4 has no entry
		for _, limit := range []int{1, 3, 33, 1000} {
			var got []string
			for after := int64(0); ; {
				list := page(t, s, app, after, limit)
				for _, e := range list {
					if e.App != app || e.Seq <= after {
						t.Fatalf("Audit(%d, %d, %d) has an entry with number %d about app %d", app, after, limit, e.Seq, e.App)
					}
					after = e.Seq
					got = append(got, e.Subject)
				}
				if len(list) < limit {
					break
				}
			}
			var want []string
			for i := int(app); i < total && app < 4; i += 4 {
				want = append(want, fmt.Sprint(i))
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the entries about app %d, %d at a time, are %v, want %v", app, limit, got, want)
			}
		}
	}
}

func testAuditBounds(t *testing.T, s issuer.Store) {
	fill(t, s, 3, 3)
	for _, c := range []struct {
		after       int64
		limit, want int
	}{
		{0, 0, 0}, {0, -1, 0}, {-5, 2, 2}, {0, math.MaxInt, 6}, {5, 10, 1}, {6, 10, 0}, {math.MaxInt64 - 1, 10, 0}, {2, 3, 3},
	} {
		list := page(t, s, 0, c.after, c.limit)
		if len(list) != c.want {
			t.Errorf("Audit after %d, %d at most, has %d entries, want %d", c.after, c.limit, len(list), c.want)
		}
		if len(list) > 0 && list[0].Seq != max(c.after, 0)+1 {
			t.Errorf("Audit after %d begins with %d", c.after, list[0].Seq)
		}
	}
}

// testAuditKeepsEveryText: what a client sends must not make an honest log look forged.
func testAuditKeepsEveryText(t *testing.T, s issuer.Store) {
	texts := []string{
		"小明", "مرحبا", "🙂", "e\u0301", "<script>&", "line\nline\r\n", "nul\x00nul", `"quoted\"`, "\u2028",
		"\ufffd", "\xff\xfe", "half \xe5\xb0", strings.Repeat("x", 10_000), "'; DROP TABLE audit; --",
	}
	var batch []*audit.Entry
	for _, text := range texts {
		e := entry(1, text)
		e.Caller, e.Source, e.Request, e.Detail = text, text, text, text
		e.Action, e.Outcome = "", audit.Refused
		e.At = time.Date(2026, 11, 23, 20, 0, 0, 1, time.FixedZone("", 8*3600))
		batch = append(batch, e)
	}
	if err := s.Commit(t.Context(), batch, nil); err != nil {
		t.Fatal(err)
	}
	Verify(t, s, 5)
	for i, e := range page(t, s, 1, 0, 100) {
		if want := strings.ToValidUTF8(texts[i], "\ufffd"); e.Subject != want || e.Detail != want || e.Caller != want {
			t.Errorf("the text %.20q has become %.20q", texts[i], e.Subject)
		}
		if want := time.Date(2026, 11, 23, 12, 0, 0, 1, time.UTC); e.At != want {
			t.Errorf("the time is %v, want %v", e.At, want)
		}
		if e != *batch[i] {
			t.Errorf("the log has %.200v, the commit said %.200v", e, *batch[i])
		}
	}
}

func testBigBatch(t *testing.T, s issuer.Store) {
	const size = 3000
	fill(t, s, 2, size, 1)
	if n := Verify(t, s, 1000); n != size+3 {
		t.Errorf("the log has %d entries, want %d", n, size+3)
	}
	if list := page(t, s, 0, size, 10); len(list) != 3 || list[0].Seq != size+1 {
		t.Errorf("the end of the log has %d entries, want 3", len(list))
	}
}

package e2e

import (
	"bufio"
	"encoding/json"
	"strings"
)

// entry is what these tests look at of a line of the audit log.
type entry struct {
	Seq     int64  `json:"seq"`
	Caller  string `json:"caller"`
	Request string `json:"request"`
	Action  string `json:"action"`
	Outcome string `json:"outcome"`
}

// audit exports the log.
func (n *node) audit() []entry {
	n.t.Helper()
	var all []entry
	lines := bufio.NewScanner(strings.NewReader(n.must("audit", "export")))
	for lines.Scan() {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			n.t.Fatal(err)
		}
		all = append(all, e)
	}
	if err := lines.Err(); err != nil {
		n.t.Fatal(err)
	}
	return all
}

// verifyAudit checks the log's chain, and that an earlier head is still in it. It returns
// the head.
func (n *node) verifyAudit(earlier string) string {
	n.t.Helper()
	args := []string{"audit", "verify"}
	if earlier != "" {
		args = append(args, "--head", earlier)
	}
	_, head, ok := strings.Cut(n.must(args...), "\nhead ")
	if !ok {
		n.t.Fatal("the audit log is empty")
	}
	return strings.TrimSpace(head)
}

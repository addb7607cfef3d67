package quickstart_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var metricName = regexp.MustCompile(`usersig_[a-z_]+`)

// TestOperationsMetrics: an alert on a metric that does not exist never fires.
func TestOperationsMetrics(t *testing.T) {
	s := start(t)
	s.newApp("hosted")
	text := s.text("/metrics")
	names := metricName.FindAllString(read(t, filepath.Join(pages, "operations.md")), -1)
	if len(names) < 20 {
		t.Fatalf("the manual names %d metrics only", len(names))
	}
	for _, name := range names {
		if !regexp.MustCompile(`(?m)^`+name+`(\{| )`).MatchString(text) && !strings.Contains(text, "# HELP "+name+" ") {
			t.Errorf("there is no metric %s", name)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\| .(usersig_.*?) \| `).FindAllStringSubmatch(read(t, filepath.Join(pages, "operations.md")), -1) {
		for _, part := range regexp.MustCompile(`(usersig_[a-z_]+)\{([a-z,]+)\}`).FindAllStringSubmatch(m[1], -1) {
			for label := range strings.SplitSeq(part[2], ",") {
				if !regexp.MustCompile(`(?m)^` + part[1] + `(_bucket)?\{[^}]*\b` + label + `="`).MatchString(text) {
					t.Errorf("the metric %s has no label %s", part[1], label)
				}
			}
		}
	}
}

// TestOperationsLog: whoever looks for a line of the log must find it.
func TestOperationsLog(t *testing.T) {
	var source strings.Builder
	for _, pattern := range []string{"../internal/*/*.go", "../cmd/usersigd/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f, "_test.go") {
				source.WriteString(read(t, f))
			}
		}
	}
	tables := strings.Split(read(t, filepath.Join(pages, "operations.md")), "| line | means |\n|---|---|\n")[1:]
	if len(tables) != 2 {
		t.Fatalf("the manual has %d tables of lines of the log", len(tables))
	}
	for _, table := range tables {
		table, _, _ = strings.Cut(table, "\n\n")
		for row := range strings.Lines(table + "\n") {
			line := strings.Split(row, "`")
			if len(line) < 3 || !strings.Contains(source.String(), `"`+line[1]+`"`) {
				t.Errorf("the server never logs this: %s", row)
			}
		}
	}
}

// TestOperationsTables: every table of the database is in the manual and in the threat
// model.
func TestOperationsTables(t *testing.T) {
	tables := []string{"migrations"}
	for _, file := range []string{"sqlite", "postgres"} {
		scripts, err := filepath.Glob("../internal/store/" + file + "/migrations/*.sql")
		if err != nil || len(scripts) == 0 {
			t.Fatalf("there are no migrations of %s (%v)", file, err)
		}
		for _, script := range scripts {
			for _, m := range regexp.MustCompile(`CREATE TABLE (?:usersig\.)?(\w+)`).FindAllStringSubmatch(read(t, script), -1) {
				tables = append(tables, m[1])
			}
		}
	}
	for _, page := range []string{"operations.md", "threat-model.md"} {
		for _, table := range tables {
			if !strings.Contains(read(t, filepath.Join(pages, page)), "`"+table+"`") {
				t.Errorf("%s says nothing of the table %s", page, table)
			}
		}
	}
}

// TestOperationsAgree holds the manual's two languages together: the same commands in
// the same order under as many headings, and the same names in its tables.
func TestOperationsAgree(t *testing.T) {
	en, zh := blocksOf(t, "operations.md"), blocksOf(t, "operations.zh-CN.md")
	if !slices.Equal(en, zh) {
		t.Error("the commands and files of the two languages are not the same")
	}
	shape := func(page string) []string {
		return regexp.MustCompile("(?m)^#+ |^\\| `[^|]*?`").FindAllString(read(t, filepath.Join(pages, page)), -1)
	}
	if a, b := shape("operations.md"), shape("operations.zh-CN.md"); !slices.Equal(a, b) {
		t.Errorf("in English, headings and rows are\n%q\nand in Chinese\n%q", a, b)
	}
}

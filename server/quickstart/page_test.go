package quickstart_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages is where the documents are, seen from here.
const pages = "../../docs"

// block is a fenced block of a Markdown page.
type block struct {
	language, text string
}

func blocksOf(t *testing.T, page string) (blocks []block) {
	t.Helper()
	inside := false
	for line := range strings.Lines(read(t, filepath.Join(pages, page))) {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && !inside:
			blocks, inside = append(blocks, block{language: fence}), true
		case isFence:
			inside = false
		case inside:
			blocks[len(blocks)-1].text += line
		}
	}
	if inside || len(blocks) == 0 {
		t.Fatalf("%s: no blocks, or one is not closed", page)
	}
	return blocks
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var regionMark = regexp.MustCompile(`(?s)[ \t]*(?://|#) region [a-z]+\n(.*?)[ \t]*(?://|#) endregion\n`)

// regionsOf returns the parts of a program that are shown, as far to the left as they go.
func regionsOf(t *testing.T, file string) (regions []string) {
	t.Helper()
	for _, m := range regionMark.FindAllStringSubmatch(read(t, file), -1) {
		regions = append(regions, dedent(m[1]))
	}
	if len(regions) == 0 {
		t.Fatalf("%s has no regions", file)
	}
	return regions
}

// dedent takes away what all lines begin with, which is how deep the text is in its class.
func dedent(text string) string {
	by := len(text)
	for line := range strings.Lines(text) {
		if bare := strings.TrimLeft(line, " \t"); bare != "\n" {
			by = min(by, len(line)-len(bare))
		}
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		if len(line) > by {
			line = line[by:]
		}
		out.WriteString(line)
	}
	return out.String()
}

// checkShown holds that a page shows all regions of a program, verbatim and in order.
func checkShown(t *testing.T, page, language, program string) {
	t.Helper()
	var shown []string
	for _, b := range blocksOf(t, page) {
		if b.language == language {
			shown = append(shown, b.text)
		}
	}
	regions := regionsOf(t, program)
	if len(shown) != len(regions) {
		t.Fatalf("%s shows %d parts of %s, which has %d", page, len(shown), program, len(regions))
	}
	for i := range regions {
		if shown[i] != regions[i] {
			t.Errorf("%s shows, of %s:\n%s\nand it is:\n%s", page, program, shown[i], regions[i])
		}
	}
}

// commands returns the commands of a page's one block of them.
func commands(t *testing.T, page string) string {
	t.Helper()
	var found []string
	for _, b := range blocksOf(t, page) {
		if b.language == "sh" {
			found = append(found, b.text)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d blocks of commands, not one", page, len(found))
	}
	return found[0]
}

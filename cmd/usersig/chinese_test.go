package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var sayers = []string{"misuse", "cannot", "hint", "note", "warn", "sentence"}

// sentences returns all formats of sentences in the code of this package, and of these
// the ones that errors are made of.
func sentences(t *testing.T) (all, failures []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		inFile, ofFailures := sentencesOf(file)
		all, failures = append(all, inFile...), append(failures, ofFailures...)
	}
	if len(all) < 100 {
		t.Fatalf("only %d sentences were found", len(all))
	}
	return all, failures
}

func sentencesOf(file *ast.File) (all, failures []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		name := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		format, literal := literalOf(call.Args[0])
		if !slices.Contains(sayers, name) || !literal {
			return true
		}
		all = append(all, format)
		if name == "misuse" || name == "cannot" {
			failures = append(failures, format)
		}
		return true
	})
	return all, failures
}

// literalOf returns the value of a string that is written out.
func literalOf(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		x, okX := literalOf(e.X)
		y, okY := literalOf(e.Y)
		return x + y, okX && okY
	}
	return "", false
}

var verb = regexp.MustCompile(`%(\[\d\])?[a-z]`)

// verbs returns what is filled into a format, whatever the order.
func verbs(format string) []string {
	list := verb.FindAllString(strings.ReplaceAll(format, "%w", "%s"), -1)
	for i, v := range list {
		list[i] = "%" + v[len(v)-1:]
	}
	slices.Sort(list)
	return list
}

// Every sentence that people meet is there in Chinese, and none is left over.
func TestChineseIsComplete(t *testing.T) {
	all, _ := sentences(t)
	for _, en := range all {
		zh, ok := chinese[en]
		switch {
		case !strings.ContainsFunc(verb.ReplaceAllString(en, ""), unicode.IsLetter):
			if ok {
				t.Errorf("%q needs no translation", en)
			}
		case !ok:
			t.Errorf("there is no Chinese for %q", en)
		case !strings.ContainsFunc(zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }):
			t.Errorf("the Chinese for %q is %q", en, zh)
		case !slices.Equal(verbs(en), verbs(zh)):
			t.Errorf("%q has %v, %q has %v", en, verbs(en), zh, verbs(zh))
		case strings.HasSuffix(zh, "。") || strings.Contains(zh, "%w"):
			t.Errorf("style of %q", zh)
		}
	}
	for en := range chinese {
		if !slices.Contains(all, en) {
			t.Errorf("nobody says %q", en)
		}
	}
}

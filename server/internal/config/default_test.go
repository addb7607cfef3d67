package config

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write default.yaml")

// TestDefaultFile: default.yaml says what the comments of Config say.
func TestDefaultFile(t *testing.T) {
	w := &manual{comments: comments(t)}
	w.text("The configuration of usersigd, with every key and its default.", "# ")
	w.WriteString("#\n")
	w.text(w.comments["Config"], "# ")
	w.keys(reflect.ValueOf(Default()).Elem(), "", false)
	if *update {
		if err := os.WriteFile("default.yaml", w.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("default.yaml"); err != nil || !bytes.Equal(got, w.Bytes()) {
		t.Error("default.yaml is not what the comments say: go generate ./internal/config")
	}
	if !*update && !bytes.Equal(DefaultFile, w.Bytes()) {
		t.Error("DefaultFile is not default.yaml")
	}
}

func declarations(t *testing.T, name string) []ast.Decl {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file.Decls
}

// comments returns those of each type, and of each field as "Type.Field".
func comments(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, d := range slices.Concat(declarations(t, "config.go"), declarations(t, "media.go"), declarations(t, "hooks.go")) {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		spec := gen.Specs[0].(*ast.TypeSpec)
		if _, ok := spec.Type.(*ast.StructType); !ok {
			continue
		}
		all[spec.Name.Name] = gen.Doc.Text()
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			all[spec.Name.Name+"."+f.Names[0].Name] = f.Doc.Text()
		}
	}
	return all
}

// manual writes a configuration file with comments.
type manual struct {
	bytes.Buffer
	comments map[string]string
}

func (w *manual) text(text, prefix string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		w.WriteString(strings.TrimRight(prefix+line, " ") + "\n")
	}
}

// keys writes the keys of a struct. Those of a list's elements, which has none by
// default, are commented out.
func (w *manual) keys(v reflect.Value, indent string, out bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, field := f.Tag.Get("yaml"), v.Field(i)
		if key == "-" {
			continue
		}
		prefix := indent
		if out {
			prefix = "# " + indent
		}
		comment := w.comments[v.Type().Name()+"."+f.Name]
		comment = strings.Replace(comment, f.Name+" ", key+" ", 1)
		w.WriteString("\n")
		if out {
			w.Truncate(w.Len() - 1)
			w.WriteString("#\n")
		}
		w.text(comment, prefix+"# ")
		switch {
		case field.Kind() == reflect.Struct:
			fmt.Fprintf(w, "%s%s:\n", prefix, key)
			w.keys(field, indent+"  ", out)
		case isList(field):
			fmt.Fprintf(w, "%s%s: []\n", prefix, key)
			fmt.Fprintf(w, "#\n# Each of %s has these keys:\n#\n#   %s- # the first\n", key, indent)
			w.keys(reflect.New(field.Type().Elem()).Elem(), indent+"    ", true)
		default:
			fmt.Fprintf(w, "%s%s: %s\n", prefix, key, scalar(field))
		}
	}
}

func isList(v reflect.Value) bool {
	return v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct && v.Type().Elem().PkgPath() == "usersig/server/internal/config"
}

func scalar(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		return "[]"
	}
	text, err := yaml.Marshal(v.Interface())
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(text))
}

// TestDefaultFileIsDefault: a file with every default is as good as none.
func TestDefaultFileIsDefault(t *testing.T) {
	c := Default()
	if err := c.decode(DefaultFile); err != nil {
		t.Fatal(err)
	}
	got, _ := c.YAML()
	want, _ := Default().YAML()
	if !bytes.Equal(got, want) {
		t.Errorf("default.yaml leads to\n%s\nwant\n%s", got, want)
	}
}

// TestEveryKeyIsDescribed: a key without a comment, or one whose comment begins with
// another name, would have no manual.
func TestEveryKeyIsDescribed(t *testing.T) {
	all := comments(t)
	for _, c := range []any{Config{}, TLS{}, ACME{}, Metrics{}, Trace{}, Log{}, Limits{}, Rate{}, CORS{}, App{}, OIDC{}, APIKey{}} {
		typ := reflect.TypeOf(c)
		for i := range typ.NumField() {
			name := typ.Field(i).Name
			if got := all[typ.Name()+"."+name]; !strings.HasPrefix(got, name+" ") {
				t.Errorf("the comment of %s.%s is %q", typ.Name(), name, got)
			}
		}
	}
}

// TestVariablesAreUnique: two keys with one variable would make it ambiguous.
func TestVariablesAreUnique(t *testing.T) {
	c := Default()
	const short = 1 // USERSIGD_MEDIA
	if got, want := len(variables(c)), len(keys(reflect.ValueOf(c).Elem(), ""))+short; got != want || want < 30 {
		t.Errorf("%d variables, want %d", got, want)
	}
}

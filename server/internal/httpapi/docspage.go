package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

var (
	//go:embed docs.html
	docsHTML string
	//go:embed docs.css
	docsCSS string
)

// page renders the description for people. It loads nothing and runs nothing.
func (s *server) page(doc *huma.OpenAPI) (page []byte, policy string) {
	v := &view{doc: doc, routes: s.table()}
	t := template.Must(template.New("docs").Funcs(template.FuncMap{"rows": v.rows, "request": v.request, "replies": v.replies}).Parse(docsHTML))
	var buf bytes.Buffer
	err := t.Execute(&buf, map[string]any{
		"Style": template.CSS(docsCSS), //nolint:gosec // a file of this package
		"Info":  doc.Info, "Sections": v.sections(), "Kinds": kinds,
	})
	if err != nil {
		panic(err) // of our own types only
	}
	sum := sha256.Sum256([]byte(docsCSS))
	return buf.Bytes(), "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// view is what the page's template asks.
type view struct {
	doc    *huma.OpenAPI
	routes []route
}

type section struct {
	Name string
	Ops  []*huma.Operation
}

// sections returns the operations by tag, in the order of the table.
func (v *view) sections() []section {
	var all []section
	for i := range v.routes {
		op := v.operation(&v.routes[i])
		if op == nil {
			continue
		}
		at := slices.IndexFunc(all, func(s section) bool { return s.Name == op.Tags[0] })
		if at < 0 {
			at, all = len(all), append(all, section{Name: op.Tags[0]})
		}
		all[at].Ops = append(all[at].Ops, op)
	}
	return all
}

// operation returns the description of a route, or nil if it is not described.
func (v *view) operation(rt *route) *huma.Operation {
	item := v.doc.Paths[rt.path]
	if item == nil {
		return nil
	}
	for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
		if op != nil && op.Method == rt.method {
			return op
		}
	}
	return nil
}

// row is one member of a JSON object.
type row struct {
	Name, Type, Doc string
	Required        bool
}

func (v *view) request(op *huma.Operation) *huma.Schema {
	if op.RequestBody == nil {
		return nil
	}
	return op.RequestBody.Content["application/json"].Schema
}

type replyRow struct {
	Status, Description string
	Schema              *huma.Schema
}

// replies returns an operation's replies by status; of problems only what they mean.
func (v *view) replies(op *huma.Operation) []replyRow {
	var all []replyRow
	for status, r := range op.Responses {
		one := replyRow{Status: status, Description: r.Description}
		if m := r.Content["application/json"]; m != nil {
			one.Schema = m.Schema
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b replyRow) int { return strings.Compare(a.Status, b.Status) })
	return all
}

// rows lists the members of a schema, those of objects in it below their own name.
func (v *view) rows(s *huma.Schema) []row { return v.under("", s, 0) }

func (v *view) under(prefix string, s *huma.Schema, depth int) []row {
	s = v.resolve(s)
	if s == nil || depth > 4 {
		return nil
	}
	if s.Type == huma.TypeArray {
		return v.under(prefix+"[]", s.Items, depth+1)
	}
	var all []row
	for _, name := range names(s) {
		member := s.Properties[name]
		full := strings.TrimPrefix(prefix+"."+name, ".")
		all = append(all, row{full, v.typeName(member), member.Description, slices.Contains(s.Required, name)})
		all = append(all, v.under(full, member, depth+1)...)
	}
	return all
}

// names are the members' names: those that are required first.
func names(s *huma.Schema) []string {
	all := slices.Clone(s.Required)
	var optional []string
	for name := range s.Properties {
		if !slices.Contains(all, name) {
			optional = append(optional, name)
		}
	}
	slices.Sort(optional)
	return append(all, optional...)
}

func (v *view) resolve(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return v.doc.Components.Schemas.SchemaFromRef(s.Ref)
	}
	if s != nil && s.Extensions["anyOf"] != nil {
		return v.resolve(s.Extensions["anyOf"].([]any)[0].(*huma.Schema))
	}
	return s
}

func (v *view) typeName(s *huma.Schema) string {
	s = v.resolve(s)
	switch {
	case s == nil:
		return ""
	case len(s.OneOf) > 0:
		return v.typeName(s.OneOf[0]) + " or " + v.typeName(s.OneOf[1])
	case s.Type == huma.TypeArray:
		return v.typeName(s.Items) + " list"
	case len(s.Enum) > 0:
		return strings.ReplaceAll(strings.Trim(fmt.Sprint(s.Enum), "[]"), " ", " | ")
	case s.Format == "date-time":
		return "time"
	case s.ContentEncoding != "":
		return s.ContentEncoding
	}
	return s.Type + bounds(s)
}

func bounds(s *huma.Schema) string {
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		return " " + number(*s.Minimum) + " to " + number(*s.Maximum)
	case s.MaxLength != nil:
		return ", " + strconv.Itoa(*s.MaxLength) + " at most"
	}
	return ""
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

package config

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

const manPage = "../../../man/usersigd.yaml.5"

// TestManPage: the man page of the file says what the comments of Config say.
func TestManPage(t *testing.T) {
	p := &page{comments: comments(t)}
	p.WriteString(`.TH "USERSIGD.YAML" "5" "Nov 2026" "usersig" "usersig manual"
.nh
.ad l
.SH NAME
usersigd.yaml \- configuration of usersigd
.SH DESCRIPTION
`)
	_, about, _ := strings.Cut(p.comments["Config"], "nowhere else. ")
	p.text(about)
	p.WriteString(`.PP
.B usersigd print-config --default
prints a file that has every key with its default and this text;
.B usersigd check-config
says what is wrong with one.
.SH KEYS
`)
	p.keys(reflect.ValueOf(Default()).Elem(), "")
	p.WriteString(`.SH EXAMPLE
.EX
data: /var/lib/usersigd
listen: ":8443"
tls:
  cert: /etc/usersigd/tls.crt
  key: /etc/usersigd/tls.key
.EE
.SH SEE ALSO
\fBusersigd(8)\fP, \fBusersigd-check-config(8)\fP, \fBusersigd-print-config(8)\fP
`)
	if *update {
		if err := os.WriteFile(manPage, p.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(manPage); err != nil || !bytes.Equal(got, p.Bytes()) {
		t.Error("usersigd.yaml.5 is not what the comments say: run make man")
	}
}

// page writes a man page.
type page struct {
	bytes.Buffer
	comments map[string]string
}

var code = regexp.MustCompile("`([^`\n]*(?:\n[^`\n]*)?)`")

// text writes paragraphs. What begins a line must not be taken for a request.
func (p *page) text(text string) {
	text = strings.ReplaceAll(text, `\`, `\e`)
	text = code.ReplaceAllString(text, `\fB$1\fP`)
	for line := range strings.Lines(text) {
		switch {
		case line == "\n":
			line = ".PP\n"
		case strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'"):
			line = `\&` + line
		}
		p.WriteString(line)
	}
}

// keys writes the keys of a struct, and of what is in it.
func (p *page) keys(v reflect.Value, path string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, field := f.Tag.Get("yaml"), v.Field(i)
		if key == "-" {
			continue
		}
		fmt.Fprintf(p, ".TP\n\\fB%s%s\\fP", path, key)
		if field.Kind() != reflect.Struct && !field.IsZero() {
			fmt.Fprintf(p, " (default %s)", scalar(field))
		}
		p.WriteString("\n")
		// Within the key's indentation a paragraph is another request.
		comment := strings.Replace(p.comments[v.Type().Name()+"."+f.Name], f.Name+" ", key+" ", 1)
		before := p.Len()
		p.text(comment)
		below := bytes.ReplaceAll(p.Bytes()[before:], []byte("\n.PP\n"), []byte("\n.IP\n"))
		p.Truncate(before)
		p.Write(bytes.Clone(below))
		switch {
		case field.Kind() == reflect.Struct:
			p.keys(field, path+key+".")
		case isList(field):
			p.keys(reflect.New(field.Type().Elem()).Elem(), path+key+"[].")
		}
	}
}

package config

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// decoder puts YAML into a configuration. The library could do it in one call, but says
// what is wrong in the words of Go's types, without the key, and repeats values, which
// may be secret.
type decoder struct{ wrong []error }

func (d *decoder) add(n *yaml.Node, at, text string) {
	if at != "" {
		at += ": "
	}
	d.wrong = append(d.wrong, fmt.Errorf("line %d: %s%s", n.Line, at, text))
}

// value puts a node into v, whose key is at.
func (d *decoder) value(n *yaml.Node, v reflect.Value, at string) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n.Tag == "!!null": // nothing after the key: the default
	case v.Type() == reflect.TypeFor[Media]() && n.Kind == yaml.ScalarNode:
		d.value(n, v.FieldByName("Enabled"), at) // "media: off"
	case isText(v.Type()) || v.Kind() != reflect.Struct && v.Kind() != reflect.Slice:
		if !decodeScalar(n, v) {
			d.add(n, at, "it is "+expected(v.Type()))
		}
	case v.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			d.value(c, v.Index(i), fmt.Sprintf("%s[%d]", at, i))
		}
	case v.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		d.mapping(n, v, at)
	default:
		d.add(n, at, "it is "+expected(v.Type()))
	}
}

// isText reports whether a type is one value, though it is a struct.
func isText(t reflect.Type) bool {
	return t == reflect.TypeFor[netip.Prefix]() || t == reflect.TypeFor[netip.Addr]()
}

// decodeScalar puts a value into v, unless it is none of v's type. The library cuts the fraction
// off a number.
func decodeScalar(n *yaml.Node, v reflect.Value) bool {
	whole := v.Kind() == reflect.Int || v.Kind() == reflect.Uint32 || v.Kind() == reflect.Uint16
	return n.Kind == yaml.ScalarNode && (!whole || n.Tag == "!!int") && n.Decode(v.Addr().Interface()) == nil
}

// mapping puts keys and their values into a struct.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, at string) {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		fields[v.Type().Field(i).Tag.Get("yaml")] = v.Field(i)
	}
	delete(fields, "-")
	d.merged(n, v, at)
	seen := map[string]int{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, known := fields[key.Value]
		switch line, twice := seen[key.Value]; {
		case key.Tag == merge:
		case !known:
			d.add(key, at, fmt.Sprintf("there is no key %.64q", key.Value))
		case twice:
			d.add(key, at, fmt.Sprintf("%q is already defined in line %d", key.Value, line))
		default:
			seen[key.Value] = key.Line
			d.value(value, field, strings.TrimPrefix(at+"."+key.Value, "."))
		}
	}
}

const merge = "!!merge"

// merged puts what "<<: *name" refers to into a struct, before the keys beside it.
func (d *decoder) merged(n *yaml.Node, v reflect.Value, at string) {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Tag != merge {
			continue
		}
		from := n.Content[i+1]
		if from.Kind != yaml.SequenceNode {
			d.value(from, v, at)
			continue
		}
		for _, one := range slices.Backward(from.Content) { // of several, the first wins
			d.value(one, v, at)
		}
	}
}

// expected says in words what a value of type t is.
func expected(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "a time with its unit, such as 30s or 1h30m"
	case reflect.TypeFor[netip.Prefix]():
		return "a network, such as 10.1.0.0/16, or 10.1.2.3/32 for one address"
	case reflect.TypeFor[netip.Addr]():
		return "an IP address, such as 203.0.113.7"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Uint16:
		return "a number between 0 and 65535"
	case reflect.Uint32:
		return "a number between 0 and 4294967295"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list, such as [a, b]"
	case reflect.Struct:
		return "keys and their values, such as key: value"
	default:
		return "text"
	}
}

// result returns all that was wrong, a line for each.
func (d *decoder) result() error { return errors.Join(d.wrong...) }

package config

import (
	"reflect"
	"slices"
	"strings"
)

// Differences returns the keys in which c and o differ, as paths such as "log.level".
func (c *Config) Differences(o *Config) []string {
	ours, theirs := keys(reflect.ValueOf(c).Elem(), ""), keys(reflect.ValueOf(o).Elem(), "")
	var differ []string
	for name, v := range ours {
		if !reflect.DeepEqual(v.Interface(), theirs[name].Interface()) {
			differ = append(differ, name)
		}
	}
	slices.Sort(differ)
	return differ
}

// keys returns the field of each key.
func keys(v reflect.Value, prefix string) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag.Get("yaml")
		switch f := v.Field(i); {
		case tag == "-":
		case f.Kind() == reflect.Struct:
			for name, f := range keys(f, prefix+tag+".") {
				all[name] = f
			}
		default:
			all[prefix+tag] = f
		}
	}
	return all
}

// variable returns the environment variable of a key.
func variable(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

const envPrefix = "USERSIGD_"

// override sets the keys that the environment names.
func (c *Config) override(environ []string) error {
	fields := variables(c)
	var all []error
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		field, ok := fields[name]
		if !ok {
			all = append(all, fmt.Errorf("environment variable %.64q: there is no such key (for a Service named usersigd, "+
				"Kubernetes sets some: enableServiceLinks: false)", name))
			continue
		}
		if err := set(field, value); err != nil {
			all = append(all, prefixed("environment variable "+name, err))
		}
	}
	return errors.Join(all...)
}

// variables returns the field that each variable sets.
func variables(c *Config) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	for name, f := range keys(reflect.ValueOf(c).Elem(), "") {
		all[variable(name)] = f
	}
	return all
}

func set(field reflect.Value, value string) error {
	if field.Kind() == reflect.String {
		field.SetString(value)
		return nil
	}
	d := yaml.NewDecoder(strings.NewReader(value))
	d.KnownFields(true)
	fresh := reflect.New(field.Type())
	if err := d.Decode(fresh.Interface()); err != nil {
		return plain(err)
	}
	field.Set(fresh.Elem())
	return nil
}

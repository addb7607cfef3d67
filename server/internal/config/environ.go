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
		of, ok := fields[name]
		if !ok {
			all = append(all, fmt.Errorf("environment variable %.64q: there is no such key (for a Service named usersigd, "+
				"Kubernetes sets some: enableServiceLinks: false)", name))
			continue
		}
		if err := set(of.field, of.key, value); err != nil {
			all = append(all, prefixed("environment variable "+name, err))
		}
	}
	return errors.Join(all...)
}

// named is a field and its key.
type named struct {
	key   string
	field reflect.Value
}

// variables returns what each variable sets.
func variables(c *Config) map[string]named {
	all := map[string]named{}
	for key, f := range keys(reflect.ValueOf(c).Elem(), "") {
		all[variable(key)] = named{key, f}
	}
	all[variable("media")] = named{"media", reflect.ValueOf(&c.Media.Enabled).Elem()} // as "media: off"
	return all
}

func set(field reflect.Value, key, value string) error {
	if field.Kind() == reflect.String {
		field.SetString(value)
		return nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(value), &document); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) == 0 || document.Content[0].Tag == "!!null" {
		return fmt.Errorf("it is empty: it is %s, or is not set at all", expected(field.Type()))
	}
	d, fresh := &decoder{}, reflect.New(field.Type()).Elem()
	if d.value(document.Content[0], fresh, key); len(d.wrong) > 0 {
		return d.result()
	}
	field.Set(fresh)
	return nil
}

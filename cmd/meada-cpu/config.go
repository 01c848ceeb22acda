package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// configFlags reads the config.json of a run folder, which a flag names, as the
// flags that would set the same. What it records besides (the machine, checksums
// and the like) sets nothing, but a key that no run writes is an error.
func configFlags(flag, path string) ([]string, error) {
	fail := func(err error) ([]string, error) { return nil, usageError("%s %s: %v", flag, path, err) }
	text, err := os.ReadFile(path)
	if err != nil {
		return fail(errors.Unwrap(err))
	}
	known := json.NewDecoder(bytes.NewReader(text))
	known.DisallowUnknownFields()
	if err := known.Decode(new(configRecord)); err != nil {
		return fail(errors.New(strings.TrimPrefix(err.Error(), "json: ")))
	}
	if _, err := known.Token(); err != io.EOF {
		return fail(errors.New("more than one JSON object"))
	}
	values := map[string]any{}
	all := json.NewDecoder(bytes.NewReader(text))
	all.UseNumber() // as they are written
	if err := all.Decode(&values); err != nil {
		return fail(err)
	}
	var args []string
	names := new(settings).flags().names()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if name := strings.ReplaceAll(key, "_", "-"); slices.Contains(names, name) {
			args = append(args, fmt.Sprintf("--%s=%v", name, values[key]))
		}
	}
	if _, ok := values["epochs"]; ok {
		for _, name := range []string{"momentum", "decay"} { // left out where they are 0
			if _, ok := values[name]; !ok {
				args = append(args, "--"+name+"=0")
			}
		}
	}
	return args, nil
}

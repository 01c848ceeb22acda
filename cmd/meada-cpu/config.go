package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

// configFlags reads the config.json of a run folder, which a flag names, as the
// values of the flags that would set the same. What it records besides (the machine, checksums
// and the like) sets nothing, but a key that no run writes is an error.
func configFlags(flag, path string) (map[string]string, error) {
	fail := func(err error) (map[string]string, error) { return nil, cli.UsageError("%s %s: %v", flag, path, err) }
	text, err := os.ReadFile(path)
	if err != nil {
		return fail(errors.Unwrap(err))
	}
	known := json.NewDecoder(bytes.NewReader(text))
	known.DisallowUnknownFields()
	if err := known.Decode(new(runfolder.Config)); err != nil {
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
	set := pflag.NewFlagSet("train", pflag.ContinueOnError)
	new(settings).define(set)
	flags := map[string]string{}
	for key, value := range values {
		if name := strings.ReplaceAll(key, "_", "-"); set.Lookup(name) != nil {
			flags[name] = fmt.Sprint(value)
		}
	}
	if _, ok := values["epochs"]; ok {
		for _, name := range []string{"momentum", "decay"} { // left out where they are 0
			if _, ok := values[name]; !ok {
				flags[name] = "0"
			}
		}
	}
	return flags, nil
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// configFlags reads the config.json of a run folder, which a flag names, as the
// values of the flags that would set the same. What it records besides (the machine,
// checksums and the like) sets nothing, but a key that no run writes is an error.
func configFlags(flag, path string) (map[string]string, error) {
	fail := func(err error) (map[string]string, error) {
		if flag == resumeFlag { // the user has not written it
			return nil, &dataset.Error{Path: flag + " " + path, Err: err}
		}
		return nil, cli.UsageError("%s %s: %v", flag, path, err)
	}
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
	leftOut := map[string]string{ // where they are that
		"lr-backbone": "0", "freeze-bn": "false", "freeze": "false", "flip": "false", "crop": "0", "resized-crop": "0",
		"jitter": "0", "grey": "0", "views": "none", "cutout": "0", "consistency": "0", "label-smoothing": "0",
		"momentum": "0", "decay": "0", "cosine": "false", "ema": "0", "mix": "none", "noise": "0", "all-views": "false",
		"ball": "none", "radius": "0", "eta-min": "0",
	}
	maps.Copy(leftOut, flags)
	return leftOut, nil
}

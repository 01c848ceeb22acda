package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
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
	if len(bytes.TrimSpace(text)) == 0 {
		return fail(errors.New("the file is empty"))
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
	flags := leftOut(set)
	for key, value := range values {
		if name := flagOf(key); set.Lookup(name) != nil {
			flags[name] = fmt.Sprint(value)
		}
	}
	return flags, nil
}

// leftOut returns the values of the settings that config.json leaves out where they
// are zero, and that flags can make so: a preset would have others. Set declares the
// flags of settings that are zero.
func leftOut(set *pflag.FlagSet) map[string]string {
	flags := map[string]string{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[catalog.Settings]()) {
		key, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		if flag := set.Lookup(flagOf(key)); flag != nil && option == "omitempty" && flag.Value.String() != "" {
			flags[flag.Name] = flag.Value.String()
		}
	}
	return flags
}

// forChoices takes from recorded settings those that are as the preset has them for the
// recorded method, network and side of images, where a flag names another of these, which has its
// own. Given flags are by name.
func forChoices(recorded, given map[string]string) error {
	given = maps.Clone(given)
	given["algorithm"] = cmp.Or(given["algorithm"], catalog.HeadMethod(recorded, given))
	other := slices.ContainsFunc([]string{"algorithm", "model", "image-size"}, func(name string) bool {
		return given[name] != "" && given[name] != recorded[name]
	})
	if !other || recorded["preset"] == "" { // as no run has it, but whoever shortens its file
		return nil
	}
	preset, err := catalog.FindPreset(recorded["preset"])
	if err != nil {
		return err
	}
	var usual, run settings
	usually, set := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	usual.define(usually)
	run.define(set)
	side, _ := strconv.Atoi(recorded["image-size"]) // "" for the network's own
	usual.Options.Settings.Settings = preset.Settings(recorded["model"], catalog.Algorithm(recorded["algorithm"]), side)
	if err := cli.Apply(set, recorded); err != nil {
		return err
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[catalog.Settings]()) {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		flag := usually.Lookup(flagOf(key))
		if flag != nil && (flag.Name != "algorithm" || given["algorithm"] != "") && flag.Value.String() == set.Lookup(flag.Name).Value.String() {
			delete(recorded, flag.Name)
		}
	}
	return nil
}

// flagOf returns the name of the flag for a key of config.json.
func flagOf(key string) string { return strings.ReplaceAll(key, "_", "-") }

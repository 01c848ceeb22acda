package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
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

// followFlags takes from recorded settings those that follow flags: the corruptions among a
// dataset's files are where the flags have the dataset, the rate has one schedule, a run one average, layers
// that --freeze does not train have no settings, random weights no statistics, and threads are those of the machine.
func followFlags(recorded, given map[string]string) {
	delete(recorded, "threads")
	d, err := catalog.FindDataset(recorded["dataset"])
	if moved := given["data"] != "" || given["dataset"] != ""; moved && err == nil && d.Corruptions != "" &&
		recorded["corruptions"] == filepath.Join(recorded["data"], d.Corruptions) {
		delete(recorded, "corruptions")
	}
	if given["cosine"] == "true" { // one schedule of the rate takes the place of the other
		delete(recorded, "one-cycle")
	}
	changes := func(name string) bool { return given[name] != "" && (given[name] != "0" || recorded[name] != "0") }
	if changes("one-cycle") {
		delete(recorded, "cosine")
	}
	thawed := recorded["freeze"] == "true" && (given["freeze"] == "false" || given["weights"] == catalog.RandomWeights)
	if given["freeze"] == "true" || thawed {
		for _, name := range catalog.BackboneFlags {
			delete(recorded, name)
		}
	}
	if recorded["weights"] == "" && given["weights"] != "" { // of random ones no choice
		delete(recorded, "freeze-bn")
	}
	if given["weights"] == catalog.RandomWeights {
		for _, name := range []string{"freeze", "freeze-bn", "lr-backbone", "new-head"} {
			delete(recorded, name)
		}
	}
	if changes("swa") { // one average takes the place of the other
		delete(recorded, "ema")
	}
	if ema := given["ema"]; ema != "" && ema != "0" {
		delete(recorded, "swa")
	}
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

// forMethod takes from recorded settings those that are as their method has them, where a
// flag names another method, which has its own.
func forMethod(recorded map[string]string, algorithm string) error {
	was := recorded["algorithm"]
	if algorithm == "" || algorithm == was || recorded["preset"] == "" { // as no run has it, but whoever shortens its file
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
	usual.Options.Settings.Settings = preset.Settings(recorded["model"], catalog.Algorithm(was), side)
	if err := cli.Apply(set, recorded); err != nil {
		return err
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[catalog.Settings]()) {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if flag := usually.Lookup(flagOf(key)); flag != nil && flag.Value.String() == set.Lookup(flag.Name).Value.String() {
			delete(recorded, flag.Name)
		}
	}
	return nil
}

// flagOf returns the name of the flag for a key of config.json.
func flagOf(key string) string { return strings.ReplaceAll(key, "_", "-") }

package runfolder

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// ofHost are the settings that do not change the result of a run.
var ofHost = []string{"threads", "data", "checkpoint_every"}

// Differences lists the settings in which two runs differ, such as "k 1 instead
// of 3", apart from those that do not change a result and from except.
func Differences(was, is *Settings, except ...string) ([]string, error) {
	var fields [2]map[string]any
	for i, s := range []*Settings{was, is} {
		text, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &fields[i]); err != nil {
			return nil, err
		}
	}
	var all []string
	keys := maps.Clone(fields[0])
	maps.Copy(keys, fields[1])
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if slices.Contains(ofHost, key) || slices.Contains(except, key) {
			continue
		}
		if a, b := fields[0][key], fields[1][key]; !reflect.DeepEqual(a, b) {
			all = append(all, fmt.Sprintf("%s %s instead of %s", key, orNone(a), orNone(b)))
		}
	}
	return all, nil
}

// FirstDifference returns the first of Differences, "" if there is none.
func FirstDifference(was, is *Settings, except ...string) (string, error) {
	all, err := Differences(was, is, except...)
	if len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

func orNone(v any) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprint(v)
}

package catalog

import (
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/cli"
)

// scheduleFlags are those of schedules of the rate, of which a run has one.
var scheduleFlags = []string{"one-cycle", "power", "cosine"}

// asked reports whether a flag of a schedule, by name, asks for it.
func asked(flags map[string]string, name string) bool {
	value := flags[name]
	return value != "" && value != "0" && value != "false"
}

// forgetSchedules deletes from recorded flags the schedules whose place given ones take, or
// the preset's takes where one that is recorded is given up. Both are by name.
func forgetSchedules(recorded, given map[string]string) {
	var forgotten []string
	for _, name := range scheduleFlags {
		if asked(given, name) || given[name] != "" && asked(recorded, name) {
			others := slices.DeleteFunc(slices.Clone(scheduleFlags), func(other string) bool { return other == name })
			forgotten = append(forgotten, others...)
		}
	}
	for _, name := range forgotten {
		delete(recorded, name)
	}
}

// ReplaceSchedule lets the schedule that flags, given by name, ask for take the place of a
// preset's.
func ReplaceSchedule(s *Settings, given map[string]string) {
	none := map[string]func(){
		"one-cycle": func() { s.OneCycle = 0 },
		"power":     func() { s.Power = 0 },
		"cosine":    func() { s.Cosine = false },
	}
	for _, name := range scheduleFlags {
		for _, other := range scheduleFlags {
			if other != name && asked(given, name) && given[other] == "" {
				none[other]()
			}
		}
	}
}

// CheckSchedule refuses flags, given by name, of several schedules, and of none for SGD.
func CheckSchedule(s *Settings, given map[string]string) error {
	var flags []string
	for _, name := range scheduleFlags {
		switch {
		case name == "cosine" && given[name] == "true":
			flags = append(flags, "--cosine")
		case asked(given, name):
			flags = append(flags, "--"+name+" "+given[name])
		}
	}
	if len(flags) > 1 {
		return cli.UsageError("%s and %s: expected one of them", flags[0], flags[1])
	}
	if given["cosine"] == "false" && s.UsesSGD() {
		return cli.UsageError("--cosine=false: the rate of SGD is always annealed, expected it with Adam alone (--momentum 0 where steps are counted)")
	}
	return nil
}

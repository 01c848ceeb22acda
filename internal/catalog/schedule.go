package catalog

import "github.com/meada-cpu/meada-cpu/internal/cli"

// ScheduleFlags are those of schedules of the rate, of which a run has one.
var ScheduleFlags = []string{"one-cycle", "power", "cosine"}

// asked reports whether a flag of a schedule, given by name, asks for it.
func asked(given map[string]string, name string) bool {
	value := given[name]
	return value != "" && value != "0" && value != "false"
}

// ReplaceSchedule lets the schedule that flags, given by name, ask for take the place of a
// preset's.
func ReplaceSchedule(s *Settings, given map[string]string) {
	none := map[string]func(){
		"one-cycle": func() { s.OneCycle = 0 },
		"power":     func() { s.Power = 0 },
		"cosine":    func() { s.Cosine = false },
	}
	for _, name := range ScheduleFlags {
		for _, other := range ScheduleFlags {
			if other != name && asked(given, name) && given[other] == "" {
				none[other]()
			}
		}
	}
}

// CheckSchedule refuses flags, given by name, of several schedules, and of none for SGD.
func CheckSchedule(s *Settings, given map[string]string) error {
	var flags []string
	for _, name := range ScheduleFlags {
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

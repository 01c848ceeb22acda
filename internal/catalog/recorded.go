package catalog

import "path/filepath"

// FollowFlags takes from recorded settings those that follow flags, both by name: the
// corruptions among a dataset's files are where the flags have the dataset, the rate has one
// schedule, a run one average, layers that --freeze does not train have no settings, random weights
// no statistics and one rate for all layers, and threads are those of the machine.
func FollowFlags(recorded, given map[string]string) {
	drop := func(names ...string) {
		for _, name := range names {
			delete(recorded, name)
		}
	}
	drop("threads")
	d, err := FindDataset(recorded["dataset"])
	if moved := given["data"] != "" || given["dataset"] != ""; moved && err == nil && d.Corruptions != "" &&
		recorded["corruptions"] == filepath.Join(recorded["data"], d.Corruptions) {
		drop("corruptions")
	}
	forgetSchedules(recorded, given)
	thawed := recorded["freeze"] == "true" && (given["freeze"] == "false" || given["weights"] == RandomWeights)
	if given["freeze"] == "true" || thawed {
		drop(BackboneFlags...)
		drop("contrast") // of embeddings that move
	}
	if recorded["weights"] == "" && given["weights"] != "" { // of random ones no choice
		drop("freeze-bn")
		if recorded["lr-backbone"] == "0" {
			drop("lr-backbone")
		}
	}
	if given["weights"] == RandomWeights {
		drop("freeze", "freeze-bn", "lr-backbone", "new-head")
	}
	if swa := given["swa"]; swa != "" && (swa != "0" || recorded["swa"] != "0") { // one average takes the place of the other
		drop("ema")
	}
	if ema := given["ema"]; ema != "" && ema != "0" {
		drop("swa")
	}
}

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

const overview = `usage: meada-cpu <command> [flags]

  train     train a network with ERM, ADA or ME-ADA
  eval      measure a trained network on a dataset's domains
  predict   tell the class of pictures
  report    draw a run, or compare several, as one HTML page
  sweep     train with several algorithms and seeds, write the paper's table
  corrupt   write a test set under the corruptions of CIFAR-10-C
  data      list, download and verify data sets
  cpu       show the CPU, the chosen instruction set, and why not the others
  version   show the version
  help      show the flags of a command: meada-cpu help train

examples:
  meada-cpu train
  meada-cpu train --dataset digits --data DIR --algorithm me-ada --seed 1

MEADA_ISA=generic|avx2|avx512|neon forces an instruction set.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 data missing or corrupt,
4 instruction set unavailable, 5 training diverged, 130 interrupted
`

const trainUsage = `usage: meada-cpu train [flags]

Trains a network on a source domain and tests it on domains it never saw.
Without flags: ME-ADA on the built-in synthetic digits.

what to train
  --algorithm NAME    erm, ada or me-ada (me-ada)
  --dataset NAME      synthetic-digits, built in, or digits (synthetic-digits)
  --data DIR          where the files of the dataset are
  --weights FILE      begin from these weights instead of random ones
  --preset NAME       quick or digits, the paper's (digits for --dataset digits)
  --seed N            everything random follows from it (1)

descent; the values shown are the paper's
  --loops-train N     descent steps (10001)
  --batch-size N      images of a step (32)
  --lr X              Adam's learning rate (1e-4)
  --test-every N      descent steps between tests (100)

maximisation
  --k N               phases (3)
  --loops-min N       descent steps between phases (100)
  --loops-adv N       ascent steps of a phase (15)
  --lr-max X          step size of the ascent (1)
  --gamma X           weight of the distance in the embedding (1)
  --eta X             weight of the entropy, me-ada only (10)

running
  --threads N         workers, the result does not depend on it (all CPUs)
  --direct            no Winograd convolutions: slower, smaller rounding errors
  --out DIR           run folder (runs/<time>-<dataset>-<algorithm>-s<seed>)
  --http [HOST:]PORT  serve the report while training, and /metrics for
                      Prometheus; without HOST to this machine alone
  --tensorboard       write event files for TensorBoard into the run folder
  --quiet             no settings, no progress
  --json              the result as one JSON object, as in summary.json

The run folder holds config.json, metrics.jsonl, weights, samples of what the
phases made and, at the end, summary.json and report.html, a page to look at.
An existing folder is never written to: a number is appended to the name.
Interrupted (ctrl-C), the run finishes its step and writes last.safetensors and
report.html; a second interruption stops it at once.

"last" is the weights at the end. "validated" is the best test on the source's
own test set, the choice that we recommend. "best" has the best average over the
target domains, as the official code reports: it has looked at the targets.

examples:
  meada-cpu train --algorithm erm --seed 2
  meada-cpu train --dataset digits --data DIR --loops-train 2001 --test-every 500
`

const evalUsage = `usage: meada-cpu eval --weights FILE [flags]

Measures a trained network on every domain of a dataset.

  --weights FILE      weights as train writes them
  --dataset NAME      synthetic-digits or digits (what the weights were trained on)
  --data DIR          where the files of the dataset are
  --logits DIR        write DIR/<domain>.npy, float32, images x classes
  --threads N         workers (all CPUs)
  --direct            no Winograd convolutions: slower, smaller rounding errors
  --json              {"accuracy": {"<domain>": x, ..., "average": x}, ...}

examples:
  meada-cpu eval --weights runs/first/last.safetensors
  meada-cpu eval --weights last.safetensors --dataset digits --data DIR --logits logits
`

const cpuUsage = `usage: meada-cpu cpu

Shows the CPU, the instruction set in use, and why the others are not.
`

// usages are the help texts by command.
var usages = map[string]string{
	"train":   trainUsage,
	"eval":    evalUsage,
	"predict": predictUsage,
	"report":  reportUsage,
	"sweep":   sweepUsage,
	"corrupt": corruptUsage,
	"data":    dataUsage,
	"cpu":     cpuUsage,
	"help":    overview,
	"version": overview,
}

func runHelp(std streams, args []string) error {
	text := overview
	if len(args) > 0 {
		var ok bool
		if text, ok = usages[args[0]]; !ok {
			return usageError(`unknown command %q, see "meada-cpu help"`, args[0])
		}
	}
	fmt.Fprint(std.out, text)
	return nil
}

// version returns the version that the Go tools stamped into the binary.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func runVersion(std streams, _ []string) error {
	fmt.Fprintf(std.out, "meada-cpu %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

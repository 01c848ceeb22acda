package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

const overview = `usage: meada-cpu <command> [flags]

  train       train a network with ERM, ADA or ME-ADA
  eval        measure a trained network on a dataset's domains
  predict     tell the class of pictures
  augment     write adversarial images of a dataset
  corrupt     write a test set under the corruptions of CIFAR-10-C
  sweep       train with several algorithms and seeds, write the paper's table
  report      draw a run, or compare several, as one HTML page
  data        list, download and verify data sets
  bench       measure this CPU: peak, matrix products, convolutions, steps
  cpu         show the CPU, the chosen instruction set, and why not the others
  completion  teach a shell to complete command lines
  version     show the version
  help        show the flags of a command: meada-cpu help train

examples:
  meada-cpu train
  meada-cpu train --dataset digits --data DIR --algorithm me-ada --seed 1
  meada-cpu train --preset cifar10 --data DIR --model wrn

MEADA_ISA=generic|avx2|avx512|neon forces an instruction set.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 data missing or corrupt,
4 instruction set unavailable, 5 training diverged, 130 interrupted
`

const trainUsage = `usage: meada-cpu train [flags]

Trains a network on a source domain and tests it on domains it never saw.
Without flags: ME-ADA on the built-in synthetic digits.

what to train
  --algorithm NAME    erm, ada or me-ada (me-ada)
  --dataset NAME      synthetic-digits, built in, digits, cifar10, cifar100,
                      pacs or folder, your own pictures (that of --preset)
  --data DIR          where the files of the dataset are
  --model NAME        lenet5, allconv, wrn, densenet, resnext or alexnet (the
                      dataset's usual one: lenet5, for CIFAR wrn, for PACS
                      alexnet)
  --weights FILE      begin from these weights instead of random ones; a last
                      layer for another number of classes is left out
  --config FILE       the settings of a run folder's config.json; other flags win
  --preset NAME       quick, digits, cifar10, cifar100 or pacs, which decides
                      all settings below (that of --dataset)
  --source NAME       domain of PACS to train on (photo), or
  --target NAME       domain of PACS to leave out, training on the three others
  --seed N            everything random follows from it (1)

descent; the values shown are the paper's for digits, then CIFAR
  --loops-train N     descent steps, presets quick and digits only (10001)
  --epochs N          passes over the training images, the other presets only
                      (100; 200 for densenet and resnext)
  --max-steps N       end after that many descent steps at the latest
  --batch-size N      images of a step (32, 128)
  --lr X              learning rate of Adam (1e-4), of SGD at the beginning (0.1)
  --momentum X        of SGD, Nesterov's (0.9)
  --decay X           weight decay of SGD (5e-4; 1e-4 for densenet)
  --test-every N      descent steps or epochs between tests (100, 1)

maximisation
  --k N               phases (3, 2)
  --loops-min N       descent steps between phases (100)
  --epochs-min N      epochs between phases (10)
  --loops-adv N       ascent steps of a phase (15)
  --lr-max X          step size of the ascent (1, 20)
  --gamma X           weight of the distance in the embedding (1)
  --eta X             weight of the entropy, me-ada only (10)

tests
  --corruptions WHAT  corrupted versions of the source's own test set: none,
                      on-the-fly, or a folder as of CIFAR-10-C (CIFAR-10-C or
                      CIFAR-100-C in --data if it is there, else none)
  --test-images N     only N images of each test set, spread evenly over it

running
  --resume RUN        continue the run in that folder after an interruption or a
                      crash; it keeps its settings, so that only --data and the
                      flags below can be given, without --direct and --out
  --checkpoint-every N
                      checkpoints every N steps, those of phases and tests
                      counted too (one a minute)
  --threads N         workers, the result does not depend on it (all CPUs)
  --max-memory SIZE   refuse a run that needs more, such as 2GB or 1500MiB, or
                      none (what machine and control group have left)
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
Interrupted (ctrl-C), the run finishes its step and writes a checkpoint,
last.safetensors and report.html; a second interruption stops it at once. On Unix
the signal SIGUSR1 makes it print a line that says where it stands.

Whatever stopped a run, train --resume RUN continues it from its last checkpoint,
on any number of threads, and ends with the same weights and metrics, bit for
bit. The folder checkpoint in the run folder holds the last two and, as long as
the run is not complete, every adversarial image: as much again as the memory
that these take. The times add up, but for what was lost since the checkpoint.

The time expected at the start and the share of the peak count the multiply-adds
of convolutions, as the direct algorithm needs them, and of linear layers against
the peak of the CPU as measured. Other programs that run distort both.

"last" is the weights at the end. "validated" is the best test on the source's
own test set, the choice that we recommend. "best" has the best average over the
target domains, as the official code reports: it has looked at the targets. For
CIFAR the targets are the 15 corruptions.

Preset pacs is ours, since no trainer for PACS is published: that of CIFAR with
batches of 32, 30 epochs, lr 1e-3 and no crops. AlexNet wants pretrained weights,
torchvision's as a safetensors file: --weights FILE.

examples:
  meada-cpu train --algorithm erm --seed 2
  meada-cpu train --dataset digits --data DIR --loops-train 2001 --test-every 500
  meada-cpu train --preset cifar10 --data DIR --model allconv --corruptions on-the-fly --test-images 1000
  meada-cpu train --preset pacs --data DIR --source photo --weights alexnet.safetensors
  meada-cpu train --resume runs/20260102-030405-digits-me-ada-s1
`

const evalUsage = `usage: meada-cpu eval --weights FILE [flags]

Measures a trained network on every domain of a dataset.

  --weights FILE      weights as train writes them
  --dataset NAME      as in train (what the weights were trained on)
  --data DIR          where the files of the dataset are
  --model NAME        for weights that do not say which network they are for
  --source NAME       domain of PACS that was trained on (photo), or
  --target NAME       the one that was left out
  --corruptions WHAT  as in train
  --test-images N     only N images of each test set, spread evenly over it
  --logits DIR        write DIR/<domain>.npy, float32, images x classes
  --threads N         workers (all CPUs)
  --direct            no Winograd convolutions: slower, smaller rounding errors
  --json              {"accuracy": {"<domain>": x, ..., "average": x}, ...}

Images are normalised by the constants in the file of weights; if it has none, by
those of the published network: [0,1] for lenet5, [-1,1] for those of CIFAR,
ImageNet's for alexnet.

examples:
  meada-cpu eval --weights runs/first/last.safetensors
  meada-cpu eval --weights last.safetensors --dataset digits --data DIR --logits logits
  meada-cpu eval --weights best.safetensors --data DIR --corruptions DIR/CIFAR-10-C
`

const cpuUsage = `usage: meada-cpu cpu

Shows the CPU, the instruction set in use, and why the others are not.

examples:
  meada-cpu cpu
  MEADA_ISA=avx2 meada-cpu cpu
`

// usages are the help texts by command.
var usages = map[string]string{
	"train":      trainUsage,
	"eval":       evalUsage,
	"predict":    predictUsage,
	"report":     reportUsage,
	"sweep":      sweepUsage,
	"bench":      benchUsage,
	"corrupt":    corruptUsage,
	"data":       dataUsage,
	"augment":    augmentUsage,
	"completion": completionUsage,
	"cpu":        cpuUsage,
	"help":       overview,
	"version":    overview,
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

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/collective/mpi"
	"github.com/meada-cpu/meada-cpu/internal/run"
)

func newTrain(std streams) *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "train",
		Short: "train a network with ME-ADA or another method",
		Args:  cli.NoArguments,
		Example: "meada-cpu train --algorithm erm --seed 2\n" +
			"meada-cpu train --dataset digits --data DIR --loops-train 2001 --test-every 500\n" +
			"meada-cpu train --preset cifar10 --data DIR --model allconv --corruptions on-the-fly --test-images 1000\n" +
			"meada-cpu train --preset pacs --data DIR --source photo --weights pretrained\n" +
			"meada-cpu train --preset pictures --data DIR\n" +
			"meada-cpu train --compare --dataset folder --data pictures\n" +
			"meada-cpu train --resume runs/20260102-030405-digits-me-ada-s1",
		RunE: func(c *cobra.Command, _ []string) error {
			if s.compare {
				return runComparison(std, &s, c.Flags())
			}
			s.Command, s.Log = commandLine(), std.err
			return onEveryRank(std.err, func(ranks *mpi.Ranks) error {
				s.Group, s.Neighbours, s.Threads = ranks.Group, ranks.Neighbours, cmp.Or(s.Threads, ranks.CPUs)
				if err := run.Agree(s.Group, s.resolveFor(s.Group.Size(), c.Flags())); err != nil {
					return err
				}
				if len(s.unused) > 0 && s.Group.Rank() == 0 {
					fmt.Fprintf(std.err, "note: no effect with --algorithm %s: %s\n", s.Algorithm, cli.Join(s.unused))
				}
				return trainNetwork(std, &s)
			})
		},
	}
	c.Long = trainIntroduction
	cli.SetNotes(c, trainNotes+"\n\nThe methods that --algorithm names:\n\n"+catalog.DescribeMethods())
	s.define(c.Flags())
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		if s.choose(c.Flags()) != nil { // whatever else is wrong, the help shows what there is
			s.Weights = ""
			_ = s.choose(c.Flags())
		}
		c.Long += fmt.Sprintf("\n\nThe values in parentheses are those of --preset %s for %s.", s.Preset, s.Model)
		_ = cli.WriteHelp(c.OutOrStdout(), c)
	})
	return c
}

func trainNetwork(std streams, s *settings) error {
	ctx, stop := cli.Interruption()
	defer stop()
	s.Threads = cli.Threads(s.Threads, std.err)
	result, err := run.Train(ctx, s.Options)
	if err != nil || result == nil { // of a rank that does not write
		return err
	}
	if s.json {
		return json.NewEncoder(std.out).Encode(result.Summary)
	}
	return result.Print(std.out)
}

// commandLine returns the command that started this process, as a POSIX shell
// takes it.
func commandLine() string {
	words := []string{"meada-cpu"}
	if isa := os.Getenv("MEADA_ISA"); isa != "" {
		words = []string{"MEADA_ISA=" + isa, "meada-cpu"}
	}
	for _, arg := range os.Args[1:] {
		words = append(words, cli.PosixWord(arg))
	}
	return strings.Join(words, " ")
}

// The texts of train's help around its flags.
const (
	trainIntroduction = `Trains a network on a source domain and tests it on domains it never saw.
Without flags: random convolutions on the built-in synthetic digits.`

	trainNotes = `The run folder holds config.json, metrics.jsonl, weights, samples of what the
phases made and, at the end, summary.json and report.html, a page to look at.
A folder that is not empty is never written to: a number is appended to the name.
Interrupted (ctrl-C), the run finishes its step and writes a checkpoint,
last.safetensors and report.html; a second interruption stops it at once. On Unix
the signal SIGUSR1 makes it print a line that says where it stands.

Whatever stopped a run, train --resume RUN continues it from its last checkpoint,
on any number of threads, and ends with the same weights and metrics, bit for
bit. The folder checkpoint in the run folder holds the last two and, as long as
the run is not complete, every adversarial image: as much again as the memory
that these take. The times add up, but for what was lost since the checkpoint.

With --compare the folder, by default runs/compare-<dataset>-<algorithm>-s<seed>,
holds two runs, erm and that of the method, of the same data, seed and settings,
and comparison.html. Where a schedule counts epochs, a method that adds images
takes more steps: the table shows how many.

The time expected at the start and the share of the peak count the multiply-adds
of convolutions, of Winograd's the fewer that they take, and of linear layers
against the peak of the CPU as measured. Other programs that run distort both.

"last" is the weights at the end. "validated" is the best test on the part of
the source that is held out, or else on its own test sets (training-domain
validation), the choice that we recommend. "best" has the best average over the
target domains, selected on the target test sets (oracle), as the official code
reports. For CIFAR the targets are the 15 corruptions.

With --consistency every step takes three views of an image, which flips, crops,
jitter and grey change alike: one as it is then, whose class is learnt, and two
that --views and --cutout change. A step takes three times as long. Methods set
these flags as their authors do; flags win. A phase of ada or me-ada adds images
as bytes where images are changed.

The values of presets digits, cifar10 and cifar100 are the paper's. Preset
synthetic is ours, for the built-in digits in about a minute on two cores, and
was chosen on other domains than it is tested on; digits-best, for MNIST, was
chosen on MNIST's own tests and the built-in digits; quick is ME-ADA for a few
thousand images. Preset pacs has those of two public re-implementations of ADA
and ME-ADA, with ResNet-18. Preset pictures is ours, for a thousand pictures or
so and a network that has seen ImageNet: one changed view a step, as synthetic
has, or erm with --freeze; it was chosen on domains of the source. The networks
for pictures want pretrained weights: data fetch gets them, --weights pretrained
uses them. The usual network of a dataset is lenet5, of CIFAR wrn, of PACS
resnet18; of your own pictures efficientnet-lite0 by preset pictures, if its
weights have been fetched.`
)

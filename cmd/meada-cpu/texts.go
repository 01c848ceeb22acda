package main

// The texts of train's help around its flags.
const (
	trainIntroduction = `Trains a network on a source domain and tests it on domains it never saw.
Without flags: ME-ADA on the built-in synthetic digits.`

	trainNotes = `The run folder holds config.json, metrics.jsonl, weights, samples of what the
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
own test set (training-domain validation), the choice that we recommend. "best"
has the best average over the target domains, selected on the target test sets
(oracle), as the official code reports. For CIFAR the targets are the 15
corruptions.

The values of presets digits, cifar10 and cifar100 are the paper's. Preset pacs is
ours, since no trainer for PACS is published: that of CIFAR with batches of 32, 30
epochs, lr 1e-3 and no crops. AlexNet wants pretrained weights, torchvision's as
a safetensors file: --weights FILE. The usual network of a dataset is lenet5, of
CIFAR wrn, of PACS alexnet.`
)

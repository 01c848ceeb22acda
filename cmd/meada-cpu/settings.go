package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/run"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// settings are what the flags of train decide.
type settings struct {
	run.Options
	config  string
	compare bool
	json    bool
	unused  []string // flags given by hand of which the method makes nothing
}

// define declares the flags of train.
func (s *settings) define(set *pflag.FlagSet) {
	f := cli.NewFlags(set)
	f.Group("what to train")
	cli.Choice(f, &s.Algorithm, "algorithm", "method, see below", catalog.Algorithms()...)
	f.Switch(&s.compare, "compare", "train with erm too, and show both beside each other; the same command again resumes")
	declareImages(f, &s.Images, "that of --weights, else squash")
	cli.Choice(f, &s.Model, "model", "network: "+strings.Join(zoo.Names, ", ")+"; by default that of --weights, or the data set's", zoo.Names...)
	f.Integer(&s.ImageSize, "image-size", 1, "height and width of images, for efficientnet-lite0 and the resnets; by default that of --weights, else 224")
	f.Add("weights", &cli.Value{
		Kind:     "FILE",
		Read:     cli.ReadText(&s.Weights, "a file, a run folder, "+catalog.Pretrained+" or "+catalog.RandomWeights),
		Show:     func() string { return s.Weights },
		Complete: cli.Words(catalog.Pretrained, catalog.RandomWeights),
		OrFile:   true,
	}, "initial weights instead of random ones, a file or a run folder, or pretrained for ImageNet's; none for random ones")
	f.Switch(&s.NewHead, "new-head", "begin the last layer anew where that of --weights is for classes of other names")
	f.Text(&s.config, "config", "FILE", "the settings of a run folder, or of its config.json; other flags win")
	cli.Choice(f, &s.Preset, "preset", strings.Join(catalog.PresetNames(), ", ")+": decides all settings below", catalog.PresetNames()...)
	f.Seed(&s.Seed, "seed", "everything random follows from it")

	f.Group("descent")
	f.Integer(&s.LoopsTrain, "loops-train", 1, "descent steps, presets synthetic, quick, digits and digits-best only")
	f.Integer(&s.Epochs, "epochs", 1, "passes over the training images, the other presets only")
	f.Integer(&s.MaxSteps, "max-steps", 0, "end after that many descent steps at the latest; 0 for all")
	f.Integer(&s.BatchSize, "batch-size", 1, "images of a step")
	f.Integer(&s.Shards, "shards", 1, "compute a step in N parts, each with its own statistics of batch normalisation and pairs to mix; under MPI by default one a rank")
	f.Number(&s.LR, "lr", "learning rate of Adam; of SGD at the beginning; of --one-cycle at its peak")
	f.Number(&s.Momentum, "momentum", "of SGD, Nesterov's; where steps are counted 0 is Adam")
	f.Number(&s.Decay, "decay", "weight decay")
	f.Switch(&s.Cosine, "cosine", "anneal Adam's rate to 0 by a cosine over the run, as SGD's is; in place of a preset's --power")
	f.Integer(&s.Power, "power", 0, "let the rate fall with the power N of what is left of the run (polynomial decay); 0 for SGD's cosine, or for Adam what --cosine says")
	f.Number(&s.OneCycle, "one-cycle", "let the rate rise to that of --lr for a share X of the run, and fall from there, in one cycle; 0 for none")
	f.Number(&s.Clip, "clip", "scale gradients down whose norm is above X; 0 for none")
	f.Number(&s.EMA, "ema", "test the moving average of the weights over the steps, of decay X; 0 for the weights themselves")
	f.Number(&s.SWA, "swa", "test the mean of the weights after a share X of the run (SWA), of every step, or every epoch where those are counted")
	f.Number(&s.LRBackbone, "lr-backbone", "learning rate of the layers up to the embedding, which --weights has trained; 0 for that of --lr")
	f.Switch(&s.FreezeBN, "freeze-bn", "normalise batches by the statistics that --weights has")
	f.Switch(&s.Freeze, "freeze", "train the layers behind the embedding alone: the others see each image once, without flips, crops and the views of the preset's own method")
	cli.AddName(f, &s.ClassWeights, "class-weights", catalog.ClassWeightsNames, catalog.ParseClassWeights, "none, or balanced: every class counts the same, however many images it has")
	f.Integer(&s.TestEvery, "test-every", 1, "descent steps, or epochs, between tests")

	f.Group("images of descent steps")
	f.Switch(&s.Flip, "flip", "mirror them at random")
	f.Integer(&s.Crop, "crop", 0, "shift them by up to N pixels")
	f.Number(&s.ResizedCrop, "resized-crop", "cut out a part of their area, X of it at least, and resize it")
	f.Number(&s.Jitter, "jitter", "change brightness, contrast, saturation and hue by up to X")
	f.Number(&s.Grey, "grey", "make them grey with probability X")
	cli.AddName(f, &s.Views, "views", catalog.ViewNames, catalog.ParseViews, strings.Join(catalog.ViewNames, ", ")+"; several with + between them, one of several with commas")
	f.Integer(&s.Cutout, "cutout", 0, "cut out a square of N pixels")
	cli.AddName(f, &s.Mix, "mix", catalog.MixNames, catalog.ParseMix, "with other images of the batch: "+strings.Join(catalog.MixNames, ", "))
	f.Number(&s.Noise, "noise", "NoisyMix's noise, of strength X")
	f.Switch(&s.Manifold, "manifold", "mix and add noise at the image or behind a stage of a residual network, drawn for each step")
	f.Switch(&s.AllViews, "all-views", "minimise the cross-entropy of all views, not of the image alone; without consistency of it and one view")
	f.Number(&s.Consistency, "consistency", "weight of the Jensen-Shannon divergence of an image and two views of it; 0 trains on one view")
	f.Number(&s.Smoothing, "label-smoothing", "probability that a target spreads over all classes")
	f.Number(&s.Contrast, "contrast", "weight of the supervised contrast: embeddings of a class near each other, of others apart")
	f.SignedNumber(&s.EtaMin, "eta-min", "weight of the predictions' entropy, which descent steps raise; below 0 they lower it")

	f.Group("maximisation")
	f.Integer(&s.K, "k", 0, "phases; of advst and me-advst the sets that are kept beside the newest, and a phase whenever due")
	f.Switch(&s.KeepSource, "keep-source", "of advst and me-advst: keep the source beside the sets, which replace it else")
	f.Integer(&s.LoopsMin, "loops-min", 1, "descent steps between phases, presets synthetic, quick, digits and digits-best only")
	f.Integer(&s.EpochsMin, "epochs-min", 1, "epochs between phases, the other presets only")
	f.Integer(&s.LoopsAdv, "loops-adv", 1, "ascent steps of a phase")
	f.Number(&s.LRMax, "lr-max", "step size of the ascent")
	f.Number(&s.Gamma, "gamma", "weight of the distance in the embedding")
	f.Number(&s.Eta, "eta", "weight of the entropy, me-ada, advst, me-advst, augmax and pgd only")
	cli.AddName(f, &s.Ball, "ball", catalog.BallNames, catalog.ParseBall, "keep ascents in a ball: "+strings.Join(catalog.BallNames, ", ")+"; lr-max is then the length of a step")
	f.Number(&s.Radius, "radius", "of the ball, of values from 0 to 1")
	f.OpenSwitch(&s.RandomStart, "random-start", "begin ascents at random in the ball, not at the image itself; pgd does anyway, unless --random-start=false")

	f.Group("tests")
	declareTests(f, &s.Images)
	f.Integer(&s.Patience, "patience", 0, "end after N tests without a better one on the held-out or test images of the source; 0 for never")

	f.Group("running")
	f.Add("resume", &cli.Value{
		Kind:     "RUN",
		Read:     cli.ReadText(&s.Resume, "a run folder"),
		Show:     func() string { return s.Resume },
		Complete: runFolders,
	}, "continue the run in that folder after an interruption or a crash; it keeps its settings, so that only --data, --cache "+
		"and the flags below can be given, without --direct, --precision and --out")
	f.Integer(&s.CheckpointEvery, "checkpoint-every", 1, "checkpoints every N steps, those of phases and tests counted too; by default one a minute")
	f.Integer(&s.Threads, "threads", 1, "workers, the result does not depend on it; by default all CPUs")
	f.Size(&s.MaxMemory, "max-memory", "refuse a run that needs more, such as 2GB or 1500MiB, or none; ranks of a machine share it; by default what machine and control group have left")
	f.Switch(&s.Direct, "direct", "no Winograd convolutions: slower, smaller rounding errors")
	cli.AddName(f, &s.Precision, "precision", catalog.PrecisionNames, catalog.ParsePrecision, "float32, or bf16: round the operands of products to bfloat16, but for Winograd's and depthwise convolutions; "+
		"quicker on Zen 4 and later, slower on an Intel Xeon, and the same weights on every CPU; eval, predict and export compute in float32")
	f.Text(&s.Out, "out", "DIR", "run folder; by default runs/<time>-<dataset>-<algorithm>-s<seed>")
	f.Text(&s.HTTP, "http", "[HOST:]PORT", "serve the report while training, and /metrics for Prometheus; without HOST to this machine alone")
	f.Switch(&s.TensorBoard, "tensorboard", "write event files for TensorBoard into the run folder")
	f.Switch(&s.Quiet, "quiet", "no settings, no progress")
	f.Switch(&s.json, "json", "the result as one JSON object, as in summary.json")
}

// parse sets the settings that the arguments of train ask for.
func (s *settings) parse(args []string) error {
	set := pflag.NewFlagSet("train", pflag.ContinueOnError)
	s.define(set)
	if err := cli.Parse("train", set, args); err != nil {
		return err
	}
	return s.resolve(set)
}

// trainSettings resolves the flags of train.
func trainSettings(flags []string) (*runfolder.Settings, error) {
	var s settings
	err := s.parse(flags)
	return &s.Settings, err
}

// perRunFlags are the flags of train that sweep sets itself or that make no sense
// for several runs.
var perRunFlags = []string{"algorithm", "seed", "out", "threads", "quiet", "json", "http", "resume", "compare"}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/export"
	"github.com/meada-cpu/meada-cpu/internal/run"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// exportSettings are what the flags of export decide.
type exportSettings struct {
	weights, model, out string
	format              export.Format
	options             export.Options
}

func newExport(std streams) *cobra.Command {
	s := exportSettings{format: export.ONNX}
	c := &cobra.Command{
		Use:   "export --weights FILE|RUN",
		Short: "write a trained network for use elsewhere",
		Long: `Writes a trained network as an ONNX model for onnxruntime and others, or its
weights as safetensors with PyTorch's names.`,
		Args: cli.NoArguments,
		Example: "meada-cpu export --weights runs/first --preprocess --fold\n" +
			"meada-cpu export --weights runs/first/best.safetensors --out classifier.onnx\n" +
			"meada-cpu export --weights resnet18.pth --model resnet18 --format safetensors",
		RunE: func(*cobra.Command, []string) error { return runExport(std, s) },
	}
	cli.SetNotes(c, `A model takes any number of images as "images", N x channels x height x width in
RGB: float32, normalised as its metadata say, or with --preprocess the bytes.
It gives "logits", N x classes. Names of the classes and settings of the run are
in its metadata, and as "resize" how pictures became squares before: squash if it
is not there, else crop or pad (docs/formats.md). A file that exists is not
replaced.`)
	f := cli.NewFlags(c.Flags())
	f.Text(&s.weights, "weights", "FILE", weightsHelp)
	cli.Choice(f, &s.model, "model", "for weights that do not say which network they are for", zoo.Names...)
	cli.Choice(f, &s.format, "format", "onnx, a model of opset 17, or safetensors", export.ONNX, export.Safetensors)
	f.Text(&s.out, "out", "FILE", "by default that of the weights with the format's extension")
	f.Group("ONNX models")
	f.Switch(&s.options.Fold, "fold", "multiply batch normalisation into the convolutions before it")
	f.Switch(&s.options.Preprocess, "preprocess", "take images as bytes, and scale and normalise them in the model")
	f.Switch(&s.options.Softmax, "softmax", `a second output "probabilities"`)
	return c
}

func runExport(std streams, s exportSettings) error {
	if s.weights == "" {
		return cli.UsageError("export needs --weights FILE, or a run folder")
	}
	if s.format != export.ONNX && s.options != (export.Options{}) {
		return cli.UsageError("--fold, --preprocess and --softmax are for --format onnx")
	}
	source, err := export.Open(s.weights, s.model)
	if err != nil {
		return err
	}
	if len(source.Weights.Unused) > 0 {
		fmt.Fprintf(std.err, "note: %s%s\n", source.Weights.Path, run.Unused(source.Weights))
	}
	path := cmp.Or(s.out, source.Path(s.format))
	if s.format == export.ONNX {
		err = source.WriteONNX(path, cli.Version(), s.options)
	} else {
		err = source.WriteSafetensors(path)
	}
	if errors.Is(err, export.ErrExists) {
		return cli.UsageError("%v, use --out", err)
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	n := source.Network
	resized := ""
	if how := source.Metadata[zoo.MetaResize]; how != "" {
		resized = fmt.Sprintf(" resized by %s", how)
	}
	_, err = fmt.Fprintf(std.out, "%s: %s of %s for %d classes, images of %d x %d x %d%s, %s\n",
		path, n.Name, source.Weights.Path, n.Classes, n.C, n.H, n.W, resized, cli.Bytes(info.Size()))
	return err
}

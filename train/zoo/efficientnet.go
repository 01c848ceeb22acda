package zoo

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/train/nn"
)

// EfficientNetLite0 returns the network of Tan and Le, "EfficientNet: Rethinking
// model scaling for convolutional neural networks", ICML 2019, as TensorFlow
// published it for CPUs: ReLU6 instead of swish, no squeeze-and-excite, TensorFlow's
// padding. For 3x224x224 images; embedding of 1280, after the global pooling.
// Parameters have the names of timm's tf_efficientnet_lite0. Whole blocks are never
// dropped (drop connect), as timm's default has it.
func EfficientNetLite0(classes int) *nn.Network {
	return lite0Sized(224, classes)
}

func lite0Sized(side, classes int) *nn.Network {
	return efficientNet("efficientnet-lite0", side, lite0, 32, 1280, 0.2, classes)
}

// mbStage is a stage of inverted residual blocks; its first block has the stride.
type mbStage struct{ blocks, window, stride, expansion, filters int }

var lite0 = []mbStage{
	{1, 3, 1, 1, 16}, {2, 3, 2, 6, 24}, {2, 5, 2, 6, 40}, {3, 3, 2, 6, 80}, {3, 5, 1, 6, 112}, {4, 5, 2, 6, 192}, {1, 3, 1, 6, 320},
}

func efficientNet(name string, side int, stages []mbStage, stem, head int, dropout float64, classes int) *nn.Network {
	g, x := nn.NewGraph(3, side, side)
	g.Epsilon = 1e-3
	conv := func(name string, x nn.Value, filters, window, stride, groups int) nn.Value {
		return g.Conv(name, x, nn.Conv{
			Out: filters, Kernel: window, Stride: stride, Same: true, Groups: groups,
			Weights: fanOut(filters/groups, window),
		})
	}
	block := func(name string, x nn.Value, s mbStage, stride int) nn.Value {
		channels, _, _ := g.Shape(x)
		width := channels * s.expansion
		y, project, norm := x, "conv_pw", 1
		activated := func() {
			y = g.ReLU6(g.BatchNorm(fmt.Sprintf("%s.bn%d", name, norm), y))
			norm++
		}
		if s.expansion > 1 {
			y = conv(name+".conv_pw", y, width, 1, 1, 1)
			activated()
			project = "conv_pwl"
		}
		y = conv(name+".conv_dw", y, width, s.window, stride, width)
		activated()
		y = g.BatchNorm(fmt.Sprintf("%s.bn%d", name, norm), conv(name+"."+project, y, s.filters, 1, 1, 1))
		if stride == 1 && channels == s.filters {
			y = g.Add(x, y)
		}
		return y
	}

	x = g.ReLU6(g.BatchNorm("bn1", conv("conv_stem", x, stem, 3, 2, 1)))
	for i, s := range stages {
		stride := s.stride
		for j := range s.blocks {
			x = block(fmt.Sprintf("blocks.%d.%d", i, j), x, s, stride)
			stride = 1
		}
	}
	x = g.ReLU6(g.BatchNorm("bn2", conv("conv_head", x, head, 1, 1, 1)))
	embedding := g.Flatten(g.GlobalAvgPool(x))
	logits := g.Linear("classifier", g.Dropout(embedding, dropout), nn.Linear{Out: classes})
	return centred(g.Network(name, logits, embedding))
}

// Lite0Names returns the names that the Python package efficientnet_lite_pytorch
// gives to the parameters and buffers of EfficientNetLite0, each with ours.
func Lite0Names() map[string]string {
	names := map[string]string{}
	module := func(theirs, ours string, entries ...string) {
		for _, e := range entries {
			names[theirs+"."+e] = ours + "." + e
		}
	}
	norm := func(theirs, ours string) {
		module(theirs, ours, "weight", "bias", "running_mean", "running_var", "num_batches_tracked")
	}
	module("_conv_stem", "conv_stem", "weight")
	norm("_bn0", "bn1")
	n := 0
	for i, s := range lite0 {
		for j := range s.blocks {
			theirs, ours := fmt.Sprintf("_blocks.%d.", n), fmt.Sprintf("blocks.%d.%d.", i, j)
			project, at := "conv_pw", 1
			if s.expansion > 1 {
				module(theirs+"_expand_conv", ours+"conv_pw", "weight")
				norm(theirs+"_bn0", ours+"bn1")
				project, at = "conv_pwl", 2
			}
			module(theirs+"_depthwise_conv", ours+"conv_dw", "weight")
			norm(theirs+"_bn1", fmt.Sprintf("%sbn%d", ours, at))
			module(theirs+"_project_conv", ours+project, "weight")
			norm(theirs+"_bn2", fmt.Sprintf("%sbn%d", ours, at+1))
			n++
		}
	}
	module("_conv_head", "conv_head", "weight")
	norm("_bn1", "bn2")
	module("_fc", "classifier", "weight", "bias")
	return names
}

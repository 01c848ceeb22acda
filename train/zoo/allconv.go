package zoo

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/train/nn"
)

// fanOut is the distribution from which the CIFAR networks draw the filters of
// a convolution.
func fanOut(out, kernel int) nn.Init {
	return nn.Normal(math.Sqrt(2 / float64(kernel*kernel*out)))
}

// AllConvNet returns the all-convolutional network of the AugMix repository
// (after Springenberg et al., 2015) for 3x32x32 images; embedding of 192.
func AllConvNet(classes int) *nn.Network { return allConvNet(96, 192, 0.5, classes) }

func allConvNet(narrow, wide int, dropout float64, classes int) *nn.Network {
	g, x := nn.NewGraph(3, 32, 32)
	index := 0
	name := func() string { return fmt.Sprintf("features.%d", index) }
	layer := func(out, kernel, padding int) {
		x = g.Conv(name(), x, nn.Conv{
			Out: out, Kernel: kernel, Padding: padding, Bias: true,
			Weights: fanOut(out, kernel),
		})
		index++
		x = g.GELU(g.BatchNorm(name(), x))
		index += 2
	}
	reduce := func() {
		x = g.Dropout(g.MaxPool(x, 2, 2), dropout)
		index += 2
	}
	for range 3 {
		layer(narrow, 3, 1)
	}
	reduce()
	for range 3 {
		layer(wide, 3, 1)
	}
	reduce()
	layer(wide, 3, 0)
	// The published 1x1 layers are padded: maps grow from 6x6 to 10x10, of
	// which the average pooling sees the first 8 rows and columns.
	layer(wide, 1, 1)
	layer(wide, 1, 1)
	embedding := g.Flatten(g.AvgPool(x, 8))
	logits := g.Linear("classifier", embedding, nn.Linear{Out: classes, Bias: nn.Constant(0)})
	return centred(g.Network("allconv", logits, embedding))
}

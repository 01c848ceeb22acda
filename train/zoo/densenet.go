package zoo

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/train/nn"
)

// DenseNet returns the network of Huang et al., "Densely connected
// convolutional networks", CVPR 2017, without bottlenecks or compression, for
// 3x32x32 images; the published runs have depth 40 and growth 12, with an
// embedding of 456. depth is 4 more than a multiple of 3.
func DenseNet(depth, growth, classes int) *nn.Network {
	if depth < 7 || (depth-4)%3 != 0 || growth < 1 {
		panic(fmt.Sprintf("zoo: dense network of depth %d, growth %d", depth, growth))
	}
	g, x := nn.NewGraph(3, 32, 32)
	conv := func(name string, x nn.Value, out, kernel int) nn.Value {
		return g.Conv(name, x, nn.Conv{
			Out: out, Kernel: kernel, Padding: kernel / 2,
			Weights: fanOut(out, kernel),
		})
	}
	activated := func(name string) nn.Value { return g.ReLU(g.BatchNorm(name+".bn1", x)) }

	x = conv("conv1", x, 2*growth, 3)
	for stage := 1; stage <= 3; stage++ {
		for i := range (depth - 4) / 3 {
			name := fmt.Sprintf("dense%d.%d", stage, i)
			x = g.Concat(x, conv(name+".conv1", activated(name), growth, 3))
		}
		if stage < 3 {
			name := fmt.Sprintf("trans%d", stage)
			c, _, _ := g.Shape(x)
			x = g.AvgPool(conv(name+".conv1", activated(name), c, 1), 2)
		}
	}
	x = g.ReLU(g.BatchNorm("bn1", x))
	embedding := g.Flatten(g.AvgPool(x, 8))
	logits := g.Linear("fc", embedding, nn.Linear{Out: classes, Bias: nn.Constant(0)})
	return centred(g.Network(fmt.Sprintf("densenet-%d-%d", depth, growth), logits, embedding))
}

package zoo

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/train/nn"
)

// WideResNet returns the network of Zagoruyko and Komodakis, "Wide residual
// networks", BMVC 2016, for 3x32x32 images; the published runs have depth 40
// and widen 2, with an embedding of 128. depth is 4 more than a multiple of 6.
func WideResNet(depth, widen, classes int) *nn.Network {
	if depth < 10 || (depth-4)%6 != 0 || widen < 1 {
		panic(fmt.Sprintf("zoo: wide residual network of depth %d, widened %d times", depth, widen))
	}
	g, x := nn.NewGraph(3, 32, 32)
	conv := func(name string, x nn.Value, out, kernel, stride int) nn.Value {
		return g.Conv(name, x, nn.Conv{
			Out: out, Kernel: kernel, Stride: stride, Padding: kernel / 2,
			Weights: fanOut(out, kernel),
		})
	}
	block := func(name string, x nn.Value, out, stride int) nn.Value {
		activated := g.ReLU(g.BatchNorm(name+".bn1", x))
		y := conv(name+".conv1", activated, out, 3, stride)
		y = conv(name+".conv2", g.ReLU(g.BatchNorm(name+".bn2", y)), out, 3, 1)
		if c, _, _ := g.Shape(x); c != out {
			x = conv(name+".conv_shortcut", activated, out, 1, stride)
		}
		return g.Add(x, y)
	}

	x = conv("conv1", x, 16, 3, 1)
	for stage, out := range []int{16 * widen, 32 * widen, 64 * widen} {
		stride := 1
		if stage > 0 {
			stride = 2
		}
		for i := range (depth - 4) / 6 {
			x = block(fmt.Sprintf("block%d.layer.%d", stage+1, i), x, out, stride)
			stride = 1
		}
		x = g.Mixable(x)
	}
	x = g.ReLU(g.BatchNorm("bn1", x))
	embedding := g.Flatten(g.AvgPool(x, 8))
	logits := g.Linear("fc", embedding, nn.Linear{Out: classes, Bias: nn.Constant(0)})
	return centred(g.Network(fmt.Sprintf("wrn-%d-%d", depth, widen), logits, embedding))
}

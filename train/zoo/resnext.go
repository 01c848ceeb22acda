package zoo

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/train/nn"
)

// ResNeXt29 returns the network of Xie et al., "Aggregated residual
// transformations for deep neural networks", CVPR 2017, with 4 groups of 32,
// for 3x32x32 images; embedding of 1024.
func ResNeXt29(classes int) *nn.Network {
	return resNeXt("resnext29-4x32", 64, []int{64, 128, 256}, 3, 4, 32, classes)
}

// resNeXt builds stages of that many blocks, one stage for each of planes, all
// but the first halving the map.
func resNeXt(name string, first int, planes []int, blocks, groups, baseWidth, classes int) *nn.Network {
	g, x := nn.NewGraph(3, 32, 32)
	conv := func(name string, x nn.Value, out, kernel, stride, groups int) nn.Value {
		return g.Conv(name, x, nn.Conv{
			Out: out, Kernel: kernel, Stride: stride, Padding: kernel / 2, Groups: groups,
			Weights: fanOut(out, kernel),
		})
	}
	block := func(name string, x nn.Value, planes, stride int, project bool) nn.Value {
		const expansion = 4
		width := planes * baseWidth / 64 * groups
		y := conv(name+".conv_reduce", x, width, 1, 1, 1)
		y = g.ReLU(g.BatchNorm(name+".bn_reduce", y))
		y = conv(name+".conv_conv", y, width, 3, stride, groups)
		y = g.ReLU(g.BatchNorm(name+".bn", y))
		y = conv(name+".conv_expand", y, planes*expansion, 1, 1, 1)
		y = g.BatchNorm(name+".bn_expand", y)
		if project {
			x = conv(name+".downsample.0", x, planes*expansion, 1, stride, 1)
			x = g.BatchNorm(name+".downsample.1", x)
		}
		return g.ReLU(g.Add(x, y))
	}

	x = conv("conv_1_3x3", x, first, 3, 1, 1)
	x = g.ReLU(g.BatchNorm("bn_1", x))
	for stage, p := range planes {
		stride := 1
		if stage > 0 {
			stride = 2
		}
		for i := range blocks {
			x = block(fmt.Sprintf("stage_%d.%d", stage+1, i), x, p, stride, i == 0)
			stride = 1
		}
		x = g.Mixable(x)
	}
	c, _, w := g.Shape(x)
	embedding := g.Flatten(g.AvgPool(x, w))
	logits := g.Linear("classifier", embedding, nn.Linear{
		Out:     classes,
		Weights: nn.Normal(math.Sqrt(2 / float64(c))), Bias: nn.Constant(0),
	})
	return centred(g.Network(name, logits, embedding))
}

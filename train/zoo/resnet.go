package zoo

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/train/nn"
)

// ResNet returns the network of He et al., "Deep residual learning for image
// recognition", CVPR 2016, with 18, 34 or 50 layers as torchvision has it: for
// 3x224x224 images, the stride of a bottleneck on its 3x3 filters; embedding of 512,
// of 2048 with 50 layers.
func ResNet(layers, classes int) *nn.Network { return resNetSized(layers, 224, classes) }

func resNetSized(layers, side, classes int) *nn.Network {
	var blocks []int
	switch layers {
	case 18:
		blocks = []int{2, 2, 2, 2}
	case 34, 50:
		blocks = []int{3, 4, 6, 3}
	default:
		panic(fmt.Sprintf("zoo: residual network of %d layers, expected 18, 34 or 50", layers))
	}
	return resNet(fmt.Sprintf("resnet%d", layers), side, 64, blocks, layers == 50, classes)
}

func resNetEntry(layers int) Entry {
	name := fmt.Sprintf("resnet%d", layers)
	return Entry{
		Name: name, Model: name, Side: 224, What: fmt.Sprintf("torchvision's residual network of %d layers", layers),
		New:   func(classes int) *nn.Network { return ResNet(layers, classes) },
		Sized: func(side, classes int) *nn.Network { return resNetSized(layers, side, classes) },
	}
}

// resNet builds stages of that many blocks, the first of width planes, each twice as
// wide as the one before and, but for the first, halving the map.
func resNet(name string, side, planes int, blocks []int, bottleneck bool, classes int) *nn.Network {
	g, x := nn.NewGraph(3, side, side)
	convNorm := func(conv, norm string, x nn.Value, filters, window, stride int) nn.Value {
		return g.BatchNorm(norm, g.Conv(conv, x, nn.Conv{
			Out: filters, Kernel: window, Stride: stride, Padding: window / 2, Weights: fanOut(filters, window),
		}))
	}
	block := func(name string, x nn.Value, planes, stride int) nn.Value {
		layer := func(i int, x nn.Value, filters, window, stride int) nn.Value {
			return convNorm(fmt.Sprintf("%s.conv%d", name, i), fmt.Sprintf("%s.bn%d", name, i), x, filters, window, stride)
		}
		width := planes
		y := x
		if bottleneck {
			const expansion = 4
			width *= expansion
			y = g.ReLU(layer(1, y, planes, 1, 1))
			y = g.ReLU(layer(2, y, planes, 3, stride))
			y = layer(3, y, width, 1, 1)
		} else {
			y = g.ReLU(layer(1, y, planes, 3, stride))
			y = layer(2, y, planes, 3, 1)
		}
		if c, _, _ := g.Shape(x); stride > 1 || c != width {
			x = convNorm(name+".downsample.0", name+".downsample.1", x, width, 1, stride)
		}
		return g.ReLU(g.Add(x, y))
	}

	x = g.ReLU(convNorm("conv1", "bn1", x, planes, 7, 2))
	x = g.PaddedMaxPool(x, 3, 2, 1)
	for stage, count := range blocks {
		stride := min(stage+1, 2)
		for i := range count {
			x = block(fmt.Sprintf("layer%d.%d", stage+1, i), x, planes<<stage, stride)
			stride = 1
		}
		if stage < 3 {
			x = g.Mixable(x)
		}
	}
	embedding := g.Flatten(g.GlobalAvgPool(x))
	return imageNet(g.Network(name, g.Linear("fc", embedding, nn.Linear{Out: classes}), embedding))
}

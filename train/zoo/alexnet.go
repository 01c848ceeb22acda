package zoo

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/train/nn"
)

// AlexNet returns torchvision's version of the network of Krizhevsky et al.,
// "ImageNet classification with deep convolutional neural networks", NIPS 2012,
// for 3x224x224 images; embedding of 9216, before the fully connected layers.
func AlexNet(classes int) *nn.Network {
	return alexNet(224, [5]int{64, 192, 384, 256, 256}, 4096, 0.5, classes)
}

func alexNet(side int, out [5]int, hidden int, dropout float64, classes int) *nn.Network {
	g, x := nn.NewGraph(3, side, side)
	layer := func(index, out, kernel, stride, padding int) {
		x = g.ReLU(g.Conv(fmt.Sprintf("features.%d", index), x, nn.Conv{
			Out: out, Kernel: kernel, Stride: stride, Padding: padding, Bias: true,
		}))
	}
	layer(0, out[0], 11, 4, 2)
	x = g.MaxPool(x, 3, 2)
	layer(3, out[1], 5, 1, 2)
	x = g.MaxPool(x, 3, 2)
	layer(6, out[2], 3, 1, 1)
	layer(8, out[3], 3, 1, 1)
	layer(10, out[4], 3, 1, 1)
	embedding := g.Flatten(g.MaxPool(x, 3, 2))
	x = g.Linear("classifier.1", g.Dropout(embedding, dropout), nn.Linear{Out: hidden})
	x = g.Linear("classifier.4", g.Dropout(g.ReLU(x), dropout), nn.Linear{Out: hidden})
	logits := g.Linear("classifier.6", g.ReLU(x), nn.Linear{Out: classes})
	return imageNet(g.Network("alexnet", logits, embedding))
}

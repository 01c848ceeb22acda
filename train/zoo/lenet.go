package zoo

import "github.com/meada-cpu/meada-cpu/train/nn"

// LeNet5 returns the digits network: 3x32x32 images in [0,1], two convolutions
// of 5x5, embedding of 1024.
func LeNet5(classes int) *nn.Network { return lenet5(64, 128, 1024, classes) }

func lenet5(conv1, conv2, hidden, classes int) *nn.Network {
	g, x := nn.NewGraph(3, 32, 32)
	x = g.Conv("conv1", x, nn.Conv{Out: conv1, Kernel: 5, Bias: true})
	x = g.MaxPool(g.ReLU(x), 2, 2)
	x = g.Conv("conv2", x, nn.Conv{Out: conv2, Kernel: 5, Bias: true})
	x = g.MaxPool(g.ReLU(x), 2, 2)
	x = g.ReLU(g.Linear("fc1", g.Flatten(x), nn.Linear{Out: hidden}))
	embedding := g.ReLU(g.Linear("fc2", x, nn.Linear{Out: hidden}))
	logits := g.Linear("fc3", embedding, nn.Linear{Out: classes})
	return g.Network("lenet5", logits, embedding)
}

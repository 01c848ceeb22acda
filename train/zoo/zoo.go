// Package zoo holds the networks of the published ME-ADA code and those that
// pictures are fine-tuned with, under the names that their parameters have there, in
// torchvision and in timm.
//
// Activations and their gradients take, in MiB, for a batch of training and for
// a chunk of the ascent:
//
//	                 128 images   64 images, maximising
//	AllConvNet              417                     123
//	WRN-40-2                688                     176
//	DenseNet-40-12         1328                     126
//	ResNeXt-29             3328                     776
package zoo

import (
	"fmt"
	"strings"

	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Entry is a network of the zoo at its published size. It takes images of three
// channels.
type Entry struct {
	Name  string // under which New knows it
	Model string // its nn.Network.Name, which files of its weights carry
	Side  int    // height and width of its images
	What  string
	New   func(classes int) *nn.Network
	// Aliases returns the names that others give to the parameters and buffers, each
	// with ours; nil if there are none.
	Aliases func() map[string]string
}

// Networks is all that New knows.
var Networks = []Entry{
	{"lenet5", "lenet5", 32, "the digits network of the published code", LeNet5, nil},
	{"allconv", "allconv", 32, "the all-convolutional network of the AugMix repository", AllConvNet, nil},
	{"wrn", "wrn-40-2", 32, "wide residual network of 40 layers, 2 times as wide",
		func(classes int) *nn.Network { return WideResNet(40, 2, classes) }, nil},
	{"densenet", "densenet-40-12", 32, "densely connected network of 40 layers, growing by 12",
		func(classes int) *nn.Network { return DenseNet(40, 12, classes) }, nil},
	{"resnext", "resnext29-4x32", 32, "residual network of 29 layers in 4 groups of 32", ResNeXt29, nil},
	{"alexnet", "alexnet", 224, "torchvision's AlexNet, for which there are weights from ImageNet", AlexNet, nil},
	{"efficientnet-lite0", "efficientnet-lite0", 224, "EfficientNet made for CPUs, as in timm", EfficientNetLite0, Lite0Names},
	{"resnet18", "resnet18", 224, "torchvision's residual network of 18 layers", func(classes int) *nn.Network { return ResNet(18, classes) }, nil},
	{"resnet34", "resnet34", 224, "torchvision's residual network of 34 layers", func(classes int) *nn.Network { return ResNet(34, classes) }, nil},
	{"resnet50", "resnet50", 224, "torchvision's residual network of 50 layers", func(classes int) *nn.Network { return ResNet(50, classes) }, nil},
}

// Names lists the names in Networks.
var Names = names()

func names() []string {
	var list []string
	for _, n := range Networks {
		list = append(list, n.Name)
	}
	return list
}

// New returns the network of that name.
func New(name string, classes int) (*nn.Network, error) {
	for _, n := range Networks {
		if n.Name == name {
			return n.New(classes), nil
		}
	}
	return nil, fmt.Errorf("unknown network %q, expected one of %s", name, strings.Join(Names, ", "))
}

// centred returns the network with the normalisation of the published CIFAR
// runs, to [-1,1].
func centred(n *nn.Network) *nn.Network {
	n.Normalisation = nn.Normalisation{Mean: []float32{0.5, 0.5, 0.5}, Std: []float32{0.5, 0.5, 0.5}}
	return n
}

// imageNet returns the network with the normalisation that torchvision's
// weights were trained with, the statistics of ImageNet.
func imageNet(n *nn.Network) *nn.Network {
	n.Normalisation = nn.Normalisation{Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}
	return n
}

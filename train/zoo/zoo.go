// Package zoo holds the networks of the published ME-ADA code and those that
// pictures are fine-tuned with, under the names that their parameters have there, in
// torchvision and in timm.
//
// Activations and their gradients take, in MiB, for a batch of training and for
// the images that climb at a time:
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

// Names lists the networks that New knows, each at its published size.
var Names = []string{"lenet5", "allconv", "wrn", "densenet", "resnext", "alexnet", "efficientnet-lite0", "resnet18", "resnet34", "resnet50"}

// New returns the network of that name.
func New(name string, classes int) (*nn.Network, error) {
	switch name {
	case "lenet5":
		return LeNet5(classes), nil
	case "allconv":
		return AllConvNet(classes), nil
	case "wrn":
		return WideResNet(40, 2, classes), nil
	case "densenet":
		return DenseNet(40, 12, classes), nil
	case "resnext":
		return ResNeXt29(classes), nil
	case "alexnet":
		return AlexNet(classes), nil
	case "efficientnet-lite0":
		return EfficientNetLite0(classes), nil
	case "resnet18":
		return ResNet(18, classes), nil
	case "resnet34":
		return ResNet(34, classes), nil
	case "resnet50":
		return ResNet(50, classes), nil
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

// Package zoo holds the networks of the published ME-ADA code and those that
// pictures are fine-tuned with, under the names that their parameters have there, in
// torchvision and in timm.
//
// Activations and their gradients take, in MiB, for a batch of training and for
// a chunk of the ascent:
//
//	                 128 images   64 images, maximising
//	AllConvNet              417                     128
//	WRN-40-2                688                     180
//	DenseNet-40-12         1328                     126
//	ResNeXt-29             3328                     802
package zoo

import (
	"fmt"
	"slices"
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
	// Sized is New for images of another side, at least MinSide; nil if the network takes
	// no others.
	Sized func(side, classes int) *nn.Network
	// Aliases returns the names that others give to the parameters and buffers, each
	// with ours; nil if there are none.
	Aliases func() map[string]string
}

// Networks is all that New knows.
var Networks = []Entry{
	{"lenet5", "lenet5", 32, "the digits network of the published code", LeNet5, nil, nil},
	{"allconv", "allconv", 32, "the all-convolutional network of the AugMix repository", AllConvNet, nil, nil},
	{"wrn", "wrn-40-2", 32, "wide residual network of 40 layers, 2 times as wide",
		func(classes int) *nn.Network { return WideResNet(40, 2, classes) }, nil, nil},
	{"densenet", "densenet-40-12", 32, "densely connected network of 40 layers, growing by 12",
		func(classes int) *nn.Network { return DenseNet(40, 12, classes) }, nil, nil},
	{"resnext", "resnext29-4x32", 32, "residual network of 29 layers in 4 groups of 32", ResNeXt29, nil, nil},
	{"alexnet", "alexnet", 224, "torchvision's AlexNet, for which there are weights from ImageNet", AlexNet, nil, nil},
	{"efficientnet-lite0", "efficientnet-lite0", 224, "EfficientNet made for CPUs, as in timm", EfficientNetLite0, lite0Sized, Lite0Names},
	resNetEntry(18), resNetEntry(34), resNetEntry(50),
}

// MinSide and MaxSide bound the sides of images that networks take which take several.
const (
	MinSide = 32
	MaxSide = 1024
)

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
func New(name string, classes int) (*nn.Network, error) { return NewSized(name, 0, classes) }

// NewSized returns the network of that name for images of a side, 0 for its own.
func NewSized(name string, side, classes int) (*nn.Network, error) {
	if err := CheckSide(name, side); err != nil {
		return nil, err
	}
	for _, n := range Networks {
		switch {
		case n.Name != name:
			continue
		case side == 0 || side == n.Side:
			return n.New(classes), nil
		}
		return n.Sized(side, classes), nil
	}
	return nil, fmt.Errorf("unknown network %q, expected one of %s", name, strings.Join(Names, ", "))
}

// CheckSide returns an error if a network takes no images of a side, 0 for its own.
func CheckSide(name string, side int) error {
	var others []string
	own := 0
	for _, n := range Networks {
		if n.Sized != nil {
			others = append(others, n.Name)
		}
		if n.Name == name {
			own = n.Side
		}
	}
	switch {
	case side == 0 || side == own || own == 0:
		return nil
	case !slices.Contains(others, name):
		return fmt.Errorf("%s takes images of %d pixels alone; %s take others", name, own, strings.Join(others, ", "))
	case side < MinSide || side > MaxSide:
		return fmt.Errorf("%s takes images of %d to %d pixels", name, MinSide, MaxSide)
	}
	return nil
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

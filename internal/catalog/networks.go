package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Kind is what networks have in common that are trained alike.
type Kind string

// The kinds of networks.
const (
	ForDigits   Kind = "digits"   // of 32x32, as the digits script trains them
	ForSmall    Kind = "small"    // of 32x32, as the CIFAR script trains them
	ForPictures Kind = "pictures" // of 224x224
)

// Side returns the height and width of the images of networks of a kind.
func (k Kind) Side() int {
	if k == ForPictures {
		return 224
	}
	return 32
}

// preset returns the settings for networks of a kind on a dataset that has none
// of its own.
func (k Kind) preset() string {
	switch k {
	case ForDigits:
		return "quick"
	case ForPictures:
		return "pacs"
	}
	return "cifar10"
}

// DigitNetworks are the networks of package zoo that are of kind ForDigits. Of
// the others the size of their images tells the kind.
var DigitNetworks = []string{"lenet5"}

// StagedNetworks are the networks of package zoo that have places to mix images at,
// behind their stages.
var StagedNetworks = []string{"wrn", "resnext", "resnet18", "resnet34", "resnet50"}

// KindOf returns the kind of a network of package zoo.
func KindOf(network string) Kind {
	if slices.Contains(DigitNetworks, network) {
		return ForDigits
	}
	for _, n := range zoo.Networks {
		if n.Name == network && n.Side == ForPictures.Side() {
			return ForPictures
		}
	}
	return ForSmall
}

// NetworkNames lists the networks that a dataset is for, its usual one first.
func (d *Dataset) NetworkNames() []string {
	names := []string{d.Usual}
	for _, n := range zoo.Networks {
		if n.Name != d.Usual && slices.Contains(d.Networks, KindOf(n.Name)) {
			names = append(names, n.Name)
		}
	}
	return names
}

// ChooseNetwork returns the network to use with a dataset: the given one, or the
// usual one for "".
func (d *Dataset) ChooseNetwork(name string) (string, error) {
	if name == "" {
		return d.Usual, nil
	}
	if fitting := d.NetworkNames(); !slices.Contains(fitting, name) {
		return "", cli.UsageError("--model %s: --dataset %s takes %s", name, d.Name, strings.Join(fitting, ", "))
	}
	return name, nil
}

// OwnNetwork is the network for people's own pictures, where its published weights are
// there.
const OwnNetwork = "efficientnet-lite0"

// Choose returns the network, the preset and the weights to begin with that a dataset is
// usually trained with, where they are "". Own pictures are fine-tuned if the published
// weights of the network for that are there, or asked for.
func (d *Dataset) Choose(network, preset, weights string) (n, p, w string, err error) {
	if weights == RandomWeights {
		if preset == "pictures" {
			network = cmp.Or(network, OwnNetwork)
		}
		network, err = d.ChooseNetwork(network)
		return network, cmp.Or(preset, d.PresetFor(network)), weights, err
	}
	tune := preset == "pictures" || d.Own && preset == "" && (network == "" || KindOf(network) == ForPictures) &&
		(weights == Pretrained || weights != "" && network != "" || weights == "" && HasPretrained(cmp.Or(network, OwnNetwork)))
	unnamed := network == ""
	if tune {
		network, preset, weights = cmp.Or(network, OwnNetwork), "pictures", cmp.Or(weights, Pretrained)
	}
	if fitting := d.NetworkNames(); tune && unnamed && !slices.Contains(fitting, network) {
		return "", "", "", cli.UsageError("--preset %s: its network is %s, but --dataset %s takes %s", preset, network, d.Name, strings.Join(fitting, ", "))
	}
	if network, err = d.ChooseNetwork(network); err != nil {
		return "", "", "", err
	}
	return network, cmp.Or(preset, d.PresetFor(network)), weights, nil
}

// PresetFor returns the usual settings for a network on a dataset: those made
// for the dataset, or else those for the network's kind. Those for digits are
// of networks for digits alone.
func (d *Dataset) PresetFor(network string) string {
	kind := KindOf(network)
	if d.Preset == "" || KindOf(d.Usual) == ForDigits && kind != ForDigits {
		return kind.preset()
	}
	return d.Preset
}

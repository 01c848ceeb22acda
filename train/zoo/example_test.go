package zoo_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Keeps a network in a file, and classifies an image with what the file holds.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "weights")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "weights.safetensors")
	trained := zoo.LeNet5(2)
	trained.Init(1)
	if err := trained.Save(path, zoo.Metadata(trained, "mine", []string{"cat", "dog"}, 0)); err != nil {
		log.Fatal(err)
	}

	network, classes, err := zoo.Open(path)
	if err != nil {
		log.Fatal(err) // errors.Is(err, zoo.ErrWeights)
	}
	engine, err := tensor.NewEngine(0)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	image := make([]uint8, network.C*network.H*network.W) // see dataset.DecodePicture
	x := tensor.New(1, network.C, network.H, network.W)
	network.Normalisation.FromBytes(engine, x.Data, image)
	logits, _ := nn.Compile(engine, network, 1, nn.Eval).Forward(x)
	class, _, _ := nn.Classify(logits.Image(0))
	fmt.Println(network.Name, classes, class < len(classes))
	// Output: lenet5 [cat dog] true
}

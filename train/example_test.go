package train_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// stripes draws n grey images of 12x12 with a stripe, upright (class 0) or
// lying (class 1), of the given brightness on noise.
func stripes(n, brightness, noise int, seed uint64) dataset.Images {
	random := rand.New(rand.NewPCG(seed, 0))
	images := dataset.Images{N: n, C: 1, H: 12, W: 12, Data: make([]uint8, n*144), Labels: make([]uint16, n)}
	for i := range n {
		images.Labels[i] = uint16(i % 2)
		image, place := images.Image(i), 2+random.IntN(8)
		for p := range image {
			image[p] = uint8(random.IntN(noise))
			if i%2 == 0 && p%12 == place || i%2 == 1 && p/12 == place {
				image[p] = uint8(brightness)
			}
		}
	}
	return images
}

// A network of one's own, trained with ME-ADA on data of one's own: bright
// stripes on black, tested on faint stripes in noise as well.
func Example() {
	data := &dataset.Task{
		Classes: []string{"upright", "lying"},
		Source:  stripes(400, 255, 10, 1),
		Domains: []dataset.Domain{
			{Name: "bright", Images: stripes(200, 255, 10, 2), Source: true},
			{Name: "faint", Images: stripes(200, 160, 90, 3)},
		},
	}

	g, x := nn.NewGraph(1, 12, 12)
	x = g.ReLU(g.Conv("conv", x, nn.Conv{Out: 8, Kernel: 3, Padding: 1, Bias: true}))
	x = g.Flatten(g.MaxPool(x, 2, 2))
	embedding := g.ReLU(g.Linear("hidden", x, nn.Linear{Out: 32}))
	logits := g.Linear("logits", embedding, nn.Linear{Out: len(data.Classes)})
	network := g.Network("stripes", logits, embedding)
	network.Init(1)

	config := train.Config{
		Seed:      1,
		BatchSize: 32,
		Schedule:  train.Steps{Total: 120, TestEvery: 60},
		Optimiser: train.Adam{LR: 3e-3},
		Growth: train.Growth{ // one phase, before step 39
			Phases: 1, Every: 40,
			Ascent: augment.Config{Steps: 15, LR: 1, Gamma: 1, Eta: 10, Max: 1},
		},
	}

	engine, err := tensor.NewEngine(0) // all CPUs, the best instruction set
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	trainer, err := train.New(engine, network, data, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	for !trainer.Done() {
		event, err := trainer.Step()
		if err != nil {
			fmt.Println(err)
			return
		}
		if event.Test != nil {
			for i, accuracy := range event.Test.Accuracy {
				fmt.Printf("step %d: %s above 90 %%: %t\n", event.Step, data.Domains[i].Name, accuracy > 0.9)
			}
		}
	}
	// network.Save("stripes.safetensors", nil) keeps the weights.

	// Output:
	// step 60: bright above 90 %: true
	// step 60: faint above 90 %: true
	// step 119: bright above 90 %: true
	// step 119: faint above 90 %: true
}

// What a trained network says about images.
func ExampleEvaluator() {
	images := stripes(4, 255, 10, 1)

	g, x := nn.NewGraph(1, 12, 12)
	embedding := g.Flatten(g.MaxPool(x, 2, 2))
	network := g.Network("linear", g.Linear("logits", embedding, nn.Linear{Out: 2}), embedding)
	network.Init(1) // or network.Load("weights.safetensors")

	engine, err := tensor.NewEngine(0)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	evaluator := train.NewEvaluator(engine, network)
	for first := 0; first < images.N; {
		logits := evaluator.Logits(&images, first)
		for n := range logits.N {
			fmt.Printf("image %d: %d logits\n", first+n, len(logits.Image(n)))
		}
		first += logits.N
	}

	// Output:
	// image 0: 2 logits
	// image 1: 2 logits
	// image 2: 2 logits
	// image 3: 2 logits
}

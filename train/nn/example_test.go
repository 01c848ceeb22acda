package nn_test

import (
	"fmt"
	"log"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// A small network for grey images of 8x8, and what it makes of two of them.
func Example() {
	g, x := nn.NewGraph(1, 8, 8)
	x = g.ReLU(g.Conv("conv", x, nn.Conv{Out: 4, Kernel: 3, Padding: 1, Bias: true}))
	embedding := g.Flatten(g.MaxPool(x, 2, 2))
	logits := g.Linear("fc", embedding, nn.Linear{Out: 3})
	network := g.Network("small", logits, embedding)
	network.Init(1)

	engine, err := tensor.NewEngine(0) // on all CPUs
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	plan := nn.Compile(engine, network, 2, nn.Eval)
	outputs, _ := plan.Forward(tensor.New(2, 1, 8, 8))
	fmt.Println(network.NumParams(), "parameters,", outputs.N, "images,", outputs.C, "logits each")
	// Output: 235 parameters, 2 images, 3 logits each
}

func ExampleSoftmax() {
	logits := []float32{1, 3, 1}
	p := make([]float64, len(logits))
	nn.Softmax(p, logits)
	class, probability, entropy := nn.Classify(logits)
	fmt.Printf("%.3f\n", p)
	fmt.Printf("class %d, %.3f, entropy %.3f nats\n", class, probability, entropy)
	// Output:
	// [0.107 0.787 0.107]
	// class 1, 0.787, entropy 0.666 nats
}

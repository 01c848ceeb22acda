package augment_test

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// slope is a model of two classes for images of one pixel: its logits are the
// pixel and its negative, its embedding is the pixel.
type slope struct{ logits, dx tensor.Tensor }

func (s slope) Forward(x tensor.Tensor) (logits, embedding tensor.Tensor) {
	for n := range x.N {
		v := x.Image(n)[0]
		copy(s.logits.Image(n), []float32{v, -v})
	}
	return s.logits, tensor.View(x.Data, x.N, 1, 1, 1)
}

func (s slope) Backward(dLogits, dEmbedding tensor.Tensor) tensor.Tensor {
	for n := range dLogits.N {
		d := dLogits.Image(n)
		s.dx.Image(n)[0] = d[0] - d[1] + dEmbedding.Image(n)[0]
	}
	return s.dx
}

// An image of class 0 moves to where the model is less certain of it.
func ExampleMaximiser() {
	engine, err := tensor.NewEngine(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	model := slope{tensor.New(1, 2, 1, 1), tensor.New(1, 1, 1, 1)}
	m := augment.NewMaximiser(engine, model, 1, 2, 1, augment.Config{Steps: 5, LR: 0.1, Gamma: 1, Eta: 1})
	image := tensor.New(1, 1, 1, 1)
	image.Data[0] = 0.5
	means := m.Maximise(image, []uint16{0}, 1)
	fmt.Printf("cross-entropy %.2f, then %.2f\n", means[0].CrossEntropy, means[4].CrossEntropy)
	fmt.Printf("entropy %.2f, then %.2f\n", means[0].Entropy, means[4].Entropy)
	fmt.Printf("the pixel is now %.2f\n", image.Data[0])

	// Output:
	// cross-entropy 0.31, then 0.50
	// entropy 0.58, then 0.67
	// the pixel is now 0.17
}

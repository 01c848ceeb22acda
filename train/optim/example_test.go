package optim_test

import (
	"fmt"
	"log"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/optim"
)

// Descends to the minimum of (p-3)^2, the rate annealed by the cosine.
func Example() {
	engine, err := tensor.NewEngine(1)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	p, gradient := []float32{0}, []float32{0}
	sgd := optim.NewSGD(engine, p, gradient, 0.1)
	cosine := optim.Annealing{LR: 0.1, Total: 50}
	for range 50 {
		gradient[0] = 2 * (p[0] - 3)
		sgd.LR = cosine.LR
		sgd.Step()
		cosine.Step()
	}
	fmt.Printf("%.2f\n", p[0])
	// Output: 2.99
}

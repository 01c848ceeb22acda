package conv_test

import (
	"fmt"
	"log"

	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// The horizontal differences of an image, and the gradient of their sum by its
// pixels.
func ExampleConv() {
	engine, err := tensor.NewEngine(0) // all CPUs, the best instruction set
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	shape := conv.Shape{N: 1, C: 1, H: 2, W: 4, K: 1, R: 1, S: 2, Stride: 1, Groups: 1}
	differences := conv.New(engine, shape, conv.Options{})
	differences.PlanBackwardData()

	weights := []float32{-1, 1}
	x := tensor.View([]float32{1, 2, 4, 8, 3, 3, 5, 5}, 1, 1, 2, 4)
	y := tensor.New(1, 1, shape.OutH(), shape.OutW())
	differences.Forward(y, x, weights, nil, simd.Identity)
	fmt.Println(y.Data)

	dy := tensor.View([]float32{1, 1, 1, 1, 1, 1}, 1, 1, shape.OutH(), shape.OutW())
	dx := tensor.New(1, 1, 2, 4)
	differences.BackwardData(dx, dy, weights, false)
	fmt.Println(dx.Data)

	// Output:
	// [1 2 4 0 2 0]
	// [-1 0 0 1 -1 0 0 1]
}

package tensor_test

import (
	"fmt"
	"log"

	"github.com/meada-cpu/meada-cpu/tensor"
)

func ExampleGemm() {
	engine, err := tensor.NewEngine(0) // all CPUs, the best instruction set
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	product := tensor.NewGemm(engine, 2, 2, 3, false, true) // C (2 x 2) = A (2 x 3) times B (2 x 3) transposed
	a := []float32{1, 2, 3, 4, 5, 6}
	b := []float32{1, 0, 1, 0, 1, 0}
	c := make([]float32, 4)
	product.Run(c, a, b, 2, 3, 3, tensor.Epilogue{ColumnBias: []float32{10, 20}})
	fmt.Println(c)

	// Output:
	// [14 22 20 25]
}

package image_test

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
)

// What becomes of an image depends on the seed, the round, the view and its
// number, on nothing else.
func ExampleFlip() {
	flip, err := image.Flip{}.Make(1, 2, 3) // one plane of 2 x 3
	if err != nil {
		fmt.Println(err)
		return
	}
	picture, out := []uint8{1, 2, 3, 4, 5, 6}, make([]uint8, 6)
	for round := range 4 {
		flip(out, picture, augment.Draw{Seed: 1, Round: round, Image: 7})
		fmt.Println(out)
	}

	// Output:
	// [1 2 3 4 5 6]
	// [1 2 3 4 5 6]
	// [1 2 3 4 5 6]
	// [3 2 1 6 5 4]
}

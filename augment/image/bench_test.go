package image

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// The time of an image of 3 x 32 x 32, mean of many draws.
func BenchmarkOperations(b *testing.B) {
	ops := append([]augment.ImageOp(nil), randomOps...)
	for o := range operations {
		level := 0.3
		if o == Posterize {
			level = 4
		}
		ops = append(ops, Fixed{o, level, false})
	}
	ops = append(ops, Fixed{Rotate, 8, false}, Fixed{Rotate, 8, true}, Fixed{ShearX, 0.3, true})
	image := make([]uint8, 3*32*32)
	for i := range image {
		image[i] = uint8(i * i >> 4)
	}
	out := make([]uint8, len(image))
	for _, op := range ops {
		f, err := op.Make(3, 32, 32)
		require.NoError(b, err)
		b.Run(fmt.Sprintf("%T%v", op, op), func(b *testing.B) {
			n := 0
			for b.Loop() {
				f(out, image, augment.Draw{Image: n & 0xffff})
				n++
			}
		})
	}
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	values := make([]float32, len(image))
	for _, op := range []augment.ValueOp{published, prime} {
		f, err := op.Make(e, 3, 32, 32, halves)
		require.NoError(b, err)
		b.Run(fmt.Sprintf("%T", op), func(b *testing.B) {
			n := 0
			for b.Loop() {
				f(values, image, augment.Draw{Image: n & 0xffff})
				n++
			}
		})
	}
}

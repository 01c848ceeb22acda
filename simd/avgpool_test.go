package simd

import (
	"testing"

	"github.com/meada-cpu/meada-cpu/internal/testkit/guard"
)

// TestAvgPool2: every width, one row of windows and several, all slices against a
// page that can't be touched.
func TestAvgPool2(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for n := 1; n <= 70; n++ {
			for _, side := range guard.Sides {
				rows := 1 + n%3
				x, y := guard.Make[float32](t, 4*rows*n, side), guard.Make[float32](t, rows*n, side)
				dx, dy := guard.Make[float32](t, 4*rows*n, side), guard.Make[float32](t, rows*n, side)
				edgy(x, n)
				edgy(dy, n+1)
				means, spread := make([]float32, len(y)), make([]float32, len(x))
				for r := range rows {
					for j := range n {
						at := 4*r*n + 2*j
						means[r*n+j] = ((x[at] + x[at+2*n]) + (x[at+1] + x[at+2*n+1])) / 4
						for _, to := range []int{at, at + 1, at + 2*n, at + 2*n + 1} {
							spread[to] = dy[r*n+j] / 4
						}
					}
				}
				k.AvgPool2(&y[0], &x[0], rows, n)
				requireSameNumbers(t, means, y, "%d rows of %d", rows, n)
				k.AvgPool2Backward(&dx[0], &dy[0], rows, n)
				requireSameNumbers(t, spread, dx, "%d rows of %d", rows, n)
			}
		}
	})
}

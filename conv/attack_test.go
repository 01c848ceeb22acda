package conv

import (
	"math/rand"
	"testing"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/testkit/attack"
	"github.com/meada-cpu/meada-cpu/internal/testkit/race"
	"github.com/meada-cpu/meada-cpu/simd"
)

// Random shapes against the definition in float64, on every kernel set and with
// different numbers of threads.
//
// MEADA_SEED repeats an attack, ATTACK_TIME=10m makes it last.
func TestAttackShapes(t *testing.T) {
	if race.Enabled {
		t.Skip("assembly, which the race detector does not see, and a slow reference")
	}
	r := rand.New(rand.NewSource(int64(attack.Seed(t))))
	end := time.Now().Add(attack.Duration(t, 200*time.Millisecond))
	convolutions, poolings := 0, 0
	for ; convolutions == 0 || time.Now().Before(end); convolutions++ {
		s := randomShape(r)
		requireConv(t, s, 1+r.Intn(s.N), r, Options{BFloat16: r.Intn(2) == 0}, simd.Available(), []int{1, 2 + r.Intn(3)})
		for range 3 {
			p, threads := randomPooling(r), 1+r.Intn(3)
			for _, kernels := range simd.Available() {
				requirePooling(t, p, kernels, threads)
			}
			poolings++
		}
	}
	t.Logf("%d convolutions and %d poolings agree", convolutions, poolings)
}

// randomShape draws a possible shape for which the reference does not take long: plain,
// grouped or depthwise.
func randomShape(r *rand.Rand) Shape {
	for {
		groups := 1
		s := Shape{N: 1 + r.Intn(5), H: 1 + r.Intn(24), W: 1 + r.Intn(24), Stride: 1}
		s.R = 1 + r.Intn(7)
		s.S = 1 + r.Intn(7)
		if r.Intn(2) == 0 {
			s.R, s.S = 3, 3
		}
		if r.Intn(2) == 0 {
			s.Stride = 1 + r.Intn(4)
		}
		if r.Intn(3) > 0 {
			s.PadH, s.PadW = r.Intn(s.R+1), r.Intn(s.S+1)
		}
		if r.Intn(4) == 0 {
			s.ExtraH, s.ExtraW = r.Intn(2), r.Intn(2)
		}
		s.C, s.K = 1+r.Intn(48), 1+r.Intn(48)
		switch r.Intn(4) {
		case 0:
			groups = 1 + r.Intn(40)
			s.C, s.K = groups, groups
		case 1:
			groups = 2 + r.Intn(4)
			s.C, s.K = groups*(1+r.Intn(12)), groups*(1+r.Intn(12))
		}
		s.Groups = groups
		possible := s.H+2*s.PadH+s.ExtraH >= s.R && s.W+2*s.PadW+s.ExtraW >= s.S
		if possible && s.MultiplyAdds() < 1<<20 {
			return s
		}
	}
}

// randomPooling draws a possible shape.
func randomPooling(r *rand.Rand) PoolShape {
	for {
		s := PoolShape{N: 1 + r.Intn(3), C: 1 + r.Intn(4), H: 1 + r.Intn(40), W: 1 + r.Intn(40), Window: 1 + r.Intn(6), Stride: 1 + r.Intn(4)}
		if r.Intn(2) == 0 {
			s.Window, s.Stride = 2+r.Intn(2), 1+r.Intn(2)
		}
		if r.Intn(3) == 0 {
			s.Stride = s.Window
		}
		if r.Intn(2) == 0 {
			s.Pad = r.Intn(s.Window/2 + 1)
		}
		if min(s.H, s.W)+2*s.Pad >= s.Window {
			return s
		}
	}
}

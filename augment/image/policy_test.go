package image

import (
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
)

// The policies, their magnitudes and what they make of images are torchvision's.
func TestTorchvisionPolicies(t *testing.T) {
	t.Parallel()
	var want struct {
		Policies map[string][][2][3]any
		Rand     []string `json:"rand_augment"`
		Results  []struct {
			Picture, Operation string
			Bins, Index        int
			Negative           bool
			CRC32              uint32
		}
	}
	readJSON(t, "testdata/policies.json", &want)
	for name, policy := range map[string]Policy{"cifar10": CIFAR10, "imagenet": ImageNet, "svhn": SVHN} {
		require.Len(t, want.Policies[name], len(policies[policy]))
		for i, pair := range want.Policies[name] {
			for j, r := range pair {
				require.Equal(t, rule{parseOperation(t, r[0].(string)), r[1].(float64), int(r[2].(float64))}, policies[policy][i][j])
			}
		}
	}
	require.Len(t, want.Rand, len(randAugmentOps))
	for i, name := range want.Rand {
		require.Equal(t, name, randAugmentOps[i].String())
	}
	all := pictures(t)
	for _, c := range want.Results {
		p := all[c.Picture]
		o := parseOperation(t, c.Operation)
		op := Fixed{o, magnitude(o, c.Index, c.Bins, p.Shape[1], p.Shape[2], c.Negative), true}
		got := apply(t, op, p.Bytes, p.Shape[0], p.Shape[1], p.Shape[2], augment.Draw{})
		require.Equal(t, c.CRC32, crc32.ChecksumIEEE(got), "%+v", c)
	}
	require.Greater(t, len(want.Results), 400)
	t.Logf("%d results equal torchvision's", len(want.Results))
}

// A rule of probability 1 always acts, one of 0 never, and both signs occur:
// image by image the result is that of the rules drawn.
func TestAutoAugment(t *testing.T) {
	t.Parallel()
	p := pictures(t)["smooth"]
	results := map[string]bool{}
	for i := range policies[ImageNet] { // every pair acts by all, one or none of its rules, with any sign
		pair := policies[ImageNet][i]
		for _, first := range outcomes(pair[0]) {
			for _, second := range outcomes(pair[1]) {
				out := apply(t, first, p.Bytes, 3, 32, 32, augment.Draw{})
				results[string(apply(t, second, out, 3, 32, 32, augment.Draw{}))] = false
			}
		}
	}
	for n := range 3000 {
		out := string(apply(t, AutoAugment{ImageNet}, p.Bytes, 3, 32, 32, augment.Draw{Seed: 6, Image: n}))
		require.Contains(t, results, out)
		results[out] = true
	}
	for out, seen := range results {
		require.True(t, seen, "%d", crc32.ChecksumIEEE([]byte(out)))
	}
}

// outcomes lists what may become of a rule.
func outcomes(r rule) []Fixed {
	var all []Fixed
	if r.probability < 1 {
		all = append(all, Fixed{})
	}
	if r.probability > 0 {
		for _, negative := range []bool{false, true} {
			all = append(all, Fixed{r.Operation, magnitude(r.Operation, r.magnitude, 10, 32, 32, negative), true})
		}
	}
	return all
}

// Every one of RandAugment's operations occurs, with both signs.
func TestRandAugment(t *testing.T) {
	t.Parallel()
	p := pictures(t)["smooth"]
	want := map[string]int{}
	for _, o := range randAugmentOps {
		for _, negative := range []bool{false, true} {
			op := Fixed{o, magnitude(o, 9, 31, 32, 32, negative), true}
			want[string(apply(t, op, p.Bytes, 3, 32, 32, augment.Draw{}))] = 0
		}
	}
	for n := range 2800 {
		out := string(apply(t, RandAugment{1, 9}, p.Bytes, 3, 32, 32, augment.Draw{Image: n}))
		require.Contains(t, want, out)
		want[out]++
	}
	for _, count := range want {
		require.Greater(t, count, 60) // 100 with a sign, 200 without
	}
	one, two := 0, 0
	for n := range 200 {
		out := apply(t, RandAugment{2, 9}, p.Bytes, 3, 32, 32, augment.Draw{Image: n})
		if _, ok := want[string(out)]; ok {
			one++
		} else {
			two++
		}
	}
	require.Greater(t, two, one)
}

package train

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPoolSizes(t *testing.T) {
	c := Digits(MEADA)
	require.Equal(t, []int{10000, 19984, 39952, 79888}, c.PoolSizes(10000))
	c.LoopsTrain = 250 // ends before the third phase
	require.Equal(t, []int{10000, 19984, 39952}, c.PoolSizes(10000))
	require.Equal(t, []int{10000}, Digits(ERM).PoolSizes(10000))
}

func TestAddedAsOfficial(t *testing.T) {
	text, err := os.ReadFile("testdata/digits_added.json")
	require.NoError(t, err)
	var vectors struct {
		Added map[string]map[string]int
	}
	require.NoError(t, json.Unmarshal(text, &vectors))
	require.NotEmpty(t, vectors.Added)
	for n, byBatch := range vectors.Added {
		for batch, want := range byBatch {
			images, err := strconv.Atoi(n)
			require.NoError(t, err)
			size, err := strconv.Atoi(batch)
			require.NoError(t, err)
			require.Equal(t, want, added(images, size), "pool %s, batch %s", n, batch)
		}
	}
}

func TestOfficialSchedule(t *testing.T) {
	c := Digits(ADA)
	var phases, tests []int
	for step := range c.LoopsTrain {
		if c.phaseDue(step, len(phases)) {
			phases = append(phases, step)
		}
		if c.testDue(step) {
			tests = append(tests, step)
		}
	}
	require.Equal(t, []int{99, 199, 299}, phases)
	require.Len(t, tests, 100)
	require.Equal(t, 100, tests[0])
	require.Equal(t, 10000, tests[99])
}

func TestNumberOfTests(t *testing.T) {
	for loops := 1; loops < 25; loops++ {
		for every := 1; every < 27; every++ {
			c := Config{LoopsTrain: loops, TestEvery: every}
			want := 0
			for step := range loops {
				if c.testDue(step) {
					want++
				}
			}
			require.Equal(t, want, c.tests(), "%d steps, test every %d", loops, every)
			require.True(t, c.testDue(loops-1), "the last step is tested")
		}
	}
}

package train

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// digitsConfig has the schedule of the official digits script.
func digitsConfig(m method) Config {
	c := toyConfig(m)
	c.BatchSize, c.Schedule = 32, Steps{Total: 10001, TestEvery: 100}
	c.Growth = m.growth(Growth{Phases: 3, Every: 100, Ascent: c.Growth.Ascent})
	return c
}

// cifarConfig has the schedule of the official CIFAR script.
func cifarConfig(m method) Config {
	c := epochConfig(m)
	c.BatchSize, c.Schedule, c.Growth.Every = 128, Epochs{Total: 100, TestEvery: 1}, 10
	return c
}

func TestOutlineOfDigits(t *testing.T) {
	c := digitsConfig(meada)
	require.Equal(t, Outline{Steps: 10001, Tests: 100, TrainingSet: []int{10000, 19984, 39952, 79888}, minimised: 320032, numbered: 79888}, c.Outline(10000))
	c.Schedule = Steps{Total: 250, TestEvery: 100} // ends before the third phase
	require.Equal(t, []int{10000, 19984, 39952}, c.Outline(10000).TrainingSet)
	require.Equal(t, []int{10000}, digitsConfig(erm).Outline(10000).TrainingSet)
	c.MaxSteps = 99 // ends before the first
	require.Equal(t, Outline{Steps: 99, Tests: 1, TrainingSet: []int{10000}, minimised: 99 * 32, numbered: 10000}, c.Outline(10000))

	// The source does not leave a ring that gets no sets, which its one batch does not make.
	c = digitsConfig(meada)
	c.Schedule, c.BatchSize = Steps{Total: 6, TestEvery: 6}, 16
	c.Growth = Growth{Every: 1, Phases: 6, Sets: 2, Ring: true, Ascent: c.Growth.Ascent}
	require.Equal(t, []int{16}, c.Outline(16).TrainingSet)
	require.Equal(t, []int{17, 33, 49, 48, 48, 48}, c.Outline(17).TrainingSet)
}

// The published CIFAR run: batches, training set and the schedule's end, epoch by epoch.
func TestOutlineOfCIFAR(t *testing.T) {
	for name, algorithm := range map[string]method{"erm": erm, "meada": meada} {
		text, err := os.ReadFile("optim/testdata/cifar_" + name + ".json")
		require.NoError(t, err)
		var want struct {
			Iterations int `json:"iterations"`
			Epochs     []struct {
				Epoch, Batches int
				TrainingSet    int `json:"pool"`
				First          int `json:"first_iteration"`
			} `json:"epochs"`
		}
		require.NoError(t, json.Unmarshal(text, &want))
		c := cifarConfig(algorithm)
		o := c.Outline(50000)
		require.Equal(t, want.Iterations, o.Steps)
		require.Equal(t, 100, o.Tests)
		require.Equal(t, want.Epochs[len(want.Epochs)-1].TrainingSet, o.TrainingSet[len(o.TrainingSet)-1])
		for _, e := range want.Epochs {
			steps, _ := c.Schedule.steps(e.TrainingSet, c.BatchSize)
			require.Equal(t, e.Batches, steps)
			c.MaxSteps = e.First + 1
			require.Equal(t, e.TrainingSet, slices.Max(c.Outline(50000).TrainingSet), "epoch %d", e.Epoch)
		}
	}
	c := cifarConfig(meada)
	c.Schedule, c.Growth.Every, c.Growth.Phases = Epochs{Total: 4, TestEvery: 3}, 2, 5
	require.Equal(t, Outline{Steps: 2 + 4 + 4 + 7, Tests: 2, TrainingSet: []int{200, 400, 800}, minimised: 200 + 400 + 400 + 800, numbered: 800}, c.Outline(200))
	c.MaxSteps = 5
	require.Equal(t, Outline{Steps: 5, Tests: 1, TrainingSet: []int{200, 400}, minimised: 200 + 3*128, numbered: 400}, c.Outline(200))
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
			require.Equal(t, want, Steps{}.added(images, size), "training set %s, batch %s", n, batch)
		}
	}
}

func TestOfficialSchedule(t *testing.T) {
	c := digitsConfig(ada)
	var phases, tests []int
	for step := range c.Schedule.rounds() {
		if c.Growth.due(step, len(phases)) {
			phases = append(phases, step)
		}
		if c.Schedule.testDue(step) {
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
			c := Config{BatchSize: 8, Schedule: Steps{Total: loops, TestEvery: every}}
			want := 0
			for step := range loops {
				if c.Schedule.testDue(step) {
					want++
				}
			}
			require.Equal(t, want, c.Outline(100).Tests, "%d steps, test every %d", loops, every)
			require.True(t, c.Schedule.testDue(loops-1), "the last step is tested")
		}
	}
}

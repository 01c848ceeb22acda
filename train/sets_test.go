package train

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// Where a phase replaces what the one before made, it moves the images of the
// source and their labels, and the training set stays as large as it is then.
func TestPhasesReplaceSets(t *testing.T) {
	t.Parallel()
	c := epochConfig(meada)
	c.Schedule = Epochs{Total: 5, TestEvery: 5}
	c.Growth.Phases, c.Growth.Every, c.Growth.Sets = 4, 1, 2
	trainer, network := epochTrainer(t, 2, nil, c)
	require.Equal(t, []int{43, 86, 129, 129, 129}, trainer.Outline().TrainingSet)
	require.Equal(t, 43+86+3*129, trainer.Work()[Minimise])
	require.Equal(t, 4*43, trainer.Work()[Maximise])

	source := trainer.set.source
	phases := 0
	var parents [][]int32 // by phase
	for !trainer.Done() {
		e, err := trainer.Step()
		require.NoError(t, err)
		if e.Kind != Maximise || e.Done < e.Total {
			continue
		}
		phases++
		s := trainer.set
		require.Equal(t, trainer.Outline().TrainingSet[phases], s.len())
		require.NotEqual(t, inTheirOrder(43), s.parents, "they are mixed")
		require.Equal(t, inTheirOrder(43), slices.Sorted(slices.Values(s.parents)))
		parents = append(parents, slices.Clone(s.parents))
		labels := slices.Clone(source.Labels)
		for _, of := range parents[max(0, phases-2):] {
			for _, parent := range of {
				labels = append(labels, source.Labels[parent])
			}
		}
		require.Equal(t, labels, s.labels)
		for i, b := range s.added {
			require.Equal(t, i < phases-2, b.n == 0 && b.bytes == nil, "the sets of phase %d after phase %d", i+1, phases)
		}
		ascent, err := NewAscent(trainer.engine, network, c.Growth.Ascent, c.BatchSize, c.Seed)
		require.NoError(t, err)
		var numbers []int
		for _, parent := range s.parents {
			numbers = append(numbers, int(parent))
		}
		of := source.Pick(numbers)
		for first := 0; first < of.N; {
			x, _, err := ascent.Ascend(&of, first)
			require.NoError(t, err)
			for i := range x.N {
				bytes := make([]uint8, x.C*x.H*x.W)
				network.Normalisation.ToBytes(trainer.engine, bytes, x.Image(i))
				got, _ := s.pixels(int32(s.len() - 43 + first + i))
				require.True(t, slices.Equal(bytes, got), "image %d of phase %d is made from its parent", first+i, phases)
			}
			first += x.N
		}
	}
	require.Equal(t, 4, phases)
}

// In a ring the source is replaced as the sets are, and first; phases still move its
// images.
func TestRing(t *testing.T) {
	t.Parallel()
	c := epochConfig(meada)
	c.Schedule = Epochs{Total: 6, TestEvery: 6}
	c.Growth.Phases, c.Growth.Every, c.Growth.Sets, c.Growth.Ring = 4, 1, 1, true
	c.Growth.Ascent.Steps = 1
	trainer, _ := epochTrainer(t, 2, nil, c)
	require.Equal(t, []int{43, 86, 86, 86, 86}, trainer.Outline().TrainingSet)
	require.Equal(t, 43+4*86+86, trainer.Work()[Minimise])

	s := trainer.set
	for !trainer.Done() {
		e, err := trainer.Step()
		require.NoError(t, err)
		if e.Kind == Maximise && e.Done < e.Total {
			continue
		}
		phases := len(s.added)
		read := make([]int32, s.len())
		for i := range read {
			read[i] = int32(s.unread) + s.order[i]
		}
		slices.Sort(read)
		want := make([]int32, s.len())
		inOrder(want)
		if phases > 1 { // the source has numbers 0 to 42 and is not among them
			for i := range want {
				want[i] += 43
			}
		}
		require.Equal(t, want, read, "after %d phases", phases)
		made := s.labels[len(s.labels)-len(s.parents):]
		for i, parent := range s.parents {
			require.Equal(t, s.source.Labels[parent], made[i])
		}
		for i := range s.added {
			require.Equal(t, i < phases-2, s.added[i].n == 0, "set %d after %d phases", i+1, phases)
		}
		if e.Kind == Maximise && phases > 0 {
			require.Len(t, s.parents, 43)
			parents := slices.Sorted(slices.Values(s.parents))
			require.Equal(t, int32(0), parents[0])
			require.Equal(t, int32(42), parents[42])
			source, made := trainer.Sample(5)
			require.Equal(t, 5, source.N)
			require.Equal(t, source.Labels, made.Labels)
			for i := range 5 {
				require.Equal(t, s.source.Image(i*43/5), source.Image(i))
				require.Equal(t, s.bytes(int32(len(s.labels)-43+slices.Index(s.parents, int32(i*43/5))), trainer.network.Normalisation), made.Image(i))
			}
		}
	}
	require.Len(t, s.added, 4)
}

// Where steps are counted, a phase takes the images of the source in reading
// order, whatever made images lie between.
func TestSetsAreOfTheSource(t *testing.T) {
	s := newTrainingSet(sourceOf(5), reverse)
	made := func(v float32) block {
		values := tensor.New(4, 1, 1, 2)
		for i := range values.Data {
			values.Data[i] = v
		}
		return block{n: 4, values: values}
	}
	require.Equal(t, []int32{4, 3, 2, 1}, s.firstOfSource(4, inOrder))
	s.grow(made(1), s.firstOfSource(4, inOrder), &Growth{Sets: 1})
	require.Equal(t, []int32{8, 7, 6, 5, 0, 1, 2, 3, 4}, s.order)
	require.Equal(t, []int32{0, 1, 2, 3}, s.firstOfSource(4, inOrder))
	s.grow(made(2), s.firstOfSource(4, inOrder), &Growth{Sets: 1})
	require.Equal(t, []uint16{0, 1, 2, 3, 4, 0, 1, 2, 3}, s.labels)
	require.Equal(t, []int32{4, 3, 2, 1, 0, 5, 6, 7, 8}, s.order)
	for number := range int32(4) {
		_, values := s.pixels(5 + number)
		require.Equal(t, []float32{2, 2}, values, "of the second phase")
	}
	require.Equal(t, []int32{0, 1, 2, 3}, s.parents)

	s = newTrainingSet(sourceOf(5), reverse)
	ring := &Growth{Sets: 1, Ring: true}
	s.grow(made(1), s.firstOfSource(4, inOrder), ring)
	require.Equal(t, []int32{8, 7, 6, 5, 0, 1, 2, 3, 4}, s.order)
	s.grow(made(2), []int32{4, 2, 1, 0}, ring)
	require.Equal(t, []int32{7, 6, 5, 4, 3, 2, 1, 0}, s.order, "of the images behind the source's")
	require.Equal(t, []uint16{0, 1, 2, 3, 4, 4, 3, 2, 1, 4, 2, 1, 0}, s.labels)
	numbers := make([]int32, 3)
	s.draw(numbers)
	require.Equal(t, []int32{12, 11, 10}, numbers)
	require.Equal(t, []int32{0, 1, 2, 3}, s.firstOfSource(4, inOrder))
	s.grow(made(3), s.firstOfSource(4, inOrder), ring)
	require.Equal(t, []uint16{0, 1, 2, 3, 4, 4, 2, 1, 0, 0, 1, 2, 3}, s.labels)
	for number := range int32(8) {
		_, values := s.pixels(5 + number)
		require.Equal(t, []float32{2 + float32(number/4), 2 + float32(number/4)}, values)
	}
}

// The file of a set that another has replaced goes once the checkpoint before
// lacks it too.
func TestFilesOfReplacedSets(t *testing.T) {
	p := procedures(t)["one set"]
	s := p.start(t, 2, nil, nil)
	defer s.engine.Close()
	folder := t.TempDir()
	c := NewCheckpoints(folder)
	exists := func(phase int) bool {
		_, err := os.Stat(imagePath(folder, phase))
		return err == nil
	}
	since := -1 // checkpoints since the first set was replaced
	for !s.Done() {
		s.step(t)
		require.NoError(t, c.Write(s.Trainer, nil))
		if since >= 0 || len(s.set.added) == 2 {
			since++
		}
		if len(s.set.added) > 0 {
			require.Equal(t, since < 1, exists(0), "%d checkpoints later", since)
		}
	}
	require.Greater(t, since, 1)
}

func inTheirOrder(n int) []int32 {
	numbers := make([]int32, n)
	inOrder(numbers)
	return numbers
}

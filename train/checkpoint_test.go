package train

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/transform"
	"github.com/meada-cpu/meada-cpu/internal/mapped"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// procedure is a way to train: everything that a process starts from.
type procedure struct {
	config  Config
	data    *dataset.Task
	network func() *nn.Network // initialised
}

// procedures are runs of a few steps that between them have everything a
// checkpoint must keep.
func procedures(t testing.TB) map[string]procedure {
	digits := toyConfig(meada)
	digits.Schedule = Steps{Total: 9, TestEvery: 4}
	digits.Growth.Every, digits.Growth.Ascent.Steps = 3, 2
	epochs := epochConfig(meada)
	epochs.Growth.Ascent.Steps, epochs.BatchSize = 1, 20
	plain := epochConfig(erm)
	plain.Schedule, plain.MaxSteps, plain.Optimiser = Epochs{Total: 3, TestEvery: 1}, 12, SGD{LR: 0.1, Decay: 5e-4, Cosine: true}
	plain.Backbone.Rate = 0.1
	views := hiddenConfig()
	views.BatchSize, views.Growth.Ascent.Steps, views.Averaging = 20, 1, EMA{Decay: 0.75, From: 1}
	replacing, steps := epochs, digits
	replacing.Growth.Phases, replacing.Growth.Every, replacing.Growth.Sets = 3, 1, 1
	steps.Schedule, steps.Growth.Phases, steps.Growth.Every, steps.Growth.Sets = Steps{Total: 9, TestEvery: 4}, 3, 2, 2
	parameters := steps
	parameters.Growth.Ring, parameters.Growth.Sets = true, 1 // the source is gone before the third phase
	parameters.Growth.Ascent = augment.Config{Steps: 3, LR: 0.2, Gamma: 1, Transforms: transform.Chains{Longest: 3}, Tolerance: 1e-3}
	parameters.Objective.Contrast, parameters.Objective.Entropy = 0.5, -0.1
	swa := epochs
	swa.Schedule, swa.Averaging = Epochs{Total: 3, TestEvery: 1}, SWA{Every: 2}
	head := epochs
	head.Schedule, head.Views, head.Averaging = Epochs{Total: 3, TestEvery: 1}, nil, EMA{Decay: 0.75}
	head.Backbone.Frozen, head.Growth = true, replacing.Growth
	head.Growth.Ring = true
	fog := toyData(t)
	fog.Domains[1] = corrupted(fog.Source)
	fog.Domains[1].N = 2 * fog.Source.N
	normalised := func() *nn.Network {
		n := smallNormalised()
		n.Init(1)
		return n
	}
	return map[string]procedure{
		"steps": {digits, toyData(t), func() *nn.Network {
			n := smallLeNet()
			_, err := n.Load("testdata/start.safetensors")
			require.NoError(t, err)
			return n
		}},
		"epochs":           {epochs, fog, normalised},
		"one set":          {replacing, fog, normalised},
		"two sets":         {steps, toyData(t), normalised},
		"transforms":       {parameters, toyData(t), normalised},
		"views, EMA":       {views, toyData(t), normalised},
		"SWA":              {swa, fog, normalised},
		"frozen":           {head, fog, normalised},
		"epochs, no phase": {plain, toyData(t), normalised},
	}
}

// process is a Trainer on an engine of its own.
type process struct {
	*Trainer
	network *nn.Network
	engine  *tensor.Engine
}

// start begins the procedure in a new process, or goes on from a checkpoint.
func (p procedure) start(t testing.TB, threads int, kernels *simd.Kernels, from *Checkpoint) process {
	t.Helper()
	s := process{network: p.network(), engine: tensor.NewEngineOn(threads, kernels)}
	if from == nil {
		var err error
		s.Trainer, err = New(s.engine, s.network, p.data, p.config)
		require.NoError(t, err)
		return s
	}
	var err error
	s.Trainer, err = Resume(s.engine, s.network, p.data, p.config, from)
	require.NoError(t, err)
	return s
}

// step does a step and returns what it did, to be kept.
func (p process) step(t testing.TB) Event {
	t.Helper()
	e, err := p.Step()
	require.NoError(t, err)
	if e.Test != nil {
		test := *e.Test
		test.Accuracy = slices.Clone(test.Accuracy)
		test.Severities, test.Confusion = cloneAll(test.Severities), cloneAll(test.Confusion)
		test.Quality = slices.Clone(test.Quality)
		for i := range test.Quality {
			test.Quality[i].Mistakes = slices.Clone(test.Quality[i].Mistakes)
		}
		e.Test = &test
	}
	return e
}

func cloneAll[E any](lists [][]E) [][]E {
	clone := make([][]E, len(lists))
	for i := range lists {
		clone[i] = slices.Clone(lists[i])
	}
	return clone
}

// whole runs the procedure without interruption.
func (p procedure) whole(t *testing.T) (events []Event, network *nn.Network) {
	s := p.start(t, 2, nil, nil)
	defer s.engine.Close()
	for !s.Done() {
		events = append(events, s.step(t))
	}
	return events, s.network
}

// sameKernels are the instruction sets here that give the same bits as the one in
// use.
func sameKernels() []*simd.Kernels {
	if simd.Active().Name == "generic" {
		return []*simd.Kernels{simd.Active()}
	}
	return slices.DeleteFunc(slices.Clone(simd.Available()), func(r *simd.Kernels) bool { return r.Name == "generic" })
}

// A run that is interrupted after every single step, each time to go on in a
// new process with other threads and another instruction set, does the same.
func TestResumeAfterEveryStep(t *testing.T) {
	t.Parallel()
	for name, p := range procedures(t) {
		t.Run(name, func(t *testing.T) {
			want, network := p.whole(t)
			sets := sameKernels()
			folder := t.TempDir()
			var from *Checkpoint
			for i, event := range want {
				s := p.start(t, 1+i%3, sets[i%len(sets)], from)
				require.False(t, s.Done())
				require.Equal(t, event, s.step(t), "step %d of the process", i)
				require.NoError(t, NewCheckpoints(folder).writeAfter(s.Trainer, from))
				s.engine.Close()
				if i == len(want)-1 {
					require.True(t, s.Done())
					require.Equal(t, network.State(), s.network.State())
					return
				}
				var err error
				from, err = NewCheckpoints(folder).Read()
				require.NoError(t, err)
				require.NoError(t, from.Damaged)
				require.Equal(t, s.Steps(), from.Steps())
			}
		})
	}
}

// writeAfter writes a checkpoint as the process that read one does.
func (c *Checkpoints) writeAfter(t *Trainer, from *Checkpoint) error {
	if from != nil {
		if _, err := c.Read(); err != nil {
			return err
		}
	}
	return c.Write(t, nil)
}

// A checkpoint is gone back to after the run had gone on, and had even written
// more images. Continuous integration (CI=true) tries more places.
func TestResumeFromEveryCheckpoint(t *testing.T) {
	t.Parallel()
	every := 7
	if os.Getenv("CI") != "" && !testing.Short() {
		every = 3
	}
	for name, p := range procedures(t) {
		t.Run(name, func(t *testing.T) {
			want, _ := p.whole(t)
			s := p.start(t, 2, nil, nil)
			defer s.engine.Close()
			for i := 0; i+every < len(want); i += every {
				folder := t.TempDir()
				c := NewCheckpoints(folder)
				require.NoError(t, c.Write(s.Trainer, map[string][]byte{"place": {byte(i)}, "nothing": nil}))
				for range every {
					s.step(t)
				}
				for _, images := range c.files { // as a crash in the middle of the next checkpoint leaves them
					if images.replaced {
						continue
					}
					f, err := os.OpenFile(images.path, os.O_WRONLY|os.O_APPEND, 0)
					require.NoError(t, err)
					_, err = f.WriteString("half an image")
					require.NoError(t, err)
					require.NoError(t, f.Close())
				}
				again := NewCheckpoints(folder)
				from, err := again.Read()
				require.NoError(t, err)
				require.Equal(t, map[string][]byte{"place": {byte(i)}, "nothing": {}}, from.Notes)
				r := p.start(t, 2, nil, from)
				for _, event := range want[i:min(i+5, len(want))] {
					require.Equal(t, event, r.step(t), "from step %d", i)
				}
				require.NoError(t, again.Write(r.Trainer, nil))
				r.engine.Close()
				from, err = NewCheckpoints(folder).Read()
				require.NoError(t, err)
				require.NoError(t, from.Damaged)
			}
		})
	}
}

// Every byte of a checkpoint counts: if one is damaged or missing, this is
// noticed, and the checkpoint before is used.
func TestDamagedCheckpoint(t *testing.T) {
	t.Parallel()
	p := procedures(t)["steps"]
	want, network := p.whole(t)
	s := p.start(t, 2, nil, nil)
	defer s.engine.Close()
	good := t.TempDir()
	c := NewCheckpoints(good)
	place := 0
	for ; s.at.Kind != Maximise || s.at.Phase == 0 || s.at.Done == 0; place++ { // to the middle of the second phase
		s.step(t)
	}
	require.NoError(t, c.Write(s.Trainer, nil))
	s.step(t)
	require.NoError(t, c.Write(s.Trainer, nil))

	damage := func(name string, change func(content []byte) []byte) string {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(good)))
		path := filepath.Join(dir, name)
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, change(content), 0o666))
		return dir
	}
	size := func(name string) int {
		info, err := os.Stat(filepath.Join(good, name))
		require.NoError(t, err)
		return int(info.Size())
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 4; return b }
	}
	for at := 0; at < size(latestFile); at += 1 + at/3 {
		dir := damage(latestFile, flip(at))
		from, err := NewCheckpoints(dir).Read()
		require.NoError(t, err, "the one before is good")
		require.ErrorContains(t, from.Damaged, filepath.Join(dir, latestFile), "byte %d", at)
		require.Equal(t, filepath.Join(dir, previousFile), from.path)
	}
	for _, length := range []int{0, 7, 8, 1000, size(latestFile) - 1} {
		from, err := NewCheckpoints(damage(latestFile, func(b []byte) []byte { return b[:length] })).Read()
		require.NoError(t, err)
		require.ErrorContains(t, from.Damaged, latestFile)
	}

	// What only the latest counts of the images is damaged, or what both do.
	images := filepath.Base(imagePath(good, 1))
	from, err := NewCheckpoints(damage(images, flip(size(images)-1))).Read()
	require.NoError(t, err)
	require.ErrorContains(t, from.Damaged, images)
	_, err = NewCheckpoints(damage(images, flip(1))).Read()
	require.ErrorContains(t, err, latestFile)
	require.ErrorContains(t, err, previousFile)
	dir := damage(latestFile, flip(5000))
	require.NoError(t, os.Remove(filepath.Join(dir, images)))
	_, err = NewCheckpoints(dir).Read()
	require.ErrorContains(t, err, images)

	// The run goes on from the one before, and never gives up the good one.
	dir = damage(latestFile, flip(5000))
	c = NewCheckpoints(dir)
	from, err = c.Read()
	require.NoError(t, err)
	r := p.start(t, 2, nil, from)
	defer r.engine.Close()
	for i := place; !r.Done(); i++ {
		require.Equal(t, want[i], r.step(t))
		if i == place {
			require.NoError(t, c.Write(r.Trainer, nil))
			for _, name := range []string{latestFile, previousFile} {
				_, err := NewCheckpoints(dir).read(filepath.Join(dir, name))
				require.NoError(t, err, name)
			}
		}
	}
	require.Equal(t, network.State(), r.network.State())

	require.NoError(t, c.Remove())
	require.NoDirExists(t, dir)
	_, err = c.Read()
	require.ErrorIs(t, err, ErrNoCheckpoint)
}

// A checkpoint that could not be written is the last one.
func TestCheckpointAfterAFailure(t *testing.T) {
	t.Parallel()
	s := procedures(t)["steps"].start(t, 1, nil, nil)
	defer s.engine.Close()
	dir := filepath.Join(t.TempDir(), "checkpoint")
	c := NewCheckpoints(dir)
	require.NoError(t, c.Write(s.Trainer, nil))
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.WriteFile(dir, nil, 0o666))
	require.Error(t, c.Write(s.Trainer, nil))
	require.NoError(t, os.Remove(dir))
	require.ErrorContains(t, c.Write(s.Trainer, nil), "an earlier checkpoint failed")
}

// A checkpoint belongs to one run.
func TestCheckpointOfAnotherRun(t *testing.T) {
	p := procedures(t)["epochs"]
	s := p.start(t, 1, nil, nil)
	defer s.engine.Close()
	for s.at.Kind != Evaluate || s.at.Part == 0 {
		s.step(t)
	}
	c := NewCheckpoints(t.TempDir())
	require.NoError(t, c.Write(s.Trainer, nil))
	from, err := c.Read()
	require.NoError(t, err)
	resume := func(data *dataset.Task, config Config, n *nn.Network) error {
		_, err := Resume(s.engine, n, data, config, from)
		return err
	}
	other := p.config
	other.Optimiser = SGD{LR: 0.2}
	require.ErrorContains(t, resume(p.data, other, p.network()), "other settings")

	data := *p.data
	data.Domains = data.Domains[:1]
	require.ErrorContains(t, resume(&data, p.config, p.network()), "tested on [{toy 43} {fog 86}], now there are [{toy 43}]")

	data = *p.data
	data.Source.Labels = slices.Clone(data.Source.Labels)
	data.Source.Labels[3]++
	require.ErrorContains(t, resume(&data, p.config, p.network()), "labels")
	data = *p.data
	data.Source.N--
	data.Source.Labels = data.Source.Labels[1:]
	require.ErrorContains(t, resume(&data, p.config, p.network()), "43 images")
	require.ErrorContains(t, resume(p.data, p.config, smallLeNet()), "conv1.weight")
}

// A state that no run can be in is refused, not met with a panic later.
func TestImpossibleState(t *testing.T) {
	p := procedures(t)["epochs"]
	s := p.start(t, 1, nil, nil)
	defer s.engine.Close()
	c := NewCheckpoints(t.TempDir())
	require.NoError(t, c.Write(s.Trainer, nil))
	for name, change := range map[string]func(*state){
		"step":       func(s *state) { s.At.Step = 1000 },
		"kind":       func(s *state) { s.At.Kind = 3 },
		"domain":     func(s *state) { s.At.Kind, s.At.Domain = Evaluate, 2 },
		"part":       func(s *state) { s.At.Kind, s.At.Part = Evaluate, 1 },
		"done":       func(s *state) { s.At.Kind, s.At.Done = Evaluate, 43 },
		"offset":     func(s *state) { s.At.Kind, s.At.Domain, s.At.Done, s.At.Offset = Evaluate, 1, 80, 80 },
		"phase":      func(s *state) { s.At.Kind, s.At.Phase = Maximise, 2 },
		"confusion":  func(s *state) { s.Test.Confusion[0] = nil },
		"quality":    func(s *state) { s.Test.Quality = nil },
		"severities": func(s *state) { s.Test.Severities[1] = nil },
		"accuracy":   func(s *state) { s.Test.Accuracy = nil },
		"next":       func(s *state) { s.Next = -1 },
		"mean":       func(s *state) { s.Normalisation = "mean=0 std=1" },
	} {
		from, err := c.Read()
		require.NoError(t, err)
		change(&from.state)
		_, err = Resume(s.engine, p.network(), p.data, p.config, from)
		require.ErrorContains(t, err, from.path, name)
	}
	for name, change := range map[string]func(*Checkpoint){
		"network": func(c *Checkpoint) { delete(c.tensors, networkPrefix+"fc.bias") },
		"buffer":  func(c *Checkpoint) { delete(c.tensors, "sgd.buffer") },
		"order":   func(c *Checkpoint) { c.tensors[orderTensor].Int64[0] = c.tensors[orderTensor].Int64[1] },
		"class":   func(c *Checkpoint) { c.tensors[labelsTensor].Bytes[1] = 1 },
	} {
		from, err := c.Read()
		require.NoError(t, err)
		change(from)
		_, err = Resume(s.engine, p.network(), p.data, p.config, from)
		require.ErrorContains(t, err, from.path, name)
	}
}

// Images that phases add have the same bits in mapped files, where nothing is left of them.
func TestOverflow(t *testing.T) {
	t.Parallel()
	if !mapped.Supported {
		t.Skip("no files are mapped here")
	}
	all := procedures(t)
	for _, name := range []string{"steps", "one set", "two sets"} {
		p := all[name]
		want := p.start(t, 1, nil, nil)
		for !want.Done() {
			want.step(t)
		}
		want.engine.Close()
		p.config.Overflow = t.TempDir()
		c := NewCheckpoints(t.TempDir())
		got := p.start(t, 2, nil, nil)
		inFiles := false
		for i := 0; !got.Done(); i++ {
			got.step(t)
			for _, b := range append(got.set.added, got.phase.growth) {
				require.Equal(t, b.n > 0, b.file != nil)
				inFiles = inFiles || b.file != nil
			}
			if i%3 == 0 && !got.Done() {
				require.NoError(t, c.Write(got.Trainer, nil))
			}
			if i == 9 {
				got.engine.Close()
				from, err := c.Read()
				require.NoError(t, err)
				got = p.start(t, 1, nil, from)
			}
		}
		got.engine.Close()
		require.True(t, inFiles, name)
		require.Equal(t, want.network.State(), got.network.State(), name)
		left, err := os.ReadDir(p.config.Overflow)
		require.NoError(t, err)
		require.Empty(t, left)
	}
	p := all["steps"]
	p.config.Overflow = filepath.Join(t.TempDir(), "gone")
	s := p.start(t, 1, nil, nil)
	defer s.engine.Close()
	for {
		if _, err := s.Step(); err != nil {
			require.ErrorContains(t, err, "images that a phase adds")
			break
		}
	}
}

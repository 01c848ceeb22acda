package runfolder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/stretchr/testify/require"
)

func TestAccuracyJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Accuracy{
		`{"average":0.5,"step":2999,"svhn":0.25,"usps":0.75}`: {[]DomainAccuracy{{"svhn", .25}, {"usps", .75}}, .5, 2999, false},
		`{"average":0.5,"usps":0.5}`:                          {[]DomainAccuracy{{"usps", .5}}, .5, NoStep, false},
		`{"average":0,"step":0}`:                              {nil, 0, 0, false},
		`{"a":0.25,"b":0.75,"held-out":0.9}`:                  {[]DomainAccuracy{{"a", .25}, {"b", .75}, {"held-out", .9}}, .5, NoStep, true},
		`{"held-out":0.9,"step":3}`:                           {[]DomainAccuracy{{"held-out", .9}}, .9, 3, true},
	} {
		got, err := json.Marshal(want)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
		var back Accuracy
		require.NoError(t, json.Unmarshal([]byte(text), &back))
		require.Equal(t, want, back)
	}
	for _, name := range []string{"average", "step"} {
		_, err := json.Marshal(Accuracy{Domains: []DomainAccuracy{{name, 1}}, Step: NoStep})
		require.ErrorContains(t, err, fmt.Sprintf("domain %q: the name is taken", name))
	}
	_, err := json.Marshal(Accuracy{Domains: []DomainAccuracy{{"usps", 1}, {"usps", 0}}})
	require.ErrorContains(t, err, `domain "usps": the name is taken`)
	for text, message := range map[string]string{
		`{"average":1,"step":0.5}`:  "step 0.5, expected",
		`{"average":1,"step":-1}`:   "step -1, expected",
		`{"average":1,"step":1e30}`: "step 1e+30, expected",
		`{"average":"1"}`:           "cannot unmarshal",
	} {
		require.ErrorContains(t, json.Unmarshal([]byte(text), new(Accuracy)), message)
	}
}

func TestChosenTests(t *testing.T) {
	t.Parallel()
	a := Accuracy{Domains: []DomainAccuracy{{"far", .1}, {"own", .8}, {"held", .6}}}
	mean, ok := a.OnSource([]Domain{{Name: "own", Source: true}, {Name: "held", Source: true}, {Name: "far"}})
	require.True(t, ok)
	require.InDelta(t, .7, mean, 1e-15)
	mean, ok = a.OnSource([]Domain{{Name: "own", Source: true}, {Name: "held", Source: true, Held: true}, {Name: "far"}})
	require.True(t, ok)
	require.Equal(t, .6, mean, "the test set is for the end where there are images to validate on")
	_, ok = a.OnSource([]Domain{{Name: "far"}})
	require.False(t, ok)
	require.True(t, Validates(.7, .7), "of equal ones the later")
	require.True(t, Validates(.8, .7))
	require.False(t, Validates(.6, .7))
}

// Runs on the same images have the same checksums, but for what their seeds drew of the
// same source.
func TestOtherImages(t *testing.T) {
	t.Parallel()
	run := func(seed uint64, source string, sums ...string) *Config {
		c := &Config{SourceSum: source, Checksums: map[string]Checksum{}}
		c.Seed = seed
		for i, name := range []string{TrainingSet, "far", "held-out"}[:len(sums)] {
			c.Checksums[name] = Checksum{10, sums[i]}
		}
		return c
	}
	for _, c := range []struct {
		a, b *Config
		want string
	}{
		{run(1, "", "t", "f"), run(2, "", "t", "f"), ""},
		{run(1, "", "t", "f"), run(1, "", "t", "g"), "far"},
		{run(1, "", "t"), run(1, "", "t", "f"), "far"},
		{run(1, "", "t", "f"), run(1, "", "t"), "far"},
		{run(1, "", "t", "f"), run(2, "", "u", "f"), TrainingSet},
		{run(1, "s", "t", "f", "h"), run(2, "s", "u", "f", "i"), ""},
		{run(1, "s", "t", "f", "h"), run(1, "s", "u", "f", "i"), "held-out"},
		{run(1, "s", "t", "f", "h"), run(2, "r", "u", "f", "i"), "held-out"},
		{run(1, "s", "t", "f", "h"), run(2, "s", "u", "g", "i"), "far"},
		{run(1, "s", "t", "f", "h"), run(2, "s", "t", "f"), "held-out"},
		{new(Config), new(Config), ""},
	} {
		require.Equal(t, c.want, OtherImages(c.a, c.b))
	}
	// A seed may hold out one more, of which another cannot be read.
	a, b := run(1, "s", "t", "f", "h"), run(2, "s", "u", "f", "i")
	b.Checksums[TrainingSet], b.Checksums["held-out"] = Checksum{11, "u"}, Checksum{9, "i"}
	require.Empty(t, OtherImages(a, b))
	b.Checksums["held-out"] = Checksum{10, "i"}
	require.NotEmpty(t, OtherImages(a, b))
}

// Of three images of the class b one is taken for a, and nothing is taken for c.
func TestClassScores(t *testing.T) {
	t.Parallel()
	require.Equal(t, []ClassScore{
		{"a", 2, 2. / 3, 1, .8},
		{"b", 3, 1, 2. / 3, .8},
		{"c", 0, 0, 0, 0},
	}, ClassScores([]string{"a", "b", "c"}, []int{2, 0, 0, 1, 2, 0, 0, 0, 0}))
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "runs", "first")
	f, err := Create(dir)
	require.NoError(t, err)
	require.Equal(t, dir, f.Dir)
	_, err = Open(dir)
	require.Equal(t, &InUseError{dir, fmt.Sprint(os.Getpid())}, err)

	require.NoError(t, f.StartMetrics(nil))
	lines := []Line{
		Minimise{Step: 9, Loss: 2, Accuracy: .5, Rate: 100},
		Maximise{Step: 10, Phase: 1, Images: 5},
		Evaluate{Step: 9, Accuracy: Accuracy{[]DomainAccuracy{{"usps", .5}}, .5, NoStep, false},
			Corruptions: map[string][]float64{"fog": {1, .5}}, Best: true},
	}
	for _, line := range lines {
		require.NoError(t, f.Log(line))
	}
	text, err := f.Metrics()
	require.NoError(t, err)
	require.Equal(t, `{"type":"train","step":9,"loss":2,"accuracy":0.5,"images_per_second":100}
{"type":"maximise","step":10,"phase":1,"images":5,"cross_entropy":0,"entropy":0,"distance":0,"images_per_second":0,"seconds":0}
{"type":"evaluate","step":9,"accuracy":{"average":0.5,"usps":0.5},"corruptions":{"fog":[1,0.5]},"best":true,`+
		`"images_per_second":0,"peak_rss_bytes":0,"seconds":0}
`, string(text))

	config := &Config{Settings: Settings{Images: catalog.Images{Dataset: "digits"}, Model: "lenet5", Settings: catalog.Digits(catalog.ERM)},
		Domains: []Domain{{Name: "usps", Images: 7}}, Checksums: map[string]Checksum{TrainingSet: {60, "ab"}}}
	require.NoError(t, f.WriteConfig(config))
	unfinished, err := Unfinished(dir)
	require.NoError(t, err)
	require.Equal(t, config.Settings, unfinished.Settings)
	settings, err := ReadSettings(dir)
	require.NoError(t, err)
	require.Equal(t, []Setting{{"dataset", "digits"}, {"model", "lenet5"}}, settings[:2])

	sample := Sample{Phase: 10, Width: 1, Labels: []int{1}}
	picture, err := f.WriteSample(&sample, func(w io.Writer) error { _, err := w.Write([]byte("png")); return err })
	require.NoError(t, err)
	require.FileExists(t, f.Path(picture))
	sample.Phase = 9
	_, err = f.WriteSample(&sample, func(io.Writer) error { return nil })
	require.NoError(t, err)
	samples, err := ReadSamples(dir)
	require.NoError(t, err)
	require.Len(t, samples, 2)
	require.Equal(t, 9, samples[0].Phase)
	require.Equal(t, f.Path(picture), samples[1].Picture)

	confusion := &Confusion{Step: 9, Domains: []DomainConfusion{{Name: "usps", Counts: []int{1, 2, 3, 4}}}}
	require.NoError(t, f.WriteConfusion(confusion))
	readBack, err := ReadConfusion(dir)
	require.NoError(t, err)
	require.Equal(t, confusion, readBack)

	summary, err := ReadSummary(dir)
	require.NoError(t, err)
	require.Nil(t, summary, "the run is not complete")
	require.NoError(t, f.FinishMetrics())
	sum := &Summary{Algorithm: "erm", Complete: true}
	sum.Accuracy.Last = &Accuracy{Average: 1, Step: 9}
	require.NoError(t, f.WriteSummary(sum))
	f.Close()
	summary, err = ReadSummary(dir)
	require.NoError(t, err)
	require.Equal(t, sum, summary)
	_, err = Open(dir)
	require.Equal(t, &CompleteError{dir}, err)
	unfinished, err = Unfinished(dir)
	require.NoError(t, err)
	require.Nil(t, unfinished)

	var read []Line
	for line, err := range ReadMetrics(dir) {
		require.NoError(t, err)
		read = append(read, line)
	}
	require.Equal(t, lines, read)

	second, err := Create(dir)
	require.NoError(t, err)
	require.Equal(t, dir+"-2", second.Dir, "nothing is overwritten")
	require.NoError(t, second.WriteConfig(&Config{}))
	second.Close()
	third, err := Create(dir + "/")
	require.NoError(t, err)
	require.Equal(t, dir+"-3", third.Dir, "beside the first one")
	third.Close()
}

// What killed processes leave before a run began is no run.
func TestCreateInAnUnusedFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{LockFile, ConfigFile + ".meada-1.tmp"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o666))
	}
	f, err := Create(dir)
	require.NoError(t, err)
	require.Equal(t, dir, f.Dir)
	f.Close()

	note := filepath.Join(dir, LockFile)
	require.NoError(t, os.WriteFile(note, []byte("a file of mine"), 0o666))
	_, err = Create(note)
	require.ErrorContains(t, err, note+": a file, expected a folder for the run")
	f, err = Create(dir)
	require.NoError(t, err)
	require.Equal(t, dir+"-2", f.Dir)
	f.Close()
	text, err := os.ReadFile(note)
	require.NoError(t, err)
	require.Equal(t, "a file of mine", string(text))
}

// The number goes behind the name of the working folder or the one above it, which
// "." and ".." do not say.
func TestCreateInTheWorkingFolder(t *testing.T) {
	parent := t.TempDir()
	work := filepath.Join(parent, "work")
	require.NoError(t, os.Mkdir(work, 0o777))
	t.Chdir(work)
	for _, c := range []struct{ dir, want string }{{".", "."}, {".", work + "-2"}, {"..", parent + "-2"}, {"../work/.", filepath.Join("..", "work-3")}} {
		f, err := Create(c.dir)
		require.NoError(t, err, c.dir)
		require.Equal(t, c.want, f.Dir, c.dir)
		f.Close()
		require.NoError(t, os.WriteFile(filepath.Join(f.Dir, ConfigFile), nil, 0o666))
	}
}

// FuzzMetrics feeds metrics.jsonl. What is read is written as it was, and the
// errors name the file.
func FuzzMetrics(f *testing.F) {
	f.Add([]byte(`{"type":"train","step":9,"loss":2}` + "\n" + `{"type":"later"}` + "\n" + `{"type":"ev`))
	f.Add([]byte(`{"type":"evaluate","step":-1,"accuracy":{"average":1e-400,"step":3},"corruptions":{"fog":null}}` + "\n"))
	f.Add([]byte(`{"type":"evaluate","accuracy":null}` + "\n" + `{"type":"maximise","images":1e3}` + "\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(dir, MetricsFile)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		n := 0
		for line, err := range ReadMetrics(dir) {
			if err != nil {
				require.ErrorContains(t, err, path)
				return
			}
			n++
			text, err := encodeLine(line)
			require.NoError(t, err)
			back, err := decodeLine(text)
			require.NoError(t, err)
			again, err := encodeLine(back)
			require.NoError(t, err)
			require.Equal(t, string(text), string(again))
		}
		require.LessOrEqual(t, n, bytes.Count(content, []byte("\n")))
	})
}

// Folders of other programs that keep a config.json are no runs.
func TestFoldersOfRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"run": `{"config_sha256": "1"}`, "model": `{"hidden_size": 1}`, "damaged": `{`, "list": `[]`} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, ConfigFile), []byte(text), 0o600))
	}
	all, err := Expand([]string{dir})
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "damaged"), filepath.Join(dir, "run")}, all)
	file := filepath.Join(dir, "run", ConfigFile)
	_, err = Expand([]string{file})
	require.ErrorIs(t, err, dataset.ErrData)
	require.ErrorContains(t, err, file)
}

// Pairs give the scores of the matrix that they are of.
func TestScoresOfPairs(t *testing.T) {
	t.Parallel()
	classes := []string{"a", "b", "c"}
	counts := []int{3, 1, 0, 0, 2, 2, 0, 0, 0}
	scores := ClassScores(classes, counts)
	require.InDelta(t, 4./7, scores[1].F1, 1e-15)
	scores[1].F1 = 0
	require.Equal(t, ClassScore{Class: "b", Images: 4, Precision: 2. / 3, Recall: .5}, scores[1])
	scores = ClassScores(classes, counts)
	require.Equal(t, ClassScore{Class: "c"}, scores[2], "no image is of it, and two that are said to be are not")
	require.Equal(t, scores, PairScores(classes, [][3]int{{0, 0, 3}, {0, 1, 1}, {1, 1, 2}, {1, 2, 2}}))
}

// Weights to begin with may be those of a run, as everywhere.
func TestWeightsOfARunFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := Settings{Weights: dir}
	_, err := s.WeightsFile()
	require.ErrorContains(t, err, "a folder without weights")
	for _, name := range []string{BestFile, LastFile, ValidatedFile} {
		want := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(want, nil, 0o666))
		got, err := s.WeightsFile()
		require.NoError(t, err)
		require.Equal(t, want, got)
		s.Weights = want
		got, err = s.WeightsFile()
		require.NoError(t, err)
		require.Equal(t, want, got)
		s.Weights = dir
	}
}

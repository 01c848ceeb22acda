package predict

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// picture returns a PNG file of one shade.
func picture(t *testing.T, shade uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 9, 5))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}

// place writes a picture file, and the folders that it lies in.
func place(t *testing.T, content []byte, elements ...string) {
	t.Helper()
	path := filepath.Join(elements...)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, content, 0o666))
}

func TestTrueClass(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dog") // above what is named, where it means nothing
	require.NoError(t, os.MkdirAll(dir, 0o777))
	t.Chdir(dir)
	for _, path := range []string{"in/test-x/dog/a.png", "in/test-x/cat/old/dog/b.png", "in/c.png", "cat/d.png"} {
		place(t, picture(t, 0), filepath.FromSlash(path))
	}
	classes := []string{"cat", "dog"}
	for _, c := range []struct {
		paths string
		want  string // the true classes in order
	}{
		{"in", "- cat dog"},
		{"in/test-x", "cat dog"},
		{"in/test-x/cat", "cat"},
		{"in/test-x/cat/old/dog", "dog"},
		{"in/test-x/cat/old/dog/b.png", "dog"},
		{"in/c.png cat/d.png -", "- cat -"},
		{"cat/../in/c.png", "-"},
	} {
		found, _, err := Pictures(strings.Fields(c.paths), classes)
		require.NoError(t, err)
		var truths []string
		for _, p := range found {
			if p.True == "" {
				p.True = "-"
			}
			truths = append(truths, p.True)
		}
		require.Equal(t, c.want, strings.Join(truths, " "), c.paths)
	}
	t.Chdir(filepath.Join("in", "test-x", "cat"))
	found, _, err := Pictures([]string{"."}, classes)
	require.NoError(t, err)
	require.Equal(t, "cat", found[0].True)
	found, _, err = Pictures([]string{"."}, []string{"bird"})
	require.NoError(t, err)
	require.Empty(t, found[0].True)
}

// A folder beside those of classes that is none is refused, by itself it is taken.
func TestOtherFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, folders := range []string{"", "in/cat/tabby", "in/dog", "in/eel/old", "beside"} {
		place(t, picture(t, 1), dir, folders, "1.png")
	}
	classes := []string{"cat", "dog"}
	for _, path := range []string{dir, filepath.Join(dir, "in")} {
		_, _, err := Pictures([]string{path}, classes)
		require.ErrorContains(t, err, path+": its folders are named like classes, but for eel: those of the weights are cat and dog", path)
	}
	found, _, err := Pictures([]string{filepath.Join(dir, "in", "eel"), filepath.Join(dir, "in", "dog"), filepath.Join(dir, "beside")}, classes)
	require.NoError(t, err)
	require.Len(t, found, 3)
	found, _, err = Pictures([]string{dir}, []string{"bird"})
	require.NoError(t, err)
	require.Len(t, found, 5)
}

// predictor returns one of a small network of three classes, and the folder of its
// pictures: more than two batches, one of which cannot be read.
func predictor(t *testing.T) (*Predictor, string) {
	t.Helper()
	network := zoo.LeNet5(3)
	network.Init(1)
	engine := tensor.NewEngineOn(1, nil)
	t.Cleanup(engine.Close)
	dir := t.TempDir()
	for n := range 2*batch + 7 {
		place(t, picture(t, uint8(2*n)), dir, []string{"a", "b", ""}[n%3], string(rune('A'+n/26))+string(rune('A'+n%26))+".png")
	}
	place(t, []byte("no picture"), dir, "b", "bad.png")
	return &Predictor{Engine: engine, Network: network, Classes: []string{"a", "b", "c"}, Top: 1, Warn: func(error) {}}, dir
}

func TestRun(t *testing.T) {
	t.Parallel()
	p, dir := predictor(t)
	pictures, _, err := Pictures([]string{dir}, p.Classes)
	require.NoError(t, err)
	var warnings []string
	p.Warn = func(err error) { warnings = append(warnings, err.Error()) }
	p.Top = 5
	var all []Prediction
	out := &Printer{func(one Prediction) error { all = append(all, one); return nil }, func() error { return nil }}
	summary, err := p.Run(pictures, out)
	require.ErrorContains(t, err, "1 of 136 pictures")
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0], filepath.Join("b", "bad.png"))
	require.Len(t, all, 2*batch+7)

	right := map[string]int{}
	at := 0
	for _, one := range all {
		for pictures[at].File != one.File { // in the order of the files, without the bad one
			at++
		}
		require.Equal(t, pictures[at].True, one.True)
		require.Equal(t, map[string]string{"a": "a", "b": "b"}[filepath.Base(filepath.Dir(one.File))], one.True)
		require.Len(t, one.Top, 3, "there are no more classes")
		require.Equal(t, one.Ranked, one.Top[0])
		total := 0.0
		for i, r := range one.Top {
			total += r.Probability
			require.Equal(t, p.Classes[r.Label], r.Class)
			require.True(t, i == 0 || r.Probability <= one.Top[i-1].Probability)
		}
		require.InDelta(t, 1, total, 1e-12)
		if one.Class == one.True {
			right[one.True]++
		}
	}
	require.Equal(t, []int{45, 45, 0}, summary.total)
	require.Equal(t, []int{right["a"], right["b"], 0}, summary.right)
	require.Equal(t, 45, summary.withoutFolder)
}

// An output that fails, as a pipe whose reader has gone, ends it at once.
func TestRunEndsWithItsOutput(t *testing.T) {
	t.Parallel()
	p, dir := predictor(t)
	pictures, _, err := Pictures([]string{dir}, p.Classes)
	require.NoError(t, err)
	gone := errors.New("gone")
	calls := 0
	_, err = p.Run(pictures, &Printer{func(Prediction) error { calls++; return gone }, func() error { return nil }})
	require.ErrorIs(t, err, gone)
	require.Equal(t, 1, calls)
}

func TestRank(t *testing.T) {
	t.Parallel()
	p := Predictor{Classes: []string{"a", "b", "c", "d"}, Top: 3}
	var classes []string
	for _, r := range p.rank([]float32{1, 3, 1, 3}) {
		classes = append(classes, r.Class)
	}
	require.Equal(t, []string{"b", "d", "a"}, classes, "of equal ones the first")
}

func TestFormats(t *testing.T) {
	t.Parallel()
	classes := []string{"a", "a class of many words"}
	one := Prediction{File: "x.png", Ranked: Ranked{classes[1], 1, 0.75}, Entropy: 0.5, True: "a"}
	one.Top = []Ranked{one.Ranked, {"a", 0, 0.25}}
	for format, want := range map[string]string{
		JSON: `{"file":"x.png","class":"a class of many words","label":1,"probability":0.75,"entropy":0.5,"true":"a",` +
			`"top":[{"class":"a class of many words","label":1,"probability":0.75},{"class":"a","label":0,"probability":0.25}]}` + "\n",
		CSV: "file,class,label,probability,entropy,true,class_2,label_2,probability_2\n" +
			"x.png,a class of many words,1,0.75,0.5,a,a,0,0.25\n",
		Table: "class                 probability   entropy  true class             file\n" +
			"a class of many words      0.7500    0.5000  a                      x.png\n" +
			"a                          0.2500\n",
	} {
		var b strings.Builder
		p := NewPrinter(&b, format, classes, Columns{True: true, Top: 5})
		require.NoError(t, p.print(one))
		require.NoError(t, p.flush())
		require.Equal(t, want, b.String(), format)
	}
	odd := "c\x1b[2J\n"
	var table strings.Builder
	require.NoError(t, NewPrinter(&table, Table, []string{odd}, Columns{True: true}).print(
		Prediction{File: "x\x1b.png", Ranked: Ranked{odd, 0, 1}, True: odd, Top: []Ranked{{odd, 0, 1}, {odd, 0, 0}}}))
	sums := newSummary([]string{odd})
	sums.add(Prediction{Ranked: Ranked{Class: odd}, True: odd})
	require.NoError(t, sums.Print(&table))
	require.Equal(t, ""+
		"class            probability   entropy  true class        file\n"+
		`c\x1b[2J\n            1.0000    0.0000  c\x1b[2J\n        x\x1b.png`+"\n"+
		`c\x1b[2J\n            0.0000`+"\n"+
		"true class        pictures     right  accuracy\n"+
		`c\x1b[2J\n               1         1   100.00%`+"\n"+
		"all                      1         1   100.00%\n", table.String())

	s := newSummary([]string{"a", "b", "c"})
	var b strings.Builder
	require.NoError(t, s.Print(&b))
	require.Empty(t, b.String())
	for _, truth := range []string{"a", "a", "a", "b", ""} {
		s.add(Prediction{Ranked: Ranked{Class: "a"}, True: truth})
	}
	require.NoError(t, s.Print(&b))
	require.Equal(t, ""+
		"true class        pictures     right  accuracy\n"+
		"a                        3         3   100.00%\n"+
		"b                        1         0     0.00%\n"+
		"all                      4         3    75.00%\n"+
		"in no class              1\n", b.String())
}

func TestNamesThatAreNotUTF8(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, NewPrinter(&out, JSON, nil, Columns{}).print(Prediction{File: "caf\xe9.png"}))
	var got struct {
		FileBytes []byte `json:"file_bytes"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	require.Equal(t, "caf\xe9.png", string(got.FileBytes))
}

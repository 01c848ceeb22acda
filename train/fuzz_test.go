package train

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// FuzzCheckpoint changes what a checkpoint says of the position of a run and of
// its training set, under a checksum that is right again. A run either refuses it or goes
// on.
func FuzzCheckpoint(f *testing.F) {
	p, dir := procedures(f)["epochs"], f.TempDir()
	s := p.start(f, 1, nil, nil)
	defer s.engine.Close()
	var saved []*Checkpoint // of a descent step, of a phase, of a test
	for kind := Minimise; kind <= Evaluate; kind++ {
		for s.at.Kind != kind || s.at.Phase == 0 || kind != Minimise && s.at.Done == 0 {
			s.step(f)
		}
		folder := NewCheckpoints(filepath.Join(dir, strconv.Itoa(len(saved))))
		require.NoError(f, folder.Write(s.Trainer, nil))
		c, err := folder.Read()
		require.NoError(f, err)
		f.Add(byte(kind), c.tensors[stateTensor].Bytes, byte(0), []byte(nil))
		f.Add(byte(kind), c.tensors[stateTensor].Bytes, byte(7), []byte{1, 1})
		saved = append(saved, c)

		text := string(c.tensors[stateTensor].Bytes)
		for _, change := range []string{`"Offset":9`, `"Domain":9`, `"Done":-1`, `"Kind":7`, `"Round":9223372036854775807`, `"Phase":9223372036854775807`} {
			key, _, _ := strings.Cut(change, ":")
			number := regexp.MustCompile(key + `:\d+`)
			f.Add(byte(kind), []byte(number.ReplaceAllString(text, change)), byte(0), []byte(nil))
		}
	}
	engine := tensor.NewEngineOn(1, nil)
	f.Cleanup(engine.Close)
	f.Fuzz(func(t *testing.T, kind byte, state []byte, at byte, order []byte) {
		from := saved[int(kind)%len(saved)]
		tensors := maps.Clone(from.tensors)
		tensors[stateTensor] = bytesTensor(stateTensor, state)
		changed := tensors[orderTensor]
		changed.Int64 = slices.Clone(changed.Int64)
		for i, b := range order {
			changed.Int64[(int(at)+i)%len(changed.Int64)] = int64(int8(b))
		}
		tensors[orderTensor] = changed
		list := slices.Collect(maps.Values(tensors))
		require.NoError(t, safetensors.Write(from.path, list, map[string]string{metaFormat: formatName, metaSum: checksum(list)}))

		c, err := NewCheckpoints(filepath.Dir(from.path)).Read()
		if err != nil {
			require.ErrorContains(t, err, from.path)
			return
		}
		resumed, err := Resume(engine, p.network(), p.data, p.config, c)
		if err != nil {
			require.ErrorContains(t, err, filepath.Dir(from.path))
			return
		}
		for range 3 {
			if !resumed.Done() {
				if _, err := resumed.Step(); err != nil {
					return // training may well diverge from here
				}
			}
		}
	})
}

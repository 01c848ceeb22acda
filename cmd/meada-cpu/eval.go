package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/npy"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// evalSettings are what the flags of eval decide.
type evalSettings struct {
	weights, dataset, data string
	logits                 string
	threads                int
	direct, json           bool
}

// flags defines the flags of eval.
func (s *evalSettings) flags() *flags {
	f := newFlags("eval")
	f.string(&s.weights, "weights")
	choice(f, &s.dataset, "dataset", datasets...)
	f.string(&s.data, "data")
	f.string(&s.logits, "logits")
	f.integer(&s.threads, "threads", 1)
	f.bool(&s.direct, "direct")
	f.bool(&s.json, "json")
	return f
}

func runEval(std streams, args []string) error {
	var s evalSettings
	if err := s.flags().parse(args); err == errHelp {
		return runHelp(std, []string{"eval"})
	} else if err != nil {
		return err
	}
	if s.weights == "" {
		return usageError("eval needs --weights FILE")
	}
	w, err := readWeights(s.weights)
	if err != nil {
		return err
	}
	if s.dataset == "" {
		s.dataset = w.metadata[metaDataset]
		if !slices.Contains(datasets, s.dataset) {
			return usageError("%s does not say which dataset it belongs to, use --dataset", s.weights)
		}
	}
	data, err := loadData(s.dataset, s.data)
	if err != nil {
		return err
	}
	network := zoo.LeNet5(len(data.Classes))
	if err := w.apply(network); err != nil {
		return err
	}
	if s.logits != "" {
		if err := os.MkdirAll(s.logits, 0o777); err != nil {
			return err
		}
	}

	engine := tensor.NewEngine(s.threads, nil)
	defer engine.Close()
	engine.Direct = s.direct
	evaluator := train.NewEvaluator(engine, network)
	accuracy := make([]float64, len(data.Domains))
	for i := range data.Domains {
		d := &data.Domains[i]
		logits := make([]float32, 0, d.N*network.Classes)
		correct := 0
		for first := 0; first < d.N; {
			batch := evaluator.Logits(&d.Images, first)
			correct += train.Correct(batch, d.Labels[first:][:batch.N])
			for n := range batch.N {
				logits = append(logits, batch.Image(n)...)
			}
			first += batch.N
		}
		accuracy[i] = float64(correct) / float64(d.N)
		if s.logits != "" {
			array := npy.Array{Shape: []int{d.N, network.Classes}, Float32: logits}
			if err := npy.Write(filepath.Join(s.logits, d.Name+".npy"), array); err != nil {
				return err
			}
		}
	}
	named := accuracies(data.Domains, accuracy)
	if s.json {
		return json.NewEncoder(std.out).Encode(struct {
			Accuracy map[string]float64 `json:"accuracy"`
			Dataset  string             `json:"dataset"`
			Model    string             `json:"model"`
			Weights  string             `json:"weights"`
			SIMD     string             `json:"simd"`
			Threads  int                `json:"threads"`
		}{named, s.dataset, network.Name, s.weights, simd.Active().Name, engine.Threads()})
	}
	for _, a := range data.Absent {
		fmt.Fprintf(std.err, "absent: %s\n", a)
	}
	printAccuracies(std.out, data.Domains, column{"accuracy, %", named})
	return nil
}

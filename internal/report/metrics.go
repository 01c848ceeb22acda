package report

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
)

// Metrics writes where a run stands in the text format of Prometheus.
func (r *Run) Metrics(w io.Writer) error {
	var b bytes.Buffer
	family := func(name, help string, samples ...string) {
		if len(samples) == 0 {
			return
		}
		fmt.Fprintf(&b, "# HELP meada_%s %s\n# TYPE meada_%s gauge\n", name, help, name)
		for _, s := range samples {
			fmt.Fprintf(&b, "meada_%s%s\n", name, s)
		}
	}
	complete := 0.0
	if r.Summary != nil {
		complete = 1
	}
	c := r.Config
	family("run_info", "What is trained.", labelled(1, "algorithm", string(c.Algorithm), "dataset", c.Dataset, "model", c.Model,
		"seed", fmt.Sprint(c.Seed), "simd", c.SIMD, "version", c.Version))
	family("complete", "Whether the run is complete.", plain(complete))
	family("steps", "Descent steps done.", plain(float64(r.steps())))
	family("steps_planned", "Descent steps of the run.", plain(float64(c.Steps)))
	family("phases", "Maximisation phases done.", plain(float64(len(r.Phases))))
	family("training_images", "Images of the training set, which phases enlarge.", plain(float64(r.trainingImages(len(r.Phases)))))
	var rates []string
	if n := len(r.Descent); n > 0 {
		d := r.Descent[n-1]
		family("train_loss", "What steps minimise, mean of the last batches: the cross-entropy in nats, and the terms beside it where there are any.", plain(d.Loss))
		family("train_accuracy", "Accuracy on the last batches, a fraction.", plain(d.Accuracy))
		rates = append(rates, labelled(d.Rate, "work", "descent"))
	}
	if n := len(r.Phases); n > 0 {
		p := r.Phases[n-1]
		family("maximise_entropy", "Mean entropy of the predictions for the last phase's images, in nats.", plain(p.Entropy))
		family("maximise_cross_entropy", "Mean cross-entropy of the last phase's images, in nats.", plain(p.CrossEntropy))
		rates = append(rates, labelled(p.Rate, "work", "maximisation"))
	}
	family("images_per_second", "Images worked through a second; of a phase, once for each ascent step.", rates...)
	if t := r.last(); t != nil {
		var accuracies []string
		for _, d := range r.domains() {
			accuracy, _ := t.Accuracy.Of(d.Name)
			accuracies = append(accuracies, labelled(accuracy, "domain", d.Name, "source", strconv.FormatBool(d.Source)))
		}
		family("accuracy", "Accuracy on a domain at the last test, a fraction.", accuracies...)
		if !t.Accuracy.Alone {
			family("accuracy_average", "Mean accuracy over the target domains at the last test.", plain(t.Accuracy.Average))
		}
		family("tested_step", "Descent step of the last test.", plain(float64(t.Step)))
	}
	if n := r.peakRSS(); n > 0 {
		family("peak_resident_bytes", "Largest resident size so far.", plain(float64(n)))
	}
	family("goroutines", "Goroutines of the process that answers this.", plain(float64(runtime.NumGoroutine())))
	_, err := w.Write(b.Bytes())
	return err
}

func plain(v float64) string { return " " + strconv.FormatFloat(v, 'g', -1, 64) }

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// labelled returns a sample with labels, given as names and values in turn.
func labelled(v float64, labels ...string) string {
	var pairs []string
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, labels[i]+`="`+labelEscapes.Replace(labels[i+1])+`"`)
	}
	return "{" + strings.Join(pairs, ",") + "}" + plain(v)
}

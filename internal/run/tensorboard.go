package run

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/format/tfevents"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// eventLog repeats the lines of metrics.jsonl, and the pictures of samples, to
// TensorBoard.
type eventLog struct{ *tfevents.Writer }

// startEvents begins an event file if the options say so, or if the run that is
// resumed has one. That of a resumed run repeats what the run has logged so far, and
// takes the place of those that the processes before have written: a TensorBoard that
// has read them forgets them.
func (r *run) startEvents() error {
	resumed := r.Resume != ""
	if !r.TensorBoard && !(resumed && tfevents.Exist(r.folder.Dir)) {
		return nil
	}
	events, err := tfevents.Create(r.folder.Dir, time.Now())
	if err != nil {
		return err
	}
	r.events = &eventLog{events}
	if !resumed {
		return nil
	}
	if err := events.Restart(time.Now()); err != nil {
		return err
	}
	for line, err := range runfolder.ReadMetrics(r.folder.Dir) {
		if err != nil {
			return err
		}
		if err := r.events.log(line); err != nil {
			return err
		}
		if phase, ok := line.(runfolder.Maximise); ok && phase.Images > 0 {
			if err := r.repeatPicture(phase.Phase); err != nil {
				return err
			}
		}
	}
	if err := events.RemoveEarlier(); err != nil { // Windows keeps what TensorBoard has open
		fmt.Fprintf(r.Log, "warning: event files that are out of date stay: %v\n", err)
	}
	return nil
}

// repeatPicture records the picture of a phase that is done.
func (r *run) repeatPicture(phase int) error {
	samples, err := runfolder.ReadSamples(r.folder.Dir)
	if err != nil {
		return err
	}
	for _, s := range samples {
		if s.Phase == phase {
			return r.events.sample(&s.Sample, s.Picture)
		}
	}
	return nil
}

// sample records the picture of a phase's sample.
func (l eventLog) sample(s *runfolder.Sample, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	size, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return &dataset.Error{Path: path, Err: err}
	}
	return l.Image(time.Now(), s.Step, fmt.Sprintf("%s/phase-%d", runfolder.SampleFolder, s.Phase), size.Width, size.Height, content)
}

// log records the values of a line of metrics.
func (l eventLog) log(line runfolder.Line) error {
	now := time.Now()
	var step int
	var values []tagged
	switch m := line.(type) {
	case runfolder.Minimise:
		step, values = m.Step, []tagged{
			{"train/loss", m.Loss}, {"train/accuracy", m.Accuracy}, {"images_per_second/descent", m.Rate},
			{"train/learning_rate", m.LR},
		}
	case runfolder.Maximise:
		step, values = m.Step, []tagged{
			{"maximise/cross_entropy", m.CrossEntropy}, {"maximise/entropy", m.Entropy}, {"maximise/distance", m.Distance},
			{"maximise/images_added", float64(m.Images)}, {"images_per_second/maximisation", m.Rate},
		}
	case runfolder.Evaluate:
		step = m.Step
		if !m.Accuracy.Alone {
			values = append(values, tagged{"accuracy/average", m.Accuracy.Average})
		}
		for _, d := range m.Accuracy.Domains {
			values = append(values, tagged{"accuracy/" + d.Name, d.Value})
			if loss, ok := m.NLL[d.Name]; ok {
				values = append(values, tagged{"loss/" + d.Name, loss})
			}
		}
	}
	for _, v := range values {
		if err := l.Scalar(now, step, v.tag, v.value); err != nil {
			return err
		}
	}
	return nil
}

type tagged struct {
	tag   string
	value float64
}

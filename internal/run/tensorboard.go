package run

import (
	"os"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/format/tfevents"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

// eventLog repeats the lines of metrics.jsonl, and the pictures of samples, to
// TensorBoard.
type eventLog struct{ *tfevents.Writer }

// log records the values of a line of metrics.
func (l eventLog) log(line runfolder.Line) error {
	now := time.Now()
	var step int
	var values []tagged
	switch m := line.(type) {
	case runfolder.Minimise:
		step, values = m.Step, []tagged{
			{"train/loss", m.Loss}, {"train/accuracy", m.Accuracy}, {"images_per_second/descent", m.Rate},
		}
	case runfolder.Maximise:
		step, values = m.Step, []tagged{
			{"maximise/cross_entropy", m.CrossEntropy}, {"maximise/entropy", m.Entropy}, {"maximise/distance", m.Distance},
			{"maximise/images_added", float64(m.Images)}, {"images_per_second/maximisation", m.Rate},
		}
	case runfolder.Evaluate:
		step = m.Step
		values = append(values, tagged{"accuracy/average", m.Accuracy.Average})
		for _, d := range m.Accuracy.Domains {
			values = append(values, tagged{"accuracy/" + d.Name, d.Value})
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

// picture records a PNG file of width x height pixels.
func (l eventLog) picture(step int, tag string, width, height int, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return l.Image(time.Now(), step, tag, width, height, content)
}

package corrupt

import (
	"math"
	"sort"
)

// gaussianNoise adds N(0, sigma) to every value.
func (w *worker) gaussianNoise(severity int) {
	sigma := [...]float64{0.04, 0.06, 0.08, 0.09, 0.10}[severity]
	w.load()
	for i := range w.x {
		w.x[i] += float64(sigma * w.random.Normal())
	}
	w.store()
}

// speckleNoise adds N(0, sigma) times the value to every value.
func (w *worker) speckleNoise(severity int) {
	sigma := [...]float64{0.06, 0.1, 0.12, 0.16, 0.2}[severity]
	w.load()
	for i, v := range w.x {
		w.x[i] += float64(v * float64(sigma*w.random.Normal()))
	}
	w.store()
}

// impulseNoise replaces values by 0 or 1, with equal chances.
func (w *worker) impulseNoise(severity int) {
	amount := [...]float64{0.01, 0.02, 0.03, 0.05, 0.07}[severity]
	w.load()
	for i := range w.x {
		switch u := w.random.Float64(); {
		case u < amount/2:
			w.x[i] = 0
		case u < amount:
			w.x[i] = 1
		}
	}
	w.store()
}

// photons is the number of photons that make the value 1, by severity.
var photons = [Severities]float64{500, 250, 100, 75, 50}

// shotNoise replaces every value by the photons that were counted for it.
func (w *worker) shotNoise(severity int) {
	tables := &w.poisson()[severity]
	for i, b := range w.src {
		w.x[i] = float64(tables[b].draw(w.random.Float64())) / photons[severity]
	}
	w.store()
}

// quantiles are the cumulative probabilities of first, first+1, ... photons.
type quantiles struct {
	first      int
	cumulative []float64
}

// draw returns the count at which the cumulative probability passes u.
func (q *quantiles) draw(u float64) int {
	return q.first + sort.Search(len(q.cumulative), func(i int) bool { return u < q.cumulative[i] })
}

// shotQuantiles tabulates the Poisson distribution of every byte. Counts beyond
// ten standard deviations of the mean are left out, as less likely than 2^-53.
func shotQuantiles() *[Severities][256]quantiles {
	var tables [Severities][256]quantiles
	for severity := range tables {
		for b := range tables[severity] {
			mean := float64(float64(b) / 255 * photons[severity])
			reach := float64(10*math.Sqrt(mean)) + 10
			q := &tables[severity][b]
			q.first = max(0, int(mean-reach))
			term, sum := exp(-mean), 0.0
			for k := 0; float64(k) < mean+reach; k++ {
				if k > 0 {
					term = term * mean / float64(k)
				}
				sum += term
				if k >= q.first {
					q.cumulative = append(q.cumulative, sum)
				}
			}
		}
	}
	return &tables
}

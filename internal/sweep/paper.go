package sweep

import (
	"math"
	"slices"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/sweep/statistics"
)

// published are figures of the paper to compare with.
type published struct {
	figures map[catalog.Algorithm]map[string]cell // by domain
	runs    int                                   // 0 where that is not stated
	source  string                                // where they are from
}

// digitsPaper are the figures of the digits benchmark.
var digitsPaper = published{
	runs: 10,
	figures: map[catalog.Algorithm]map[string]cell{
		catalog.ERM: {"svhn": {31.95, 1.91}, "mnist-m": {55.96, 1.39}, "syn": {43.85, 1.27}, "usps": {79.92, 0.98}, average: {52.92, 0.98}},
		catalog.ADA: {"svhn": {35.70, 2.00}, "mnist-m": {58.65, 1.72}, "syn": {47.18, 0.61}, "usps": {80.40, 1.70}, average: {55.48, 0.74}},
		catalog.MEADA: {"svhn": {42.00, 1.74}, "mnist-m": {63.98, 1.82}, "syn": {49.80, 1.74}, "usps": {79.10, 1.03},
			average: {58.72, 1.12}},
		catalog.RandConv:    alone(map[string]float64{"svhn": 61.66, "mnist-m": 84.53, "syn": 67.87, "usps": 85.31, average: 74.84}),
		catalog.ProRandConv: alone(map[string]float64{"svhn": 69.67, "mnist-m": 82.30, "syn": 79.77, "usps": 93.67, average: 81.35}),
	},
	source: "paper: figures of the ME-ADA paper's protocol as the GLOT-DR thesis (table 7.2) quotes them; where not all of " +
		"its targets are there, its average is over those that are, without a deviation. published: the table of Choi et al., CVPR 2023.",
}

// alone returns means without deviations.
func alone(means map[string]float64) map[string]cell {
	cells := map[string]cell{}
	for column, mean := range means {
		cells[column] = cell{mean, math.NaN()}
	}
	return cells
}

// augMixPublished are RobustBench's mean accuracies of AugMix's WRN-40-2.
var augMixPublished = map[string]float64{"cifar10": 88.82, "cifar100": 64.11}

// cifarPaper are the mean accuracies over 15 corruptions and 5 severities, by
// dataset and network; the paper gives no deviations.
var cifarPaper = map[string]map[string][3]float64{ // ERM, ADA, ME-ADA
	"cifar10": {
		"allconv": {69.2, 73.0, 78.2}, "densenet-40-12": {69.3, 69.8, 76.9},
		"wrn-40-2": {73.1, 79.7, 83.3}, "resnext29-4x32": {72.5, 78.0, 83.4},
	},
	"cifar100": {
		"allconv": {43.6, 45.3, 51.2}, "densenet-40-12": {40.7, 45.2, 47.8},
		"wrn-40-2": {46.7, 50.4, 52.8}, "resnext29-4x32": {46.6, 53.4, 57.3},
	},
}

// paperFigures returns the paper's figures to set beside those of a network on
// some target domains of a dataset, none if nothing compares.
func paperFigures(dataset, model string, targets []string) published {
	if dataset == "digits" && model == "lenet5" && len(targets) > 0 {
		return digitsPaper
	}
	means, ok := cifarPaper[dataset][model]
	if !ok || !slices.Equal(targets, corrupt.Paper()) {
		return published{}
	}
	p := published{
		figures: map[catalog.Algorithm]map[string]cell{},
		source:  "paper: the mean over 15 corruptions and 5 severities, as the GLOT-DR thesis (table 5.1) quotes it.",
	}
	for i, a := range catalog.Paper {
		p.figures[a] = alone(map[string]float64{average: means[i]})
	}
	if model == "wrn-40-2" {
		p.figures[catalog.AugMix] = alone(map[string]float64{average: augMixPublished[dataset]})
		p.source += " published: AugMix's model in RobustBench."
	}
	return p
}

// row is the paper's row of an algorithm. Where only some of the paper's
// targets were tested, its average is that over them.
func (p published) row(a catalog.Algorithm, figures map[string]cell, columns, targets []string) tableRow {
	row := tableRow{method: method(a), selection: "paper, best on targets", runs: p.runs}
	if !slices.Contains(catalog.Paper, a) {
		row.selection, row.runs = "published", 0
	}
	unknown := cell{math.NaN(), math.NaN()}
	for _, column := range columns {
		c, ok := figures[column]
		if !ok {
			c = unknown
		}
		row.cells = append(row.cells, c)
	}
	if len(targets) == len(figures)-1 || len(figures) == 1 {
		return row
	}
	var means []float64
	for _, target := range targets {
		c, ok := figures[target]
		if !ok {
			c = unknown
		}
		means = append(means, c.mean)
	}
	row.cells[len(targets)] = cell{statistics.Mean(means), math.NaN()}
	return row
}

// publishedFor returns the published settings for the dataset and the network of
// some settings.
func publishedFor(s *runfolder.Settings) *runfolder.Settings {
	official := *s
	if d, err := catalog.FindDataset(s.Dataset); err == nil {
		if preset, err := catalog.FindPreset(d.Preset); err == nil {
			official.Settings = preset.Settings(s.Model, s.Algorithm)
		}
	}
	official.Weights, official.TestImages = "", 0
	return &official
}

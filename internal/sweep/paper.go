package sweep

import (
	"maps"
	"math"
	"slices"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/sweep/statistics"
)

// published are figures of papers to compare with.
type published struct {
	figures map[catalog.Algorithm]map[string]cell // by domain
	oracle  []catalog.Algorithm                   // whose tests were chosen on the targets
	runs    int                                   // of these, 0 where that is not stated
	source  string                                // where they are from
}

// digitsPaper are the figures of the digits benchmark.
var digitsPaper = published{
	oracle: catalog.Paper,
	runs:   10,
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

// digitsAverages are of methods whose figures by domain are not known, over all four
// targets.
var digitsAverages = map[catalog.Algorithm]float64{catalog.AugMix: 72.45, catalog.AdvST: 80.10}

// alone returns means without deviations.
func alone(means map[string]float64) map[string]cell {
	cells := map[string]cell{}
	for column, mean := range means {
		cells[column] = cell{mean, math.NaN()}
	}
	return cells
}

// augMixPublished are RobustBench's mean accuracies of AugMix's models, by dataset and
// network.
var augMixPublished = map[string]map[string]float64{
	"cifar10":  {"wrn-40-2": 88.82, "resnext29-4x32": 89.09},
	"cifar100": {"wrn-40-2": 64.11, "resnext29-4x32": 65.14},
}

// cifarMethods are those of cifarPaper, in its order.
var cifarMethods = []catalog.Algorithm{
	catalog.ERM, catalog.Cutout, catalog.CutMix, catalog.AutoAugment, catalog.Mixup, catalog.PGD, catalog.ADA, catalog.MEADA,
}

// cifarPaper are the mean accuracies over 15 corruptions and 5 severities, by
// dataset and network; the paper gives no deviations.
var cifarPaper = map[string]map[string][8]float64{
	"cifar10": {
		"allconv":        {69.2, 67.1, 68.7, 70.8, 75.4, 71.9, 73.0, 78.2},
		"densenet-40-12": {69.3, 67.9, 66.5, 73.4, 75.4, 72.4, 69.8, 76.9},
		"wrn-40-2":       {73.1, 73.2, 72.9, 76.1, 77.7, 73.8, 79.7, 83.3},
		"resnext29-4x32": {72.5, 71.1, 70.5, 75.8, 77.4, 73.0, 78.0, 83.4},
	},
	"cifar100": {
		"allconv":        {43.6, 43.2, 44.0, 44.9, 46.6, 44.0, 45.3, 51.2},
		"densenet-40-12": {40.7, 40.4, 40.8, 46.1, 44.6, 44.8, 45.2, 47.8},
		"wrn-40-2":       {46.7, 46.5, 47.1, 50.4, 49.6, 44.9, 50.4, 52.8},
		"resnext29-4x32": {46.6, 45.4, 45.9, 48.7, 48.6, 45.6, 53.4, 57.3},
	},
}

// pacsPaper are the accuracies on each domain of PACS of AlexNets that were trained on
// the three others.
var pacsPaper = map[catalog.Algorithm]map[string]float64{
	catalog.ERM:   {"art_painting": 63.4, "cartoon": 66.1, "photo": 88.5, "sketch": 56.6},
	catalog.ADA:   {"art_painting": 64.3, "cartoon": 69.8, "photo": 85.1, "sketch": 60.4},
	catalog.MEADA: {"art_painting": 67.1, "cartoon": 69.9, "photo": 88.6, "sketch": 63.0},
}

// pacsTransfers are the mean accuracies of ResNet-18s that were trained on one domain of
// PACS, over all sources and the three others of each.
var pacsTransfers = map[catalog.Algorithm]float64{catalog.ERM: 57.80, catalog.ADA: 61.11, catalog.MEADA: 60.22, catalog.AdvST: 67.06}

// paperFigures returns the figures to set beside those of a network, by its own name, that
// was trained on so many domains of a dataset, on some target domains and corruptions, in
// the order of their names, none if nothing compares.
func paperFigures(dataset, model string, targets, corruptions []string, sources int) published {
	switch {
	case dataset == "digits" && model == "lenet5" && len(targets) > 0:
		return digitsFigures(targets)
	case dataset == "pacs" && model == "alexnet" && len(targets) == 1 && sources == 3:
		p := published{
			figures: map[catalog.Algorithm]map[string]cell{},
			source: "published: the GLOT-DR thesis (table 5.2), trained on the three other domains, with settings that it " +
				"does not give: the preset's are those of others for ResNet-18.",
		}
		for a, on := range pacsPaper {
			p.figures[a] = alone(map[string]float64{targets[0]: on[targets[0]], average: on[targets[0]]})
		}
		return p
	}
	if dataset == "pacs" && model == "resnet18" && len(targets) == 3 && sources == 1 {
		p := published{
			figures: map[catalog.Algorithm]map[string]cell{},
			source: "published: the mean of all twelve transfers from one domain to another, as arXiv 2507.04302 quotes it, " +
				"of which this table has the three of one source.",
		}
		for a, mean := range pacsTransfers {
			p.figures[a] = alone(map[string]float64{average: mean})
		}
		return p
	}
	means, ok := cifarPaper[dataset][model]
	if ok && len(targets) == 0 && slices.Equal(corruptions, slices.Sorted(slices.Values(corrupt.Paper()))) {
		return cifarFigures(dataset, model, means[:])
	}
	return published{}
}

// digitsFigures returns the figures for some targets of the digits benchmark.
func digitsFigures(targets []string) published {
	p := digitsPaper
	if len(targets) < len(p.figures[catalog.ERM])-1 {
		return p
	}
	p.figures = maps.Clone(p.figures)
	for a, mean := range digitsAverages {
		p.figures[a] = alone(map[string]float64{average: mean})
	}
	p.source += " AugMix's and AdvST's average: He et al., NeurIPS 2024 (table 1)."
	return p
}

// cifarFigures returns the figures for all corruptions of a dataset.
func cifarFigures(dataset, model string, means []float64) published {
	p := published{
		figures: map[catalog.Algorithm]map[string]cell{},
		oracle:  catalog.Paper,
		source: "paper, published: the mean over 15 corruptions and 5 severities, as the GLOT-DR thesis (table 5.1) quotes it; " +
			"its AutoAugment has no operations that are corruptions too.",
	}
	for i, a := range cifarMethods {
		p.figures[a] = alone(map[string]float64{average: means[i]})
	}
	if mean, ok := augMixPublished[dataset][model]; ok {
		p.figures[catalog.AugMix] = alone(map[string]float64{average: mean})
		p.source += " AugMix: its model in RobustBench."
	}
	return p
}

// row is the published row of an algorithm. Where only some of the paper's
// targets were tested, its average is that over them.
func (p published) row(a catalog.Algorithm, figures map[string]cell, columns, targets []string) tableRow {
	row := tableRow{method: method(a), selection: "published"}
	if slices.Contains(p.oracle, a) {
		row.selection, row.runs = "paper, best on targets", p.runs
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
			official.Settings = preset.Settings(s.Model, s.Algorithm, s.ImageSize)
		}
	}
	official.Weights, official.TestImages, official.ImageSize, official.Precision = "", 0, 0, ""
	if s.Dataset == "pacs" { // whose networks all begin with ImageNet's weights
		official.Weights = catalog.Pretrained
	}
	official.Holdout, official.Patience, official.Resize, official.SkipBad = nil, 0, "", false
	if d, err := catalog.FindDataset(s.Dataset); err == nil && s.Corruptions == catalog.OnTheFly {
		official.Corruptions = d.Corruptions
	}
	return &official
}

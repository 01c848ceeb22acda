package catalog

import (
	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/augment/transform"
	"github.com/meada-cpu/meada-cpu/train"
)

// Methods whose ascents move the parameters of transformations.
const (
	AdvST   Algorithm = "advst"
	MEAdvST Algorithm = "me-advst"
	AugMax  Algorithm = "augmax"
)

// Transforms reports whether the method's phases move parameters of
// transformations, not pixels, and replace what earlier ones made.
func (s *Settings) Transforms() bool { return s.Algorithm == AdvST || s.Algorithm == MEAdvST }

// UsesEta reports whether the method's ascents have the entropy.
func (s *Settings) UsesEta() bool {
	return s.Algorithm == MEADA || s.Algorithm == PGD || s.Algorithm == AugMax || s.Transforms()
}

// advst sets what the authors of AdvST have. They go through the images of the
// source and of five (for PACS three) sets once between phases, which is
// 1,875 steps for digits, and divide the rate by ten halfway. Their ascents have the
// entropy for PACS, and not for digits: there ME-AdvST has the weight of ME-ADA. All
// networks for pictures have what PACS has.
func advst(s *Settings, p *Preset, network string) {
	if KindOf(network) == ForPictures {
		s.K, s.LRMax, s.Gamma, s.EtaMin, s.Contrast = 3, 5, 10, 0.01, 1
		s.EpochsMin, s.FreezeBN = 1, network != "alexnet"
		if p.Name == "pacs" { // else those of the preset, for less time
			s.LoopsAdv = 50
		}
		return
	}
	s.K, s.LoopsAdv, s.LRMax, s.Gamma, s.EtaMin, s.Contrast = 5, 20, 0.2, 100, 10, 1
	if s.Algorithm == AdvST {
		s.Eta = 0
	}
	if p.Name == "digits" { // 2.85 million images
		s.LoopsTrain, s.LoopsMin, s.TestEvery, s.Cosine = 89_063, 1_875, 1_000, true
	}
}

// transformLoss is by how much a batch's objective must change for its ascent to
// go on, as AdvST's authors have it.
const transformLoss = 0.1

// transformed returns the run with phases that move parameters: every phase makes a set of the source, and of these K+1 the newest
// replaces the oldest, at first the source, unless that is to be kept.
func (s *Settings) transformed(network string) train.Config {
	c := s.descent(network)
	if s.K == 0 {
		return c
	}
	g := s.growth(c.Views, s.Eta)
	g.Sets, g.Ring, g.Phases = s.K, !s.KeepSource, max(s.LoopsTrain, s.Epochs)
	g.Ascent = augment.Config{
		Steps: s.LoopsAdv, LR: s.LRMax, Gamma: s.Gamma, Eta: s.Eta,
		Transforms: transform.Chains{Longest: 3, Bounded: s.InEpochs()}, Tolerance: transformLoss,
	}
	c.Growth = g
	return c
}

// augMax returns the run whose second view is the mixture at the weights where the
// network errs, and whose third is AugMix's.
func (s *Settings) augMax(network string) train.Config {
	c := s.descent(network)
	const severity = 3 // for pictures too
	c.Attack = augment.Config{
		Steps: s.LoopsAdv, LR: s.LRMax, Gamma: s.Gamma, Eta: s.Eta,
		Transforms: image.AugMax{Severity: severity, Width: 3},
	}
	if len(c.Views) > 2 && c.Views[2].Values == nil {
		c.Views[2].Values = image.AugMix{Severity: severity, Width: 3, Alpha: 1}
	}
	return c
}

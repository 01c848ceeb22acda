package run

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// begin makes the trainer and the run folder ready, or those of the run that is
// to be resumed, and says what the training begins with.
func (r *run) begin(data *dataset.Task) (beginning string, err error) {
	if r.folder != nil {
		r.overflow()
		return r.resume(data)
	}
	out := r.Out
	if out == "" {
		out = filepath.Join("runs", fmt.Sprintf("%s-%s-%s-s%d",
			r.started.Format("20060102-150405"), r.Dataset, r.Algorithm, r.Seed))
	}
	if r.folder, err = runfolder.Create(out); err != nil {
		return "", err
	}
	r.overflow()
	err = r.folder.WriteConfig(&runfolder.Config{
		Settings:   r.Settings,
		Steps:      r.plan.Outline(data.Source.N).Steps,
		Classes:    len(data.Classes),
		Machine:    ThisMachine(r.engine),
		Command:    r.Command,
		ClassNames: data.Classes,
		Domains:    domainRecords(train.Domains(data)),
		Started:    r.started.Format(time.RFC3339),
		Checksums:  checksums(data),
		Absent:     data.Absent,
		HeldOut:    data.Holdout,
		SourceSum:  r.sourceSum,
		WeightsSum: r.weightsSum,
	})
	if err != nil {
		return "", err
	}
	return r.beginning, r.reset(data)
}

// overflow has the images that phases add in the run folder, if they are too many for
// the memory.
func (r *run) overflow() {
	if r.overflows {
		r.plan.Overflow = r.folder.Dir
	}
}

// reset makes the trainer begin with the network as it is, and metrics.jsonl
// without a line.
func (r *run) reset(data *dataset.Task) error {
	var err error
	if r.trainer, err = train.New(r.engine, r.network, data, r.plan); err != nil {
		return err
	}
	r.checkpoints, r.saved = r.folder.Checkpoints(), time.Now()
	return r.folder.StartMetrics(nil)
}

// betterWeights tells how to begin better than with random weights, "" if nothing is known.
func (r *run) betterWeights() string {
	if catalog.KindOf(r.Model) == catalog.ForPictures {
		return fmt.Sprintf("; for ImageNet's: meada-cpu data fetch %s, and train --weights %s", r.Model, catalog.Pretrained)
	}
	if d, err := catalog.FindDataset(r.Dataset); err == nil && d.Own && !catalog.HasPretrained(catalog.OwnNetwork) {
		return fmt.Sprintf("; for photographs: meada-cpu data fetch %[1]s, and train --model %[1]s --weights %[2]s", catalog.OwnNetwork, catalog.Pretrained)
	}
	return ""
}

// readWeights reads the weights to begin with into the network, if there are
// any, says what the network then has, and returns the file's checksum.
func (r *run) readWeights() (beginning, checksum string, err error) {
	path, err := r.WeightsFile()
	if path == "" || err != nil {
		return "random" + r.betterWeights(), "", err
	}
	w, err := zoo.ReadWeights(path)
	if err != nil {
		return "", "", err
	}
	newClasses, err := w.Begin(r.network, r.classes)
	if err != nil {
		return "", "", err
	}
	if checksum, err = runfolder.FileChecksum(path); err != nil {
		return "", "", &zoo.WeightsError{Err: err}
	}
	beginning = path
	if newClasses {
		beginning += ", but for its last layer, which is for other classes"
		switch names, err := w.NamedClasses(); {
		case err != nil:
			return "", "", err
		case names != nil && !r.NewHead:
			return "", "", &zoo.WeightsError{Err: fmt.Errorf("%s: the classes of the data are %s, those of the weights %s; --new-head begins the last layer anew",
				path, cli.Some(r.classes), cli.Some(names))}
		case names != nil:
			beginning += " (" + cli.Some(names) + ") than the data (" + cli.Some(r.classes) + ")"
		}
	}
	return beginning + Unused(w), checksum, nil
}

// Unused tells how many tensors of a file of weights a network had no use for.
func Unused(w *zoo.Weights) string {
	if len(w.Unused) == 0 {
		return ""
	}
	return fmt.Sprintf("; the network had no use for %s, such as %.80q", cli.Number(len(w.Unused), "tensor"), w.Unused[0])
}

func describeOptimiser(s *runfolder.Settings) string {
	text := fmt.Sprintf("Adam, lr %g", s.LR)
	if s.UsesSGD() {
		text = fmt.Sprintf("SGD, lr %g", s.LR)
	}
	switch {
	case s.OneCycle > 0:
		text += fmt.Sprintf(", one cycle that rises for %g of the run", s.OneCycle)
	case s.Power > 0:
		text += fmt.Sprintf(", falling with the power %d of what is left of the run", s.Power)
	case s.UsesSGD() || s.Cosine:
		text += ", cosine schedule"
	}
	if s.UsesSGD() {
		text += fmt.Sprintf(", momentum %g", s.Momentum)
	}
	if s.UsesSGD() || s.Decay > 0 {
		text += fmt.Sprintf(", decay %g", s.Decay)
	}
	if s.Clip > 0 {
		text += fmt.Sprintf(", gradients clipped at a norm of %g", s.Clip)
	}
	if s.EMA > 0 {
		text += fmt.Sprintf(", tested: the moving average of the weights, decay %g", s.EMA)
	}
	if s.SWA > 0 {
		text += fmt.Sprintf(", tested: the mean of the weights from %g of the run on", s.SWA)
	}
	return text
}

// describe is the table that a run begins with.
func (r *run) describe(data *dataset.Task, beginning string) [][2]string {
	s, network := &r.Settings, r.network
	rows := [][2]string{
		{"algorithm", string(s.Algorithm)},
		{"dataset", fmt.Sprintf("%s, %s training images", s.Dataset, cli.Count(data.Source.N))},
	}
	if understood := catalog.Understood(data); understood != "" {
		if s.Resize != "" {
			understood += fmt.Sprintf(", resized by %s", s.Resize)
		}
		rows = append(rows, [2]string{"pictures", understood})
	}
	rows = append(rows, [][2]string{
		{"domains", describeDomains(data)},
		{"corruptions", s.Images.DescribeCorruptions(data)},
	}...)
	for _, a := range data.Absent {
		rows = append(rows, [2]string{"not found", a})
	}
	outline := r.plan.Outline(data.Source.N)
	rows = append(rows,
		[2]string{"network", fmt.Sprintf("%s, %s parameters, images of %dx%d", network.Name, cli.Count(network.NumParams()), network.H, network.W)},
		[2]string{"initial weights", beginning},
		[2]string{"descent", describeDescent(s, outline.Steps)},
	)
	if views := s.DescribeViews(); views != "" {
		rows = append(rows, [2]string{"views", views})
	}
	round, between := "step", s.LoopsMin
	if s.InEpochs() {
		round, between = "epoch", s.EpochsMin
	}
	ascent := describeAscent(s)
	if r.plan.Attack.Steps > 0 {
		rows = append(rows, [2]string{"attack", "of every image, " + ascent})
	}
	if len(outline.TrainingSet) > 1 {
		var sizes []string
		for _, n := range slices.Compact(slices.Clone(outline.TrainingSet)) {
			sizes = append(sizes, cli.Count(n))
		}
		ascent = fmt.Sprintf("phases: %d, every %s, %s", len(outline.TrainingSet)-1, cli.Number(between, round), ascent)
		if s.Transforms() {
			ascent += ", of the parameters of image operations"
		}
		rows = append(rows, [2]string{"maximisation", ascent}, [2]string{"training images", strings.Join(sizes, " -> ")})
	}
	m := ThisMachine(r.engine)
	rows = append(rows,
		[2]string{"tests", describeTests(s, round)},
		[2]string{"machine", fmt.Sprintf("%s, %s, %s", m.CPU, m.SIMD, cli.Number(s.Threads, "thread")) + describeArithmetic(s)},
	)
	if ranks := r.Group.Size(); ranks > 1 {
		text := fmt.Sprintf("%d, %d of them on this machine, for %d shards", ranks, r.Neighbours, s.Shards)
		if cpus := system.CPUs(); cpus != "" {
			text += ", this one on CPU " + cpus
		}
		rows = append(rows, [2]string{"ranks", text})
	}
	return append(rows,
		[2]string{"seed", fmt.Sprint(s.Seed)},
		[2]string{"run folder", r.folder.Dir},
	)
}

// describeDescent tells what the descent does, in so many steps.
func describeDescent(s *runfolder.Settings, steps int) string {
	text := fmt.Sprintf("%s of %s", cli.Number(steps, "step"), cli.Number(s.BatchSize, "image"))
	if s.InEpochs() {
		text = fmt.Sprintf("%s, %s", cli.Number(s.Epochs, "epoch"), text)
	}
	if s.Shards > 1 {
		text += fmt.Sprintf(" in %d shards", s.Shards)
	}
	text += ", " + describeOptimiser(s)
	if s.ClassWeights != "" {
		text += fmt.Sprintf(", classes %s", s.ClassWeights)
	}
	if s.Freeze {
		text += ", of the layers behind the embedding alone"
	}
	if s.LRBackbone > 0 {
		text += fmt.Sprintf(", backbone's lr %g", s.LRBackbone)
	}
	if s.FreezeBN {
		text += ", statistics of batch normalisation frozen"
	}
	if s.MaxSteps > 0 {
		text += fmt.Sprintf(", ends after %s at the latest", cli.Number(s.MaxSteps, "step"))
	}
	return text
}

// describeTests tells when the run tests, between rounds of steps or epochs.
func describeTests(s *runfolder.Settings, round string) string {
	text := fmt.Sprintf("every %s %ss", cli.Count(s.TestEvery), round)
	if s.TestEvery == 1 {
		text = "every " + round
	}
	if s.Patience > 0 {
		text += fmt.Sprintf(", ends after %d without a better one on the source", s.Patience)
	}
	return text
}

// describeArithmetic tells what is computed otherwise than by default.
func describeArithmetic(s *runfolder.Settings) string {
	var text string
	if s.Direct {
		text += ", no Winograd convolutions"
	}
	if s.Precision != "" {
		text += fmt.Sprintf(", products in %s", s.Precision)
	}
	return text
}

// describeAscent tells what the ascent of an image does.
func describeAscent(s *runfolder.Settings) string {
	text := fmt.Sprintf("%s, lr-max %g, gamma %g", cli.Number(s.LoopsAdv, "step"), s.LRMax, s.Gamma)
	if s.UsesEta() {
		text += fmt.Sprintf(", eta %g", s.Eta)
	}
	if s.Ball != "" {
		text += fmt.Sprintf(", in a ball %s of radius %.3g", s.Ball, s.Radius)
		if s.StartsAtRandom() {
			text += ", from a random start"
		}
	}
	return text
}

// DataOf reads the images that settings name, without corruptions, and returns what a run on
// them records of them: their checksums.
// In memory they may take maxBytes, see [catalog.Reading].
func DataOf(ctx context.Context, s *runfolder.Settings, maxBytes int64, status *cli.Status) (*runfolder.Config, error) {
	images := s.Images
	images.Corruptions = catalog.NoCorruptions // of which checksums tell nothing
	record := &runfolder.Config{Settings: *s}
	data, err := images.Load(catalog.Reading{
		Side: sideOf(s), Seed: s.Seed, Untested: true, MaxBytes: maxBytes, Done: ctx.Done(), Status: status,
		Whole: func(all *dataset.Task) { record.SourceSum = sourceChecksum(all) },
	})
	if errors.Is(err, dataset.ErrStopped) {
		err = cli.ErrInterrupted
	}
	if err != nil {
		return nil, err
	}
	record.Checksums = checksums(data)
	debug.FreeOSMemory() // for the runs that follow
	return record, nil
}

// sideOf returns the height and width of the images of a run.
func sideOf(s *runfolder.Settings) int { return cmp.Or(s.ImageSize, catalog.KindOf(s.Model).Side()) }

// checksums returns those of the training set and of every domain.
func checksums(b *dataset.Task) map[string]runfolder.Checksum {
	sum := func(s *dataset.Images) runfolder.Checksum {
		h := sha256.New()
		for n := range s.N {
			h.Write(s.Image(n))
		}
		if labels := npy.Labels(s.Labels).Bytes; labels != nil {
			h.Write(labels)
		} else {
			_ = binary.Write(h, binary.LittleEndian, s.Labels) // a hash takes everything
		}
		return runfolder.Checksum{Images: s.N, SHA256: hex.EncodeToString(h.Sum(nil))}
	}
	sums := map[string]runfolder.Checksum{runfolder.TrainingSet: sum(&b.Source)}
	domains := train.Domains(b)
	for i := range domains {
		if d := &domains[i]; d.Severities == nil { // the others are too many, or made of these
			sums[d.Name] = sum(&d.Images)
		}
	}
	return sums
}

// sourceChecksum returns the checksum of the training images and those held out, the same
// whatever seed drew them.
func sourceChecksum(b *dataset.Task) string { return checksumOf(&b.Source, &b.Held) }

// checksumOf returns the SHA-256 of the checksums of images, each with its label, in the
// order of their values.
func checksumOf(sets ...*dataset.Images) string {
	var sums [][]byte
	for _, s := range sets {
		for n := range s.N {
			h := sha256.New()
			h.Write(s.Image(n))
			_ = binary.Write(h, binary.LittleEndian, s.Labels[n]) // a hash takes everything
			sums = append(sums, h.Sum(nil))
		}
	}
	slices.SortFunc(sums, bytes.Compare)
	h := sha256.New()
	for _, sum := range sums {
		h.Write(sum)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// describeDomains lists the test sets with their sizes.
func describeDomains(b *dataset.Task) string {
	var list []string
	domains := train.Domains(b)
	for i := range domains {
		d := &domains[i]
		if d.Severities != nil {
			continue
		}
		text := d.Name + " " + cli.Count(d.N)
		if d.Source {
			text += " (source)"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// openRunFolder opens the folder of a run that is not complete.
func openRunFolder(dir string) (*runfolder.Folder, error) {
	folder, err := runfolder.Open(dir)
	if errors.As(err, new(*runfolder.CompleteError)) {
		return nil, cli.UsageError("--resume %v", err)
	}
	return folder, err
}

// domainRecords describes the domains that are tested, without corruptions.
func domainRecords(domains []dataset.Domain) []runfolder.Domain {
	var records []runfolder.Domain
	for i := range domains {
		if domains[i].Severities == nil {
			d := &domains[i]
			records = append(records, runfolder.Domain{Name: d.Name, Images: d.N, Source: d.Source, Held: d.Held})
		}
	}
	return records
}

// advise adds to the error of a run that diverged which flag may help.
func advise(err error) error {
	var diverged *train.DivergedError
	switch {
	case !errors.As(err, &diverged):
		return err
	case diverged.OneRank:
		return fmt.Errorf("%w, but not on all ranks: its machine may be at fault", err)
	case diverged.Phase > 0:
		return fmt.Errorf("%w, try a smaller --lr-max", err)
	}
	return fmt.Errorf("%w, try a smaller --lr", err)
}

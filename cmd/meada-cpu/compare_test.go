package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

// train --compare is two runs, which are those of train itself, and one table.
func TestCompare(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	args := short(data, "--compare", "--seed", "3")
	first := succeed(t, dir, args...)
	folder := filepath.Join("runs", "compare-digits-me-ada-s3")
	require.Contains(t, first.err, "compare: 2 runs, 0 complete, 2 to do")
	require.Contains(t, first.out, "report: "+filepath.Join(folder, "comparison.html")+"\n")
	require.FileExists(t, filepath.Join(dir, folder, "comparison.html"))

	erm, err := readOutcome(filepath.Join(dir, folder, "erm"))
	require.NoError(t, err)
	meada, err := readOutcome(filepath.Join(dir, folder, "me-ada"))
	require.NoError(t, err)
	require.Equal(t, erm.config.Checksums, meada.config.Checksums)
	succeed(t, dir, short(data, "--algorithm", "erm", "--seed", "3", "--quiet", "--out", "alone")...)
	alone, err := readOutcome(filepath.Join(dir, "alone"))
	require.NoError(t, err)
	require.Equal(t, alone.summary.Accuracy, erm.summary.Accuracy)
	for _, line := range []string{
		`accuracy in % +last +source validation +best on targets`,
		`(?: +erm +me-ada){3}`,
		`average` + pairOf(erm.summary.Accuracy.Last.Average, meada.summary.Accuracy.Last.Average) +
			pairOf(erm.summary.Accuracy.SourceValidation.Average, meada.summary.Accuracy.SourceValidation.Average) +
			pairOf(erm.summary.Accuracy.Best.Average, meada.summary.Accuracy.Best.Average),
		`erm +8 steps in .*` + regexp.QuoteMeta(filepath.Join(folder, "erm")),
	} {
		require.Regexp(t, `(?m)^`+line+`$`, first.out)
	}

	// The same command trains what is missing, and only that.
	require.NoError(t, os.Remove(filepath.Join(dir, folder, "me-ada", runfolder.SummaryFile)))
	again := succeed(t, dir, args...)
	require.Contains(t, again.err, "compare: 2 runs, 1 complete, 1 to do, 1 of them to be resumed")
	table := regexp.MustCompile(`(?s)^.*?\n\n`)
	require.Equal(t, table.FindString(first.out), table.FindString(again.out))
	var both []runfolder.Summary
	require.NoError(t, json.Unmarshal([]byte(succeed(t, dir, append(args, "--json", "--quiet")...).out), &both))
	require.Equal(t, []string{"erm", "me-ada"}, []string{both[0].Algorithm, both[1].Algorithm})
	require.Equal(t, meada.summary.Accuracy, both[1].Accuracy)

	// Nor is one taken that began with what the file of weights held before.
	weights := filepath.Join(dir, "begin.safetensors")
	begin := func(name string) {
		t.Helper()
		tensors, err := os.ReadFile(filepath.Join(dir, folder, name, runfolder.LastFile))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(weights, tensors, 0o600))
	}
	fine := append(args, "--quiet", "--weights", weights, "--out", "fine")
	begin("erm")
	succeed(t, dir, fine...)
	begin("me-ada")
	changed := invoke(t, dir, fine...)
	require.Equal(t, exitFailed, changed.code)
	require.Contains(t, changed.err, filepath.Join("fine", "erm")+": the run there began with other weights than "+weights+" holds now: use another --out")

	// A page of somebody else's is in the way before anything is trained.
	require.NoError(t, os.Mkdir(filepath.Join(dir, "taken"), 0o700))
	page := filepath.Join("taken", "comparison.html")
	require.NoError(t, os.WriteFile(filepath.Join(dir, page), []byte("mine"), 0o600))
	taken := invoke(t, dir, append(args, "--out", "taken")...)
	require.Equal(t, exitFailed, taken.code)
	require.Contains(t, taken.err, page+" is there already")
	require.NoDirExists(t, filepath.Join(dir, "taken", "erm"))

	// With the settings of a run, whose preset both have.
	recorded := succeed(t, dir, "train", "--compare", "--config", filepath.Join(folder, "me-ada"), "--seed", "4", "--quiet")
	require.Regexp(t, `(?m)^`+`(?: +erm +me-ada){3}`+`$`, recorded.out)
	fourth, err := readOutcome(filepath.Join(dir, "runs", "compare-digits-me-ada-s4", "me-ada"))
	require.NoError(t, err)
	difference, err := runfolder.FirstDifference(&meada.config.Settings, &fourth.config.Settings, "seed")
	require.NoError(t, err)
	require.Empty(t, difference)

	r := invoke(t, dir, append(args, "--lr", "0.5")...)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.err, "lr 0.001 instead of 0.5: use another --out")
}

// pairOf is what the table has of a pair of accuracies.
func pairOf(a, b float64) string { return ` +` + cli.Percent(a) + ` +` + cli.Percent(b) }

// A complete run is not taken for one on other data, whatever these are called; where the
// same data lie does not matter.
func TestCompareOnOtherData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plainPictures(t, dir, 5, "pets/dog", "pets/horse")
	plainPictures(t, dir, 6, "flowers/dog", "flowers/horse")
	on := func(data string) []string {
		return []string{"train", "--compare", "--data", data, "--model", small, "--algorithm", "cutout", "--max-steps", "1", "--quiet", "--test-images", "1"}
	}
	first := succeed(t, dir, on("pets")...)
	r := invoke(t, dir, on("flowers")...)
	require.Equal(t, exitFailed, r.code)
	require.Empty(t, r.out)
	folder := filepath.Join("runs", "compare-folder-cutout-s1")
	require.Contains(t, r.err, filepath.Join(folder, "erm")+": the run there is of the data in pets, and those in flowers have other images of train now: use another --out")

	require.NoError(t, os.Rename(filepath.Join(dir, "pets"), filepath.Join(dir, "moved")))
	require.Equal(t, first.out, succeed(t, dir, on("moved")...).out)
	elsewhere := t.TempDir()
	plainPictures(t, elsewhere, 4, "pets/dog", "pets/horse")
	r = invoke(t, elsewhere, append(on("pets"), "--out", filepath.Join(dir, folder))...)
	require.Contains(t, r.err, "other images of train")

	// Nor for one on what the same folder held before.
	plainPictures(t, dir, 7, "moved/dog")
	r = invoke(t, dir, on("moved")...)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.err, "those in moved have other images of train now")

	// What was begun is not gone on with on other data either.
	require.NoError(t, os.Remove(filepath.Join(dir, folder, "erm", runfolder.SummaryFile)))
	r = invoke(t, dir, on("flowers")...)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.err, "other images of train", "of the other run")
	require.NoError(t, os.Remove(filepath.Join(dir, folder, "cutout", runfolder.SummaryFile)))
	r = invoke(t, dir, on("flowers")...)
	require.Contains(t, r.err, "the images of train have changed since the run began")
	require.NoFileExists(t, filepath.Join(dir, folder, "erm", runfolder.SummaryFile))
}

// Pictures of one's own compare too; without targets nothing is said of them.
func TestCompareWithoutTargets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plainPictures(t, dir, 5, "classes/dog", "classes/horse")
	r := succeed(t, dir, "train", "--compare", "--data", "classes", "--model", small, "--algorithm", "cutout", "--max-steps", "2", "--out", "both")
	require.Regexp(t, `held-out \(source\)( +[0-9.]+){4}\n`, r.out)
	require.NotContains(t, r.out+strings.ReplaceAll(r.err, "moving average", ""), "average")
	require.NotContains(t, r.out, "targets")
	page, err := os.ReadFile(filepath.Join(dir, "both", "comparison.html"))
	require.NoError(t, err)
	require.NotContains(t, string(page), "on targets")
}

func TestCompareErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for message, flags := range map[string][]string{
		"--compare: expected another --algorithm than erm":       {"--algorithm", "erm"},
		"erm, which it is compared with, and which --freeze has": {"--preset", "pictures", "--data", "d", "--weights", "w", "--freeze"},
		"--compare and --http 80: ":                              {"--http", "80"},
		"--compare and --resume r: ":                             {"--resume", "r"},
	} {
		r := invoke(t, dir, append([]string{"train", "--compare"}, flags...)...)
		require.Equal(t, exitUsage, r.code)
		require.Contains(t, r.err, message)
	}
}

package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
)

// A method's settings are recorded, flags win over them, and the record makes
// the same run.
func TestMethodsByName(t *testing.T) {
	t.Parallel()
	data, dir := tinyDigits(t), t.TempDir()
	for _, m := range catalog.Methods {
		r := succeed(t, dir, short(data, "--algorithm", string(m.Name), "--out", string(m.Name), "--loops-train", "4", "--quiet", "--seed", "2")...)
		require.Contains(t, r.out, "usps")
	}
	config := readJSON(t, filepath.Join(dir, "augmix", "config.json"))
	require.Equal(t, "augmix", config["views"])
	require.InDelta(t, 12, config["consistency"], 0)
	require.InDelta(t, 16, readJSON(t, filepath.Join(dir, "cutout", "config.json"))["cutout"], 0)

	r := succeed(t, dir, "train", "--config", filepath.Join("augmix", "config.json"), "--out", "again", "--threads", "1")
	require.Contains(t, r.err, "augmix, two such views beside the image, consistency 12")
	requireSame(t, remains(t, filepath.Join(dir, "augmix")), filepath.Join(dir, "again"), "from its record")

	r = succeed(t, dir, short(data, "--algorithm", "augmix", "--consistency", "0", "--views", "randaugment", "--flip", "--out", "other")...)
	require.Contains(t, r.err, "flips, randaugment\n")
	require.NotContains(t, readJSON(t, filepath.Join(dir, "other", "config.json")), "consistency")

	for message, flags := range map[string][]string{
		"--views augmx: expected none, augmix, ":                                         {"--views", "augmx"},
		"--consistency 12: all views of an image would be the same":                      {"--algorithm", "augmix", "--views", "none"},
		"--freeze: the head learns from images as they are, without augmix":              {"--freeze", "--weights", "w", "--views", "augmix"},
		"without prime; expected no flags for these, and --algorithm erm, ada or me-ada": {"--freeze", "--weights", "w", "--views", "prime", "--label-smoothing", "0.1", "--eta-min", "0.1"},
		"--grey 2: expected a probability":                                               {"--grey", "2"},
	} {
		r := invoke(t, dir, short(data, flags...)...)
		require.Equal(t, exitUsage, r.code)
		require.Contains(t, r.err, message)
	}
}

// Runs with all parts of methods, between them, end the same when they are interrupted.
func TestPartsResume(t *testing.T) {
	t.Parallel()
	data := tinyDigits(t)
	for _, flags := range [][]string{
		{"--views", "augmix+randconv+pro-randconv", "--consistency", "12", "--mix", "mixup", "--noise", "0.2", "--all-views",
			"--ema", "0.9", "--cosine", "--jitter", "0.3", "--loops-min", "5"},
		{"--algorithm", "pgd", "--mix", "cutmix", "--swa", "0.1", "--grey", "0.3", "--loops-adv", "3",
			"--one-cycle", "0.3", "--clip", "0.5"},
		{"--algorithm", "augmax", "--resized-crop", "0.7", "--eta", "1", "--power", "2"},
		{"--algorithm", "prime", "--views", "autoaugment+prime", "--crop", "4", "--cutout", "8", "--flip"},
		{"--algorithm", "me-ada", "--ball", "l2", "--radius", "2", "--random-start", "--views", "pixmix,leaves+randconv-mix", "--loops-min", "5"},
		{"--algorithm", "advst", "--views", "fractals+randaugment", "--loops-min", "4"},
	} {
		dir := t.TempDir()
		args := short(data, append(flags, "--loops-train", "20", "--quiet")...)
		succeed(t, dir, append(args, "--out", "whole")...)
		interrupted(t, dir, filepath.Join(dir, "r", "checkpoint", "latest.safetensors"), append(args, "--out", "r", "--checkpoint-every", "1")...)
		succeed(t, dir, "train", "--resume", "r", "--threads", "3", "--quiet")
		requireSame(t, remains(t, filepath.Join(dir, "whole")), filepath.Join(dir, "r"), "resumed")
	}
}

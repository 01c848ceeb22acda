package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/report"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// comparisonFile is where the comparison of several runs goes by default.
const comparisonFile = "comparison.html"

func newReport(std streams) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "report RUN...",
		Short: "write an HTML report of a run, or one that compares several",
		Long: `Writes RUN/report.html anew: curves, accuracies by domain, adversarial images,
confusion, time and memory on one page that needs nothing else. RUN is the
folder of a run, complete or not, or one of several runs. Several runs are
compared on one page.`,
		Example: "meada-cpu report runs/first\n" +
			"meada-cpu report --out all.html runs/erm runs/ada runs/me-ada\n" +
			"meada-cpu report runs",
		ValidArgsFunction: func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			if found := runFolders(typed); len(found) > 0 {
				return found, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(_ *cobra.Command, folders []string) error {
			if len(folders) == 0 {
				return cli.UsageError("report needs the folder of a run")
			}
			path, err := writeReport(out, folders...)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(std.out, path)
			return err
		},
	}
	f := cli.NewFlags(c.Flags())
	f.Text(&out, "out", "FILE", "the page; by default RUN/"+runfolder.ReportFile+", for several runs "+comparisonFile+"; no file but a report is overwritten")
	return c
}

// writeReport writes the page about one run, or the one that compares several,
// to path or else where it belongs, and returns where that was. Nothing that is no such
// page is replaced.
func writeReport(path string, folders ...string) (string, error) {
	folders, err := runfolder.Expand(folders)
	if err != nil {
		return "", err
	}
	if len(folders) > 1 {
		path = cmp.Or(path, comparisonFile)
	}
	if path != "" {
		if err := report.CheckReplaced(path); err != nil {
			return "", err
		}
	}
	var runs []*report.Run
	for _, dir := range folders {
		run, err := report.Load(dir)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", dataset.ErrData, err)
		}
		if err != nil {
			return "", err
		}
		runs = append(runs, run)
	}
	if len(runs) > 1 {
		return path, report.WriteComparison(path, runs)
	}
	path = cmp.Or(path, filepath.Join(folders[0], runfolder.ReportFile))
	return path, runs[0].WriteFile(path)
}

// runFolders completes the folders of runs.
func runFolders(typed string) []string {
	var all []string
	for _, pattern := range []string{typed + "*", filepath.Join("runs", "*")} {
		configs, _ := filepath.Glob(filepath.Join(pattern, runfolder.ConfigFile)) // a pattern that is none matches nothing
		for _, path := range configs {
			if dir := filepath.Dir(path); strings.HasPrefix(dir, typed) && !slices.Contains(all, dir) {
				all = append(all, dir)
			}
		}
	}
	return all
}

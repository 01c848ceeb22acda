package main

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/meada-cpu/meada-cpu/cmd/meada-cpu/report"
)

// comparisonFile is where the comparison of several runs goes by default.
const comparisonFile = "comparison.html"

const reportUsage = `usage: meada-cpu report [flags] RUN...

Writes RUN/report.html anew: curves, accuracies by domain, adversarial images,
confusion, time and memory on one page that needs nothing else. RUN is the
folder of a run, complete or not. Several runs are compared on one page.

  --out FILE          the page (RUN/report.html; comparison.html for several)

examples:
  meada-cpu report runs/first
  meada-cpu report --out all.html runs/erm runs/ada runs/me-ada
`

// reportSettings are what the flags of report decide.
type reportSettings struct {
	out     string
	folders []string
}

func (s *reportSettings) flags() *flags {
	f := newFlags("report")
	f.arguments = &s.folders
	f.string(&s.out, "out")
	return f
}

func runReport(std streams, args []string) error {
	var s reportSettings
	if err := s.flags().parse(args); err == errHelp {
		return runHelp(std, []string{"report"})
	} else if err != nil {
		return err
	}
	if len(s.folders) == 0 {
		return usageError("report needs the folder of a run")
	}
	path, err := writeReport(s.out, s.folders...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(std.out, path)
	return err
}

// writeReport writes the page about one run, or the one that compares several,
// to path or else where it belongs, and returns where that was.
func writeReport(path string, folders ...string) (string, error) {
	var runs []*report.Run
	for _, dir := range folders {
		run, err := report.Load(dir)
		if err != nil {
			return "", err
		}
		runs = append(runs, run)
	}
	if len(runs) > 1 {
		path = cmp.Or(path, comparisonFile)
		return path, report.WriteComparison(path, runs)
	}
	path = cmp.Or(path, filepath.Join(folders[0], report.FileName))
	return path, runs[0].WriteFile(path)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/fetch"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

func newData(std streams) *cobra.Command {
	dir, quiet := "data", false
	c := &cobra.Command{
		Use:   "data",
		Short: "list, download and verify data sets",
		Long:  "Lists, downloads and verifies the data sets that are known.",
		Example: "meada-cpu data list\n" +
			"meada-cpu data fetch digits --data DIR",
	}
	cli.SetNotes(c, `A download that is cut continues where it stopped, in this run or the next; a
file has its name only when it is whole and its checksum right. HTTPS_PROXY,
HTTP_PROXY and NO_PROXY are obeyed. Without NAME, list and verify take all.`)
	f := cli.NewFlags(c.PersistentFlags())
	f.Text(&dir, "data", "DIR", "the folder with the data")
	f.Switch(&quiet, "quiet", "no progress")
	cli.NeedsSubcommand(c)
	action := func(name, short, example string, run func(sets []*dataSet, names []string) error) {
		c.AddCommand(&cobra.Command{
			Use: name + " [NAME ...]", Short: short, Long: capital(short) + ".",
			Example: example,
			ValidArgsFunction: func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
				return cli.Words(setNames()...)(typed), cobra.ShellCompDirectiveNoFileComp
			},
			RunE: func(_ *cobra.Command, names []string) error {
				sets, err := selectSets(names)
				if err != nil {
					return err
				}
				return run(sets, names)
			},
		})
	}
	action("list", "show the data sets that are known, their sizes, and which are there",
		"meada-cpu data list\nmeada-cpu data list digits --data DIR",
		func(sets []*dataSet, _ []string) error { listSets(std, dir, sets); return nil })
	action("fetch", "download sets, or those of a benchmark such as digits, and verify them; tell what must be downloaded by hand",
		"meada-cpu data fetch digits\nmeada-cpu data fetch cifar10 cifar10-c --data DIR",
		func(sets []*dataSet, names []string) error { return fetchSets(std, dir, quiet, sets, names) })
	action("verify", "compare the files that are there with the published checksums",
		"meada-cpu data verify\nmeada-cpu data verify cifar10 --data DIR",
		func(sets []*dataSet, _ []string) error { return verifySets(std, dir, sets) })
	return c
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// setNames lists what data takes as names.
func setNames() []string {
	names := slices.Sorted(maps.Keys(benchmarks))
	for i := range dataSets {
		names = append(names, dataSets[i].name)
	}
	return names
}

func fetchSets(std streams, dir string, quiet bool, sets []*dataSet, names []string) error {
	if len(names) == 0 {
		return cli.UsageError("data fetch needs the names of what to fetch, such as digits; data list shows them")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d := downloader{std: std, dir: dir, client: fetch.New(), progress: newProgress(std.err, quiet)}
	return d.fetchAll(ctx, sets, names)
}

// selectSets returns the sets of those names, of which one may stand for those
// of a benchmark; all sets for no name.
func selectSets(names []string) ([]*dataSet, error) {
	var wanted []string
	for _, name := range names {
		if parts, ok := benchmarks[name]; ok {
			wanted = append(wanted, parts...)
		} else {
			wanted = append(wanted, name)
		}
	}
	for _, name := range wanted {
		if known := setNames(); !slices.Contains(known, name) {
			return nil, cli.UsageError("unknown data set %q%s, expected %s", name, cli.DidYouMean(name, known), strings.Join(known, ", "))
		}
	}
	var sets []*dataSet
	for i := range dataSets {
		if len(names) == 0 || slices.Contains(wanted, dataSets[i].name) {
			sets = append(sets, &dataSets[i])
		}
	}
	return sets, nil
}

func listSets(std streams, dir string, sets []*dataSet) {
	fmt.Fprintf(std.out, "%-12s %-9s %10s  %s\n", "name", "in "+filepath.Base(dir), "download", "what")
	for _, d := range sets {
		state, size := "no", "by hand"
		if d.present(dir) {
			state = "yes"
		}
		if n := d.bytes(); n > 0 {
			size = megabytes(n)
		}
		fmt.Fprintf(std.out, "%-12s %-9s %10s  %s\n", d.name, state, size, d.what)
	}
	for _, name := range slices.Sorted(maps.Keys(benchmarks)) {
		fmt.Fprintf(std.out, "%s is %s\n", name, strings.Join(benchmarks[name], ", "))
	}
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// verifySets compares what is there of the sets with their checksums.
func verifySets(std streams, dir string, sets []*dataSet) error {
	wrong := 0
	for _, d := range sets {
		if d.manual != "" {
			state := "absent"
			if d.present(dir) {
				state = "there, no checksum is published"
			}
			fmt.Fprintf(std.out, "%-12s %s\n", d.name, state)
			continue
		}
		files := d.wanted()
		var missing []string
		for _, path := range slices.Sorted(maps.Keys(files)) {
			place := d.locate(dir, path)
			if place == "" {
				missing = append(missing, path)
				continue
			}
			switch err := fetch.Verify(place, files[path]); {
			case errors.Is(err, fetch.ErrMismatch):
				wrong++
				fmt.Fprintf(std.out, "%-12s %v\n", d.name, err)
			case err != nil:
				return err
			default:
				fmt.Fprintf(std.out, "%-12s %s: good\n", d.name, place)
			}
		}
		switch {
		case len(missing) == len(files):
			fmt.Fprintf(std.out, "%-12s absent\n", d.name)
		case len(missing) > 0:
			fmt.Fprintf(std.out, "%-12s incomplete, without %s\n", d.name, strings.Join(missing, ", "))
			wrong++
		}
	}
	if wrong > 0 {
		return &dataset.Error{Path: dir, Err: fmt.Errorf("%d files wrong or missing", wrong)}
	}
	return nil
}

// downloader fetches sets into a folder.
type downloader struct {
	std      streams
	dir      string
	client   *fetch.Client
	progress *progress
}

// fetchAll fetches sets. One that takes a person is only an error if it was
// asked for by its own name: a benchmark does without.
func (d *downloader) fetchAll(ctx context.Context, sets []*dataSet, names []string) error {
	var byHand []string
	for _, set := range sets {
		switch {
		case set.present(d.dir) && set.manual != "":
			d.progress.line("%-12s is there", set.name)
		case set.manual != "":
			fmt.Fprintf(d.std.out, "%s takes a person: %s\n", set.name, strings.ReplaceAll(set.manual, "DIR", d.dir))
			if slices.Contains(names, set.name) {
				byHand = append(byHand, set.name)
			}
		default:
			if err := d.fetch(ctx, set); err != nil {
				d.progress.clear()
				if ctx.Err() != nil {
					return fmt.Errorf("%w, the same command continues", errInterrupted)
				}
				return &dataset.Error{Path: set.name, Err: err}
			}
		}
	}
	if len(byHand) > 0 {
		return &dataset.Error{Path: d.dir, Err: fmt.Errorf("%s must be put there by hand", strings.Join(byHand, ", "))}
	}
	return nil
}

// fetch brings the missing files of a set. A file that is there but not the
// published one is left alone.
func (d *downloader) fetch(ctx context.Context, set *dataSet) error {
	missing := map[string]fetch.File{}
	for path, f := range set.wanted() {
		place := set.locate(d.dir, path)
		if place == "" {
			missing[path] = f
		} else if err := fetch.Verify(place, f); err != nil {
			return fmt.Errorf("%w; move it away to fetch it anew", err)
		}
	}
	if len(missing) == 0 {
		d.progress.line("%-12s is there, its checksums are right", set.name)
		return nil
	}
	if set.archive == "" {
		for _, path := range slices.Sorted(maps.Keys(missing)) {
			if err := d.download(ctx, path, missing[path]); err != nil {
				return err
			}
		}
		return nil
	}
	f := set.files[set.archive]
	path := filepath.Join(d.dir, set.archive)
	err := fetch.Verify(path, f)
	if errors.Is(err, fs.ErrNotExist) {
		err = d.download(ctx, set.archive, f)
	}
	if err != nil {
		return err
	}
	d.progress.line("%-12s unpacking %s", set.name, set.archive)
	if err := fetch.Unpack(path, d.dir, missing); err != nil {
		return err
	}
	return os.Remove(path)
}

// download brings one file, with progress.
func (d *downloader) download(ctx context.Context, path string, f fetch.File) error {
	began, start := time.Now(), int64(-1)
	d.client.Progress = func(done, total int64) {
		if start < 0 {
			start = done
		}
		now := time.Now()
		d.progress.update(now, "fetch", func() string {
			text := fmt.Sprintf("%s  %.1f/%s", path, float64(done)/1e6, megabytes(total))
			if rate := float64(done-start) / now.Sub(began).Seconds(); rate > 0 {
				text += fmt.Sprintf("  %.1f MB/s  ETA %s", rate/1e6, cli.Duration(float64(total-done)/rate))
			}
			return text
		})
	}
	if err := d.client.Fetch(ctx, filepath.Join(d.dir, filepath.FromSlash(path)), f); err != nil {
		return err
	}
	d.progress.line("%-9s %s, %s, checksum right", "fetched", path, megabytes(f.Size))
	return nil
}

// howToGet adds to an error about data that are not there the command that gets
// them.
func howToGet(err error, name, dir string) error {
	if sets, unknown := selectSets([]string{name}); !errors.Is(err, fs.ErrNotExist) || unknown != nil || len(sets) == 0 {
		return err
	}
	return fmt.Errorf("%w; to get it: %s", err, fetchCommand(name, dir))
}

func fetchCommand(name, dir string) string {
	return "meada-cpu data fetch " + shellWord(name) + " --data " + shellWord(dir)
}

// shellWord returns a word as a POSIX shell takes it.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r == '-' || strings.ContainsRune("_./:=,@%+", r) || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

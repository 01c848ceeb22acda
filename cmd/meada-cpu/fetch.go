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

	"github.com/meada-cpu/meada-cpu/internal/fetch"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// dataCommandSettings are what the flags of data decide.
type dataCommandSettings struct {
	dir   string
	quiet bool
	names []string
}

func (s *dataCommandSettings) flags() *flags {
	f := newFlags("data")
	f.arguments = &s.names
	f.string(&s.dir, "data")
	f.bool(&s.quiet, "quiet")
	return f
}

func runData(std streams, args []string) error {
	s := dataCommandSettings{dir: "data"}
	if err := s.flags().parse(args); err == errHelp {
		return runHelp(std, []string{"data"})
	} else if err != nil {
		return err
	}
	if len(s.names) == 0 {
		return usageError("data needs one of list, fetch, verify")
	}
	action, names := s.names[0], s.names[1:]
	sets, err := selectSets(names)
	if err != nil {
		return err
	}
	switch action {
	case "list":
		listSets(std, s.dir, sets)
		return nil
	case "verify":
		return verifySets(std, s.dir, sets)
	case "fetch":
		if len(names) == 0 {
			return usageError("data fetch needs the names of what to fetch, such as digits; data list shows them")
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		d := downloader{std: std, dir: s.dir, client: fetch.New(), progress: newProgress(std.err, s.quiet)}
		return d.fetchAll(ctx, sets, names)
	}
	return usageError("unknown data %s, expected list, fetch or verify", action)
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
	var sets []*dataSet
	var known []string
	for i := range dataSets {
		name := dataSets[i].name
		known = append(known, name)
		if len(names) == 0 || slices.Contains(wanted, name) {
			sets = append(sets, &dataSets[i])
		}
	}
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			return nil, usageError("unknown data set %q, expected %s or %s", name,
				strings.Join(slices.Sorted(maps.Keys(benchmarks)), ", "), strings.Join(known, ", "))
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
				text += fmt.Sprintf("  %.1f MB/s  ETA %s", rate/1e6, brief(float64(total-done)/rate))
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

const dataUsage = `usage: meada-cpu data list|fetch|verify [NAME ...] [flags]

list    shows the data sets that are known, their sizes, and which are there
fetch   downloads sets, or those of a benchmark such as digits, and verifies
        them; says where to put by hand what no program can download
verify  compares the files that are there with the published checksums

  --data DIR          the folder with the data (data)
  --quiet             no progress

A download that is cut continues where it stopped, in this run or the next; a
file has its name only when it is whole and its checksum right. HTTPS_PROXY,
HTTP_PROXY and NO_PROXY are obeyed. Without NAME, list and verify take all.

examples:
  meada-cpu data list
  meada-cpu data fetch digits --data DIR
`

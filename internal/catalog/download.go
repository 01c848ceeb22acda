package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/fetch"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// List prints a table of sets: their sizes, and whether they are in dir.
func List(w io.Writer, dir string, sets []*Set) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%-18s %-9s %10s  %s\n", "name", "in "+filepath.Base(dir), "download", "what")
	for _, d := range sets {
		state, size := "no", "by hand"
		if d.Present(dir) {
			state = "yes"
		}
		if n := d.bytes(); n > 0 {
			size = megabytes(n)
		}
		fmt.Fprintf(&out, "%-18s %-9s %10s  %s\n", d.Name, state, size, d.What)
	}
	for i := range Datasets {
		if d := &Datasets[i]; len(d.Sets) > 0 {
			fmt.Fprintf(&out, "%s is %s\n", d.Name, strings.Join(d.Sets, ", "))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// Verify compares what is there of the sets with their checksums.
func Verify(w io.Writer, dir string, sets []*Set) error {
	wrong := 0
	for _, d := range sets {
		if d.manual != "" {
			state := "absent"
			if d.Present(dir) {
				state = "there, no checksum is published"
			}
			fmt.Fprintf(w, "%-18s %s\n", d.Name, state)
			continue
		}
		files := d.wanted()
		var missing []string
		for _, path := range slices.Sorted(maps.Keys(files)) {
			place := d.locate(d.folder(dir), path)
			if place == "" {
				missing = append(missing, path)
				continue
			}
			switch err := fetch.Verify(place, files[path]); {
			case errors.Is(err, fetch.ErrMismatch):
				wrong++
				fmt.Fprintf(w, "%-18s %v\n", d.Name, err)
			case err != nil:
				return err
			default:
				fmt.Fprintf(w, "%-18s %s: good\n", d.Name, place)
			}
		}
		switch {
		case len(missing) == len(files):
			fmt.Fprintf(w, "%-18s absent\n", d.Name)
		case len(missing) > 0:
			fmt.Fprintf(w, "%-18s incomplete, without %s\n", d.Name, strings.Join(missing, ", "))
			wrong += len(missing)
		}
	}
	if wrong > 0 {
		return &dataset.Error{Path: dir, Err: fmt.Errorf("%s wrong or missing", cli.Number(wrong, "file"))}
	}
	return nil
}

// Downloader fetches sets into a folder.
type Downloader struct {
	Dir    string
	Out    io.Writer // for what a person has to do
	Client *fetch.Client
	Status *cli.Status
}

// Fetch brings what is missing of sets. One that must be downloaded by hand is
// only an error if it was asked for by its own name: a dataset does without.
func (d *Downloader) Fetch(ctx context.Context, sets []*Set, names []string) error {
	var byHand []string
	for _, set := range sets {
		switch {
		case set.Present(d.Dir) && set.manual != "":
			d.Status.Line("%-18s already present", set.Name)
		case set.manual != "":
			fmt.Fprintf(d.Out, "%s must be downloaded by hand: %s\n", set.Name, strings.ReplaceAll(set.manual, "DIR", d.Dir))
			if slices.Contains(names, set.Name) {
				byHand = append(byHand, set.Name)
			}
		default:
			if err := d.fetch(ctx, set); err != nil {
				d.Status.Clear()
				if ctx.Err() != nil {
					return fmt.Errorf("%w, the same command continues", cli.ErrInterrupted)
				}
				return &dataset.Error{Path: set.Name, Err: err}
			}
		}
	}
	if len(byHand) > 0 {
		return &dataset.Error{Path: d.Dir, Err: fmt.Errorf("%s must be downloaded by hand", strings.Join(byHand, ", "))}
	}
	return nil
}

// fetch brings the missing files of a set. A file that is there but not the
// published one is left alone.
func (d *Downloader) fetch(ctx context.Context, set *Set) error {
	missing := map[string]fetch.File{}
	for path, f := range set.wanted() {
		place := set.locate(set.folder(d.Dir), path)
		if place == "" {
			missing[path] = f
		} else if err := fetch.Verify(place, f); err != nil {
			return fmt.Errorf("%w; move it away to fetch it anew", err)
		}
	}
	if len(missing) == 0 {
		d.Status.Line("%-18s already present, checksums OK", set.Name)
		return nil
	}
	if set.archive == "" {
		for _, path := range slices.Sorted(maps.Keys(missing)) {
			if err := d.download(ctx, set.folder(d.Dir), path, missing[path]); err != nil {
				return err
			}
		}
		return nil
	}
	f := set.files[set.archive]
	path := filepath.Join(d.Dir, set.archive)
	err := fetch.Verify(path, f)
	fetched := errors.Is(err, fs.ErrNotExist) // else it was put there, and stays
	if fetched {
		err = d.download(ctx, d.Dir, set.archive, f)
	}
	if err != nil {
		return err
	}
	d.Status.Line("%-18s unpacking %s", set.Name, set.archive)
	if err := fetch.Unpack(path, d.Dir, missing); err != nil || !fetched {
		return err
	}
	return os.Remove(path)
}

// download brings one file to a folder, with progress.
func (d *Downloader) download(ctx context.Context, dir, path string, f fetch.File) error {
	began, start, size := time.Now(), int64(-1), f.Size
	d.Client.Progress = func(done, total int64) { // total is 0 where no server says it
		size = max(done, total)
		if start < 0 {
			start = done
		}
		now := time.Now()
		d.Status.Update(now, "fetch", int(done>>20), func() string {
			text := fmt.Sprintf("%s  %s", path, megabytes(done))
			if total > 0 {
				text = fmt.Sprintf("%s  %.1f/%s", path, float64(done)/1e6, megabytes(total))
			}
			if rate := float64(done-start) / now.Sub(began).Seconds(); rate > 0 {
				text += fmt.Sprintf("  %.1f MB/s", rate/1e6)
				if total > 0 {
					text += "  ETA " + cli.Duration(float64(total-done)/rate)
				}
			}
			return text
		})
	}
	if err := d.Client.Fetch(ctx, filepath.Join(dir, filepath.FromSlash(path)), f); err != nil {
		return err
	}
	d.Status.Line("%-9s %s, %s, checksum OK", "fetched", path, megabytes(size))
	return nil
}

package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// pictures returns how pictures are read.
func (i *Images) pictures(r *Reading) dataset.PictureOptions {
	o := dataset.PictureOptions{Side: r.Side, SkipBad: i.SkipBad, Resize: i.Resize, MaxBytes: max(r.MaxBytes, 0), Done: r.Done}
	if r.MaxBytes == 0 {
		o.MaxBytes = system.AvailableMemory()
	}
	if i.Cache != "" {
		o.Cache = &dataset.Cache{Dir: i.Cache}
	}
	if r.Status == nil {
		return o
	}
	var started time.Time // with the first pictures: others may have been looked for and read before
	first := 0
	progress := func(done, total int) {
		if started.IsZero() {
			started, first = time.Now(), done
			return
		}
		r.Status.Update(time.Now(), "decode", done, func() string {
			rate := float64(done-first) / time.Since(started).Seconds()
			return fmt.Sprintf("pictures %s/%s  %.0f images/s  ETA %s", cli.Count(done), cli.Count(total), rate,
				cli.Duration(float64(total-done)/rate))
		})
		if done == total {
			r.Status.Clear()
		}
	}
	if o.Cache != nil {
		o.Cache.Note, o.Cache.Progress = func(text string) { r.Status.Line("cache: %s", text) }, progress
		return o
	}
	o.Progress = func(done, total int) {
		if started.IsZero() || time.Since(started) > quickly {
			progress(done, total)
		}
	}
	return o
}

// quickly is how long pictures are decoded without a word.
const quickly = time.Second

// lockCache waits until no other process writes to the folder of decoded pictures, if
// there is one, and keeps others from it until free is called. Once done is closed it
// returns dataset.ErrStopped instead.
func (i *Images) lockCache(status *cli.Status, done <-chan struct{}) (free func(), err error) {
	if i.Cache == "" {
		return func() {}, nil
	}
	if err := os.MkdirAll(i.Cache, 0o777); err != nil {
		return nil, err
	}
	for said := false; ; said = true {
		lock, err := system.AcquireLock(filepath.Join(i.Cache, "lock"))
		var locked *system.LockedError
		switch {
		case err == nil:
			return lock.Release, nil
		case !errors.As(err, &locked):
			return nil, err
		case !said && status != nil:
			status.Line("cache: %s is in use by process %s, waiting for it", i.Cache, locked.PID)
		}
		select {
		case <-done:
			return nil, dataset.ErrStopped
		case <-time.After(100 * time.Millisecond):
		}
	}
}

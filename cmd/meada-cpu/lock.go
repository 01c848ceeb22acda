package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// lockFile is where the process that writes to a run folder leaves its process
// id. The lock on the file is what counts, not that it is there: the system
// takes it away when the process ends, however it does.
const lockFile = "lock"

// errLocked is wrapped by the error about a folder that another process holds.
var errLocked = errors.New("the run is under way")

// lockFolder makes this process the only one to write to a folder.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		free, err := tryLock(f)
		if err == nil && !free {
			pid, _ := os.ReadFile(path)
			err = fmt.Errorf("%s: %w, process %s writes to it", dir, errLocked, strings.TrimSpace(string(pid)))
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		if isStill(f, path) {
			return f, writePID(f)
		}
		f.Close() // whoever held it was just leaving
	}
}

// isStill says whether a path leads to an open file.
func isStill(f *os.File, path string) bool {
	own, err := f.Stat()
	now, err2 := os.Stat(path)
	return err == nil && err2 == nil && os.SameFile(own, now)
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	return err
}

// unlockFolder undoes lockFolder.
func unlockFolder(f *os.File) {
	err := os.Remove(f.Name())
	f.Close()
	if err != nil {
		os.Remove(f.Name()) // Windows removes no open file; if another process has it by now, it stays
	}
}

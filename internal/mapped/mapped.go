// Package mapped makes files memory: bytes that the system reads when they are
// looked at and may forget again, so that they need not fit into memory.
package mapped

import (
	"os"
	"sync/atomic"
	"unsafe"
)

// Resident is about what a file takes of the process's memory at most: after the use of
// that many bytes the system is told that it need not hold them.
const Resident = 32 << 20

// around is what a look at some bytes may bring into memory with them: Linux maps all of
// the folios in which they begin and end, of up to 2 MiB each.
const around = 4 << 20

// File is a file that is mapped into memory until the process ends or Close is called.
type File struct {
	// Data is the file's content, which nobody may write to unless it is a [Temporary]
	// one.
	Data []byte

	used atomic.Int64 // bytes since they were last released
}

// Use notes that n bytes of Data, which follow each other, are about to be looked at. Now and then it takes those
// used before out of the resident memory; they stay valid. It may be called from several
// goroutines.
func (f *File) Use(n int) {
	if len(f.Data) > Resident && f.used.Add(int64(n)+around) >= Resident {
		f.used.Store(0)
		f.release()
	}
}

// Floats returns Data as float32 values in the machine's order of bytes.
func (f *File) Floats() []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(f.Data))), len(f.Data)/4)
}

// Temporary maps a new file of so many bytes, zeros, in a folder. Nothing is left of it
// once the process ends, however it does.
func Temporary(dir string, size int64) (*File, error) {
	f, err := os.CreateTemp(dir, "*.mapped")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil { // its space is freed with the mapping
		return nil, err
	}
	if err := reserve(f, size); err != nil {
		return nil, err
	}
	return mapFile(f, size, true)
}

// Open maps the first size bytes of a file for reading.
func Open(f *os.File, size int64) (*File, error) { return mapFile(f, size, false) }

func writeZeros(f *os.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}

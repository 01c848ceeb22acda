// Package tfevents writes the event files that TensorBoard reads: scalars and
// images by tag and step.
//
// A file is a sequence of TFRecords (length, masked CRC-32C of the length,
// data, masked CRC-32C of the data; see TensorFlow's record_writer.cc), each of
// one protocol buffer of type Event (event.proto, summary.proto).
package tfevents

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Writer appends events to a file. Each event is written at once, so that a
// reader may follow and a crash loses none.
type Writer struct {
	file    *os.File
	buf     []byte
	earlier []string // files that Writers have left in the folder
}

// prefix is what the names of event files begin with.
const prefix = "events.out.tfevents."

// suffix is what the names end with that Create gives. Those of other programs do not.
const suffix = ".meada-cpu"

// Exist reports whether there are event files in a folder.
func Exist(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), prefix) })
}

// Create makes a new event file in dir, under a name that TensorBoard looks for and
// that follows those of the files in it.
func Create(dir string, now time.Time) (*Writer, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	// TensorBoard reads a folder's files in the order of their names.
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	second := now.Unix()
	var earlier []string
	for _, e := range entries {
		if other, ok := strings.CutPrefix(e.Name(), prefix); ok {
			if strings.HasSuffix(other, suffix) {
				earlier = append(earlier, filepath.Join(dir, e.Name()))
			}
			var taken int64
			if _, err := fmt.Sscanf(other, "%d.", &taken); err == nil {
				second = max(second, taken+1)
			}
		}
	}
	name := fmt.Sprintf("%s%010d.%s.%d%s", prefix, second, host, os.Getpid(), suffix)
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	w := &Writer{file: f, earlier: earlier}
	if err := w.write(appendBytes(newEvent(now, 0), eventFileVersion, []byte("brain.Event:2"))); err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// Close closes the file.
func (w *Writer) Close() error { return w.file.Close() }

// Restart tells readers of the folder to forget the events of all files before this
// one: they are of a process that was killed, and repeated in this file.
func (w *Writer) Restart(now time.Time) error {
	return w.write(appendBytes(newEvent(now, 0), eventSessionLog, appendVarint(nil, sessionStatus, sessionStart)))
}

// RemoveEarlier removes the files that Writers left in the folder before this one was
// made, for readers that do not know what [Writer.Restart] tells.
func (w *Writer) RemoveEarlier() error {
	var all []error
	for _, path := range w.earlier {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			all = append(all, err) // Join leaves nil out
		}
	}
	return errors.Join(all...)
}

// Scalar records a value at a step.
func (w *Writer) Scalar(now time.Time, step int, tag string, value float64) error {
	v := appendBytes(nil, valueTag, []byte(tag))
	v = appendKey(v, valueSimple, wire32)
	v = binary.LittleEndian.AppendUint32(v, math.Float32bits(float32(value)))
	return w.summary(now, step, v)
}

// Image records a picture of width x height pixels in colour, encoded as PNG.
func (w *Writer) Image(now time.Time, step int, tag string, width, height int, png []byte) error {
	image := appendVarint(nil, imageHeight, uint64(height))
	image = appendVarint(image, imageWidth, uint64(width))
	image = appendVarint(image, imageColourSpace, rgb)
	image = appendBytes(image, imageEncoded, png)
	return w.summary(now, step, appendBytes(appendBytes(nil, valueTag, []byte(tag)), valueImage, image))
}

// summary writes an event of one Summary.Value.
func (w *Writer) summary(now time.Time, step int, value []byte) error {
	return w.write(appendBytes(newEvent(now, step), eventSummary, appendBytes(nil, summaryValue, value)))
}

// write appends a record to the file.
func (w *Writer) write(data []byte) error {
	w.buf = binary.LittleEndian.AppendUint64(w.buf[:0], uint64(len(data)))
	w.buf = binary.LittleEndian.AppendUint32(w.buf, masked(w.buf))
	w.buf = append(w.buf, data...)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, masked(data))
	_, err := w.file.Write(w.buf)
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked returns the CRC-32C of data, rotated and shifted as TFRecords have it.
func masked(data []byte) uint32 {
	crc := crc32.Checksum(data, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// Field numbers of the messages.
const (
	eventWallTime    = 1
	eventStep        = 2
	eventFileVersion = 3
	eventSummary     = 5
	eventSessionLog  = 7

	sessionStatus = 1

	summaryValue = 1

	valueTag    = 1
	valueSimple = 2
	valueImage  = 4

	imageHeight      = 1
	imageWidth       = 2
	imageColourSpace = 3
	imageEncoded     = 4
)

// sessionStart is the status of a session that starts anew from the step of its event:
// readers drop what they have of that step and later ones.
const sessionStart = 1

// rgb is the colour space of three channels.
const rgb = 3

// Wire types of protocol buffers.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

func newEvent(now time.Time, step int) []byte {
	e := appendKey(nil, eventWallTime, wire64)
	e = binary.LittleEndian.AppendUint64(e, math.Float64bits(float64(now.Unix())+float64(now.Nanosecond())/1e9))
	return appendVarint(e, eventStep, uint64(step))
}

func appendKey(b []byte, field, wire uint64) []byte {
	return binary.AppendUvarint(b, field<<3|wire)
}

func appendVarint(b []byte, field, v uint64) []byte {
	return binary.AppendUvarint(appendKey(b, field, wireVarint), v)
}

func appendBytes(b []byte, field uint64, data []byte) []byte {
	b = binary.AppendUvarint(appendKey(b, field, wireBytes), uint64(len(data)))
	return append(b, data...)
}

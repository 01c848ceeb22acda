package tfevents

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var now = time.Unix(1_700_000_000, 250_000_000)

// example writes a few events and returns the file.
func example(t *testing.T) (path string, picture []byte) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 300, 2))))
	dir := t.TempDir()
	w, err := Create(dir, now)
	require.NoError(t, err)
	require.NoError(t, w.Scalar(now, 0, "loss", 2.5))
	require.NoError(t, w.Scalar(now.Add(time.Second), 100_000, "accuracy/svhn", 0.25))
	require.NoError(t, w.Image(now, 99, "phase", 300, 2, b.Bytes()))
	require.NoError(t, w.Close())
	paths, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.1700000000.*"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	return paths[0], b.Bytes()
}

// checksum is the masked CRC-32C, written after its definition (RFC 3720, B.4,
// and TensorFlow's record_writer.cc): bit by bit, and none of the writer's code.
func checksum(data []byte) uint32 {
	crc := ^uint32(0)
	for _, b := range data {
		crc ^= uint32(b)
		for range 8 {
			carry := crc & 1
			crc >>= 1
			if carry != 0 {
				crc ^= 0x82f63b78 // Castagnoli's polynomial, reversed
			}
		}
	}
	crc = ^crc
	return (crc>>15 | crc<<17) + 0xa282ead8
}

func TestChecksum(t *testing.T) {
	crc := uint32(0x8a9136aa) // of 32 zero bytes, says RFC 3720
	require.Equal(t, crc>>15|crc<<17, checksum(make([]byte, 32))-0xa282ead8)
}

func TestReadBack(t *testing.T) {
	path, picture := example(t)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var events []message
	for len(content) > 0 {
		n := binary.LittleEndian.Uint64(content)
		require.Equal(t, checksum(content[:8]), binary.LittleEndian.Uint32(content[8:]))
		data := content[12:][:n]
		require.Equal(t, checksum(data), binary.LittleEndian.Uint32(content[12+n:]))
		content = content[16+n:]
		events = append(events, decode(t, data))
	}
	require.Len(t, events, 4)
	require.Equal(t, "brain.Event:2", string(events[0][3].([]byte)))
	for i, want := range []struct {
		step uint64
		time float64
	}{{0, 1700000000.25}, {0, 1700000000.25}, {100_000, 1700000001.25}, {99, 1700000000.25}} {
		require.Equal(t, want.step, events[i][2])
		require.Equal(t, want.time, math.Float64frombits(events[i][1].(uint64)))
	}
	value := func(i int) message { return decode(t, decode(t, events[i][5].([]byte))[1].([]byte)) }
	require.Equal(t, message{1: []byte("loss"), 2: math.Float32bits(2.5)}, value(1))
	require.Equal(t, message{1: []byte("accuracy/svhn"), 2: math.Float32bits(0.25)}, value(2))
	image := value(3)
	require.Equal(t, "phase", string(image[1].([]byte)))
	require.Equal(t, message{1: uint64(2), 2: uint64(300), 3: uint64(3), 4: picture}, decode(t, image[4].([]byte)))
}

// message is a decoded protocol buffer without repeated fields: uint64, uint32
// or bytes by number.
type message map[uint64]any

func decode(t *testing.T, b []byte) message {
	t.Helper()
	m := message{}
	varint := func() uint64 {
		v, n := binary.Uvarint(b)
		require.Positive(t, n)
		b = b[n:]
		return v
	}
	for len(b) > 0 {
		key := varint()
		require.NotContains(t, m, key>>3)
		switch key & 7 {
		case 0:
			m[key>>3] = varint()
		case 1:
			m[key>>3], b = binary.LittleEndian.Uint64(b), b[8:]
		case 2:
			n := varint()
			m[key>>3], b = b[:n:n], b[n:]
		case 5:
			m[key>>3], b = binary.LittleEndian.Uint32(b), b[4:]
		default:
			require.Fail(t, fmt.Sprintf("wire type %d", key&7))
		}
	}
	return m
}

// TensorBoard itself reads the file, where it is installed for MEADA_PYTHON or
// python3.
func TestTensorBoardReadsIt(t *testing.T) {
	python := os.Getenv("MEADA_PYTHON")
	if python == "" {
		python = "python3"
	}
	if exec.Command(python, "-c", "import tensorboard").Run() != nil {
		t.Skip("no Python with TensorBoard; name one in MEADA_PYTHON")
	}
	path, picture := example(t)
	out, err := exec.Command(python, "-c", `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
a = EventAccumulator(sys.argv[1])
a.Reload()
scalars = {tag: [[e.wall_time, e.step, e.value] for e in a.Scalars(tag)] for tag in a.Tags()["scalars"]}
images = {tag: [[e.step, e.width, e.height, len(e.encoded_image_string)] for e in a.Images(tag)] for tag in a.Tags()["images"]}
print(json.dumps([scalars, images]))
`, path).Output()
	require.NoError(t, err)
	var got [2]map[string][][]float64
	require.NoError(t, json.Unmarshal(out, &got))
	require.Equal(t, map[string][][]float64{
		"loss":          {{1700000000.25, 0, 2.5}},
		"accuracy/svhn": {{1700000001.25, 100_000, 0.25}},
	}, got[0])
	require.Equal(t, map[string][][]float64{"phase": {{99, 300, 2, float64(len(picture))}}}, got[1])
}

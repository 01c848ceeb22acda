package onnx

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// field is a field of a protocol buffer: number is its value where it has no bytes.
type field struct {
	id     uint64
	number uint64
	bytes  []byte
}

// fields takes a protocol buffer apart.
func fields(t *testing.T, b []byte) (all []field) {
	t.Helper()
	varint := func() uint64 {
		v, n := binary.Uvarint(b)
		require.Positive(t, n)
		b = b[n:]
		return v
	}
	for len(b) > 0 {
		key := varint()
		f := field{id: key >> 3}
		switch key & 7 {
		case wireVarint:
			f.number = varint()
		case wire32:
			f.number, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
		case wireBytes:
			n := varint()
			require.LessOrEqual(t, n, uint64(len(b)))
			f.bytes, b = b[:n], b[n:]
		default:
			t.Fatalf("wire type %d", key&7)
		}
		all = append(all, f)
	}
	return all
}

// decode reads a model by the numbers of onnx.proto, written here once more.
func decode(t *testing.T, b []byte) (m Model, ir, opset uint64) {
	t.Helper()
	m.Metadata = map[string]string{}
	for _, f := range fields(t, b) {
		switch f.id {
		case 1:
			ir = f.number
		case 2:
			m.Producer = string(f.bytes)
		case 3:
			m.Version = string(f.bytes)
		case 7:
			m.Graph = decodeGraph(t, f.bytes)
		case 8:
			for _, f := range fields(t, f.bytes) {
				require.EqualValues(t, 2, f.id)
				opset = f.number
			}
		case 14:
			entry := fields(t, f.bytes)
			require.EqualValues(t, []uint64{1, 2}, []uint64{entry[0].id, entry[1].id})
			m.Metadata[string(entry[0].bytes)] = string(entry[1].bytes)
		default:
			t.Fatalf("field %d of a model", f.id)
		}
	}
	return m, ir, opset
}

func decodeGraph(t *testing.T, b []byte) (g Graph) {
	for _, f := range fields(t, b) {
		switch f.id {
		case 1:
			g.Nodes = append(g.Nodes, decodeNode(t, f.bytes))
		case 2:
			g.Name = string(f.bytes)
		case 5:
			g.Initialisers = append(g.Initialisers, decodeTensor(t, f.bytes))
		case 11:
			g.Inputs = append(g.Inputs, decodeValue(t, f.bytes))
		case 12:
			g.Outputs = append(g.Outputs, decodeValue(t, f.bytes))
		default:
			t.Fatalf("field %d of a graph", f.id)
		}
	}
	return g
}

func decodeNode(t *testing.T, b []byte) (n Node) {
	for _, f := range fields(t, b) {
		switch f.id {
		case 1:
			n.Inputs = append(n.Inputs, string(f.bytes))
		case 2:
			n.Outputs = append(n.Outputs, string(f.bytes))
		case 3:
			n.Name = string(f.bytes)
		case 4:
			n.Operator = string(f.bytes)
		case 5:
			a, kind := Attribute{}, uint64(0)
			var ints []int
			for _, f := range fields(t, f.bytes) {
				switch f.id {
				case 1:
					a.Name = string(f.bytes)
				case 2:
					a.Value = math.Float32frombits(uint32(f.number))
				case 3:
					a.Value = int(f.number)
				case 8:
					ints = append(ints, int(f.number))
				case 20:
					kind = f.number
				default:
					t.Fatalf("field %d of an attribute", f.id)
				}
			}
			switch kind {
			case 1:
				require.IsType(t, float32(0), a.Value)
			case 2:
				require.IsType(t, 0, a.Value)
			case 7:
				a.Value = ints
			default:
				t.Fatalf("type %d of an attribute", kind)
			}
			n.Attributes = append(n.Attributes, a)
		default:
			t.Fatalf("field %d of a node", f.id)
		}
	}
	return n
}

func decodeTensor(t *testing.T, b []byte) (s Tensor) {
	for _, f := range fields(t, b) {
		switch f.id {
		case 1:
			s.Shape = append(s.Shape, int(f.number))
		case 2:
			require.EqualValues(t, 1, f.number, "float32")
		case 8:
			s.Name = string(f.bytes)
		case 9:
			for raw := f.bytes; len(raw) > 0; raw = raw[4:] {
				s.Data = append(s.Data, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
			}
		default:
			t.Fatalf("field %d of a tensor", f.id)
		}
	}
	return s
}

func decodeValue(t *testing.T, b []byte) (v Value) {
	v.Name = string(fields(t, b)[0].bytes)
	kind := fields(t, fields(t, b)[1].bytes)
	require.EqualValues(t, 1, kind[0].id, "a tensor")
	parts := fields(t, kind[0].bytes)
	v.Type = Type(parts[0].number)
	for i, d := range fields(t, parts[1].bytes) {
		size := fields(t, d.bytes)[0]
		if i == 0 {
			require.EqualValues(t, 2, size.id)
			v.Batch = string(size.bytes)
			continue
		}
		require.EqualValues(t, 1, size.id)
		v.Shape = append(v.Shape, int(size.number))
	}
	return v
}

func model() *Model {
	return &Model{
		Producer: "p", Version: "v1",
		Metadata: map[string]string{"z": "last", "a": "first", "": "ü"},
		Graph: Graph{
			Name: "g",
			Nodes: []Node{
				{"conv", "Conv", []string{"x", "w"}, []string{"y"}, []Attribute{{"pads", []int{0, 1, 300, 2}}, {"group", 2}}},
				{"norm", "BatchNormalization", []string{"y"}, []string{"z"}, []Attribute{{"epsilon", float32(1e-3)}}},
			},
			Initialisers: []Tensor{{"w", []int{2, 3}, []float32{1, -2, 3.5, 0, float32(math.Inf(1)), 1e-40}}, {"scalar", nil, []float32{6}}},
			Inputs:       []Value{{"x", Uint8, "N", []int{3, 224, 200}}},
			Outputs:      []Value{{"z", Float32, "N", []int{10}}},
		},
	}
}

func write(t *testing.T, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, m))
	return b.Bytes()
}

// What is written is there when it is read, and every time the same.
func TestWrite(t *testing.T) {
	t.Parallel()
	b := write(t, model())
	m, ir, opset := decode(t, b)
	require.Equal(t, model(), &m)
	require.EqualValues(t, IRVersion, ir)
	require.EqualValues(t, Opset, opset)
	for range 10 {
		require.Equal(t, b, write(t, model()), "the order of the metadata is fixed")
	}
}

// The bytes of a small model, put together by hand.
func TestBytes(t *testing.T) {
	t.Parallel()
	b := write(t, &Model{Producer: "p", Version: "1", Graph: Graph{Name: "g",
		Nodes:        []Node{{"n", "Relu", []string{"x"}, []string{"y"}, nil}},
		Initialisers: []Tensor{{"w", []int{1}, []float32{1}}},
	}})
	require.Equal(t, strings.Join([]string{
		"0808",   // IR version
		"120170", // producer
		"1a0131",
		"3a23",                       // graph
		"0a0f",                       // a node
		"0a0178", "120179", "1a016e", // x, y, n
		"220452656c75",         // Relu
		"120167",               // g
		"2a0d", "0801", "1001", // a tensor of one float
		"420177", "4a040000803f", // w, 1
		"42021011", // opset 17
	}, ""), hex.EncodeToString(b))
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	m := model()
	m.Graph.Initialisers[0].Shape = []int{7}
	require.ErrorContains(t, Write(&bytes.Buffer{}, m), `tensor "w": 6 elements do not fill shape [7]`)
	m = model()
	m.Graph.Nodes[1].Attributes[0].Value = "text"
	require.ErrorContains(t, Write(&bytes.Buffer{}, m), `node "norm": attribute "epsilon" is a string`)
}

package pickle

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The programs are what Python's pickle.dumps writes, frames and memos included.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		program string
		want    any
	}{
		{"I01\n.", true},       // True, protocol 0
		{"I-7\n.", -7},         // -7, protocol 0
		{"L12L\n.", 12},        // 12, Python 2's long
		{"F0.5\n.", 0.5},       // 0.5, protocol 0
		{"S'ab'\np0\n.", "ab"}, // 'ab', protocol 0
		{"(lp0\nI1\naI2\na.", &List{[]any{1, 2}}},           // [1, 2], protocol 0
		{"(dp0\nS'a'\nI1\ns.", &Dict{[]any{"a"}, []any{1}}}, // {'a': 1}, protocol 0
		{"\x80\x02\x8a\x05\x00\x00\x00\x00\x80.", -1 << 39}, // -2**39
		{"\x80\x02\x8a\x00.", 0},                            // a long of no bytes
		{"\x80\x02G?\xe0\x00\x00\x00\x00\x00\x00.", 0.5},
		{"\x80\x02K\x01K\x02\x86q\x00.", Tuple{1, 2}},
		{"\x80\x04\x95\x09\x00\x00\x00\x00\x00\x00\x00\x8f\x94(K\x01K\x02\x90.", &List{[]any{1, 2}}}, // {1, 2}
		{"\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00ab.", "ab"},                                    // bytearray(b'ab')
		{"\x80\x02]q\x00(K\x01h\x00e.", nil},                                                         // a list that holds itself
	} {
		r := Reader{MaxSteps: 100}
		got, rest, err := r.Read([]byte(c.program + "rest"))
		require.NoError(t, err, "%q", c.program)
		require.Equal(t, "rest", string(rest))
		if c.want != nil {
			require.Equal(t, c.want, got, "%q", c.program)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]string{
		"":                               "truncated",
		"\x80\x06.":                      "protocol 6",
		"cos\nsystem\n(S'ls'\ntR.":       `"os.system", which is refused`,
		"(S'ls'\nios\nsystem\n.":         "opcode 0x69",
		"\x80\x02Q.":                     "empty stack",
		"\x80\x02K\x01Q.":                "outside of it",
		"\x80\x02K\x01Nb.":               "sets the state",
		"\x80\x02K\x01)R.":               "calls an object",
		"S'a\\x41'\n.":                   "escapes",
		"\x80\x02]]]]]]]]]]]]]]]]]]]]].": "more than 20 opcodes",
	} {
		r := Reader{MaxSteps: 20}
		_, _, err := r.Read([]byte(program))
		require.ErrorContains(t, err, want, "%q", program)
	}
}

func TestGetReturnsTheLast(t *testing.T) {
	t.Parallel()
	d := Dict{[]any{"a", 1, "a"}, []any{1, 2, 3}}
	require.Equal(t, 3, d.Get("a"))
	require.Nil(t, d.Get("b"))
}

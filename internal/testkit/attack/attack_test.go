package attack

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the file, something is damaged, the original is left alone, and the same
// seed does the same.
func TestDamage(t *testing.T) {
	t.Parallel()
	for n := 1; n < 300; n += 1 + n/4 {
		content := make([]byte, n)
		for i := range content {
			content[i] = byte(i*7 + 1)
		}
		original := bytes.Clone(content)
		for seed := range uint64(100) {
			damaged, what := Damage(rand.New(rand.NewPCG(seed, 0)), content)
			require.Equal(t, original, content, what)
			require.NotEqual(t, original, damaged, what)
			again, same := Damage(rand.New(rand.NewPCG(seed, 0)), content)
			require.Equal(t, damaged, again)
			require.Equal(t, what, same)
		}
	}
}

package cli

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThreads(t *testing.T) {
	t.Parallel()
	most := runtime.GOMAXPROCS(0)
	var said strings.Builder
	for _, n := range []int{0, 1, most} {
		require.Equal(t, n, Threads(n, &said))
	}
	require.Empty(t, said.String())
	require.Equal(t, most, Threads(1<<40, &said))
	require.Contains(t, said.String(), fmt.Sprintf("note: --threads %d is more than the %s that", 1<<40, Number(most, "CPU")))
}

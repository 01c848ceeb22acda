package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
)

func TestLabelsInCheckpoints(t *testing.T) {
	labels := []uint16{0, 9, 255, 256, 65534}
	written := safetensors.Tensor{Shape: []int{5, 2}, Bytes: labelBytes(labels)}
	require.Equal(t, labels, labelsOf(written))
	old := safetensors.Tensor{Shape: []int{3}, Bytes: []byte{0, 9, 255}}
	require.Equal(t, labels[:3], labelsOf(old), "a byte each, as in older checkpoints")
	require.Empty(t, labelsOf(safetensors.Tensor{}))
}

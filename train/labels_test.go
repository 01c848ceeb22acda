package train

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLabelsInCheckpoints(t *testing.T) {
	labels := []uint16{0, 9, 255, 256, 65534}
	require.Len(t, labelBytes(labels), 10)
	require.Equal(t, labels, labelsOf(labelBytes(labels)))
	require.Empty(t, labelsOf(nil))
}

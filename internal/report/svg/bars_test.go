package svg

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBars(t *testing.T) {
	t.Parallel()
	picture := string(Bars([]BarPanel{{
		Title: "A & B", Legend: []string{"<ours>", "theirs"}, Limit: "peak",
		Groups: []BarGroup{{"n64", []Bar{{1.5, "150"}, {0.5, "50"}}}, {"n128", []Bar{{0.3, "30"}, {0, "0"}}}},
	}}))
	for dec := xml.NewDecoder(strings.NewReader(picture)); ; {
		_, err := dec.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
	}
	// The longest bar fills the width, the others and the limit are in proportion.
	for _, want := range []string{`width="600.0"`, `width="200.0"`, `width="120.0"`, `class="peak" x1="570" x2="570"`, "&lt;ours&gt;", "A &amp; B"} {
		require.Contains(t, picture, want)
	}
}

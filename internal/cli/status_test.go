package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shown returns what a progress prints into a file.
func shown(t *testing.T, p *Status, do func()) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer f.Close()
	p.out = f
	do()
	text, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	return string(text)
}

func TestLiveLine(t *testing.T) {
	t.Parallel()
	now := time.Now()
	step := func(p *Status, after time.Duration, detail string) {
		var done int
		fmt.Sscanf(detail, "step %d", &done)
		p.Update(now.Add(after), "train", done, func() string { return detail })
	}
	p := &Status{width: 20}
	require.Equal(t, "\r\x1b[Ktrain     step 1"+"\r\x1b[Ktrain     step 200 "+"\r\x1b[Ktest 90.1\n", shown(t, p, func() {
		step(p, 0, "step 1")
		step(p, redrawEvery/2, "too soon")
		step(p, redrawEvery, "step 200 of 10001")
		p.Line("test %.1f", 90.1)
	}))

	p = &Status{}
	require.Equal(t, "train     step 1\ntrain     step 3\nkept\n", shown(t, p, func() {
		step(p, 0, "step 1")
		step(p, redrawEvery, "step 2")
		step(p, lineEvery, "step 3")
		p.Line("kept")
	}))

	p = &Status{width: 80, colour: true}
	require.Equal(t, "\r\x1b[K\x1b[36mtrain     \x1b[0mstep 1", shown(t, p, func() { step(p, 0, "step 1") }))

	p = &Status{quiet: true, width: 80}
	require.Equal(t, "train     step 2\n", shown(t, p, func() {
		step(p, 0, "step 1")
		p.Line("not kept")
		step(p, redrawEvery/2, "step 2")
		p.Show()
	}))

	p = &Status{width: 80}
	require.Equal(t, "\r\x1b[Ktrain     step 1"+"\r\x1b[Ktrain     step 2\n"+"\r\x1b[Ktrain     step 3", shown(t, p, func() {
		step(p, 0, "step 1")
		step(p, redrawEvery/2, "step 2")
		p.Show()
		step(p, redrawEvery, "step 3")
	}))
}

// Lines that are kept come at round counts, however long a step takes.
func TestPace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step   time.Duration
		batch  int
		upTo   int
		counts []int
	}{
		{time.Minute, 1, 4, []int{1, 2, 3, 4}},
		{6 * time.Second, 1, 10, []int{2, 4, 6, 8, 10}},
		{270 * time.Millisecond, 1, 201, []int{50, 100, 150, 200}},
		{time.Second, 64, 64 * 40, []int{64 * 16, 64 * 32}}, // where 1,000 and 2,000 are passed
	} {
		now, s := time.Now(), &Status{out: io.Discard}
		s.next = now.Add(lineEvery)
		var counts []int
		for i := 1; i*c.batch <= c.upTo; i++ {
			s.Update(now.Add(time.Duration(i)*c.step), "train", i*c.batch, func() string {
				counts = append(counts, i*c.batch)
				return ""
			})
		}
		require.Equal(t, c.counts, counts, c.step)
	}
}

func TestNarrowTerminals(t *testing.T) {
	t.Parallel()
	const detail = "épreuve  12/801  3106 img/s  38% peak  ETA 1m05s"
	for width, text := range map[int]string{
		48: detail,
		47: "épreuve  12/801  3106 img/s  ETA 1m05s",
		38: "épreuve  12/801  3106 img/s  ETA 1m05s",
		37: "épreuve  12/801  ETA 1m05s",
		25: "épreuve  ETA 1m05s",
		10: "épreuve  E",
		1:  "é",
		0:  "",
		-5: "",
	} {
		require.Equal(t, text, fit(detail, width), width)
	}
}

// Columns are not torn, and no line is longer than 119 of its letters.
func TestStatusColumns(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	long := strings.Repeat("ä", 57)
	s := NewStatus(&out, false)
	s.Columns("test", "step 1", "a 2", long)
	s.Columns("test", long[:2*47], long, "b 3")
	s.Columns("test", long[:2*50], long, "b 3")
	require.Equal(t, "test      step 1  a 2  "+long+"\n"+
		"test      "+long[:2*47]+"  "+long+"\n          b 3\n"+
		"test      "+long[:2*50]+"  "+long+"\n          b 3\n", out.String())
}

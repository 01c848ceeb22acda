package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/train"
)

// shown returns what a progress prints into a file.
func shown(t *testing.T, p *progress, do func()) string {
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
	now := time.Now()
	step := func(p *progress, after time.Duration, detail string) {
		p.update(now.Add(after), "train", func() string { return detail })
	}
	p := &progress{width: 20}
	require.Equal(t, "\r\x1b[Ktrain     step 1"+"\r\x1b[Ktrain     step 200 "+"\r\x1b[Ktest 90.1\n", shown(t, p, func() {
		step(p, 0, "step 1")
		step(p, redrawEvery/2, "too soon")
		step(p, redrawEvery, "step 200 of 10001")
		p.line("test %.1f", 90.1)
	}))

	p = &progress{}
	require.Equal(t, "train     step 1\ntrain     step 3\nkept\n", shown(t, p, func() {
		step(p, 0, "step 1")
		step(p, redrawEvery, "step 2")
		step(p, lineEvery, "step 3")
		p.line("kept")
	}))

	p = &progress{width: 80, colour: true}
	require.Equal(t, "\r\x1b[K\x1b[36mtrain     \x1b[0mstep 1", shown(t, p, func() { step(p, 0, "step 1") }))

	p = &progress{quiet: true, width: 80}
	require.Equal(t, "train     step 2\n", shown(t, p, func() {
		step(p, 0, "step 1")
		p.line("not kept")
		step(p, redrawEvery/2, "step 2")
		p.status()
	}))

	p = &progress{width: 80}
	require.Equal(t, "\r\x1b[Ktrain     step 1"+"\r\x1b[Ktrain     step 2\n"+"\r\x1b[Ktrain     step 3", shown(t, p, func() {
		step(p, 0, "step 1")
		step(p, redrawEvery/2, "step 2")
		p.status()
		step(p, redrawEvery, "step 3")
	}))
}

func TestNarrowTerminals(t *testing.T) {
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

func TestTimeLeft(t *testing.T) {
	c := &clock{
		work:  train.Work{train.Minimise: 1000, train.Maximise: 50, train.Evaluate: 100},
		adv:   15,
		flops: byKind{train.Minimise: 3e6, train.Maximise: 2e6, train.Evaluate: 1e6},
		peak:  1e9,
	}
	require.InDelta(t, (3+50*15*2e-3+0.1)/usualShare, c.left(), 1e-9)
	require.Equal(t, "a few seconds, at 50% of the peak measured now, 1 GFLOP/s", c.expected())
	c.add(train.Event{Kind: train.Minimise, Images: 100}, time.Second)
	require.InDelta(t, 9+(50*15*2e-3+0.1)/usualShare, c.left(), 1e-9)
	require.InDelta(t, 0.3, c.share(train.Minimise), 1e-9)
	c.add(train.Event{Kind: train.Maximise, Images: 10}, time.Second)
	require.InDelta(t, 150, c.rate(train.Maximise), 1e-9)
	require.InDelta(t, 0.3, c.share(train.Maximise), 1e-9)
	require.InDelta(t, 9+4+0.1/usualShare, c.left(), 1e-9)
}

func TestFormats(t *testing.T) {
	require.Equal(t, "a few seconds", about(9.9))
	require.Equal(t, "about 40 seconds", about(42))
	require.Equal(t, "about 2 minutes", about(91))
	require.Equal(t, "about 8 minutes", about(8*60+20))
	require.Equal(t, "about 4 hours", about(4.2*3600))
	require.Equal(t, "about 3 days", about(70*3600))
}

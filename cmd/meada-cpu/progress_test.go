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
	require.Equal(t, "\r\x1b[K\x1b[36mtrain    \x1b[0m step 1", shown(t, p, func() { step(p, 0, "step 1") }))

	p = &progress{quiet: true, width: 80}
	require.Empty(t, shown(t, p, func() {
		step(p, 0, "step 1")
		p.line("not kept")
	}))
}

func TestTimeLeft(t *testing.T) {
	c := &clock{work: train.Work{train.Minimise: 1000, train.Maximise: 50, train.Evaluate: 100}, adv: 15}
	c.add(train.Event{Kind: train.Minimise, Images: 100}, time.Second)
	require.InDelta(t, 9+7.5+1, c.left(), 1e-9, "unknown rates are taken from the descent")
	c.add(train.Event{Kind: train.Maximise, Images: 10}, time.Second)
	require.InDelta(t, 150, c.rate(train.Maximise), 1e-9)
	require.InDelta(t, 9+4+1, c.left(), 1e-9)
}

func TestFormats(t *testing.T) {
	require.Equal(t, "59s", brief(59.4))
	require.Equal(t, "1m00s", brief(59.6))
	require.Equal(t, "2h05m", brief(2*3600+5*60+40))
	require.Equal(t, "1,234,567", grouped(1234567))
	require.Equal(t, "123", grouped(123))
	require.Equal(t, "98.80", percent(0.988))
	require.Equal(t, "1.12 GiB", bytesOf(1147<<20))
}

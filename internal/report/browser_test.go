package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

// chromium returns the path of a browser to test with.
func chromium(t *testing.T) string {
	t.Helper()
	if os.Getenv("CI") == "" {
		t.Skip("a browser takes seconds: continuous integration does it (CI=true)")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium here (Debian: apt-get install chromium)")
	return ""
}

// browse runs a browser without a window and returns what it prints and logs.
func browse(t *testing.T, browser string, args ...string) (out, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, browser, append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
		"--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=" + t.TempDir(),
	}, args...)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	require.NoError(t, c.Run(), "%s", &stderr)
	return stdout.String(), stderr.String()
}

// The page asks this about itself when drawn in a frame.
const inspection = `
addEventListener("load", () => {
  const d = document.querySelector("iframe").contentDocument;
  const all = s => [...d.querySelectorAll(s)];
  document.body.textContent = JSON.stringify({
    Width: d.documentElement.scrollWidth,
    Charts: all("svg.chart").length,
    Heats: all("svg.heat").length,
    Lines: all("svg.chart path.line").filter(e => e.getTotalLength() > 5).length,
    Flat: all("svg").filter(e => e.getBoundingClientRect().height < 40).length,
    Pictures: all("img").filter(e => e.naturalWidth > 0 && e.getBoundingClientRect().width > 60).length,
    Broken: all("img").filter(e => e.naturalWidth == 0).length,
    Scrolling: all(".scroll").filter(e => e.scrollWidth > e.clientWidth).length,
    Background: getComputedStyle(d.body).backgroundColor,
    Smallest: Math.min(...all("svg.chart text").map(e => e.getBoundingClientRect().height)),
  });
});`

// seen is what a page is in a browser.
type seen struct {
	Width, Scrolling, Charts, Heats, Lines, Flat, Pictures, Broken int
	Background                                                     string
	Smallest                                                       float64
}

// inspect draws a page in a browser, "light" or "dark", in a window of that
// width, and requires what holds for every page.
func inspect(t *testing.T, browser, page, scheme string, width int) seen {
	t.Helper()
	path := filepath.Join(t.TempDir(), "frame.html")
	frame := fmt.Sprintf(`<!doctype html><title>t</title><script>%s</script><body><iframe style="width:%dpx;height:2000px;border:0" srcdoc="%s"></iframe>`,
		inspection, width, html.EscapeString(page))
	require.NoError(t, os.WriteFile(path, []byte(frame), 0o666))
	preferred := map[string]string{"dark": "0", "light": "1"}[scheme]
	dom, log := browse(t, browser, "--window-size=1400,2000", "--blink-settings=preferredColorScheme="+preferred, "--dump-dom", "file://"+path)
	require.NotContains(t, log, "CONSOLE", "the console is clean")
	body := regexp.MustCompile(`(?s)<body>(.*)</body>`).FindStringSubmatch(dom)
	require.NotNil(t, body, dom)
	var s seen
	require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(body[1])), &s))
	require.LessOrEqual(t, s.Width, width, "nothing sticks out")
	require.Zero(t, s.Scrolling, "every table fits")
	require.Zero(t, s.Flat)
	require.Zero(t, s.Broken)
	require.Equal(t, map[string]string{"light": "rgb(247, 247, 245)", "dark": "rgb(20, 20, 19)"}[scheme], s.Background)
	require.Greater(t, s.Smallest, 8.0, "text that can be read")
	return s
}

func TestInBrowser(t *testing.T) {
	browser := chromium(t)
	faulty := filepath.Join(t.TempDir(), "faulty.html")
	require.NoError(t, os.WriteFile(faulty, []byte(`<!doctype html><script>fault()</script>`), 0o666))
	_, log := browse(t, browser, "--dump-dom", "file://"+faulty)
	require.Contains(t, log, "CONSOLE", "how this browser logs an error")

	page := render(t, load(t, exampleRun(t, "run")), 0)
	for scheme, width := range map[string]int{"light": 1280, "dark": 390} {
		s := inspect(t, browser, page, scheme, width)
		require.Equal(t, 13, s.Charts)
		require.Equal(t, 4, s.Heats)
		require.Equal(t, 4+1+1+3+1+1+2+1+2*2+3*3, s.Lines,
			"of accuracy, loss, training accuracy, test loss, rate, training set, speed, memory, entropies, reliability")
		require.Equal(t, 6+2, s.Pictures)
	}
	var comparison bytes.Buffer
	require.NoError(t, Compare(&comparison, []*Run{load(t, exampleRun(t, "one")), load(t, exampleRun(t, "two")), load(t, exampleRun(t, "randaugment-of-three"))}))
	s := inspect(t, browser, comparison.String(), "light", 390)
	require.Equal(t, 3+3+3+1, s.Charts, "and accuracy and loss by domain, and the rate")
	require.Equal(t, 10*3, s.Lines)
}

func TestScreenshotAndPrint(t *testing.T) {
	browser := chromium(t)
	dir := exampleRun(t, "run")
	path := filepath.Join(dir, runfolder.ReportFile)
	require.NoError(t, load(t, dir).WriteFile(path))
	shot, pdf := filepath.Join(dir, "shot.png"), filepath.Join(dir, "page.pdf")
	_, log := browse(t, browser, "--window-size=1280,2400", "--screenshot="+shot, "file://"+path)
	require.NotContains(t, log, "CONSOLE")
	f, err := os.Open(shot)
	require.NoError(t, err)
	defer f.Close()
	picture, err := png.Decode(f)
	require.NoError(t, err)
	require.Equal(t, image.Pt(1280, 2400), picture.Bounds().Size())
	colours := map[[3]uint32]int{}
	for y := range 2400 {
		for x := range 1280 {
			r, g, b, _ := picture.At(x, y).RGBA()
			colours[[3]uint32{r >> 8, g >> 8, b >> 8}]++
		}
	}
	for name, colour := range map[string][3]uint32{
		"first line": {0x2a, 0x78, 0xd6}, "second line": {0xd9, 0x7b, 0x00}, "page": {0xf7, 0xf7, 0xf5}, "panel": {0xff, 0xff, 0xff},
	} {
		require.Greater(t, colours[colour], 50, name)
	}

	browse(t, browser, "--no-pdf-header-footer", "--print-to-pdf="+pdf, "file://"+path)
	content, err := os.ReadFile(pdf)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(content), "%PDF-"))
}

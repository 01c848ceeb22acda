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
)

// chromium returns the path of a browser to test with.
func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes seconds")
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

func TestInBrowser(t *testing.T) {
	browser := chromium(t)
	page := render(t, load(t, exampleRun(t, "run")), 0)
	dir := t.TempDir()
	faulty := filepath.Join(dir, "faulty.html")
	require.NoError(t, os.WriteFile(faulty, []byte(`<!doctype html><script>fault()</script>`), 0o666))
	_, log := browse(t, browser, "--dump-dom", "file://"+faulty)
	require.Contains(t, log, "CONSOLE", "how this browser logs an error")

	for _, c := range []struct {
		scheme, background string
		width              int
	}{
		{"light", "rgb(247, 247, 245)", 1280},
		{"dark", "rgb(20, 20, 19)", 390},
	} {
		t.Run(fmt.Sprint(c.scheme, " ", c.width), func(t *testing.T) {
			path := filepath.Join(dir, c.scheme+".html")
			frame := fmt.Sprintf(`<!doctype html><title>t</title><script>%s</script><body><iframe style="width:%dpx;height:2000px;border:0" srcdoc="%s"></iframe>`,
				inspection, c.width, html.EscapeString(page))
			require.NoError(t, os.WriteFile(path, []byte(frame), 0o666))
			scheme := map[string]string{"dark": "0", "light": "1"}[c.scheme]
			dom, log := browse(t, browser, "--window-size=1400,2000", "--blink-settings=preferredColorScheme="+scheme, "--dump-dom", "file://"+path)
			require.NotContains(t, log, "CONSOLE", "the console is clean")
			body := regexp.MustCompile(`(?s)<body>(.*)</body>`).FindStringSubmatch(dom)
			require.NotNil(t, body, dom)
			var seen struct {
				Width, Scrolling, Charts, Heats, Lines, Flat, Pictures, Broken int
				Background                                                     string
				Smallest                                                       float64
			}
			require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(body[1])), &seen))
			require.LessOrEqual(t, seen.Width, c.width, "nothing sticks out")
			require.Zero(t, seen.Scrolling, "every table fits")
			require.Equal(t, 8, seen.Charts)
			require.Equal(t, 4, seen.Heats)
			require.Equal(t, 4+1+1+1+2+1+2*2, seen.Lines, "of accuracy, loss, training accuracy, pool, speed, memory, entropies")
			require.Zero(t, seen.Flat)
			require.Equal(t, 6, seen.Pictures)
			require.Zero(t, seen.Broken)
			require.Equal(t, c.background, seen.Background)
			require.Greater(t, seen.Smallest, 8.0, "text that can be read")
		})
	}
}

func TestScreenshotAndPrint(t *testing.T) {
	browser := chromium(t)
	dir := exampleRun(t, "run")
	path := filepath.Join(dir, FileName)
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

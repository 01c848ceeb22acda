package simd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNEONEncodings disassembles one use of every macro of neon_arm64.h and
// compares it with the GNU text beside it: a wrong digit in a WORD would
// otherwise show as a wrong number at best.
func TestNEONEncodings(t *testing.T) {
	const source = "testdata/neon_enc.s"
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command to assemble with: ", err)
	}
	run := func(args ...string) string {
		cmd := exec.Command(goTool, append([]string{"tool"}, args...)...)
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "go tool %s: %s", args[0], out)
		return string(out)
	}
	object := filepath.Join(t.TempDir(), "neon_enc.o")
	run("asm", "-p", "simd", "-I", ".", "-o", object, source)

	var got []string
	gnuText := regexp.MustCompile(`// (.*\S)`)
	for _, m := range gnuText.FindAllStringSubmatch(run("objdump", "-gnu", object), -1) {
		got = append(got, m[1])
	}
	text, err := os.ReadFile(source)
	require.NoError(t, err)
	var want []string
	uses := regexp.MustCompile(`(?m)^\t\w+\(.*// (.*)$`)
	for _, m := range uses.FindAllStringSubmatch(string(text), -1) {
		want = append(want, m[1])
	}
	require.Equal(t, append(want, "ret"), got)

	header, err := os.ReadFile("neon_arm64.h")
	require.NoError(t, err)
	macros := regexp.MustCompile(`(?m)^#define (\w+)`).FindAllStringSubmatch(string(header), -1)
	require.NotEmpty(t, macros)
	for _, m := range macros {
		name := m[1]
		if name == "V3OP" || name == "V2OP" || name == "VLANE" {
			continue // the forms that the others are made of
		}
		require.True(t, strings.Contains(string(text), "\t"+name+"("), "%s has no line in %s", name, source)
	}
}

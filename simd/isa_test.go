package simd

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// forEachISA runs f once for every row that this CPU can run.
func forEachISA(t *testing.T, f func(t *testing.T, k *Kernels)) {
	for _, k := range Rows() {
		t.Run(k.Name, func(t *testing.T) { f(t, k) })
	}
}

// forEachExactISA runs f for the rows whose bits are fixed: all but generic.
func forEachExactISA(t *testing.T, f func(t *testing.T, k *Kernels)) {
	for _, k := range Rows() {
		if k.Name != "generic" {
			t.Run(k.Name, func(t *testing.T) { f(t, k) })
		}
	}
}

func rowNames() []string {
	var have []string
	for _, k := range Rows() {
		have = append(have, k.Name)
	}
	return have
}

// TestRequiredRows turns a row that this machine should have and lacks into a
// failure, so that a green run can't mean "skipped": MEADA_REQUIRE=avx2,avx512.
func TestRequiredRows(t *testing.T) {
	required := os.Getenv("MEADA_REQUIRE")
	if required == "" {
		t.Skip("MEADA_REQUIRE names no rows")
	}
	require.Subset(t, rowNames(), strings.Split(required, ","), "refused: %v", Refused())
}

func TestRowsAreNamedOnceAndEndWithGeneric(t *testing.T) {
	have := rowNames()
	require.Equal(t, "generic", have[len(have)-1])
	for _, name := range names {
		_, refused := Refused()[name]
		require.NotEqual(t, slices.Contains(have, name), refused, "%s: exactly one of runs and refused", name)
	}
}

func TestSelect(t *testing.T) {
	best, err := Select("")
	require.NoError(t, err)
	require.Same(t, Rows()[0], best)
	for _, name := range rowNames() {
		k, err := Select(name)
		require.NoError(t, err)
		require.Equal(t, name, k.Name)
	}
	for name, why := range Refused() {
		_, err := Select(name)
		require.ErrorContains(t, err, why)
	}
	_, err = Select("sse2")
	require.EqualError(t, err, `unknown instruction set "sse2", expected one of generic, avx2, avx512, neon`)
}

// TestForcedRow runs this test binary again with MEADA_ISA set: a row that the
// CPU has is the default, any other is an error and never another row.
func TestForcedRow(t *testing.T) {
	if want := os.Getenv("MEADA_TEST_ACTIVE"); want != "" {
		k, err := Default()
		if slices.Contains(rowNames(), want) {
			require.NoError(t, err)
			require.Equal(t, want, k.Name)
			require.Same(t, k, Active())
			return
		}
		require.ErrorContains(t, err, isaVariable+": ")
		var unavailable *UnavailableError
		require.ErrorAs(t, err, &unavailable)
		require.Equal(t, UnavailableError{want, Refused()[want]}, *unavailable)
		require.Panics(t, func() { Active() })
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	for _, name := range append([]string{"sse2"}, names...) {
		cmd := exec.Command(self, "-test.run=^TestForcedRow$")
		cmd.Env = append(os.Environ(), isaVariable+"="+name, "MEADA_TEST_ACTIVE="+name)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			t.Skip("this process can't be started again: ", err) // under qemu-user
		}
		require.NoError(t, err, "%s: %s", name, out)
	}
}

package simd

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// forEachISA runs f once for every kernel set that this CPU can run.
func forEachISA(t *testing.T, f func(t *testing.T, k *Kernels)) {
	for _, k := range Available() {
		t.Run(k.Name, func(t *testing.T) { f(t, k) })
	}
}

// forEachExactISA runs f for the sets whose bits are fixed: all but generic.
func forEachExactISA(t *testing.T, f func(t *testing.T, k *Kernels)) {
	for _, k := range Available() {
		if k.Name != "generic" {
			t.Run(k.Name, func(t *testing.T) { f(t, k) })
		}
	}
}

func setNames() []string {
	var have []string
	for _, k := range Available() {
		have = append(have, k.Name)
	}
	return have
}

// TestRequiredSets turns a kernel set that this machine should have and lacks into a
// failure, so that a green run can't mean "skipped": MEADA_REQUIRE=avx2,avx512.
func TestRequiredSets(t *testing.T) {
	required := os.Getenv("MEADA_REQUIRE")
	if required == "" {
		t.Skip("MEADA_REQUIRE names no kernel sets")
	}
	require.Subset(t, setNames(), strings.Split(required, ","), "unavailable: %v", Unavailable())
}

func TestSetsAreNamedOnceAndEndWithGeneric(t *testing.T) {
	have := setNames()
	require.Equal(t, "generic", have[len(have)-1])
	for _, name := range names {
		_, unavailable := Unavailable()[name]
		require.NotEqual(t, slices.Contains(have, name), unavailable, "%s: exactly one of available and unavailable", name)
	}
}

func TestSelect(t *testing.T) {
	best, err := Select("")
	require.NoError(t, err)
	require.Same(t, Available()[0], best)
	for _, name := range setNames() {
		k, err := Select(name)
		require.NoError(t, err)
		require.Equal(t, name, k.Name)
	}
	for name, why := range Unavailable() {
		_, err := Select(name)
		require.ErrorContains(t, err, why)
	}
	_, err = Select("sse2")
	require.EqualError(t, err, `unknown instruction set "sse2", expected one of generic, avx2, avx512, neon`)
}

// TestForcedSet runs this test binary again with MEADA_ISA set: a set that the
// CPU can run is the default, any other is an error and never another set.
func TestForcedSet(t *testing.T) {
	if want := os.Getenv("MEADA_TEST_ACTIVE"); want != "" {
		k, err := Default()
		if slices.Contains(setNames(), want) {
			require.NoError(t, err)
			require.Equal(t, want, k.Name)
			require.Same(t, k, Active())
			return
		}
		require.ErrorContains(t, err, isaVariable+": ")
		var unavailable *UnavailableError
		require.ErrorAs(t, err, &unavailable)
		require.Equal(t, UnavailableError{want, Unavailable()[want]}, *unavailable)
		require.Panics(t, func() { Active() })
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	for _, name := range append([]string{"sse2"}, names...) {
		cmd := exec.Command(self, "-test.run=^TestForcedSet$")
		cmd.Env = append(os.Environ(), isaVariable+"="+name, "MEADA_TEST_ACTIVE="+name)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			t.Skip("this process can't be started again: ", err) // under qemu-user
		}
		require.NoError(t, err, "%s: %s", name, out)
	}
}

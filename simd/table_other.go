//go:build purego || (!amd64 && !arm64)

package simd

// candidates lists the kernel sets of this build, best first.
var candidates = []candidate{{&generic, nothingMissing}}

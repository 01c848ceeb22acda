//go:build purego || (!amd64 && !arm64)

package simd

// candidates lists the rows of this build, best first.
var candidates = []candidate{{&generic, nothingMissing}}

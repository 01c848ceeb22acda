//go:build !race

// Package race tells tests whether the race detector watches them. It makes Go code
// ten times as slow, and does not see assembly.
package race

// Enabled reports whether the race detector is on.
const Enabled = false

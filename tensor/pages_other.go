//go:build !linux

package tensor

// useHugePages does nothing where the kernel decides alone.
func useHugePages([]float32) {}

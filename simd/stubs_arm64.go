//go:build !purego

package simd

func peakNEON(n int) int // see peakGeneric

// Package simd holds the kernels of the engine: one kernel set for each
// instruction set (generic, avx2, avx512, neon), chosen once, when first needed.
//
// The rules that make avx2, avx512 and neon agree bit for bit:
//
//   - one fused multiply-add per term wherever a contract says a*b+c;
//   - sums over a slice run in 16 virtual lanes (element i goes to lane i mod
//     16, in ascending i) that are folded 16-8-4-2-1: lane j += lane j+8, then
//     j+4, j+2, j+1;
//   - every element of a matrix product is one chain of fused multiply-adds
//     with k ascending, begun at the value the tile mode names;
//   - exp, log and GELU use one polynomial and one order of operations.
//
// Kernels look at no lengths but that which their contract names, and those in assembly
// read and write wherever it leads: who calls them checks every slice before, as tensor,
// conv, train/nn and augment do once for each call of theirs.
//
// The generic set is the readable twin of them all. The Go compiler may or may
// not fuse a*b+c, so it agrees within a tolerance rather than bit for bit.
package simd

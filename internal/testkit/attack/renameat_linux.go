//go:build !riscv64 && !loong64

package attack

import "golang.org/x/sys/unix"

// Younger architectures have renameat2 alone.
func init() { calls[unix.SYS_RENAMEAT] = "rename" }

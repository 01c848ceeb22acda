//go:build unix

package system

import (
	"os"
	"os/exec"
	"syscall"
)

// Interruptible lets a run that is cancelled finish its step. It gets a process
// group of its own: ctrl-C would otherwise reach it twice, from the terminal
// and from us, and the second time ends it at once.
func Interruptible(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
}

//go:build unix

package system

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Interruptible lets a run that is cancelled finish its step. It gets a process
// group of its own: ctrl-C would otherwise reach it twice, from the terminal
// and from us, and the second time ends it at once. So does an interruption of us
// after that.
func Interruptible(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error {
		again := make(chan os.Signal, 1)
		signal.Notify(again, os.Interrupt, syscall.SIGTERM) // for good: there is no other run after one that is cancelled
		go func() {
			<-again
			_ = c.Process.Kill() // fails once it has ended
		}()
		return c.Process.Signal(os.Interrupt)
	}
}

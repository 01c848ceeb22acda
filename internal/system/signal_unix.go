//go:build unix

package system

import (
	"os"
	"os/signal"
	"syscall"
)

// StatusRequests returns where SIGUSR1 arrives, by which people and schedulers
// ask a long run how it goes. Go's runtime ignores the signal elsewhere, such as on the
// ranks that do not answer.
func StatusRequests() <-chan os.Signal {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	return asked
}

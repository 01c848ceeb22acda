//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// askedForStatus returns where SIGUSR1 arrives, by which people and schedulers
// ask a long run how it goes. Until then the signal would end the process.
func askedForStatus() <-chan os.Signal {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	return asked
}

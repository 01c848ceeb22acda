//go:build !unix

package main

import "os"

// askedForStatus returns nil: nobody can ask here.
func askedForStatus() <-chan os.Signal { return nil }

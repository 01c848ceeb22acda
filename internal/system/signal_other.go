//go:build !unix

package system

import "os"

// StatusRequests returns nil: nobody can ask here.
func StatusRequests() <-chan os.Signal { return nil }

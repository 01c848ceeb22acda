//go:build !unix

package guard

import "testing"

// pages returns nil: this system has no page protection that we use.
func pages(testing.TB, int, Side) []byte { return nil }

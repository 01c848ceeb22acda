package main

import (
	"cmp"
	"io"
)

// streams are what the command reads from, and its two outputs: results go to out,
// talk to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// output keeps the first error of writing to it: tables and help are printed without a
// look at each line.
type output struct {
	io.Writer
	failed error
}

func (o *output) Write(text []byte) (int, error) {
	n, err := o.Writer.Write(text)
	o.failed = cmp.Or(o.failed, err)
	return n, err
}

package main

import (
	"bufio"
	"bytes"
	"embed"
	"fmt"
	"strings"

	"github.com/meada-cpu/meada-cpu/conv"
)

//go:embed shapes/*.txt
var shapeFiles embed.FS

// product is a line of shapes/gemm.txt.
type product struct {
	name            string
	m, n, k, images int
}

// convolution is a line of shapes/conv.txt.
type convolution struct {
	name  string
	shape conv.Shape
}

func products() ([]product, error) {
	var all []product
	err := eachLine("shapes/gemm.txt", func(line string) error {
		var p product
		_, err := fmt.Sscan(line, &p.name, &p.m, &p.n, &p.k, &p.images)
		all = append(all, p)
		return err
	})
	return all, err
}

func convolutions() ([]convolution, error) {
	var all []convolution
	err := eachLine("shapes/conv.txt", func(line string) error {
		c := convolution{}
		s := &c.shape
		_, err := fmt.Sscan(line, &c.name, &s.N, &s.C, &s.H, &s.W, &s.K, &s.R, &s.Stride, &s.PadH, &s.Groups)
		s.S, s.PadW = s.R, s.PadH
		all = append(all, c)
		return err
	})
	return all, err
}

// eachLine calls do with the lines of a shape file that are neither empty nor
// a comment.
func eachLine(name string, do func(line string) error) error {
	data, err := shapeFiles.ReadFile(name)
	if err != nil {
		return err
	}
	scanner := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if err := do(line); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return scanner.Err()
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// permitted are the licences that may be linked into an MIT-licensed binary
// with no more than their texts beside it, by SPDX identifier, each with the
// phrases that tell it from its relatives.
var permitted = map[string]struct{ holds, lacks []string }{
	"MIT": {
		holds: []string{
			"permission is hereby granted, free of charge, to any person obtaining a copy",
			"the above copyright notice and this permission notice shall be included",
		},
		lacks: []string{"shall be used for good", "redistributions"},
	},
	"Apache-2.0": {
		holds: []string{
			"apache license version 2.0, january 2004",
			"grant of copyright license",
			"grant of patent license",
			"you must give any other recipients of the work or derivative works a copy of this license",
		},
		lacks: []string{"commons clause"},
	},
	"BSD-3-Clause": {
		holds: []string{
			"redistribution and use in source and binary forms, with or without modification, are permitted",
			"redistributions of source code must retain the above copyright notice",
			"redistributions in binary form must reproduce the above copyright notice",
			"neither the name of",
		},
		lacks: []string{"all advertising materials", "nuclear"},
	},
}

// licenceFiles are the names that a licence's text has.
var licenceFiles = []string{"LICENSE", "LICENSE.txt"}

// licenceOf returns the SPDX identifier of a licence's text, an error if it is
// none that is permitted.
func licenceOf(text []byte) (string, error) {
	words := strings.ToLower(strings.Join(strings.Fields(string(text)), " "))
	for id, phrases := range permitted {
		matches := true
		for _, p := range phrases.holds {
			matches = matches && strings.Contains(words, p)
		}
		for _, p := range append([]string{"gnu ", "general public license"}, phrases.lacks...) {
			matches = matches && !strings.Contains(words, p)
		}
		if matches {
			return id, nil
		}
	}
	return "", errors.New("no licence that is known and permitted")
}

// licence returns the SPDX identifier of a part's licence.
func (p part) licence() (string, error) {
	for _, name := range licenceFiles {
		text, err := os.ReadFile(filepath.Join(p.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("%s %s: %w", p.path, p.version, err)
		}
		id, err := licenceOf(text)
		if err != nil {
			return "", fmt.Errorf("%s %s: %s: %w", p.path, p.version, name, err)
		}
		return id, nil
	}
	return "", fmt.Errorf("%s %s: no %s in %s", p.path, p.version, strings.Join(licenceFiles, " or "), p.dir)
}

// licenceTexts returns the texts that have to accompany a binary made of
// parts, an error if one of them may not be linked.
func licenceTexts(parts []part) ([]byte, error) {
	var all bytes.Buffer
	fmt.Fprintf(&all, "%s contains the following works under their own licences.\n", name)
	for _, p := range parts {
		id, err := p.licence()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&all, "\n%s\n%s %s (%s)\n", strings.Repeat("=", 72), p.path, p.version, id)
		for _, document := range append(slices.Clone(licenceFiles), "NOTICE", "PATENTS") {
			text, err := os.ReadFile(filepath.Join(p.dir, document))
			if os.IsNotExist(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&all, "\n%s\n", bytes.TrimSpace(text))
		}
	}
	return all.Bytes(), nil
}

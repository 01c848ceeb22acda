package main

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// The parts of CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/) in use.
type (
	bom struct {
		Schema       string       `json:"$schema"`
		Format       string       `json:"bomFormat"`
		SpecVersion  string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Ref      string          `json:"bom-ref"`
		Type     string          `json:"type"`
		Name     string          `json:"name"`
		Version  string          `json:"version"`
		PURL     string          `json:"purl"`
		Licences []licenceChoice `json:"licenses"`
	}
	licenceChoice struct {
		Licence struct {
			ID string `json:"id"`
		} `json:"license"`
	}
	dependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// sbom returns the inventory of a release: the command and the parts of its
// binaries, each once.
func sbom(b build, parts []part) ([]byte, error) {
	command := newComponent("application", "github.com/meada-cpu/meada-cpu", b.version, "MIT")
	inventory := bom{
		Schema:       "http://cyclonedx.org/schema/bom-1.6.schema.json",
		Format:       "CycloneDX",
		SpecVersion:  "1.6",
		Version:      1,
		Metadata:     metadata{Timestamp: b.time.UTC().Format(time.RFC3339), Component: command},
		Dependencies: []dependency{{Ref: command.Ref}},
	}
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.path, b.path) })
	for _, p := range slices.Compact(parts) {
		id, err := p.licence()
		if err != nil {
			return nil, err
		}
		c := newComponent("library", p.path, p.version, id)
		inventory.Components = append(inventory.Components, c)
		inventory.Dependencies[0].On = append(inventory.Dependencies[0].On, c.Ref)
	}
	data, err := json.MarshalIndent(inventory, "", "  ")
	return append(data, '\n'), err
}

func newComponent(kind, path, version, licence string) component {
	// A package URL has a plus sign, as in "+dirty", percent-encoded.
	purl := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	c := component{Ref: purl, Type: kind, Name: path, Version: version, PURL: purl, Licences: make([]licenceChoice, 1)}
	c.Licences[0].Licence.ID = licence
	return c
}

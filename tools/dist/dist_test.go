package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil { // the root, where the command runs
		panic(err)
	}
	os.Exit(m.Run())
}

// Everything that is linked into the command of any platform may be.
func TestLicencesOfWhatIsLinked(t *testing.T) {
	for _, platform := range append([]string{"js/wasm", "wasip1/wasm"}, platforms...) {
		goos, goarch, _ := strings.Cut(platform, "/")
		parts, err := linked(goos, goarch)
		require.NoError(t, err)
		require.Equal(t, "std", parts[0].path)
		texts, err := licenceTexts(parts)
		require.NoError(t, err, platform)
		for _, holder := range []string{"Copyright 2009 The Go Authors", "Copyright (c) 2015 Klaus Post", "Apache License", "Copyright (c) 2012 Alex Ogier"} {
			require.Contains(t, string(texts), holder)
		}
	}
}

func TestLicenceOf(t *testing.T) {
	own, err := os.ReadFile("LICENSE")
	require.NoError(t, err)
	id, err := licenceOf(own)
	require.NoError(t, err)
	require.Equal(t, "MIT", id)

	for name, text := range map[string]string{
		"empty":    "",
		"other":    "All rights reserved.",
		"GPL":      "GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007",
		"both":     string(own) + "\nor, at your option, the GNU Lesser General Public License",
		"JSON":     strings.Replace(string(own), "THE SOFTWARE", "The Software shall be used for Good, not Evil. THE SOFTWARE", 1),
		"cut MIT":  string(own[:len(own)/3]),
		"old BSD":  bsd + " All advertising materials mentioning features must display the following",
		"part BSD": strings.Replace(bsd, "Redistributions in binary form", "", 1),
	} {
		_, err := licenceOf([]byte(text))
		require.Error(t, err, name)
	}
	id, err = licenceOf([]byte(bsd))
	require.NoError(t, err)
	require.Equal(t, "BSD-3-Clause", id)
	id, err = licenceOf([]byte(apache))
	require.NoError(t, err)
	require.Equal(t, "Apache-2.0", id)
	_, err = licenceOf([]byte(apache + " Commons Clause License Condition v1.0"))
	require.Error(t, err)
}

const bsd = `Redistribution and use in source and binary forms, with or without
	modification, are permitted provided that the following conditions are met:
	* Redistributions of source code must retain the above copyright notice
	* Redistributions in binary form must reproduce the above copyright notice
	* Neither the name of X nor the names of its contributors may be used`

const apache = `Apache License
	Version 2.0, January 2004
	2. Grant of Copyright License. 3. Grant of Patent License. 4. Redistribution.
	(a) You must give any other recipients of the Work or Derivative Works a copy of this License`

func TestArchivesHoldTheFilesAndNothingOfTheMoment(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 0, 0, time.FixedZone("east", 9*3600))
	files := []file{{"run", bytes.Repeat([]byte("program "), 1000), true}, {"README.md", []byte("text"), false}}
	for _, asZip := range []bool{false, true} {
		first, err := pack("stem", asZip, at, files)
		require.NoError(t, err)
		second, err := pack("stem", asZip, at.In(time.UTC), files)
		require.NoError(t, err)
		require.Equal(t, first, second)

		members := untar
		if asZip {
			require.Equal(t, "stem.zip", first.name)
			members = unzip
		} else {
			require.Equal(t, "stem.tar.gz", first.name)
		}
		require.Equal(t, []file{{"stem/run", files[0].data, true}, {"stem/README.md", files[1].data, false}}, members(t, first.data, at))
	}
}

func untar(t *testing.T, data []byte, at time.Time) (files []file) {
	plain, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		require.NoError(t, err)
		require.True(t, h.ModTime.Equal(at))
		require.Zero(t, h.Uid+h.Gid)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		files = append(files, file{h.Name, content, h.Mode == 0o755})
	}
}

func unzip(t *testing.T, data []byte, at time.Time) (files []file) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	for _, f := range r.File {
		require.True(t, f.Modified.Equal(at))
		member, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(member)
		require.NoError(t, err)
		files = append(files, file{f.Name, content, f.Mode().Perm() == 0o755})
	}
	return files
}

func TestInventory(t *testing.T) {
	parts, err := linked("linux", "amd64")
	require.NoError(t, err)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	data, err := sbom(build{version: "v1.2.3+dirty", time: at}, append(parts, parts...))
	require.NoError(t, err)
	var got bom
	require.NoError(t, json.Unmarshal(data, &got))
	require.Equal(t, "CycloneDX", got.Format)
	require.Equal(t, "2026-01-02T03:04:05Z", got.Metadata.Timestamp)
	require.Equal(t, "pkg:golang/github.com/meada-cpu/meada-cpu@v1.2.3%2Bdirty", got.Metadata.Component.PURL)
	require.Len(t, got.Components, len(parts), "each part once")
	require.Len(t, got.Dependencies[0].On, len(parts))
	for _, c := range got.Components {
		require.Contains(t, permitted, c.Licences[0].Licence.ID)
		require.NotEmpty(t, c.Version)
	}

	_, err = sbom(build{}, []part{{path: "nowhere", dir: t.TempDir()}})
	require.ErrorContains(t, err, "nowhere")
}

func TestStamped(t *testing.T) {
	info := &debug.BuildInfo{Main: debug.Module{Version: "v1.0.0"}, Settings: []debug.BuildSetting{{Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}}}
	b, err := stamped(info)
	require.NoError(t, err)
	require.Equal(t, build{"v1.0.0", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, b)

	b, err = stamped(&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}})
	require.NoError(t, err)
	require.Equal(t, build{"devel", time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}, b)
}

func TestChecksums(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b"), []byte("abc"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), nil, 0o666))
	require.NoError(t, checksums(dir))
	got, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	require.NoError(t, err)
	// The examples of FIPS 180.
	require.Equal(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n"+
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n", string(got))
}

// A failed release leaves no folder, and an existing folder is left alone.
func TestReleaseFolder(t *testing.T) {
	out := filepath.Join(t.TempDir(), "dist")
	require.ErrorContains(t, release(out, []string{"linux"}), `platform "linux": expected os/arch`)
	require.NoDirExists(t, out)

	require.NoError(t, os.Mkdir(out, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(out, "mine"), nil, 0o666))
	require.ErrorIs(t, release(out, []string{"linux/amd64"}), os.ErrExist)
	require.FileExists(t, filepath.Join(out, "mine"))
}

// Whoever unpacks an archive can follow README's links.
func TestDocumentsOfREADME(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	links := regexp.MustCompile(`\]\(([^):#]+)`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, links)
	for _, link := range links {
		if link[1] != "https" {
			require.Contains(t, documents, link[1])
		}
	}
	for _, name := range documents {
		require.FileExists(t, filepath.FromSlash(name))
	}
}

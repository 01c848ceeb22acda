package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"time"
)

// file is an archive or a member of one.
type file struct {
	name       string
	data       []byte
	executable bool
}

func (f file) mode() int64 {
	if f.executable {
		return 0o755
	}
	return 0o644
}

// pack returns the archive stem.zip or stem.tar.gz of files in a folder stem,
// all with the same time and without an owner.
func pack(stem string, asZip bool, at time.Time, files []file) (file, error) {
	var out bytes.Buffer
	if asZip {
		err := packZip(&out, stem, at.UTC(), files)
		return file{name: stem + ".zip", data: out.Bytes()}, err
	}
	err := packTar(&out, stem, at.UTC(), files)
	return file{name: stem + ".tar.gz", data: out.Bytes()}, err
}

func packTar(w io.Writer, stem string, at time.Time, files []file) error {
	compressed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	packed := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Name: stem + "/" + f.name, Mode: f.mode(), Size: int64(len(f.data)), ModTime: at}
		if err := packed.WriteHeader(header); err != nil {
			return err
		}
		if _, err := packed.Write(f.data); err != nil {
			return err
		}
	}
	return errors.Join(packed.Close(), compressed.Close())
}

func packZip(w io.Writer, stem string, at time.Time, files []file) error {
	packed := zip.NewWriter(w)
	for _, f := range files {
		header := &zip.FileHeader{Name: stem + "/" + f.name, Method: zip.Deflate, Modified: at}
		header.SetMode(fs.FileMode(f.mode()))
		member, err := packed.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := member.Write(f.data); err != nil {
			return err
		}
	}
	return packed.Close()
}

package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/system"
)

// content is a file's bytes.
func content(n int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

func describe(b []byte, urls ...string) File {
	sum := md5.Sum(b)
	return File{URLs: urls, Size: int64(len(b)), Checksum: "md5:" + hex.EncodeToString(sum[:])}
}

// impatient returns a client for tests.
func impatient() *Client {
	c := New()
	c.Stall, c.Tries, c.Pause = 20*time.Second, 3, time.Millisecond
	return c
}

// briefly is when a client gives up a connection that stalls. Of others it expects too
// much on a loaded machine.
const briefly = 200 * time.Millisecond

// server answers with handlers in turn, with the last of them from then on, and
// counts the requests.
type server struct {
	*httptest.Server
	mutex  sync.Mutex
	ranges []string // of the requests
}

func serve(t *testing.T, handlers ...http.HandlerFunc) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		handler := handlers[min(len(s.ranges), len(handlers)-1)]
		s.ranges = append(s.ranges, r.Header.Get("Range"))
		s.mutex.Unlock()
		handler(w, r)
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

// whole serves a file properly, ranges included.
func whole(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
}

// cut announces the whole file from where the client wants it but hangs up
// after n bytes.
func cut(b []byte, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at := 0
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &at); err == nil {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, len(b)-1, len(b)))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		}
		w.Write(b[at:min(at+n, len(b))])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// stall sends n bytes and then nothing.
func stall(b []byte, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		w.Write(b[:n])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", code) }
}

func TestFetchSucceeds(t *testing.T) {
	good := content(300_000)
	wrong := bytes.Clone(good)
	wrong[1000]++
	ignoresRanges := func(w http.ResponseWriter, _ *http.Request) { w.Write(good) }
	otherRange := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 7-%d/%[1]d", len(good)))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(good[7:])
	}
	for name, c := range map[string]struct {
		servers  [][]http.HandlerFunc // of each address
		part     []byte               // left by an earlier run
		requests []int                // expected of each
	}{
		"at once":                       {servers: [][]http.HandlerFunc{{whole(good)}}, requests: []int{1}},
		"cut and resumed":               {servers: [][]http.HandlerFunc{{cut(good, 100_000), cut(good, 100_000), whole(good)}}, requests: []int{3}},
		"cut often, a little each time": {servers: [][]http.HandlerFunc{{cut(good, 50_000)}}, requests: []int{6}},
		"stalls":                        {servers: [][]http.HandlerFunc{{stall(good, 70_000), whole(good)}}, requests: []int{2}},
		"no answer":                     {servers: [][]http.HandlerFunc{{stall(good, 0), whole(good)}}, requests: []int{2}},
		"overloaded for a while":        {servers: [][]http.HandlerFunc{{status(503), status(429), whole(good)}}, requests: []int{3}},
		"earlier run":                   {servers: [][]http.HandlerFunc{{whole(good)}}, part: good[:200_000], requests: []int{1}},
		"earlier run all but renamed":   {servers: [][]http.HandlerFunc{{status(404)}}, part: good, requests: []int{0}},
		"earlier run too long":          {servers: [][]http.HandlerFunc{{whole(good)}}, part: append(bytes.Clone(good), 1), requests: []int{1}},
		"earlier run wrong":             {servers: [][]http.HandlerFunc{{whole(good)}}, part: wrong[:200_000], requests: []int{2}},
		"no ranges":                     {servers: [][]http.HandlerFunc{{ignoresRanges}}, part: good[:200_000], requests: []int{1}},
		"another range":                 {servers: [][]http.HandlerFunc{{otherRange, whole(good)}}, part: good[:200_000], requests: []int{2}},
		"range refused":                 {servers: [][]http.HandlerFunc{{status(416), whole(good)}}, part: good[:200_000], requests: []int{2}},
		"mirror":                        {servers: [][]http.HandlerFunc{{status(404)}, {whole(good)}}, requests: []int{1, 1}},
		"mirror of a liar":              {servers: [][]http.HandlerFunc{{whole(wrong)}, {whole(good)}}, requests: []int{1, 1}},
		"mirror goes on":                {servers: [][]http.HandlerFunc{{cut(good, 100_000), status(404)}, {whole(good)}}, requests: []int{2, 1}},
		"mirror goes on after a lie":    {servers: [][]http.HandlerFunc{{cut(wrong, 100_000), status(404)}, {whole(good)}}, requests: []int{2, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sub", "file")
			if c.part != nil {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
				require.NoError(t, os.WriteFile(path+partial, c.part, 0o666))
			}
			var servers []*server
			f := describe(good)
			for _, handlers := range c.servers {
				s := serve(t, handlers...)
				servers, f.URLs = append(servers, s), append(f.URLs, s.URL)
			}
			client, reached := impatient(), int64(0)
			if name == "stalls" || name == "no answer" {
				client.Stall = briefly
			}
			client.Progress = func(done, total int64) {
				require.EqualValues(t, len(good), total)
				reached = done
			}
			require.NoError(t, client.Fetch(t.Context(), path, f))
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Equal(good, got))
			require.NoFileExists(t, path+partial)
			for i, s := range servers {
				if client.Stall == briefly && len(s.ranges) > c.requests[i] {
					continue // a loaded machine: a good answer stalled too
				}
				require.Len(t, s.ranges, c.requests[i], "%v", s.ranges)
			}
			if len(servers[0].ranges) > 0 {
				require.EqualValues(t, len(good), reached)
			}
		})
	}
}

func TestFetchFails(t *testing.T) {
	good := content(300_000)
	longer := append(bytes.Clone(good), 'x')
	chunked := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush() // no length is announced
			w.Write(b)
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		message string
		left    bool // part of the file for the next run
	}{
		"not there":             {handler: status(404), message: "404 Not Found"},
		"never well":            {handler: status(500), message: "500"},
		"announces less":        {handler: whole(good[:1000]), message: "announces 1000 bytes instead of 300000"},
		"announces more":        {handler: whole(longer), message: "announces 300001"},
		"sends more":            {handler: chunked(longer), message: "more than its 300000 bytes"},
		"ends early":            {handler: chunked(good[:1000]), message: "ended after 1000 of 300000", left: true},
		"wrong bytes":           {handler: whole(content(300_001)[:300_000]), message: "not the published file: md5 "},
		"stalls":                {handler: stall(good, 1000), message: "stalled after 1000 of 300000 bytes", left: true},
		"cut at the same place": {handler: func(w http.ResponseWriter, r *http.Request) { r.Header.Del("Range"); cut(good, 1000)(w, r) }, message: "after 1000 of", left: true},
		"a login page": {handler: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>please log in") },
			message: "announces 19 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.handler)
			path := filepath.Join(t.TempDir(), "file")
			client := impatient()
			if name == "stalls" {
				client.Stall = briefly
			}
			err := client.Fetch(t.Context(), path, describe(good, s.URL))
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, s.URL)
			require.ErrorContains(t, err, c.message)
			require.NotContains(t, err.Error(), "\n")
			require.NoFileExists(t, path)
			if c.left {
				require.FileExists(t, path+partial)
			} else {
				require.NoFileExists(t, path+partial)
			}
			require.LessOrEqual(t, len(s.ranges), 5)
		})
	}
	// The unreachable.
	closed := httptest.NewServer(nil)
	closed.Close()
	path := filepath.Join(t.TempDir(), "file")
	require.Error(t, impatient().Fetch(t.Context(), path, describe(good, closed.URL)))
	require.NoFileExists(t, path)
}

func TestFetchInterrupted(t *testing.T) {
	good := content(300_000)
	s := serve(t, stall(good, 100_000), whole(good))
	path := filepath.Join(t.TempDir(), "file")
	ctx, cancel := context.WithCancel(t.Context())
	client := impatient()
	client.Progress = func(done, _ int64) {
		if done == 100_000 {
			cancel()
		}
	}
	require.ErrorIs(t, client.Fetch(ctx, path, describe(good, s.URL)), context.Canceled)
	require.NoFileExists(t, path)
	require.NoError(t, impatient().Fetch(t.Context(), path, describe(good, s.URL)))
	require.Equal(t, []string{"", "bytes=100000-"}, s.ranges)
}

func TestVerify(t *testing.T) {
	b := content(1000)
	path := filepath.Join(t.TempDir(), "file")
	require.ErrorIs(t, Verify(path, describe(b)), os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, b, 0o666))
	require.NoError(t, Verify(path, describe(b)))
	sum := sha256.Sum256(b)
	require.NoError(t, Verify(path, File{Checksum: "sha256:" + hex.EncodeToString(sum[:])}))
	require.ErrorIs(t, Verify(path, describe(content(1001))), ErrMismatch)
	require.ErrorContains(t, Verify(path, describe(content(1001)[:1000])), path+": not the published file: md5")
}

// Two processes do not write to one part of a file.
func TestFetchOnce(t *testing.T) {
	t.Parallel()
	good := content(1000)
	s := serve(t, whole(good))
	path := filepath.Join(t.TempDir(), "file")
	lock, err := system.AcquireLock(path + ".part.lock")
	require.NoError(t, err)
	fetch := func() error { return impatient().Fetch(t.Context(), path, describe(good, s.URL)) }
	require.EqualError(t, fetch(), fmt.Sprintf("%s: process %d is downloading it; try again when it has ended", path, os.Getpid()))
	require.Empty(t, s.ranges)
	lock.Release()
	require.NoError(t, fetch())
	require.NoError(t, fetch(), "as when another process has brought it")
	require.Len(t, s.ranges, 1)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestUnpack(t *testing.T) {
	one, two := content(1000), content(2000)
	entry := func(name string, b []byte) tar.Header {
		return tar.Header{Name: name, Size: int64(len(b)), Mode: 0o644}
	}
	archive := func(gzipped bool, more ...tar.Header) string {
		var b bytes.Buffer
		var zip *gzip.Writer
		w := tar.NewWriter(&b)
		if gzipped {
			zip = gzip.NewWriter(&b)
			w = tar.NewWriter(zip)
		}
		for _, h := range append(more, entry("set/one", one), entry("./set/two", two), entry("set/notes", nil)) {
			require.NoError(t, w.WriteHeader(&h))
			switch {
			case h.Size == 1000:
				w.Write(one)
			case h.Size == 2000:
				w.Write(two)
			}
		}
		require.NoError(t, w.Close())
		if zip != nil {
			require.NoError(t, zip.Close())
		}
		path := filepath.Join(t.TempDir(), "archive")
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o666))
		return path
	}
	members := map[string]File{"set/one": describe(one), "set/two": describe(two)}
	for _, gzipped := range []bool{false, true} {
		dir := t.TempDir()
		link := tar.Header{Name: "set/one", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}
		require.NoError(t, Unpack(archive(gzipped, link, entry("../out", one), entry("/out", one)), dir, members))
		for name, want := range map[string][]byte{"one": one, "two": two} {
			got, err := os.ReadFile(filepath.Join(dir, "set", name))
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		entries, err := os.ReadDir(filepath.Join(dir, "set"))
		require.NoError(t, err)
		require.Len(t, entries, 2)
		require.NoFileExists(t, filepath.Join(dir, "..", "out"))
	}

	for name, c := range map[string]struct {
		path    string
		members map[string]File
		message string
	}{
		"a file is missing": {archive(false), map[string]File{"set/three": describe(one)}, "there is no set/three in it"},
		"of another size":   {archive(false), map[string]File{"set/one": describe(two)}, "set/one: not the published file: 1000 bytes instead of 2000"},
		"other bytes":       {archive(true), map[string]File{"set/one": describe(content(1001)[:1000])}, "set/one: not the published file: md5"},
		"a truncated one":   {cutShort(t, archive(true)), members, "unexpected EOF"},
	} {
		dir := t.TempDir()
		err := Unpack(c.path, dir, c.members)
		require.ErrorContains(t, err, c.path+": ", name)
		require.ErrorContains(t, err, c.message, name)
		matches, err := filepath.Glob(filepath.Join(dir, "set", "*"))
		require.NoError(t, err)
		for _, m := range matches {
			require.NoError(t, Verify(m, c.members["set/"+filepath.Base(m)]), "%s: nothing half", name)
		}
	}
	require.Error(t, Unpack(filepath.Join(t.TempDir(), "gone"), t.TempDir(), members))
}

func cutShort(t *testing.T, path string) string {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b[:len(b)-1200], 0o666))
	return path
}

func TestContentRange(t *testing.T) {
	first, size, err := contentRange("bytes 200-1000/1001")
	require.NoError(t, err)
	require.Equal(t, []int64{200, 1001}, []int64{first, size})
	_, size, err = contentRange("bytes 0-9/*")
	require.NoError(t, err)
	require.EqualValues(t, -1, size)
	for _, text := range []string{"", "bytes", "bytes 1/2", "bytes x-3/4", "bytes 1-3/x", strings.Repeat("9", 30) + "-1/2"} {
		_, _, err := contentRange(text)
		require.Error(t, err, text)
	}
}

// A file of which only the first digits of the checksum are known.
func TestFetchWithoutASize(t *testing.T) {
	t.Parallel()
	b := content(5000)
	sum := sha256.Sum256(b)
	f := File{Checksum: "sha256:" + hex.EncodeToString(sum[:4])}
	unsized := func(w http.ResponseWriter, _ *http.Request) { // in chunks, the length is not told
		w.Write(b[:1000])
		w.(http.Flusher).Flush()
		w.Write(b[1000:])
	}
	for name, handlers := range map[string][]http.HandlerFunc{
		"whole": {whole(b)}, "continued": {cut(b, 3000), whole(b)}, "chunks": {unsized}, "none at all, then": {cut(b, 0), whole(b)},
	} {
		s := serve(t, handlers...)
		f.URLs = []string{s.URL}
		path := filepath.Join(t.TempDir(), "file")
		require.NoError(t, impatient().Fetch(t.Context(), path, f), name)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, b, got, name)
		require.NoError(t, Verify(path, f))
	}
	s := serve(t, whole(b[1:]))
	f.URLs = []string{s.URL}
	path := filepath.Join(t.TempDir(), "file")
	require.ErrorContains(t, impatient().Fetch(t.Context(), path, f), "not the published file: sha256")
	require.NoFileExists(t, path)
}

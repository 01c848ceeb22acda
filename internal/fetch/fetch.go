// Package fetch downloads files whose checksums are known. Whatever connections
// and servers do, a file is under its name only if it is whole and right; what
// has arrived so far waits beside it and is not asked for again.
package fetch

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/system"
)

// File is a file to download.
type File struct {
	URLs     []string // where it is, tried in turn
	Size     int64    // in bytes, 0 for what the server says
	Checksum string   // "md5:" or "sha256:" and hexadecimal digits, at least the first ones
}

// Client downloads.
type Client struct {
	HTTP  *http.Client
	Stall time.Duration // without a byte after which a connection is given up
	Tries int           // of one address that bring nothing new
	Pause time.Duration // before the second try; it doubles from one to the next

	// Progress is told how many bytes of a file are there, if it is not nil.
	Progress func(done, total int64)
}

// New returns a client that is patient with slow connections and obeys the
// environment's proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).
func New() *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	return &Client{HTTP: &http.Client{Transport: transport}, Stall: time.Minute, Tries: 4, Pause: time.Second}
}

// partial is the ending of the name of a file that has not wholly arrived.
const partial = ".part"

// ErrMismatch is wrapped by errors about a file that is not the one expected.
var ErrMismatch = errors.New("not the published file")

// Verify compares a file's size and checksum with what they should be.
func Verify(path string, f File) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := verify(in, f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func verify(in io.Reader, f File) error {
	kind, want, _ := strings.Cut(f.Checksum, ":")
	sum := newHash(kind)
	n, err := io.Copy(sum, in)
	if err != nil {
		return err
	}
	if f.Size > 0 && n != f.Size {
		return fmt.Errorf("%w: %d bytes instead of %d", ErrMismatch, n, f.Size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.HasPrefix(got, want) {
		return fmt.Errorf("%w: %s %s instead of %s", ErrMismatch, kind, got, want)
	}
	return nil
}

func newHash(kind string) hash.Hash {
	switch kind {
	case "md5":
		return md5.New()
	case "sha256":
		return sha256.New()
	}
	panic(fmt.Sprintf("fetch: unknown checksum %q", kind))
}

// permanent marks an error that another try of the same address cannot mend.
type permanent struct{ error }

// Fetch downloads a file to path, which must not exist. It is an error if another
// process is doing that.
func (c *Client) Fetch(ctx context.Context, path string, f File) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	lock, err := system.AcquireLock(path + partial + ".lock")
	if locked := (*system.LockedError)(nil); errors.As(err, &locked) {
		return fmt.Errorf("%s: process %s is downloading it; try again when it has ended", path, locked.PID)
	}
	if err != nil {
		return err
	}
	defer lock.Release()
	if _, err := os.Stat(path); err == nil { // another process has just brought it
		return Verify(path, f)
	}
	part, err := os.OpenFile(path+partial, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer part.Close()
	var failures []string
	for _, address := range f.URLs {
		err := c.from(ctx, address, part, f)
		if err == nil {
			return keep(part, path)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failures = append(failures, fmt.Sprintf("%s: %v", address, err))
	}
	if info, err := part.Stat(); err == nil && info.Size() == 0 {
		part.Close()
		os.Remove(path + partial)
	}
	return fmt.Errorf("%s could not be downloaded: %s", path, strings.Join(failures, "; "))
}

// keep gives a verified download its name.
func keep(part *os.File, path string) error {
	if err := part.Sync(); err != nil {
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	return os.Rename(path+partial, path)
}

// from completes the download from one address, and verifies it.
func (c *Client) from(ctx context.Context, address string, part *os.File, f File) error {
	info, err := part.Stat()
	if err != nil {
		return err
	}
	furthest := info.Size()
	if f.Size > 0 && furthest > f.Size {
		furthest = 0
		if err := part.Truncate(0); err != nil {
			return err
		}
	}
	inherited := furthest > 0 // bytes that another run or address has given
	pause := c.Pause
	for try := 1; ; try++ {
		at, err := c.once(ctx, address, part, f)
		if err == nil {
			if _, err = part.Seek(0, io.SeekStart); err != nil {
				return err
			}
			if err = verify(part, f); err == nil {
				return nil
			}
			if err := part.Truncate(0); err != nil {
				return err
			}
			if !inherited {
				return err
			}
			inherited, furthest, at = false, 0, 1 // what was there may have been wrong
		}
		var final permanent
		if errors.As(err, &final) || ctx.Err() != nil {
			return err
		}
		if at > furthest {
			furthest, try, pause = at, 1, c.Pause
		}
		if try >= c.Tries {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause *= 2
	}
}

// errStalled says that nothing has come for too long.
var errStalled = errors.New("the connection stalled")

// once asks an address once for what is missing, and returns where in the file
// it got.
func (c *Client) once(ctx context.Context, address string, part *os.File, f File) (at int64, err error) {
	at, err = part.Seek(0, io.SeekEnd)
	if err != nil || at == f.Size && at > 0 {
		return at, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(c.Stall, func() { cancel(errStalled) })
	defer watchdog.Stop()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return at, permanent{err}
	}
	request.Header.Set("User-Agent", "meada-cpu")
	request.Header.Set("Accept-Encoding", "identity") // the bytes as they are
	if at > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", at))
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return at, cause(ctx, err)
	}
	defer response.Body.Close()
	if at, f.Size, err = position(response, part, at, f); err != nil {
		return at, err
	}
	body := func(buffer []byte) (int, error) {
		n, err := response.Body.Read(buffer)
		watchdog.Reset(c.Stall)
		if err != nil && !errors.Is(err, io.EOF) {
			err = cause(ctx, err)
		}
		return n, err
	}
	return c.receive(body, part, at, f)
}

// receive writes what read returns to the file from at on, and returns where it got.
func (c *Client) receive(read func([]byte) (int, error), part *os.File, at int64, f File) (int64, error) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := read(buffer)
		if f.Size > 0 && at+int64(n) > f.Size {
			if err := part.Truncate(0); err != nil {
				return at, err
			}
			return at, permanent{fmt.Errorf("%w: more than its %d bytes", ErrMismatch, f.Size)}
		}
		if n > 0 {
			if _, err := part.WriteAt(buffer[:n], at); err != nil {
				return at, permanent{err}
			}
			at += int64(n)
			if c.Progress != nil {
				c.Progress(at, f.Size)
			}
		}
		switch {
		case errors.Is(err, io.EOF) && (at == f.Size || f.Size == 0):
			return at, nil
		case errors.Is(err, io.EOF):
			return at, fmt.Errorf("ended after %d of %d bytes", at, f.Size)
		case err != nil:
			return at, fmt.Errorf("%w after %d of %d bytes", err, at, f.Size)
		}
	}
}

// position returns where in the file the body of a response begins, and makes
// the file end there; and the size of the file, 0 if nobody says it.
func position(response *http.Response, part *os.File, at int64, f File) (begin, size int64, err error) {
	agree := func(n int64) (int64, error) {
		switch {
		case n < 0:
			return f.Size, nil
		case f.Size > 0 && n != f.Size:
			return 0, permanent{fmt.Errorf("%w: the server announces %d bytes instead of %d", ErrMismatch, n, f.Size)}
		}
		return n, nil
	}
	switch code := response.StatusCode; {
	case code == http.StatusOK:
		if size, err = agree(response.ContentLength); err != nil {
			return 0, 0, err
		}
		return 0, size, part.Truncate(0)
	case code == http.StatusPartialContent:
		first, size, err := contentRange(response.Header.Get("Content-Range"))
		if err != nil || first != at {
			return 0, 0, errors.Join(part.Truncate(0), fmt.Errorf("bytes from %d on were asked for, the answer has Content-Range %q",
				at, response.Header.Get("Content-Range")))
		}
		if size, err = agree(size); err != nil {
			return 0, 0, err
		}
		return at, size, nil
	case code == http.StatusRequestedRangeNotSatisfiable:
		return 0, 0, errors.Join(part.Truncate(0), fmt.Errorf("the server has no byte %d", at))
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return 0, 0, errors.New(response.Status)
	default:
		return 0, 0, permanent{errors.New(response.Status)}
	}
}

// contentRange reads "bytes first-last/size"; a size that is not told is -1.
func contentRange(text string) (first, size int64, err error) {
	span, total, ok := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	from, _, ok2 := strings.Cut(span, "-")
	if !ok || !ok2 {
		return 0, 0, errors.New("malformed")
	}
	if first, err = strconv.ParseInt(from, 10, 64); err != nil || total == "*" {
		return first, -1, err
	}
	size, err = strconv.ParseInt(total, 10, 64)
	return first, size, err
}

// cause tells a stall from other reasons for which a request ended. Who reads
// the error knows the address already.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); errors.Is(c, errStalled) {
		return c
	}
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}

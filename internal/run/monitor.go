package run

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/report"
)

// refreshEvery is how often the live page asks for itself again.
const refreshEvery = 5 * time.Second

// renderEvery is for how long an answer serves all that ask: any number of
// clients cost the training no more than one.
const renderEvery = time.Second

// monitor serves the page and the metrics of a run under way. It knows nothing
// but the run folder, reads alone, and takes no locks of the training.
type monitor struct {
	listener net.Listener
	server   http.Server
}

// listen opens the port that the options name, if they do.
func (o *Options) listen() (*monitor, error) {
	if o.HTTP == "" {
		return nil, nil
	}
	live, err := listen(o.HTTP)
	if err == nil && live.public() {
		fmt.Fprintf(o.Log, "warning: --http %s: everybody who reaches this machine can see the run\n", o.HTTP)
	}
	return live, err
}

// listen opens the monitor's port. An address without a host, 8080 or :8080, is
// one of this machine's own.
func listen(address string) (*monitor, error) {
	if !strings.Contains(address, ":") {
		address = ":" + address
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, cli.UsageError("--http %s: expected HOST:PORT or PORT", address)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return nil, cli.UsageError("--http %s: expected a port from 0 to 65535", address)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("--http %s: %w", address, err)
	}
	return &monitor{listener: listener, server: http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    1 << 14,
	}}, nil
}

// public reports whether others than this machine reach the port.
func (m *monitor) public() bool { return !m.listener.Addr().(*net.TCPAddr).IP.IsLoopback() }

func (m *monitor) url() string { return "http://" + m.listener.Addr().String() + "/" }

// serve answers requests about the run in a folder until close.
func (m *monitor) serve(dir string) {
	m.server.Handler = monitorHandler(dir)
	go m.server.Serve(m.listener) // ends with close
}

func (m *monitor) close() { m.server.Close() }

// monitorHandler serves two paths and nothing else, and shows no absolute path of this
// machine; report.html in the run folder does.
func monitorHandler(dir string) http.Handler {
	mux := http.NewServeMux()
	serve := func(contentType string, write func(io.Writer, *report.Run) error) http.HandlerFunc {
		a := answer{dir: dir, write: write}
		return func(w http.ResponseWriter, _ *http.Request) {
			body, err := a.current()
			if err != nil {
				http.Error(w, strings.ReplaceAll(err.Error(), dir, filepath.Base(dir)), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", contentType)
			w.Write(body) // whoever asked may be gone
		}
	}
	mux.HandleFunc("GET /{$}", serve("text/html; charset=utf-8", func(w io.Writer, r *report.Run) error {
		return r.Page(w, refreshEvery)
	}))
	mux.HandleFunc("GET /metrics", serve("text/plain; version=0.0.4; charset=utf-8", func(w io.Writer, r *report.Run) error {
		return r.Metrics(w)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if !ownHost(r.Host) {
			http.Error(w, "the Host header must be an IP address, localhost or the name of this machine", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 0)
		mux.ServeHTTP(w, r)
	})
}

// answer is what one path answers about the run in a folder.
type answer struct {
	dir   string
	write func(io.Writer, *report.Run) error

	mu       sync.Mutex // held while rendering, by one request for all that wait
	rendered time.Time
	body     []byte // never written to again
	err      error
}

// current returns an answer no older than renderEvery.
func (a *answer) current() ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rendered.IsZero() || time.Since(a.rendered) >= renderEvery {
		var body bytes.Buffer
		run, err := report.Load(a.dir)
		if err == nil {
			run.HidePaths()
			err = a.write(&body, run)
		}
		a.body, a.err, a.rendered = body.Bytes(), err, time.Now()
	}
	return a.body, a.err
}

// ownHost reports whether a Host header may be trusted. A page of another site can
// make a browser ask this server under that site's name, once the name leads
// here, and read the answer; under an address or a name of this machine it
// can't.
func ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if _, err := netip.ParseAddr(host); err == nil || strings.EqualFold(host, "localhost") {
		return true
	}
	own, err := os.Hostname()
	return err == nil && strings.EqualFold(host, own)
}

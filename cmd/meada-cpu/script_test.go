package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/meada-cpu/meada-cpu/internal/run/runtest"
)

// The contract of each command, as a shell sees it: exit codes, what goes to which
// output, what is refused and how. Beside testscript's own commands the scripts in
// testdata/script have
//
//	exits CODE PROGRAM ARGUMENT...  the program ends with this exit code
//	refuse CODE TEXT... -- ARGUMENT...
//	                                so does meada-cpu; it prints nothing, and its
//	                                complaint has the texts
//	digits DIR                      writes a tiny digits dataset
//	picture FILE                    writes a grey PNG
//	increment FILE OFFSET           adds 1 to a byte
//	halve FILE                      cuts off the second half
//	same-file FILE FILE             compares bytes without printing them
//	same-json FILE FILE             compares values
//
// where an argument @short stands for the flags of a short run on the data in data.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"MEADA_ISA", "GOCOVERDIR", "GOMAXPROCS"} {
				if value, ok := os.LookupEnv(name); ok {
					env.Setenv(name, value)
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     scripted(2, exits),
			"refuse":    scripted(4, refuse),
			"digits":    scripted(1, writeDigits),
			"picture":   scripted(1, writeGrey),
			"increment": scripted(2, increment),
			"halve":     scripted(1, halve),
			"same-file": scripted(2, sameFile),
			"same-json": scripted(2, sameJSON),
		},
	})
}

// scripted makes a command of scripts that takes so many arguments or more.
func scripted(least int, do func(*testscript.TestScript, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, negated bool, args []string) {
		if negated || len(args) < least {
			ts.Fatalf("expected %d arguments or more, and no !", least)
		}
		ts.Check(do(ts, args))
	}
}

// runs runs a program and compares its exit code.
func runs(ts *testscript.TestScript, want, program string, args []string) error {
	if i := slices.Index(args, "@short"); i >= 0 {
		args = slices.Concat(args[:i], short("data"), args[i+1:])
	}
	code, err := 0, ts.Exec(program, args...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		return err
	}
	if strconv.Itoa(code) != want {
		return fmt.Errorf("exit code %d, expected %s", code, want)
	}
	return nil
}

func exits(ts *testscript.TestScript, args []string) error {
	return runs(ts, args[0], args[1], args[2:])
}

func refuse(ts *testscript.TestScript, args []string) error {
	end := slices.Index(args, "--")
	if end < 1 {
		return errors.New("expected CODE TEXT... -- ARGUMENT...")
	}
	if err := runs(ts, args[0], "meada-cpu", args[end+1:]); err != nil {
		return err
	}
	if out := ts.ReadFile("stdout"); out != "" {
		return fmt.Errorf("it printed %q", out)
	}
	said := ts.ReadFile("stderr")
	complaint := said[max(0, strings.LastIndex("\n"+said, "\nmeada-cpu: ")):] // lines, if it shows layouts
	if !strings.HasPrefix(complaint, "meada-cpu: ") || strings.Contains(said, "goroutine") {
		return fmt.Errorf("its complaint is %q", said)
	}
	for _, text := range args[1:end] {
		if !strings.Contains(complaint, text) {
			return fmt.Errorf("%q is not in %q", text, complaint)
		}
	}
	return nil
}

func writeDigits(ts *testscript.TestScript, args []string) error {
	dir := ts.MkAbs(args[0])
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return runtest.WriteDigits(dir)
}

func writeGrey(ts *testscript.TestScript, args []string) error {
	f, err := os.Create(ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, image.NewGray(image.Rect(0, 0, 20, 20))), f.Close())
}

// edit changes the content of a file.
func edit(path string, change func([]byte) []byte) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, change(content), 0o666)
}

func increment(ts *testscript.TestScript, args []string) error {
	offset, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	return edit(ts.MkAbs(args[0]), func(b []byte) []byte { b[offset]++; return b })
}

func halve(ts *testscript.TestScript, args []string) error {
	return edit(ts.MkAbs(args[0]), func(b []byte) []byte { return b[:len(b)/2] })
}

func sameFile(ts *testscript.TestScript, args []string) error {
	if !bytes.Equal([]byte(ts.ReadFile(args[0])), []byte(ts.ReadFile(args[1]))) {
		return fmt.Errorf("%s and %s differ", args[0], args[1])
	}
	return nil
}

func sameJSON(ts *testscript.TestScript, args []string) error {
	var values [2]any
	for i := range values {
		if err := json.Unmarshal([]byte(ts.ReadFile(args[i])), &values[i]); err != nil {
			return fmt.Errorf("%s: %w", args[i], err)
		}
	}
	if !reflect.DeepEqual(values[0], values[1]) {
		return fmt.Errorf("%v\nis not\n%v", values[0], values[1])
	}
	return nil
}

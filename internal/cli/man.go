package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
)

// WriteManPages writes a page of section 1 for a command and each of those below
// it into a folder.
func WriteManPages(dir string, c *cobra.Command) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	c.SetOut(io.Discard)
	c.HelpFunc()(c, nil) // the help of some commands sets the values that flags have
	path := filepath.Join(dir, pageName(c)+".1")
	if err := atomicfile.Write(path, func(w io.Writer) error { return writeManPage(w, c) }); err != nil {
		return err
	}
	for _, sub := range c.Commands() {
		if sub.Hidden {
			continue
		}
		if err := WriteManPages(dir, sub); err != nil {
			return err
		}
	}
	return nil
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// writeManPage writes the help of a command in the man macros of roff.
func writeManPage(w io.Writer, c *cobra.Command) error {
	var b strings.Builder
	section := func(title string) { fmt.Fprintf(&b, ".SH %s\n", strings.ToUpper(roff(title))) }
	text := func(s string) {
		for i, paragraph := range strings.Split(strings.TrimSpace(s), "\n\n") {
			if i > 0 {
				b.WriteString(".PP\n")
			}
			b.WriteString(roff(paragraph) + "\n")
		}
	}
	fmt.Fprintf(&b, ".TH %s 1\n", strings.ToUpper(roff(pageName(c))))
	section("name")
	fmt.Fprintf(&b, "%s \\- %s\n", roff(pageName(c)), roff(c.Short))
	section("synopsis")
	text(usageLine(c))
	section("description")
	text(c.Long)
	for _, g := range append(commandGroups(c), flagGroups(c)...) {
		section(g.title)
		for _, row := range g.rows {
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fR\n%s\n", roff(row[0]), roff(row[1]))
		}
	}
	if c.Annotations[notes] != "" {
		section("notes")
		text(c.Annotations[notes])
	}
	if c.Example != "" {
		section("examples")
		fmt.Fprintf(&b, ".nf\n%s\n.fi\n", roff(c.Example))
	}
	for _, sub := range c.Root().Commands() {
		if c != c.Root() && sub == c {
			section("see also")
			fmt.Fprintf(&b, "\\fB%s\\fR(1)\n", roff(c.Root().Name()))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// roff escapes what roff would read as its own.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

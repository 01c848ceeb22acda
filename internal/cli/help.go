package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	helpWidth  = 80 // columns of the help text
	helpColumn = 22 // where the text about a flag or command begins
)

// WriteHelp writes what a command does, its commands or flags in groups with
// their values where they are not given, and examples.
func WriteHelp(w io.Writer, c *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n", usageLine(c))
	paragraphs := func(text string) {
		for part := range strings.SplitSeq(text, "\n\n") {
			if part != "" {
				fmt.Fprintf(&b, "\n%s\n", strings.Join(wrap(part, helpWidth), "\n"))
			}
		}
	}
	paragraphs(c.Long)
	for _, g := range commandGroups(c) {
		writeGroup(&b, g)
	}
	for _, g := range flagGroups(c) {
		writeGroup(&b, g)
	}
	paragraphs(c.Annotations[notes])
	if c.Example != "" {
		fmt.Fprint(&b, "\nexamples:\n")
		for line := range strings.Lines(c.Example) {
			fmt.Fprintf(&b, "  %s\n", strings.TrimSpace(line))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func usageLine(c *cobra.Command) string {
	if c.HasAvailableSubCommands() {
		return c.CommandPath() + " <command> [flags]"
	}
	line := c.CommandPath() + strings.TrimPrefix(c.Use, c.Name())
	if len(flagGroups(c)) > 0 {
		line += " [flags]"
	}
	return line
}

// group is a list of the help.
type group struct {
	title string
	rows  [][2]string // flag or command, and the text about it
}

func (g *group) add(head, text string) { g.rows = append(g.rows, [2]string{head, text}) }

func writeGroup(b *strings.Builder, g group) {
	fmt.Fprintf(b, "\n%s\n", g.title)
	for _, row := range g.rows {
		head := "  " + row[0]
		if len(head) > helpColumn-2 {
			fmt.Fprintln(b, head)
			head = ""
		}
		for _, line := range wrap(row[1], helpWidth-helpColumn) {
			fmt.Fprintf(b, "%-*s%s\n", helpColumn, head, line)
			head = ""
		}
	}
}

// commandGroups lists the commands of a command.
func commandGroups(c *cobra.Command) []group {
	var groups []group
	for _, g := range c.Groups() {
		groups = append(groups, group{title: g.Title})
	}
	others := group{title: "commands"}
	if len(groups) > 0 {
		others.title = "others"
	}
	for _, sub := range c.Commands() {
		if sub.Hidden {
			continue
		}
		at := &others
		if i := slices.IndexFunc(c.Groups(), func(g *cobra.Group) bool { return g.ID == sub.GroupID }); i >= 0 {
			at = &groups[i]
		}
		at.add(sub.Name(), sub.Short)
	}
	if len(others.rows) > 0 {
		groups = append(groups, others)
	}
	return groups
}

// flagGroups lists the flags of a command in the order of their declaration.
func flagGroups(c *cobra.Command) []group {
	var groups []group
	c.InheritedFlags() // which adds them to the command's own
	c.Flags().VisitAll(func(flag *pflag.Flag) {
		title, ok := flag.Annotations[groupOf]
		if !ok {
			return
		}
		at := slices.IndexFunc(groups, func(g group) bool { return g.title == title[0] })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{title: title[0]})
		}
		text := flag.Usage
		if value := flag.Value.String(); flag.NoOptDefVal == "" && value != "" && value != "0" {
			text += " (" + value + ")"
		}
		groups[at].add(strings.TrimSpace("--"+flag.Name+" "+flag.Value.Type()), text)
	})
	return groups
}

// wrap breaks a text into lines of at most so many characters.
func wrap(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len(*last)+1+len(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

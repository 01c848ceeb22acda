package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/fetch"
)

func newData(std streams) *cobra.Command {
	dir, quiet := "data", false
	c := &cobra.Command{
		Use:   "data",
		Short: "list, download and verify data sets and pretrained weights",
		Long:  "Lists, downloads and verifies the data sets and pretrained weights that are known.",
		Example: "meada-cpu data list\n" +
			"meada-cpu data fetch digits --data DIR\n" +
			"meada-cpu data fetch efficientnet-lite0",
	}
	cli.SetNotes(c, `A download that is cut continues where it stopped, in this run or the next; a
file has its name only when it is whole and its checksum right. HTTPS_PROXY,
HTTP_PROXY and NO_PROXY are obeyed. Without NAME, list and verify take all.

Weights do not go to --data but to the folder meada-cpu in the user's cache, or to
the one that MEADA_CACHE names, where train --weights pretrained finds them. They
are verified by the digits of SHA-256 that their published names end with.`)
	cli.NeedsSubcommand(c)
	action := func(name, short, example string, run func(sets []*catalog.Set, names []string) error) *cli.Flags {
		sub := &cobra.Command{
			Use: name + " [NAME ...]", Short: short, Long: capital(short) + ".",
			Example: example,
			ValidArgsFunction: func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
				return cli.Words(catalog.SetNames()...)(typed), cobra.ShellCompDirectiveNoFileComp
			},
			RunE: func(_ *cobra.Command, names []string) error {
				sets, err := catalog.SelectSets(names)
				if err != nil {
					return err
				}
				return run(sets, names)
			},
		}
		c.AddCommand(sub)
		f := cli.NewFlags(sub.Flags())
		f.Text(&dir, "data", "DIR", "the folder with the data")
		return f
	}
	action("list", "show the data sets that are known, their sizes, and which are there",
		"meada-cpu data list\nmeada-cpu data list digits --data DIR",
		func(sets []*catalog.Set, _ []string) error { return catalog.List(std.out, dir, sets) })
	fetching := action("fetch", "download sets, or those of a benchmark such as digits, and verify them; tell what must be downloaded by hand",
		"meada-cpu data fetch digits\nmeada-cpu data fetch cifar10 cifar10-c --data DIR",
		func(sets []*catalog.Set, names []string) error { return fetchSets(std, dir, quiet, sets, names) })
	fetching.Switch(&quiet, "quiet", "no progress")
	action("verify", "compare the files that are there with the published checksums",
		"meada-cpu data verify\nmeada-cpu data verify cifar10 --data DIR",
		func(sets []*catalog.Set, _ []string) error { return catalog.Verify(std.out, dir, sets) })
	c.AddCommand(newCheck(std))
	return c
}

// newCheck returns the command that looks at people's own pictures.
func newCheck(std streams) *cobra.Command {
	var i catalog.Images
	c := &cobra.Command{
		Use:   "check DIR",
		Short: "look at your own pictures: what is understood of them, and what is wrong",
		Long: "Decodes every picture of a folder or CSV manifest and prints in a line what is\n" +
			"understood, oddities, and all pictures that cannot be read: then the exit code is 3,\n" +
			"as where train would have nothing to test on. It keeps no picture, so that it needs\n" +
			"neither memory nor a --cache.",
		Example: "meada-cpu data check pictures\nmeada-cpu data check PACS/kfold --target sketch",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.UsageError("data check needs one DIR, the folder of the pictures")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			i.Data = args[0]
			return i.CheckPictures(std.out)
		},
	}
	f := cli.NewFlags(c.Flags())
	declareDomains(f, &i)
	declareResize(f, &i.Resize, "squash")
	cli.SetReason(c, "data", "the folder of the pictures is its argument")
	cli.SetReason(c, "cache", "it decodes every picture each time and keeps none; train, eval and augment take it")
	cli.SetReason(c, "skip-bad", "it lists all that cannot be read and goes on in any case")
	return c
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func fetchSets(std streams, dir string, quiet bool, sets []*catalog.Set, names []string) error {
	if len(names) == 0 {
		return cli.UsageError("data fetch needs the names of what to fetch, such as digits; data list shows them")
	}
	ctx, stop := cli.Interruption()
	defer stop()
	d := catalog.Downloader{Dir: dir, Out: std.out, Client: fetch.New(), Status: cli.NewStatus(std.err, quiet)}
	return d.Fetch(ctx, sets, names)
}

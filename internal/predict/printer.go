package predict

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/meada-cpu/meada-cpu/internal/cli"
)

// The formats of predictions.
const (
	Table = "table"
	CSV   = "csv"
	JSON  = "json" // an object a line
)

// Printer prints predictions.
type Printer struct {
	print func(Prediction) error
	flush func() error // ends a batch of them
}

// Columns is what tables of predictions have beside the class of a picture.
type Columns struct {
	True bool // the class in whose folder it lies
	Top  int  // the likeliest classes
}

// NewPrinter returns a printer of predictions among classes in one of the formats.
func NewPrinter(out io.Writer, format string, classes []string, columns Columns) *Printer {
	switch format {
	case CSV:
		return newCSV(out, min(columns.Top, len(classes)))
	case JSON:
		encoder := json.NewEncoder(out)
		return &Printer{func(one Prediction) error { return encoder.Encode(newLine(one)) }, func() error { return nil }}
	}
	return newTable(out, classes, columns)
}

// line is a prediction in JSON, whose strings hold UTF-8 alone, as names of files need not.
type line struct {
	Prediction
	FileBytes []byte `json:"file_bytes,omitempty"` // the file's name in base64, where file cannot hold it
}

func newLine(one Prediction) line {
	l := line{Prediction: one}
	if !utf8.ValidString(one.File) {
		l.FileBytes = []byte(one.File)
	}
	return l
}

func newCSV(out io.Writer, top int) *Printer {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	w := csv.NewWriter(out)
	header := []string{"file", "class", "label", "probability", "entropy", "true"}
	for n := 2; n <= top; n++ {
		header = append(header, fmt.Sprint("class_", n), fmt.Sprint("label_", n), fmt.Sprint("probability_", n))
	}
	_ = w.Write(header) // an error stays for flush
	return &Printer{
		print: func(one Prediction) error {
			record := []string{one.File, one.Class, strconv.Itoa(one.Label), number(one.Probability), number(one.Entropy), one.True}
			for _, r := range one.Top[min(1, len(one.Top)):] {
				record = append(record, r.Class, strconv.Itoa(r.Label), number(r.Probability))
			}
			return w.Write(record)
		},
		flush: func() error { w.Flush(); return w.Error() },
	}
}

func newTable(out io.Writer, classes []string, columns Columns) *Printer {
	width := widest(classes)
	printable := func(name string) string { return cli.Printable(name, "") }
	row := func(class, probability, entropy, truth, file string) error {
		line := fmt.Sprintf("%-*s %11s %9s  ", width, class, probability, entropy)
		if columns.True {
			line += fmt.Sprintf("%-*s  ", width, truth)
		}
		_, err := fmt.Fprintln(out, line+file)
		return err
	}
	_ = row("class", "probability", "entropy", "true class", "file") // if it fails so will the next
	decimals := func(x float64) string { return fmt.Sprintf("%.4f", x) }
	return &Printer{
		print: func(one Prediction) error {
			if err := row(printable(one.Class), decimals(one.Probability), decimals(one.Entropy), printable(one.True), printable(one.File)); err != nil {
				return err
			}
			for _, r := range one.Top[min(1, len(one.Top)):] {
				if _, err := fmt.Fprintf(out, "%-*s %11s\n", width, printable(r.Class), decimals(r.Probability)); err != nil {
					return err
				}
			}
			return nil
		},
		flush: func() error { return nil },
	}
}

// widest returns the width of a column of the names as they are printed.
func widest(names []string) int {
	width := 16
	for _, name := range names {
		width = max(width, utf8.RuneCountInString(cli.Printable(name, "")))
	}
	return width
}

// Summary counts the pictures that lie in the folders of classes.
type Summary struct {
	classes       []string
	labels        map[string]int
	total, right  []int // by class
	withoutFolder int
}

func newSummary(classes []string) Summary {
	s := Summary{classes: classes, labels: map[string]int{}, total: make([]int, len(classes)), right: make([]int, len(classes))}
	for label, class := range slices.Backward(classes) {
		s.labels[class] = label // the first of equal names
	}
	return s
}

func (s *Summary) add(p Prediction) {
	label, known := s.labels[p.True]
	if p.True == "" || !known {
		s.withoutFolder++
		return
	}
	s.total[label]++
	if p.Class == p.True {
		s.right[label]++
	}
}

// Print prints the accuracy by class and of all, nothing if no picture lies in the
// folder of a class.
func (s *Summary) Print(out io.Writer) error {
	total, right := 0, 0
	for c := range s.total {
		total, right = total+s.total[c], right+s.right[c]
	}
	if total == 0 {
		return nil
	}
	width := widest(s.classes)
	if _, err := fmt.Fprintf(out, "%-*s %9s %9s %9s\n", width, "true class", "pictures", "right", "accuracy"); err != nil {
		return err
	}
	row := func(name string, total, right int) error {
		_, err := fmt.Fprintf(out, "%-*s %9d %9d %8.2f%%\n", width, name, total, right, 100*float64(right)/float64(total))
		return err
	}
	for c, class := range s.classes {
		if s.total[c] > 0 {
			if err := row(cli.Printable(class, ""), s.total[c], s.right[c]); err != nil {
				return err
			}
		}
	}
	if err := row("all", total, right); err != nil || s.withoutFolder == 0 {
		return err
	}
	_, err := fmt.Fprintf(out, "%-*s %9d\n", width, "in no class", s.withoutFolder)
	return err
}

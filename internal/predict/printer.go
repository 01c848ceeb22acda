package predict

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// The formats of predictions.
const (
	Table = "table"
	CSV   = "csv"
	JSONL = "jsonl" // a JSON object a line
)

// Printer prints predictions.
type Printer struct {
	print func(Prediction) error
	flush func() error // ends a batch of them
}

// NewPrinter returns a printer in one of the formats.
func NewPrinter(out io.Writer, format string) *Printer {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	p := &Printer{flush: func() error { return nil }}
	switch format {
	case CSV:
		w := csv.NewWriter(out)
		p.print = func(one Prediction) error {
			return w.Write([]string{one.File, one.Class, strconv.Itoa(one.Label), number(one.Probability), number(one.Entropy)})
		}
		p.flush = func() error { w.Flush(); return w.Error() }
		_ = w.Write([]string{"file", "class", "label", "probability", "entropy"}) // an error stays for flush
	case JSONL:
		encoder := json.NewEncoder(out)
		p.print = func(one Prediction) error { return encoder.Encode(one) }
	default:
		row := func(class, probability, entropy, file string) error {
			_, err := fmt.Fprintf(out, "%-16s %11s %9s  %s\n", class, probability, entropy, file)
			return err
		}
		_ = row("class", "probability", "entropy", "file") // if it fails so will the next
		p.print = func(one Prediction) error {
			return row(one.Class, fmt.Sprintf("%.4f", one.Probability), fmt.Sprintf("%.4f", one.Entropy), one.File)
		}
	}
	return p
}

package catalog

import "cmp"

// Precision names what the operands of products are rounded to.
type Precision string

// BFloat16 is the precision of [conv.Options.BFloat16]; "" is that of float32.
const BFloat16 Precision = "bf16"

const float32s = "float32"

// PrecisionNames lists what [ParsePrecision] takes.
var PrecisionNames = []string{float32s, string(BFloat16)}

// ParsePrecision reads the name of a precision.
func ParsePrecision(name string) (Precision, error) {
	return parseWord[Precision](name, PrecisionNames)
}

// String returns what [ParsePrecision] takes.
func (p Precision) String() string { return cmp.Or(string(p), float32s) }

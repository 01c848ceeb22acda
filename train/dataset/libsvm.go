package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// parseUSPS reads the LIBSVM form of USPS, a line an image: a label from 1 to
// 10 for the digits 0 to 9, then 256 pairs index:value over a 16 x 16 image, row
// by row, values in [-1, 1]. A value v becomes the byte (v+1)/2*255, truncated.
func parseUSPS(r io.Reader) (labelledGreys, error) {
	const side = 16
	result := labelledGreys{greys: greys{h: side, w: side}}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if result.n == maxImages {
			return labelledGreys{}, fmt.Errorf("more than %d images", maxImages)
		}
		result.n++
		fields := strings.Fields(lines.Text())
		if len(fields) != 1+side*side {
			return labelledGreys{}, fmt.Errorf("line %d: %d fields where a label and %d pixels were expected", result.n, len(fields), side*side)
		}
		label, err := strconv.Atoi(fields[0])
		if err != nil || label < 1 || label > 10 {
			return labelledGreys{}, fmt.Errorf("line %d: label %.40q is not from 1 to 10", result.n, fields[0])
		}
		result.labels = append(result.labels, uint16(label-1))
		for i, field := range fields[1:] {
			index, text, _ := strings.Cut(field, ":")
			value, err := strconv.ParseFloat(text, 64)
			if index != strconv.Itoa(i+1) || err != nil || !(value >= -1 && value <= 1) {
				return labelledGreys{}, fmt.Errorf("line %d: %.40q where %d:value, value from -1 to 1, was expected", result.n, field, i+1)
			}
			result.data = append(result.data, uint8((float32(value)+1)/2*255))
		}
	}
	if err := lines.Err(); err != nil {
		return labelledGreys{}, fmt.Errorf("line %d: %w", result.n+1, err)
	}
	if result.n == 0 {
		return labelledGreys{}, errors.New("no images")
	}
	return result, nil
}

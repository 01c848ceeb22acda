package resample

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
)

// TestPillow compares with what Pillow's BILINEAR and BOX gave: exactly.
func TestPillow(t *testing.T) {
	for name, filter := range map[string]Filter{
		"16to32": Bilinear, "28to32": Bilinear, "40to32_rgb": Bilinear, "45x37to32x32_rgb": Bilinear, "67to60_rgb": Bilinear,
		"box_32to24": Box, "box_37x45to50x20": Box,
	} {
		in, err := npy.Read(filepath.Join("testdata", name+"_in.npy"))
		require.NoError(t, err)
		want, err := npy.Read(filepath.Join("testdata", name+"_out.npy"))
		require.NoError(t, err)
		n, srcH, srcW, dstH, dstW := in.Shape[0], in.Shape[1], in.Shape[2], want.Shape[1], want.Shape[2]
		channels := 1
		if len(in.Shape) == 4 {
			channels = in.Shape[3]
		}
		r := NewResizer(filter, srcH, srcW, dstH, dstW)
		for i := range n {
			if channels == 3 { // together
				var src, all, expected []uint8
				for c := range channels {
					src = append(src, plane(in.Bytes, i, c, srcH*srcW, channels)...)
					expected = append(expected, plane(want.Bytes, i, c, dstH*dstW, channels)...)
				}
				all = make([]uint8, len(expected))
				r.Planes(all, src)
				require.Equal(t, expected, all, "%s, image %d", name, i)
			}
			for c := range channels {
				got := make([]uint8, dstH*dstW)
				r.Plane(got, plane(in.Bytes, i, c, srcH*srcW, channels))
				require.Equal(t, plane(want.Bytes, i, c, dstH*dstW, channels), got, "%s, image %d, channel %d", name, i, c)
			}
		}
	}
}

// plane returns channel c of image n of interleaved images.
func plane(data []uint8, n, c, size, channels int) []uint8 {
	p := make([]uint8, size)
	for i := range p {
		p[i] = data[(n*size+i)*channels+c]
	}
	return p
}

func TestSameSize(t *testing.T) {
	src := []uint8{1, 2, 3, 4, 5, 6}
	dst := make([]uint8, 6)
	NewResizer(Bilinear, 2, 3, 2, 3).Plane(dst, src)
	require.Equal(t, src, dst)
}

// TestConstant checks that the weights of every window add up to one, for
// shrinking and enlarging alike.
func TestConstant(t *testing.T) {
	for _, size := range [][4]int{{1, 1, 5, 7}, {5, 7, 1, 1}, {300, 9, 32, 32}, {31, 33, 32, 32}, {40000, 9, 2, 9}} {
		src := make([]uint8, size[0]*size[1])
		for i := range src {
			src[i] = 255
		}
		dst := make([]uint8, size[2]*size[3])
		NewResizer(Bilinear, size[0], size[1], size[2], size[3]).Plane(dst, src)
		for _, v := range dst {
			require.Equal(t, uint8(255), v)
		}
	}
}

func TestWrongSizePanics(t *testing.T) {
	require.Panics(t, func() { NewResizer(Bilinear, 2, 2, 4, 4).Plane(make([]uint8, 16), make([]uint8, 5)) })
	require.Panics(t, func() { NewResizer(Bilinear, 2, 2, 4, 4).Planes(make([]uint8, 48), make([]uint8, 8)) })
	require.Panics(t, func() { NewResizer(Bilinear, 2, 2, 4, 4).Planes(make([]uint8, 17), make([]uint8, 4)) })
	require.Panics(t, func() { NewResizer(Bilinear, 2, 2, 4, 4).Part(1, 0, 2, 2) })
	require.Panics(t, func() { NewResizer(Bilinear, 0, 2, 4, 4) })
}

func BenchmarkPlane(b *testing.B) {
	for _, size := range [][2]int{{28, 32}, {227, 224}} {
		b.Run(fmt.Sprintf("%dto%d", size[0], size[1]), func(b *testing.B) {
			r := NewResizer(Bilinear, size[0], size[0], size[1], size[1])
			src, dst := make([]uint8, size[0]*size[0]), make([]uint8, size[1]*size[1])
			for b.Loop() {
				r.Plane(dst, src)
			}
		})
	}
}

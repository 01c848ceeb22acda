package dataset

import (
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
)

// The checksums are of what torchvision's Resize and CenterCrop, and Pillow's
// ImageOps.pad, give, where the rows are resampled before the columns: since Pillow 13
// it does first what leaves less to do.
func TestResizeAsPillow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		h, w   int
		resize Resize
		want   uint32
	}{
		{13, 29, Crop, 0xce43d136},
		{13, 29, Pad, 0xa745045c},
		{29, 13, Crop, 0xdcc466f2},
		{29, 13, Pad, 0x54a127e7},
		{6, 7, Crop, 0x6fdc42de},
		{6, 7, Pad, 0xf6967535},
		{7, 6, Crop, 0xb12e3210},
		{7, 6, Pad, 0x2b7414f0},
		{20, 21, Crop, 0xe1497077},
		{20, 21, Pad, 0xe1497077},
		{3, 10, Crop, 0x2415e3d4},
		{3, 10, Pad, 0xe99054cb},
	} {
		p := planes{h: c.h, w: c.w}
		for ch := range 3 {
			for y := range c.h {
				for x := range c.w {
					p.data = append(p.data, uint8(y*37+x*11+ch*50+x*y%17*5))
				}
			}
		}
		got := make([]uint8, 3*8*8)
		for i := range got {
			got[i] = 7 // what was there before does not stay
		}
		require.NoError(t, p.resize(got, &PictureOptions{Side: 8, Resize: c.resize}))
		require.Equal(t, c.want, crc32.ChecksumIEEE(got), "%dx%d, %s", c.h, c.w, c.resize)
	}
	line := planes{data: make([]uint8, 3*1000), h: 1, w: 1000}
	got := make([]uint8, 3*8*8)
	require.ErrorContains(t, line.resize(got, &PictureOptions{Side: 8, Resize: Crop}), "1x1000 pixels is too long")
	require.NoError(t, line.resize(got, &PictureOptions{Side: 8, Resize: Pad}))
}

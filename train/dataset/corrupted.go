package dataset

import (
	"path/filepath"
	"slices"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
)

// Domains returns the paper's corruptions in the folder as domains, of n images
// at each severity (see [Images.Subsample]). It fails if images of any are not
// h x w.
func (c *Corruptions) Domains(h, w, n int) ([]Domain, error) {
	n = min(n, len(c.labels)/corrupt.Severities)
	var domains []Domain
	for _, name := range c.Names {
		if !slices.Contains(corrupt.Paper(), name) {
			continue
		}
		if err := c.check(name, h, w); err != nil {
			return nil, err
		}
		domains = append(domains, corruptedDomain(name, n, h, w, func(severity int, _ Blocks) (Images, error) {
			images, err := c.Read(name, severity)
			return images.Subsample(n), err
		}))
	}
	return domains, nil
}

// check looks at the size that a corruption's file declares.
func (c *Corruptions) check(name string, h, w int) error {
	path := filepath.Join(c.dir, name+".npy")
	f, err := npy.Open(path)
	if err != nil {
		return npyError(path, err)
	}
	defer f.Close()
	if !f.IsBytes() {
		return errorf(path, "images of another type than uint8 (numpy: images.astype('uint8'))")
	}
	if want := []int{len(c.labels), h, w, 3}; !slices.Equal(f.Shape, want) {
		return errorf(path, "images of size %v where %v was expected: as many as labels.npy has labels, as large as the test images", f.Shape, want)
	}
	return nil
}

// Corrupt returns the paper's corruptions of a test set as domains. Images are
// corrupted when their turn comes, into memory that all domains share.
func Corrupt(images Images, s *corrupt.Suite) []Domain {
	corrupted := images
	corrupted.Data, corrupted.cached, corrupted.places = make([]uint8, images.N*images.C*images.H*images.W), nil, nil
	var domains []Domain
	for _, name := range corrupt.Paper() {
		domains = append(domains, corruptedDomain(name, images.N, images.H, images.W, func(severity int, some Blocks) (Images, error) {
			if some.Size == 0 {
				some = Blocks{Size: images.N, Step: images.N}
			}
			for lo := some.First; lo < images.N; lo += some.Step {
				hi := min(lo+some.Size, images.N)
				block := corrupted.Block(nil, lo, hi)
				s.Apply(block, images.Block(block, lo, hi), name, severity, lo)
			}
			return corrupted, nil
		}))
	}
	return domains
}

func corruptedDomain(name string, n, h, w int, read func(int, Blocks) (Images, error)) Domain {
	d := Domain{Name: name, Images: Images{N: n * corrupt.Severities, C: 3, H: h, W: w}}
	for severity := range corrupt.Severities {
		d.Severities = append(d.Severities, func(some Blocks) (Images, error) { return read(severity+1, some) })
	}
	return d
}

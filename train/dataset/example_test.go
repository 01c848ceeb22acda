package dataset_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// square returns a PNG file of one colour.
func square(c color.Color) []byte {
	m := image.NewRGBA(image.Rect(0, 0, 40, 40))
	for i := range 40 * 40 {
		m.Set(i%40, i/40, c)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		log.Fatal(err)
	}
	return file.Bytes()
}

// Reads pictures of two classes, of which there are drawings as well.
func ExampleFolder() {
	dir, err := os.MkdirTemp("", "pictures")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for path, content := range map[string][]byte{
		"train/rose/1.png":        square(color.RGBA{200, 0, 0, 255}),
		"train/tulip/1.png":       square(color.RGBA{200, 200, 0, 255}),
		"test-drawing/rose/1.png": square(color.RGBA{90, 0, 0, 255}),
	} {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			log.Fatal(err)
		}
	}
	task, err := dataset.Folder(dir, dataset.FolderOptions{PictureOptions: dataset.PictureOptions{Side: 32}})
	if err != nil {
		log.Fatal(err) // errors.Is(err, dataset.ErrData)
	}
	fmt.Println(task.Classes, task.Source.N, "training images")
	for _, d := range task.Domains {
		fmt.Println(d.Name, d.N)
	}
	// Output:
	// [rose tulip] 2 training images
	// drawing 1
}

func ExampleDecodePicture() {
	pixels := make([]uint8, 3*8*8)
	if err := dataset.DecodePicture(pixels, &dataset.PictureOptions{Side: 8}, bytes.NewReader(square(color.RGBA{1, 2, 3, 255}))); err != nil {
		log.Fatal(err)
	}
	fmt.Println(pixels[0], pixels[64], pixels[128])
	// Output: 1 2 3
}

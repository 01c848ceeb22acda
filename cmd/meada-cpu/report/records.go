package report

// What train leaves in a run folder for the report alone. The other files,
// config.json, metrics.jsonl and summary.json, are read here as anybody else
// would read them.
const (
	SampleFolder  = "samples"        // phase-1.json with its phase-1.png, ...
	ConfusionFile = "confusion.json" // a Confusion
)

// Sample describes some images of the source and what a maximisation phase made
// of them. A picture beside it shows the first of them: source images above,
// adversarial ones below.
type Sample struct {
	Phase  int   `json:"phase"` // from 1
	Step   int   `json:"step"`  // the descent step that the phase precedes
	Width  int   `json:"width"` // of one image in the picture, in pixels
	Labels []int `json:"labels"`

	// What the network that the phase climbed on says.
	Source      Predictions `json:"source"`
	Adversarial Predictions `json:"adversarial"`
}

// Predictions are a network's outputs for some images.
type Predictions struct {
	Classes []int     `json:"classes"` // of the largest logit
	Entropy []float64 `json:"entropy"` // of the softmax, in nats
}

// Confusion is the confusion matrices of a test.
type Confusion struct {
	Step    int               `json:"step"`
	Domains []DomainConfusion `json:"domains"`
}

// DomainConfusion counts the images of a domain: Counts[label*classes+predicted].
type DomainConfusion struct {
	Name   string `json:"name"`
	Counts []int  `json:"counts"`
}

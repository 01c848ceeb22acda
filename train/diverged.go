package train

import (
	"fmt"
	"math"
)

// DivergedError says that something which training goes on from is NaN or
// infinite.
type DivergedError struct {
	Step  int    // the descent step, or the one that the phase precedes
	Phase int    // the maximisation phase it happened in, 0 outside of one
	What  string // a parameter or buffer by name, "the gradient of" one, "image 7" of the phase, ...
}

// Error says when it happened, and to what.
func (e *DivergedError) Error() string {
	if e.Phase > 0 {
		return fmt.Sprintf("training diverged in maximisation phase %d, before step %d: %s is NaN or infinite", e.Phase, e.Step, e.What)
	}
	return fmt.Sprintf("training diverged at step %d: %s is NaN or infinite", e.Step, e.What)
}

// Check returns a *DivergedError if the network as the last descent step left
// it is not finite. It is asked before weights are tested or kept. Between, a
// step need not look at every gradient: one that is not finite spoils its
// parameter, and that the loss of the next step.
func (t *Trainer) Check() error {
	step := t.Steps() - 1
	if name := t.network.NonFiniteGradient(t.engine); name != "" {
		return &DivergedError{Step: step, What: "the gradient of " + name}
	}
	if name := t.network.NonFinite(t.engine); name != "" {
		return &DivergedError{Step: step, What: name}
	}
	return nil
}

// diverged returns the error of the step at hand, at which something is not
// finite: the network, if that is the reason.
func (t *Trainer) diverged(e Event, what string) error {
	if err := t.Check(); err != nil {
		return err
	}
	return &DivergedError{Step: e.Step, Phase: e.Phase, What: what}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

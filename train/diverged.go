package train

import (
	"fmt"
	"math"
	"slices"
)

// DivergedError says that something which training goes on from is NaN or
// infinite.
type DivergedError struct {
	Step  int    // the descent step, or the one that the phase precedes
	Phase int    // the maximisation phase it happened in, 0 outside of one
	What  string // a parameter or buffer by name, "the gradient of" one, "image 7" of the phase, ...

	OneRank bool // What ends in the number of a rank: others have it finite
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
	if what := t.nonFinite(); what != "" {
		return &DivergedError{Step: t.Steps() - 1, What: what}
	}
	return nil
}

// nonFinite names what of the network is not finite, "" for nothing.
func (t *Trainer) nonFinite() string {
	if name := t.network.NonFiniteGradient(t.engine); name != "" {
		return "the gradient of " + name
	}
	return t.network.NonFinite(t.engine)
}

// checkAll is Check on all ranks, which call it together and get the same error: that
// of the first rank that has one, with its number if others have none.
func (t *Trainer) checkAll() error {
	own := t.nonFinite()
	if found, err := t.group.Largest(byte(min(len(own), 1))); err != nil || found == 0 {
		return err
	}
	all, err := t.group.Texts(own)
	if err != nil {
		return err
	}
	rank := slices.IndexFunc(all, func(what string) bool { return what != "" })
	e := &DivergedError{Step: t.Steps() - 1, What: all[rank]}
	if slices.Contains(all, "") {
		e.OneRank = true
		e.What += fmt.Sprintf(" on rank %d", rank)
	}
	return e
}

// diverged returns the error of the step at hand, at which something is not
// finite: the network, if that is the reason. All ranks call it together.
func (t *Trainer) diverged(e Event, what string) error {
	if err := t.checkAll(); err != nil {
		return err
	}
	return &DivergedError{Step: e.Step, Phase: e.Phase, What: what}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

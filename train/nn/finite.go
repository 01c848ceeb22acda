package nn

import (
	"github.com/meada-cpu/meada-cpu/tensor"
)

// NonFinite returns the name of the first parameter or buffer with an element
// that is NaN or infinite, "" if there is none.
func (n *Network) NonFinite(engine *tensor.Engine) string {
	for _, e := range n.state {
		switch {
		case e.param != nil && !tensor.Finite(engine, e.param.Data):
			return e.param.Name
		case e.buffer != nil && !tensor.Finite(engine, e.buffer.data):
			return e.buffer.name
		}
	}
	return ""
}

// NonFiniteGradient returns the name of a parameter whose gradient, as the last
// backward pass left it, has an element that is NaN or infinite, "" if there is
// none: of several the last, to which the backward pass comes first.
func (n *Network) NonFiniteGradient(engine *tensor.Engine) string {
	for i := len(n.Params) - 1; i >= 0; i-- {
		if p := n.Params[i]; !tensor.Finite(engine, p.Grad) {
			return p.Name
		}
	}
	return ""
}

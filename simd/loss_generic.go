package simd

// softmaxLossGeneric computes the cross-entropy and the entropy (both in nats)
// of one row of logits z, with p = softmax(z):
//
//	ce      = -ln p[label]
//	entropy = -sum p[c] ln p[c]
//
// and, unless grad is nil, the gradient of ceWeight*ce + entropyWeight*entropy:
//
//	grad[c] = ceWeight*(p[c] - [c == label]) - entropyWeight*p[c]*(ln p[c] + entropy)
//
// With d[c] = z[c] - max z, S = sum e^d and mean = sum(e^d d)/S, both sums in 16
// virtual lanes, that is
//
//	ce = ln S - d[label]    entropy = ln S - mean
//	grad[c] = e^d[c]/S * (ceWeight - entropyWeight*(d[c] - mean)) - ceWeight*[c == label]
//
// which never takes the logarithm of a vanishing probability. A logit of -Inf
// is a class of probability 0; NaN or +Inf make everything NaN. logits has at
// least one and at most about 32 Ki elements, 0 <= label < len(logits), and grad
// and logits are disjoint.
func softmaxLossGeneric(grad, logits []float32, label int, ceWeight, entropyWeight float32) (ce, entropy float32) {
	most := logits[0]
	for _, z := range logits {
		if z > most {
			most = z
		}
	}
	var s, t [16]float32
	for c, z := range logits {
		d := softmaxDistance(z, most)
		e := exp(d)
		s[c%16] += e
		t[c%16] += e * d
		if grad != nil {
			grad[c] = e
		}
	}
	sum := fold16(&s)
	logSum, inverse := log(sum), 1/sum
	mean := fold16(&t) * inverse
	ce = logSum - (logits[label] - most)
	entropy = logSum - mean
	if grad == nil {
		return ce, entropy
	}
	for c, z := range logits {
		d := softmaxDistance(z, most)
		p := grad[c] * inverse
		grad[c] = p * (ceWeight - entropyWeight*(d-mean))
	}
	grad[label] -= ceWeight
	return ce, entropy
}

// softmaxDistance returns z - most, or the lowest argument of exp if that is
// larger: the probability is 0 there, and 0 times a finite distance is 0.
func softmaxDistance(z, most float32) float32 {
	if d := z - most; !(d < expLowest) {
		return d
	}
	return expLowest
}

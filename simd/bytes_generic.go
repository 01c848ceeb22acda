package simd

// fromUint8Generic normalises bytes: dst[i] = (src[i]/255 - mean) / std, each
// operation rounded on its own, as torchvision does. A call should cover at
// most 64 Ki elements.
func fromUint8Generic(dst []float32, src []uint8, mean, std float32) {
	for i, b := range src {
		dst[i] = (float32(b)/255 - mean) / std
	}
}

// toUint8Generic turns values back into bytes, black and white being the values
// that become 0 and 255:
//
//	dst[i] = trunc(255 * clamp((src[i] - black) / (white - black), 0, 1))
//
// each operation rounded on its own. It truncates, as the published code does
// when it stores adversarial images, so a byte may come back one lower. NaN
// gives 0. A call should cover at most 64 Ki elements.
func toUint8Generic(dst []uint8, src []float32, black, white float32) {
	for i, v := range src {
		v = (v - black) / (white - black)
		switch {
		case v >= 1:
			v = 1
		case !(v > 0):
			v = 0
		}
		dst[i] = uint8(v * 255)
	}
}

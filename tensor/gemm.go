package tensor

// Gemm is a matrix product C = op(A) op(B) planned for one shape on one engine:
// C is M x N, op(A) is M x K, op(B) is K x N, where op transposes the stored
// matrix if TransA or TransB says so. Run allocates nothing.
type Gemm struct {
	M, N, K        int
	TransA, TransB bool

	engine *Engine
}

// Epilogue says what Gemm does beside the product. At most one of Accumulate,
// RowBias and ColumnBias is set; a bias is where each element's chain of
// multiply-adds begins.
type Epilogue struct {
	Accumulate bool      // C += instead of C =
	RowBias    []float32 // M elements, bias[i] goes to row i
	ColumnBias []float32 // N elements, bias[j] goes to column j
	ReLU       bool      // max(result, 0)
}

// NewGemm plans a product and reserves its scratch memory on the engine.
func NewGemm(e *Engine, m, n, k int, transA, transB bool) *Gemm {
	return &Gemm{M: m, N: n, K: k, TransA: transA, TransB: transB, engine: e}
}

// Run computes the product. lda, ldb and ldc are the distances between the rows
// of the stored matrices, in elements.
func (g *Gemm) Run(c, a, b []float32, ldc, lda, ldb int, ep Epilogue) {
	for i := range g.M {
		for j := range g.N {
			var sum float32
			switch {
			case ep.Accumulate:
				sum = c[i*ldc+j]
			case ep.RowBias != nil:
				sum = ep.RowBias[i]
			case ep.ColumnBias != nil:
				sum = ep.ColumnBias[j]
			}
			for k := range g.K {
				x, y := i*lda+k, k*ldb+j
				if g.TransA {
					x = k*lda + i
				}
				if g.TransB {
					y = j*ldb + k
				}
				sum += a[x] * b[y]
			}
			if ep.ReLU && !(sum > 0) {
				sum = 0
			}
			c[i*ldc+j] = sum
		}
	}
}

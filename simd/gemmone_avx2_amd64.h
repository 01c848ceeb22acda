// Where a single register tile is, see gemm_avx2_amd64.h.

#define TILE_C(r)           GemmTile_C(r)
#define TILE_A(r)           GemmTile_A(r)
#define TILE_BIAS(r)        GemmTile_Bias(r)
#define TILE_PREFETCH(r)    GemmTile_Prefetch(r)
#define TILE_PREFETCHROW(r) GemmTile_PrefetchRow(r)

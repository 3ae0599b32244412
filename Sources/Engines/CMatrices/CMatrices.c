#include "CMatrices.h"

enum { chains = 4 };

// A row of a panel: one vector of the compiler's, which makes of it what the processor has. It may lie anywhere.
typedef float columns __attribute__((vector_size(matrices_panel_width * sizeof(float)), aligned(sizeof(float))));

// Sums stay in registers where a register has eight numbers, and no sum waits for the one before: each row has its own, a single row four.

static inline __attribute__((always_inline)) void add_rows(
    const int rows, int depth, const float *x, int stride, const columns *w, columns *y, int panels) {
    columns sums[chains];
    for (int row = 0; row < rows; row++) sums[row] = y[row * panels];
    for (int k = 0; k < depth; k++)
        for (int row = 0; row < rows; row++) sums[row] += x[row * stride + k] * w[k];
    for (int row = 0; row < rows; row++) y[row * panels] = sums[row];
}

static inline __attribute__((always_inline)) void add_row(int depth, const float *x, const columns *w, columns *y) {
    columns sums[chains] = {*y};
    for (int k = 0; k < depth; k += chains)
        for (int chain = 0; chain < chains; chain++) sums[chain] += x[k + chain] * w[k + chain];
    *y = (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// What chooses a clone runs before the thread sanitizer does, and so must not be looked at by it.
#if defined(__SANITIZE_THREAD__)
#define has_clones 0
#elif defined(__has_feature)
#define has_clones !__has_feature(thread_sanitizer)
#else
#define has_clones 1
#endif

#if defined(__x86_64__) && has_clones
__attribute__((target_clones("arch=x86-64-v3", "default")))
#endif
void matrices_add_product(int rows, int depth, int panels, const float *x, int stride, const float *weights, float *sums) {
    const columns *w = (const columns *)weights;
    columns *y = (columns *)sums;
    for (int panel = 0; panel < panels; panel++, w += depth, y++) {
        switch (rows) {
        case 1: add_row(depth, x, w, y); break;
        case 2: add_rows(2, depth, x, stride, w, y, panels); break;
        case 3: add_rows(3, depth, x, stride, w, y, panels); break;
        default: add_rows(4, depth, x, stride, w, y, panels); break;
        }
    }
}

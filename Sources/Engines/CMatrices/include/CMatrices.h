#ifndef CMATRICES_H
#define CMATRICES_H

/// Columns that lie beside each other in a panel.
enum { matrices_panel_width = 16 };

/// `sums += x * weights` for few rows: `x` has `rows` (1 to 4) rows of `depth` (a multiple of 4 if there is one row only), which begin `stride`
/// apart and may overlap; `weights` has `panels` panels, each of `depth` rows of `matrices_panel_width` columns, zeros where the last panel
/// has no columns; `sums` has rows of `panels * matrices_panel_width`. It computes with AVX2 where the processor has it.
void matrices_add_product(int rows, int depth, int panels, const float *x, int stride, const float *weights, float *sums);

#endif

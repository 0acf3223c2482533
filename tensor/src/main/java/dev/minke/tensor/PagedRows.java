package dev.minke.tensor;

/// The tokens in a cache's pages that each row of a batch sees.
///
/// Row r sees `lengths[r]` tokens: token j is row j % 64 of page blocks[starts[r] + j / 64]. Rows
/// of one sequence should lie together, because neighbours with the same start share its pages.
///
/// @param blocks I32 [N] page numbers, the tables of all sequences one behind the other
/// @param starts I32 [R] where in `blocks` the table of the row's sequence begins
/// @param lengths I32 [R] tokens that the row sees, its own included, at least 1
public record PagedRows(Tensor blocks, Tensor starts, Tensor lengths) {}

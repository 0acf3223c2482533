package dev.minke.tensor;

/// Sizes of attention over the pages of a cache.
///
/// @param heads heads of a query
/// @param key width of a query and a key: the last columns of a page row
/// @param value width of a value: the first columns of a page row; both may overlap
/// @param scale factor on the scores before the softmax
public record PagedShape(int heads, int key, int value, float scale) {
    /// Check that the sizes are positive.
    public PagedShape {
        if (heads < 1 || key < 1 || value < 1 || !(scale > 0)) {
            throw new IllegalArgumentException(
                    "paged attention needs positive sizes, found heads %d, key %d, value %d, scale %s"
                            .formatted(heads, key, value, scale));
        }
    }
}

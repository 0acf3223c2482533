package dev.minke.infer.engine;

/// A stretch of one sequence that a step computes.
///
/// @param tokens of the sequence from its beginning, at least `to` + `ahead`
/// @param ahead position p is computed from the token at p + `ahead`: 0 for the model, 1 for its
///   MTP module
/// @param from first position to compute; all before it are in the cache
/// @param to end of the stretch, exclusive
/// @param blocks block table, for `to` tokens at least; the blocks from `from` on are its own
/// @param expandedEnd positions before it run in expanded form, all others over the pages. It must
///   be the same whenever this position is computed, or bits would depend on the company
/// @param logitsFrom positions from this on get logits
record Chunk(
        int[] tokens, int ahead, int from, int to, int[] blocks, int expandedEnd, int logitsFrom) {
    Chunk(int[] tokens, int from, int to, int[] blocks, int expandedEnd, int logitsFrom) {
        this(tokens, 0, from, to, blocks, expandedEnd, logitsFrom);
    }

    /// The token that `position` is computed from.
    int token(int position) {
        return tokens[position + ahead];
    }

    /// Where the expanded part ends and the part over the pages begins.
    int border() {
        return Math.clamp(expandedEnd, from, to);
    }

    int rows() {
        return to - from;
    }

    /// The row of `position` in a step where the two parts of the chunk begin at these rows.
    int row(int position, int firstExpanded, int firstPaged) {
        int border = border();
        return position < border ? firstExpanded + position - from : firstPaged + position - border;
    }

    int logitRows() {
        return to - Math.clamp(logitsFrom, from, to);
    }
}

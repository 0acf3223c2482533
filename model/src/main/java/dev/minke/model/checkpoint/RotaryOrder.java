package dev.minke.model.checkpoint;

import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;

/// The two orders in which checkpoints of dense models store the rows of a head that is rotated.
///
/// Half-split: row i turns together with row i + n/2 (Hugging Face; GGUF's qwen2). Interleaved: row
/// 2i turns together with row 2i + 1 (this model; GGUF's llama). Scores are the same, as queries
/// and keys are in one order.
public final class RotaryOrder {
    private RotaryOrder() {}

    /// Where row `row` of a head of `headDim` rows, in interleaved order, is in half-split order.
    static int halfSplitRow(int row, int headDim) {
        return row / 2 + row % 2 * (headDim / 2);
    }

    /// Reorder the rows of a weight, or the elements of a bias, from half-split to interleaved.
    ///
    /// @param x [heads * headDim, columns] or [heads * headDim]
    public static void toInterleaved(Tensor x, int headDim) {
        reorder(x, headDim, true);
    }

    /// Undo [#toInterleaved].
    public static void toHalfSplit(Tensor x, int headDim) {
        reorder(x, headDim, false);
    }

    private static void reorder(Tensor x, int headDim, boolean interleave) {
        Tensor rows = x.rank() == 1 ? x.reshape(x.size(), 1) : x;
        try (Arena arena = Arena.ofConfined()) {
            Tensor head = Tensor.zeros(arena, headDim, rows.cols());
            for (long from = 0; from < rows.rows(); from += headDim) {
                Tensor own = rows.range(from, from + headDim);
                head.copyFrom(own);
                for (int i = 0; i < headDim; i++) {
                    int half = halfSplitRow(i, headDim);
                    int source = interleave ? half : i;
                    int target = interleave ? i : half;
                    own.range(target, target + 1L).copyFrom(head.range(source, source + 1L));
                }
            }
        }
    }
}

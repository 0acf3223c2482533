package dev.minke.model.deepseek;

import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.List;

/// Token sequences laid out for one forward pass with next-token and next-but-one targets.
///
/// Row t of the main model sees `tokens[t]` and scores `targets[t]`. Row r of the MTP module is fed
/// the main hidden state of row `mtpRows[r]` and the token `mtpTokens[r]` that follows it, and
/// scores `mtpTargets[r]`. A target of -1 counts for nothing.
///
/// @param tokens [T]
/// @param positions [T] from 0 in every sequence
/// @param sequences [S + 1]
/// @param targets [T]
/// @param mtpRows [M]
/// @param mtpTokens [M]
/// @param mtpPositions [M]
/// @param mtpSequences [S + 1]
/// @param mtpTargets [M]
/// @param targetCount targets of the main model that count
/// @param mtpTargetCount targets of the MTP module that count
public record TokenBatch(
        Tensor tokens,
        Tensor positions,
        Tensor sequences,
        Tensor targets,
        Tensor mtpRows,
        Tensor mtpTokens,
        Tensor mtpPositions,
        Tensor mtpSequences,
        Tensor mtpTargets,
        long targetCount,
        long mtpTargetCount) {

    /// A sequence of tokens of which the first `inputs` are fed; targets reach up to two tokens
    /// further, as far as there are any.
    ///
    /// @param tokens at least `inputs` of them
    /// @param inputs rows of the main model
    /// @param firstTarget index of the first token that is scored: 1 for all, the length of a
    ///   prompt to learn only what follows it
    public record Sequence(int[] tokens, int inputs, int firstTarget) {
        /// Feed all tokens; the last one has nothing to score.
        public static Sequence whole(int... tokens) {
            return new Sequence(tokens, tokens.length, 1);
        }

        /// Number of positions that score the token `ahead` places further: 1 for the main model, 2
        /// for the MTP module.
        public int targets(int ahead) {
            int last = Math.min(inputs - 1 + ahead, tokens.length - 1);
            return Math.max(0, last - Math.max(firstTarget, ahead) + 1);
        }

        private int target(int at) {
            return at < tokens.length && at >= firstTarget ? tokens[at] : -1;
        }

        private int mtpRows() {
            return Math.min(inputs, tokens.length - 1);
        }
    }

    /// Lay out `sequences` in `workspace`.
    public static TokenBatch of(List<Sequence> sequences, Workspace workspace) {
        int rows = sequences.stream().mapToInt(Sequence::inputs).sum();
        int mtpRows = sequences.stream().mapToInt(Sequence::mtpRows).sum();
        Tensor tokens = workspace.i32(rows);
        Tensor positions = workspace.i32(rows);
        Tensor targets = workspace.i32(rows);
        Tensor starts = workspace.i32(sequences.size() + 1L);
        Tensor mtpFrom = workspace.i32(mtpRows);
        Tensor mtpTokens = workspace.i32(mtpRows);
        Tensor mtpPositions = workspace.i32(mtpRows);
        Tensor mtpTargets = workspace.i32(mtpRows);
        Tensor mtpStarts = workspace.i32(sequences.size() + 1L);
        int row = 0;
        int mtpRow = 0;
        long count = 0;
        long mtpCount = 0;
        starts.setInt(0, 0);
        mtpStarts.setInt(0, 0);
        for (int s = 0; s < sequences.size(); s++) {
            Sequence sequence = sequences.get(s);
            for (int i = 0; i < sequence.inputs(); i++, row++) {
                tokens.setInt(row, sequence.tokens()[i]);
                positions.setInt(row, i);
                int target = sequence.target(i + 1);
                targets.setInt(row, target);
                count += target >= 0 ? 1 : 0;
                if (i < sequence.mtpRows()) {
                    mtpFrom.setInt(mtpRow, row);
                    mtpTokens.setInt(mtpRow, sequence.tokens()[i + 1]);
                    mtpPositions.setInt(mtpRow, i);
                    int mtpTarget = sequence.target(i + 2);
                    mtpTargets.setInt(mtpRow, mtpTarget);
                    mtpCount += mtpTarget >= 0 ? 1 : 0;
                    mtpRow++;
                }
            }
            starts.setInt(s + 1L, row);
            mtpStarts.setInt(s + 1L, mtpRow);
        }
        return new TokenBatch(
                tokens,
                positions,
                starts,
                targets,
                mtpFrom,
                mtpTokens,
                mtpPositions,
                mtpStarts,
                mtpTargets,
                count,
                mtpCount);
    }
}

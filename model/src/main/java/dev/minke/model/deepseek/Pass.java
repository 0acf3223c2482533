package dev.minke.model.deepseek;

import dev.minke.model.autograd.Tape;
import dev.minke.tensor.Tensor;

/// What all layers of one forward pass share.
///
/// @param tape records, or not
/// @param positions [T] position of every token in its sequence
/// @param sequences [S + 1] where sequences start and end among the T rows
/// @param rope [positions, width of the rotated part] cos and sin of every angle
/// @param attention which form of attention runs, over which cache
/// @param routing what is counted and added to the loss in the MoE layers
public record Pass(
        Tape tape,
        Tensor positions,
        Tensor sequences,
        Tensor rope,
        AttentionForm attention,
        RoutingMonitor routing) {

    /// The same pass over other tokens.
    public Pass over(Tensor otherPositions, Tensor otherSequences) {
        return new Pass(tape, otherPositions, otherSequences, rope, attention, routing);
    }
}

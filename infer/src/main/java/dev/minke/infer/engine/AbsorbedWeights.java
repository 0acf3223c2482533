package dev.minke.infer.engine;

import dev.minke.model.deepseek.LatentAttention;
import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;

/// The up-projection of a layer in two parts, as the absorbed form multiplies with them: a copy,
/// because each part of all heads must lie together.
///
/// @param key Uk [H, nope, rk]
/// @param value Uv [H, value, rk]
record AbsorbedWeights(Tensor key, Tensor value) {
    static AbsorbedWeights of(LatentAttention weights, Arena arena) {
        AttentionShape shape = weights.shape();
        Tensor up = weights.kvUp().weight().value();
        Tensor key = Tensor.zeros(arena, shape.heads(), shape.nope(), up.cols());
        Tensor value = Tensor.zeros(arena, shape.heads(), shape.value(), up.cols());
        for (int h = 0; h < shape.heads(); h++) {
            long from = (long) h * shape.keyValue();
            long middle = from + shape.nope();
            key.slice(h).copyFrom(up.range(from, middle));
            value.slice(h).copyFrom(up.range(middle, from + shape.keyValue()));
        }
        return new AbsorbedWeights(key, value);
    }
}

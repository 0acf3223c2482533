package dev.minke.infer;

import dev.minke.infer.CachedAttention.Rows;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.deepseek.LatentAttention;
import dev.minke.model.deepseek.LatentAttention.Latents;
import dev.minke.model.deepseek.Pass;
import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Tensor;

/// Multi-head latent attention over an [AttentionCache] (spec 1.4).
///
/// A prompt runs in expanded form and leaves its latents in the cache. A single new token runs in
/// absorbed form, where the up-projection moves from the cached side to the query's side:
///
///     z_h = Uk_h^T q_nope_h       scores = scale (<z_h, c_j> + <q_rope_h, kr_j>)
///     u_h = sum_j p_hj c_j        o_h = Uv_h u_h
///
/// The same function as [LatentAttention#expanded], up to rounding; a test ties them.
final class CachedLatentAttention {
    private CachedLatentAttention() {}

    static Var prefill(
            AttentionCache cache,
            int[] slots,
            Pass pass,
            int layer,
            LatentAttention weights,
            Var x) {
        Latents latents = weights.latents(pass, x);
        for (int s = 0; s < slots.length; s++) {
            int from = pass.sequences().getInt(s);
            int to = pass.sequences().getInt(s + 1L);
            store(cache, layer, slots[s], 0, latents, from, to);
        }
        return weights.expanded(pass, weights.queries(pass, x), latents);
    }

    static Var decode(
            AttentionCache cache, Rows rows, Pass pass, int layer, LatentAttention weights, Var x) {
        Latents latents = weights.latents(pass, x);
        for (int b = 0; b < rows.count(); b++) {
            store(cache, layer, rows.slot(b), rows.position(b), latents, b, b + 1L);
        }
        Var q = weights.queries(pass, x);
        return absorbed(pass, weights, q, cache.part(layer, 0), rows);
    }

    private static void store(
            AttentionCache cache,
            int layer,
            int slot,
            int position,
            Latents latents,
            long from,
            long to) {
        Tensor latent = latents.latent().value().range(from, to);
        cache.store(layer, 0, slot, position, latent, latents.keyRope().value().range(from, to));
    }

    private static Var absorbed(
            Pass pass, LatentAttention weights, Var q, Tensor cache, Rows rows) {
        Tape tape = pass.tape();
        AttentionShape shape = weights.shape();
        long count = q.value().rows();
        long rank = cache.cols() - shape.rope();
        Tensor up = weights.kvUp().weight().var().value();
        Tensor absorbed = tape.workspace().f32(count, shape.heads() * cache.cols());
        Tensor latent = tape.workspace().f32(count, shape.heads() * rank);
        Var heads = tape.output(count, (long) shape.heads() * shape.value());
        for (int h = 0; h < shape.heads(); h++) {
            long from = (long) h * shape.queryKey();
            Tensor nope = q.value().columns(from, from + shape.nope());
            Tensor rope = q.value().columns(from + shape.nope(), from + shape.queryKey());
            Tensor to = absorbed.columns(h * cache.cols(), (h + 1) * cache.cols());
            tape.kernels().gemmNn(nope, keyRows(up, shape, h), to.columns(0, rank), false);
            to.columns(rank, cache.cols()).copyFrom(rope);
        }
        tape.kernels()
                .latentDecode(
                        shape.scale(),
                        absorbed.reshape(count, shape.heads(), cache.cols()),
                        cache,
                        rows.slots(),
                        rows.lengths(),
                        latent.reshape(count, shape.heads(), rank));
        for (int h = 0; h < shape.heads(); h++) {
            long to = (long) h * shape.value();
            tape.kernels()
                    .gemmNt(
                            latent.columns(h * rank, (h + 1) * rank),
                            valueRows(up, shape, h),
                            heads.value().columns(to, to + shape.value()),
                            false);
        }
        return weights.output().forward(tape, heads);
    }

    /// Uk of head `h`: [nope, rk].
    private static Tensor keyRows(Tensor up, AttentionShape shape, int h) {
        long from = (long) h * shape.keyValue();
        return up.range(from, from + shape.nope());
    }

    /// Uv of head `h`: [value, rk].
    private static Tensor valueRows(Tensor up, AttentionShape shape, int h) {
        long from = (long) h * shape.keyValue() + shape.nope();
        return up.range(from, from + shape.value());
    }
}

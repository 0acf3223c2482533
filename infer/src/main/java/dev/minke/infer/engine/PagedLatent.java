package dev.minke.infer.engine;

import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.deepseek.LatentAttention;
import dev.minke.model.deepseek.LatentAttention.Absorbed;
import dev.minke.model.deepseek.LatentAttention.Latents;
import dev.minke.model.deepseek.Pass;
import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.lang.foreign.MemorySegment;

/// Multi-head latent attention over the pool (spec 1.4): absorbed over the pages,
///
///     z_h = Uk_h^T q_nope_h       u_h = softmax(scale [z_h, q_rope_h] [c, kr]^T) c
///     o_h = Uv_h u_h
///
/// or expanded, with keys and values made again from the latents of all that the rows see.
record PagedLatent(PagedForm form, int layer, LatentAttention weights) {
    Var attend(Pass pass, Var x) {
        Tape tape = pass.tape();
        StepRows rows = form.rows();
        AttentionShape shape = weights.shape();
        int rank = form.pool().layout().valueWidth();
        Var heads = tape.output(rows.count(), (long) shape.heads() * shape.value());
        Workspace.Mark mark = tape.workspace().mark();
        Latents latents = weights.latents(pass, x);
        rows.store(form.pool(), layer, 0, 0, latents.latent().value());
        rows.store(form.pool(), layer, 0, rank, latents.keyRope().value());
        Tensor q = weights.queries(pass, x).value();
        if (rows.paged() > 0) {
            absorbed(tape, q.range(0, rows.paged()), heads.value().range(0, rows.paged()));
        }
        if (rows.paged() < rows.count()) {
            Tensor rest = heads.value().range(rows.paged(), rows.count());
            expanded(tape, q.range(rows.paged(), rows.count()), rest);
        }
        tape.workspace().release(mark);
        return weights.output().forward(tape, heads);
    }

    private void absorbed(Tape tape, Tensor q, Tensor out) {
        Workspace workspace = tape.workspace();
        AttentionShape shape = weights.shape();
        Absorbed up = form.absorbed().get(layer);
        int count = (int) q.rows();
        int heads = shape.heads();
        long slots = (long) heads * count;
        int rank = form.pool().layout().valueWidth();
        int width = form.pool().layout().width();
        Tensor offsets = workspace.i32(heads + 1L);
        for (int h = 0; h <= heads; h++) {
            offsets.setInt(h, h * count);
        }
        // slots of a head lie together for the products, heads of a row for the attention
        Tensor nope = workspace.f32(slots, shape.nope());
        Tensor absorbed = workspace.f32(slots, rank);
        Tensor query = workspace.f32(count, heads, width);
        Tensor latent = workspace.f32(count, heads, rank);
        Tensor summed = workspace.f32(slots, rank);
        Tensor result = workspace.f32(slots, shape.value());
        int key = shape.queryKey();
        for (int r = 0; r < count; r++) {
            for (int h = 0; h < heads; h++) {
                long from = r * q.rowStride() + (long) h * key;
                long slot = (long) h * count + r;
                copy(q, from, nope, slot * shape.nope(), shape.nope());
                long to = ((long) r * heads + h) * width + rank;
                copy(q, from + shape.nope(), query, to, shape.rope());
            }
        }
        up.key().times(tape.kernels(), nope, offsets, absorbed);
        for (int r = 0; r < count; r++) {
            for (int h = 0; h < heads; h++) {
                long to = ((long) r * heads + h) * width;
                copy(absorbed, ((long) h * count + r) * rank, query, to, rank);
            }
        }
        Tensor pages = form.pool().pages(layer);
        form.kernels().overPages(shape.scale(), query, pages, form.rows().pagedRows(), latent);
        for (int r = 0; r < count; r++) {
            for (int h = 0; h < heads; h++) {
                long from = ((long) r * heads + h) * rank;
                copy(latent, from, summed, ((long) h * count + r) * rank, rank);
            }
        }
        up.value().times(tape.kernels(), summed, offsets, result);
        int value = shape.value();
        for (int r = 0; r < count; r++) {
            for (int h = 0; h < heads; h++) {
                long to = r * out.rowStride() + (long) h * value;
                copy(result, ((long) h * count + r) * value, out, to, value);
            }
        }
    }

    private static void copy(Tensor from, long at, Tensor to, long toAt, int n) {
        MemorySegment.copy(
                from.segment(),
                from.offset() + 4 * at,
                to.segment(),
                to.offset() + 4 * toAt,
                4L * n);
    }

    private void expanded(Tape tape, Tensor q, Tensor out) {
        Workspace workspace = tape.workspace();
        StepRows rows = form.rows();
        AttentionShape shape = weights.shape();
        int rank = form.pool().layout().valueWidth();
        Tensor latent = workspace.f32(rows.context(), rank);
        Tensor keyRope = workspace.f32(rows.context(), shape.rope());
        rows.load(form.pool(), layer, 0, 0, latent);
        rows.load(form.pool(), layer, 0, rank, keyRope);
        Tensor kv = weights.kvUp().forward(tape, Var.constant(latent)).value();
        form.kernels()
                .lastRows(shape, q, rows.queries(), kv, keyRope, rows.contexts(), out, workspace);
    }
}

package dev.minke.infer.engine;

import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.deepseek.LatentAttention;
import dev.minke.model.deepseek.LatentAttention.Absorbed;
import dev.minke.model.deepseek.LatentAttention.Latents;
import dev.minke.model.deepseek.Pass;
import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.PagedShape;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;

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
        rows.store(tape.kernels(), form.pool(), layer, 0, 0, latents.latent().value());
        rows.store(tape.kernels(), form.pool(), layer, 0, rank, latents.keyRope().value());
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
        Kernels kernels = tape.kernels();
        AttentionShape shape = weights.shape();
        Absorbed up = form.absorbed().get(layer);
        BlockPool pool = form.pool();
        int heads = shape.heads();
        int count = (int) q.rows();
        int rank = pool.layout().valueWidth();
        int width = pool.layout().width();
        long slots = (long) heads * count;
        Tensor offsets = workspace.i32(heads + 1L);
        for (int h = 0; h <= heads; h++) {
            offsets.setInt(h, h * count);
        }
        // the products take the rows of a head together, so the attention gets and gives them so
        Tensor byHead = turned(workspace, heads, count);
        Tensor byRow = turned(workspace, count, heads);
        Tensor queries = q.reshape(slots, shape.queryKey());
        Tensor nope = workspace.f32(slots, shape.nope());
        kernels.gatherRows(queries.columns(0, shape.nope()), byHead, nope);
        Tensor query = workspace.f32(heads, count, width);
        Tensor flat = query.reshape(slots, width);
        Tensor rotated = queries.columns(shape.nope(), shape.queryKey());
        kernels.gatherRows(rotated, byHead, flat.columns(rank, width));
        absorbKeys(kernels, up, nope, offsets, flat.columns(0, rank));
        Tensor latent = workspace.f32(heads, count, rank);
        kernels.pagedAttention(
                new PagedShape(heads, width, rank, shape.scale()),
                query,
                pool.pages(layer),
                pool.row(),
                form.rows().pagedRows(),
                latent);
        Tensor values = workspace.f32(slots, shape.value());
        expandValues(kernels, up, latent.reshape(slots, rank), offsets, values);
        kernels.gatherRows(values, byRow, out.reshape(slots, shape.value()));
    }

    /// For each element of a matrix [m, n] its place in the transposed matrix, row by row.
    private static Tensor turned(Workspace workspace, int m, int n) {
        Tensor places = workspace.i32((long) m * n);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                places.setInt((long) i * n + j, j * m + i);
            }
        }
        return places;
    }

    /// z_h = Uk_h^T q_nope_h.
    private static void absorbKeys(
            Kernels kernels, Absorbed up, Tensor nope, Tensor offsets, Tensor query) {
        up.key().times(kernels, nope, offsets, query);
    }

    /// o_h = Uv_h u_h.
    private static void expandValues(
            Kernels kernels, Absorbed up, Tensor latent, Tensor offsets, Tensor values) {
        up.value().times(kernels, latent, offsets, values);
    }

    private void expanded(Tape tape, Tensor q, Tensor out) {
        Workspace workspace = tape.workspace();
        StepRows rows = form.rows();
        AttentionShape shape = weights.shape();
        int rank = form.pool().layout().valueWidth();
        Tensor latent = workspace.f32(rows.context(), rank);
        Tensor keyRope = workspace.f32(rows.context(), shape.rope());
        rows.load(tape.kernels(), form.pool(), layer, 0, 0, latent);
        rows.load(tape.kernels(), form.pool(), layer, 0, rank, keyRope);
        Tensor kv = weights.kvUp().forward(tape, Var.constant(latent)).value();
        Tensor lse = workspace.f32(shape.heads(), q.rows());
        tape.kernels().attention(shape, q, rows.queries(), kv, keyRope, rows.contexts(), out, lse);
    }
}

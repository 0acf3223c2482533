package dev.minke.infer.engine;

import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.deepseek.GroupedQueryAttention;
import dev.minke.model.deepseek.GroupedQueryAttention.KeyValues;
import dev.minke.model.deepseek.Pass;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.PagedShape;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;

/// Grouped-query attention over the pool: over the pages as they are, or with keys and values
/// copied out for every query head.
record PagedGrouped(PagedForm form, int layer, GroupedQueryAttention weights) {
    Var attend(Pass pass, Var x) {
        Tape tape = pass.tape();
        StepRows rows = form.rows();
        GqaConfig config = weights.config();
        Var heads = tape.output(rows.count(), config.queryRows());
        Workspace.Mark mark = tape.workspace().mark();
        KeyValues keyValues = weights.keyValues(pass, x);
        int width = config.headDim();
        for (int g = 0; g < config.numKeyValueHeads(); g++) {
            long from = (long) g * width;
            Tensor value = keyValues.value().value().columns(from, from + width);
            Tensor key = keyValues.key().value().columns(from, from + width);
            rows.store(tape.kernels(), form.pool(), layer, g, 0, value);
            rows.store(tape.kernels(), form.pool(), layer, g, width, key);
        }
        Tensor q = weights.queries(pass, x).value();
        int paged = rows.paged();
        if (paged > 0) {
            overPages(tape.kernels(), q.range(0, paged), heads.value().range(0, paged));
        }
        if (paged < rows.count()) {
            Tensor rest = heads.value().range(paged, rows.count());
            expanded(tape, q.range(paged, rows.count()), rest);
        }
        tape.workspace().release(mark);
        return weights.output().forward(tape, heads);
    }

    private void overPages(Kernels kernels, Tensor q, Tensor out) {
        GqaConfig config = weights.config();
        int width = config.headDim();
        float scale = weights.shape().scale();
        kernels.pagedAttention(
                new PagedShape(config.numAttentionHeads(), width, width, scale),
                q,
                form.pool().pages(layer),
                form.pool().row(),
                form.rows().pagedRows(),
                out);
    }

    private void expanded(Tape tape, Tensor q, Tensor out) {
        Workspace workspace = tape.workspace();
        StepRows rows = form.rows();
        GqaConfig config = weights.config();
        int width = config.headDim();
        int heads = config.numAttentionHeads();
        Tensor kv = workspace.f32(rows.context(), 2L * heads * width);
        for (int h = 0; h < heads; h++) {
            int g = h / config.groupSize();
            long at = 2L * h * width;
            rows.load(tape.kernels(), form.pool(), layer, g, width, kv.columns(at, at + width));
            rows.load(
                    tape.kernels(),
                    form.pool(),
                    layer,
                    g,
                    0,
                    kv.columns(at + width, at + 2L * width));
        }
        Tensor unrotated = workspace.f32(rows.context(), 0);
        Tensor lse = workspace.f32(heads, q.rows());
        tape.kernels()
                .attention(
                        weights.shape(),
                        q,
                        rows.queries(),
                        kv,
                        unrotated,
                        rows.contexts(),
                        out,
                        lse);
    }
}

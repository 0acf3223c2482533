package dev.minke.infer.engine;

import dev.minke.model.autograd.Var;
import dev.minke.model.deepseek.Attention;
import dev.minke.model.deepseek.AttentionForm;
import dev.minke.model.deepseek.GroupedQueryAttention;
import dev.minke.model.deepseek.LatentAttention;
import dev.minke.model.deepseek.LatentAttention.Absorbed;
import dev.minke.model.deepseek.Pass;
import java.util.List;

/// Attention of a step over the block pool: each row stores what it adds to the cache, then sees it
/// and all before it, over the pages or in expanded form.
///
/// Both read the cache alone, what was stored in this very step included. So a row's result does
/// not depend on how its sequence was cut into chunks.
///
/// @param absorbed of every layer, empty for grouped queries
record PagedForm(BlockPool pool, List<Absorbed> absorbed, StepRows rows) implements AttentionForm {
    @Override
    public Var attend(Pass pass, int layer, Attention weights, Var x) {
        return switch (weights) {
            case LatentAttention latent -> new PagedLatent(this, layer, latent).attend(pass, x);
            case GroupedQueryAttention grouped ->
                    new PagedGrouped(this, layer, grouped).attend(pass, x);
        };
    }
}

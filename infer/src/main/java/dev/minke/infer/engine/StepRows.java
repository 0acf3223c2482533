package dev.minke.infer.engine;

import dev.minke.tensor.Kernels;
import dev.minke.tensor.PagedRows;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.List;

/// The rows of a step: first all that attend over the pages, then all in expanded form, so that
/// either kind is one range of rows.
///
/// @param chunks what is computed
/// @param tokens I32 [T] ids
/// @param positions I32 [T] positions in their sequences
/// @param cells I32 [T] where each row's own cache entry lies: block * 64 + row of the block
/// @param paged how many rows attend over the pages
/// @param pagedRows what they see
/// @param queries I32 [S + 1] the first of each chunk's expanded rows, counted behind the paged
///   ones
/// @param contexts I32 [S + 1] starts of what those rows see, the tokens of all chunks side by side
/// @param contextCells I32 [context] where these tokens lie
/// @param logitRows I32 rows whose logits are wanted, chunk after chunk, in order of position
record StepRows(
        List<Chunk> chunks,
        Tensor tokens,
        Tensor positions,
        Tensor cells,
        int paged,
        PagedRows pagedRows,
        Tensor queries,
        Tensor contexts,
        Tensor contextCells,
        Tensor logitRows) {
    private static final int BLOCK = CacheLayout.BLOCK;

    static StepRows of(List<Chunk> chunks, Workspace workspace) {
        int rows = 0;
        int paged = 0;
        int table = 0;
        int logits = 0;
        int context = 0;
        for (Chunk chunk : chunks) {
            context += expandedContext(chunk);
            rows += chunk.rows();
            paged += chunk.to() - chunk.border();
            table += CacheLayout.blocks(chunk.to());
            logits += chunk.logitRows();
        }
        PagedRows pagedRows =
                new PagedRows(workspace.i32(table), workspace.i32(paged), workspace.i32(paged));
        StepRows step =
                new StepRows(
                        chunks,
                        workspace.i32(rows),
                        workspace.i32(rows),
                        workspace.i32(rows),
                        paged,
                        pagedRows,
                        workspace.i32(chunks.size() + 1L),
                        workspace.i32(chunks.size() + 1L),
                        workspace.i32(context),
                        workspace.i32(logits));
        step.fill();
        return step;
    }

    /// Tokens that the expanded rows of a chunk see.
    private static int expandedContext(Chunk chunk) {
        return chunk.border() > chunk.from() ? chunk.border() : 0;
    }

    private void fill() {
        int pagedRow = 0;
        int expandedRow = paged;
        int table = 0;
        int context = 0;
        int logit = 0;
        queries.setInt(0, 0);
        contexts.setInt(0, 0);
        for (int c = 0; c < chunks.size(); c++) {
            Chunk chunk = chunks.get(c);
            int border = chunk.border();
            for (int p = chunk.from(); p < chunk.to(); p++) {
                boolean expanded = p < border;
                int row = expanded ? expandedRow++ : pagedRow++;
                tokens.setInt(row, chunk.token(p));
                positions.setInt(row, p);
                cells.setInt(row, cell(chunk, p));
                if (!expanded) {
                    pagedRows.starts().setInt(row, table);
                    pagedRows.lengths().setInt(row, p + 1);
                }
                if (p >= chunk.logitsFrom()) {
                    logitRows.setInt(logit++, row);
                }
            }
            for (int b = 0; b < CacheLayout.blocks(chunk.to()); b++) {
                pagedRows.blocks().setInt(table++, chunk.blocks()[b]);
            }
            for (int p = 0; p < expandedContext(chunk); p++) {
                contextCells.setInt(context++, cell(chunk, p));
            }
            queries.setInt(c + 1L, expandedRow - paged);
            contexts.setInt(c + 1L, context);
        }
    }

    private static int cell(Chunk chunk, int position) {
        return chunk.blocks()[position / BLOCK] * BLOCK + position % BLOCK;
    }

    int count() {
        return (int) tokens.size();
    }

    /// Tokens that the expanded rows see, over all chunks.
    int context() {
        return contexts.getInt(chunks.size());
    }

    boolean hasExpanded(int chunk) {
        return contexts.getInt(chunk + 1L) > contexts.getInt(chunk);
    }

    /// Keep columns of every row as columns from `at` on of its cache entry.
    void store(Kernels kernels, BlockPool pool, int layer, int part, int at, Tensor values) {
        kernels.storePages(values, pool.pages(layer), pool.row(), part, at, cells);
    }

    /// Read columns from `at` on of all that the expanded rows see, [context, width].
    void load(Kernels kernels, BlockPool pool, int layer, int part, int at, Tensor values) {
        kernels.loadPages(pool.pages(layer), pool.row(), part, at, contextCells, values);
    }
}

package dev.minke.kernels;

import dev.minke.tensor.RouterRule;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// The working memory of one task: a block of A, a panel of B and a block of C.
///
/// Kept between operations by a [Pool], so that kernels allocate nothing after the first call.
final class Scratch {
    /// Most rows of a block of C.
    static final int ROWS = 384;

    /// Most columns of a block of C.
    static final int COLS = 1024;

    /// Columns of B that are re-laid together, a multiple of every [Tile#NR].
    static final int GROUP = 128;

    /// Distance of C's rows, see [Tile#AS].
    static final int CS = COLS + 16;

    /// A: up to [#ROWS] rows of [Tile#KC] columns, or (transposed) the other way round.
    final float[] a = new float[Math.max(ROWS, Tile.KC) * Tile.AS + Tile.AS];

    /// B: the panels of [#GROUP] columns.
    final float[] b = new float[Tile.KC * GROUP];

    /// C: [#ROWS] x [#COLS], 1.6 MB, visited once for every [Tile#KC] steps of k.
    final float[] c = new float[ROWS * CS];

    /// Sums and scales of a panel.
    final float[] s = new float[CodePanels.FLOATS];

    /// Codes of 32 inputs of a panel.
    final int[] codes = new int[32 * Lanes.COUNT];

    /// Where loads go that only bring memory nearer.
    int touched;

    private float[] rows = new float[0];
    private Router.@Nullable Memory routing;

    /// At least `size` floats of undefined content, for an operation's own use.
    float[] rows(int size) {
        if (rows.length < size) {
            rows = new float[size];
        }
        return rows;
    }

    /// Memory for a choice of experts.
    Router.Memory routing(RouterRule rule) {
        Router.Memory memory = routing;
        if (memory == null || !memory.fits(rule)) {
            memory = new Router.Memory(rule);
            routing = memory;
        }
        return memory;
    }

    /// One scratch for each worker, and more if operations run at the same time.
    static final class Pool {
        private final AtomicReferenceArray<@Nullable Scratch> free;
        private final AtomicReference<GemmPacked.@Nullable Region> region = new AtomicReference<>();
        private final AtomicReference<GroupedPacked.@Nullable Region> grouped =
                new AtomicReference<>();

        Pool(int workers) {
            free = new AtomicReferenceArray<>(workers);
        }

        /// Take the scratch of `worker`; a new one if a nested or concurrent operation has it.
        Scratch take(int worker) {
            Scratch scratch = free.getAndSet(worker, null);
            return scratch == null ? new Scratch() : scratch;
        }

        /// Give it back.
        void give(int worker, Scratch scratch) {
            free.set(worker, scratch);
        }

        /// Take the region of packed products; a new one if a concurrent operation has it.
        GemmPacked.Region region() {
            GemmPacked.Region taken = region.getAndSet(null);
            return taken == null ? new GemmPacked.Region() : taken;
        }

        void give(GemmPacked.Region taken) {
            region.set(taken);
        }

        /// As [#region] for grouped products.
        GroupedPacked.Region grouped() {
            GroupedPacked.Region taken = grouped.getAndSet(null);
            return taken == null ? new GroupedPacked.Region() : taken;
        }

        void give(GroupedPacked.Region taken) {
            grouped.set(taken);
        }
    }
}

package dev.minke.kernels;

import dev.minke.tensor.PageRow;
import dev.minke.tensor.PagedRows;
import dev.minke.tensor.PagedShape;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// Attention over the pages of a cache; contract: [dev.minke.tensor.Kernels#pagedAttention].
///
/// [PagedPlan] cuts the work, [PagedUnit] does a piece of it. A row's tokens are cut into spans,
/// each with a softmax of its own, which are added up in ascending order: by one worker as it goes,
/// or by whoever finishes the last of them. Numerics: F32; a row's result depends on its own tokens
/// alone. Plans and the workers' memory are kept.
final class PagedAttention {
    /// Flop that are not worth waking the other threads.
    private static final double ALONE = 2e6;

    private final Team team;
    private final AtomicLong calls = new AtomicLong();
    private final AtomicReference<@Nullable PagedPlan> plans = new AtomicReference<>();
    private final AtomicReferenceArray<@Nullable PagedUnit> units;

    PagedAttention(Team team) {
        this.team = team;
        units = new AtomicReferenceArray<>(team.size());
    }

    /// What the tasks of a call share.
    ///
    /// @param id differs from that of every other call
    record Call(
            long id,
            PagedShape shape,
            Tensor q,
            Tensor pages,
            PageRow row,
            PagedRows rows,
            Tensor out) {
        int parts() {
            return (int) pages.dim(1);
        }

        /// Byte of the query of row `r` and head `h`.
        long query(int r, int h) {
            return at(q, r, h, shape.key());
        }

        /// Byte of the result of row `r` and head `h`.
        long result(int r, int h) {
            return at(out, r, h, shape.value());
        }

        private static long at(Tensor x, long r, int h, int width) {
            long element =
                    x.rank() == 3
                            ? (h * x.dim(1) + r) * x.rowStride()
                            : r * x.rowStride() + (long) h * width;
            return x.offset() + Float.BYTES * element;
        }
    }

    void run(PagedShape shape, Tensor q, Tensor pages, PageRow row, PagedRows rows, Tensor out) {
        Call call = new Call(calls.getAndIncrement(), shape, q, pages, row, rows, out);
        PagedPlan kept = plans.getAndSet(null);
        PagedPlan plan = kept == null ? new PagedPlan() : kept;
        double flop = 2.0 * plan.cut(call) * shape.heads() * (shape.key() + shape.value());
        int threads = flop < ALONE ? 1 : team.size();
        plan.make(threads);
        if (threads == 1) {
            for (int task = 0; task < plan.tasks; task++) {
                run(call, plan, task, 0);
            }
        } else {
            team.run(plan.tasks, (task, worker) -> run(call, plan, task, worker));
        }
        plans.set(plan);
    }

    private void run(Call call, PagedPlan plan, int task, int worker) {
        PagedUnit kept = units.getAndSet(worker, null);
        PagedUnit unit = kept == null ? new PagedUnit() : kept;
        unit.begin(call, plan, plan.unit[task]);
        int span = plan.span[task];
        if (span == PagedPlan.WHOLE) {
            unit.whole(call);
        } else {
            unit.part(call, span, plan.partial, plan.place[task]);
            // whoever finishes the last span has seen all others
            int head = plan.head[task];
            if (plan.left.decrementAndGet(head) == 0) {
                int first = plan.place[head];
                unit.merge(call, plan.partial, first, plan.place[head + 1] - first);
            }
        }
        units.set(worker, unit);
    }
}

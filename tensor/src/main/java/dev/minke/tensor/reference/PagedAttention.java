package dev.minke.tensor.reference;

import dev.minke.tensor.PageRow;
import dev.minke.tensor.PagedRows;
import dev.minke.tensor.PagedShape;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;

/// Attention over the pages of a cache: one task for each row and part, all scores of a head at
/// once, denominators in double.
final class PagedAttention {
    private PagedAttention() {}

    static void run(
            Team team,
            PagedShape shape,
            Tensor q,
            Tensor pages,
            PageRow row,
            PagedRows rows,
            Tensor out) {
        int parts = Math.toIntExact(pages.dim(1));
        int group = shape.heads() / parts;
        team.run(
                Math.multiplyExact(Math.toIntExact(rows.lengths().size()), parts),
                (index, worker) -> {
                    int r = index / parts;
                    int part = index % parts;
                    float[][] tokens = tokens(pages, row, rows, r, part);
                    for (int h = part * group; h < (part + 1) * group; h++) {
                        float[] query = new float[shape.key()];
                        long from = at(q, r, h, shape.key());
                        Memory.read(q.segment(), q.dtype(), from, query, 0, query.length);
                        float[] sum = attend(shape, query, tokens);
                        long to = at(out, r, h, shape.value());
                        Memory.write(sum, 0, out.segment(), to, sum.length);
                    }
                });
    }

    /// Byte offset of row r and head h in [R, H*width] or [H, R, width].
    private static long at(Tensor x, long r, int h, int width) {
        return x.rank() == 3 ? Memory.row(x, h * x.dim(1) + r) : Memory.row(x, r) + 4L * h * width;
    }

    private static float[][] tokens(Tensor pages, PageRow row, PagedRows rows, int r, int part) {
        float[][] tokens = new float[rows.lengths().getInt(r)][row.width()];
        int start = rows.starts().getInt(r);
        for (int j = 0; j < tokens.length; j++) {
            long page = rows.blocks().getInt(start + j / PageRow.TOKENS);
            long cell = page * PageRow.TOKENS + j % PageRow.TOKENS;
            Pages.read(pages.segment(), Pages.row(pages, row, part, cell), row, 0, tokens[j]);
        }
        return tokens;
    }

    private static float[] attend(PagedShape shape, float[] query, float[][] tokens) {
        float[] p = new float[tokens.length];
        float most = Float.NEGATIVE_INFINITY;
        int keyFrom = tokens[0].length - shape.key();
        for (int j = 0; j < p.length; j++) {
            float score = 0;
            for (int d = 0; d < query.length; d++) {
                score = Math.fma(query[d], tokens[j][keyFrom + d], score);
            }
            p[j] = shape.scale() * score;
            most = Math.max(most, p[j]);
        }
        double denominator = 0;
        float[] sum = new float[shape.value()];
        for (int j = 0; j < p.length; j++) {
            p[j] = (float) Math.exp((double) p[j] - most);
            denominator += p[j];
            Saxpy.add(p[j], tokens[j], sum, sum.length);
        }
        for (int d = 0; d < sum.length; d++) {
            sum[d] = (float) (sum[d] / denominator);
        }
        return sum;
    }
}

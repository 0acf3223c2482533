package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// Attention over the pages of a cache, and the pages themselves.
public interface PagedContract extends ContractSupport {
    /// heads, parts, columns of values alone, shared, of keys alone.
    int[][] PAGED_SIZES = {
        {1, 1, 0, 1, 0},
        {3, 1, 0, 5, 4},
        {16, 1, 0, 64, 16},
        {2, 1, 0, 512, 64},
        {6, 2, 16, 0, 16},
        {4, 4, 7, 0, 6},
        {70, 1, 3, 20, 1},
        {24, 2, 0, 32, 64},
    };

    /// A cache of three sequences, of which the second and third share their first pages, in pages
    /// whose other tokens are NaN, and rows that look at it.
    record Cache(PagedShape shape, Tensor pages, PageRow row, PagedRows rows, int[] tables) {
        static Cache of(Sample sample, int[] size, DType type, int... lengths) {
            int value = size[2] + size[3];
            int width = value + size[4];
            int key = size[3] + size[4];
            PagedShape shape = new PagedShape(size[0], key, value, (float) (1 / Math.sqrt(key)));
            PageRow row =
                    type != DType.I8
                            ? PageRow.plain(type, width)
                            : size[2] == 0
                                    ? PageRow.coded(width, value, value)
                                    : PageRow.coded(width, width, 1);
            int longest = Arrays.stream(lengths).max().orElseThrow();
            int each = Math.ceilDiv(longest, PageRow.TOKENS);
            int shared = each / 2;
            int[] order = sample.permutation(3 * each, 3 * each).toInts();
            System.arraycopy(order, each, order, 2 * each, shared);
            Tensor pages =
                    Tensor.zeros(
                            sample.arena(),
                            type,
                            3L * each,
                            size[1],
                            PageRow.TOKENS,
                            row.elements());
            int[] starts = new int[lengths.length];
            for (int r = 0; r < lengths.length; r++) {
                starts[r] = r * 3 / lengths.length * each;
            }
            PagedRows rows =
                    new PagedRows(sample.ints(order), sample.ints(starts), sample.ints(lengths));
            return new Cache(shape, pages, row, rows, order);
        }

        int parts() {
            return (int) pages.dim(1);
        }

        /// Fill as far as the rows see, with NaN behind.
        Cache fill(Sample sample, Kernels kernels) {
            for (long at = 0; at < pages.byteSize(); at++) {
                pages.segment().set(ValueLayout.JAVA_BYTE, at, (byte) -1);
            }
            int count = (int) rows.lengths().size();
            for (int r = 0; r < count; r++) {
                int start = rows.starts().getInt(r);
                int length = rows.lengths().getInt(r);
                while (r + 1 < count && rows.starts().getInt(r + 1L) == start) {
                    length = Math.max(length, rows.lengths().getInt(++r));
                }
                Tensor cells = cells(sample, start, length);
                for (int part = 0; part < parts(); part++) {
                    Tensor x = sample.matrix(length, row.width());
                    kernels.storePages(x, pages, row, part, 0, cells);
                }
            }
            return this;
        }

        /// Where the first `length` tokens lie of the sequence whose table begins at `start`.
        Tensor cells(Sample sample, int start, int length) {
            int[] cells = new int[length];
            for (int j = 0; j < length; j++) {
                cells[j] = tables[start + j / PageRow.TOKENS] * PageRow.TOKENS;
                cells[j] += j % PageRow.TOKENS;
            }
            return sample.ints(cells);
        }

        Tensor queries(Sample sample, double deviation) {
            long count = rows.lengths().size();
            return sample.fill(sample.matrix(count, (long) shape.heads() * shape.key()), deviation);
        }

        Tensor attend(Kernels kernels, Sample sample, Tensor q) {
            Tensor out = sample.output(rows.lengths().size(), (long) shape.heads() * shape.value());
            kernels.pagedAttention(shape, q, pages, row, rows, out);
            return out;
        }

        /// The rows `from` to `to` alone.
        Cache range(int from, int to) {
            return new Cache(
                    shape,
                    pages,
                    row,
                    new PagedRows(
                            rows.blocks(),
                            rows.starts().range(from, to),
                            rows.lengths().range(from, to)),
                    tables);
        }

        @Override
        public String toString() {
            return "%s over %s, lengths %s"
                    .formatted(shape, row, Arrays.toString(rows.lengths().toInts()));
        }
    }

    /// The element types of pages.
    DType[] PAGE_TYPES = {DType.F32, DType.BF16, DType.I8};

    @Test
    default void pagedAttentionIsASoftmaxOverTheTokensThatARowSees() {
        for (int[] size : PAGED_SIZES) {
            for (DType type : PAGE_TYPES) {
                matches(Cache.of(sample(41), size, type, 1, 63, 64, 65, 66, 5), 1);
            }
        }
        matches(Cache.of(sample(41), PAGED_SIZES[2], DType.F32, 511, 512, 513, 1000, 2, 1100), 1);
    }

    @Test
    default void pagedAttentionSurvivesLargeAndZeroScores() {
        for (double size : new double[] {0, 1e-4, 30, 300}) {
            matches(Cache.of(sample(42), PAGED_SIZES[1], DType.F32, 40, 600, 1), size);
        }
    }

    private void matches(Cache cache, double size) {
        Sample sample = sample(43);
        cache.fill(sample, kernels());
        Tensor q = cache.queries(sample, size);
        Tensor out = cache.attend(kernels(), sample, q);
        double scale = cache.shape().scale() * Math.sqrt(cache.shape().key());
        Close.within(cache.toString(), out, expected(cache, q), 4e-5 * (1 + size * scale));
        Sample.frameUntouched(cache.toString(), out);
    }

    /// The formula in double, over what the pages give back.
    private double[] expected(Cache cache, Tensor q) {
        PagedShape shape = cache.shape();
        int count = (int) q.rows();
        double[] out = new double[count * shape.heads() * shape.value()];
        for (int r = 0; r < count; r++) {
            for (int h = 0; h < shape.heads(); h++) {
                float[][] tokens = tokens(cache, r, h / (shape.heads() / cache.parts()));
                double[] p = new double[tokens.length];
                double most = Double.NEGATIVE_INFINITY;
                for (int j = 0; j < p.length; j++) {
                    for (int d = 0; d < shape.key(); d++) {
                        float key = tokens[j][cache.row().width() - shape.key() + d];
                        p[j] += (double) q.getFloat(r, (long) h * shape.key() + d) * key;
                    }
                    p[j] *= shape.scale();
                    most = Math.max(most, p[j]);
                }
                double sum = 0;
                for (int j = 0; j < p.length; j++) {
                    p[j] = Math.exp(p[j] - most);
                    sum += p[j];
                }
                for (int j = 0; j < p.length; j++) {
                    for (int d = 0; d < shape.value(); d++) {
                        int at = (r * shape.heads() + h) * shape.value() + d;
                        out[at] += p[j] / sum * tokens[j][d];
                    }
                }
            }
        }
        return out;
    }

    private float[][] tokens(Cache cache, int r, int part) {
        int length = cache.rows().lengths().getInt(r);
        int start = cache.rows().starts().getInt(r);
        Sample sample = sample(1);
        Tensor cells = cache.cells(sample, start, length);
        Tensor x = sample.output(length, cache.row().width());
        kernels().loadPages(cache.pages(), cache.row(), part, 0, cells, x);
        float[][] tokens = new float[length][];
        for (int j = 0; j < length; j++) {
            tokens[j] = x.range(j, j + 1L).toFloats();
        }
        return tokens;
    }

    @Test
    default void pagedAttentionHasTheSameBitsOnAnyTeamAndInAnyCompany() {
        int[] lengths = {640, 641, 1100, 1101, 1102, 3, 4, 65, 129};
        for (DType type : PAGE_TYPES) {
            company(Cache.of(sample(44), PAGED_SIZES[1], type, lengths));
        }
        company(Cache.of(sample(44), PAGED_SIZES[4], DType.F32, lengths));
        company(Cache.of(sample(44), PAGED_SIZES[6], DType.BF16, 512, 513, 6, 600, 601, 602));
    }

    private void company(Cache cache) {
        cache.fill(sample(45), kernels());
        Tensor q = cache.queries(sample(46), 1);
        sameBitsOnAnyTeam(cache.toString(), k -> cache.attend(k, sample(47), q).toFloats());
        Tensor all = cache.attend(kernels(), sample(47), q);
        int count = (int) all.rows();
        for (int[] cut : new int[][] {{0, 1}, {2, 4}, {1, count - 1}, {count - 1, count}}) {
            Cache range = cache.range(cut[0], cut[1]);
            Tensor some = range.attend(kernels(), sample(47), q.range(cut[0], cut[1]));
            Close.sameBits(range.toString(), some, all.range(cut[0], cut[1]));
        }
    }

    @Test
    default void pagedAttentionTakesAndGivesHeadsFirst() {
        Sample sample = sample(48);
        Cache cache = Cache.of(sample, PAGED_SIZES[1], DType.F32, 1, 63, 70, 71, 5);
        cache.fill(sample, kernels());
        Tensor q = cache.queries(sample, 1);
        Tensor out = cache.attend(kernels(), sample, q);
        int key = cache.shape().key();
        int value = cache.shape().value();
        Tensor turned = sample.output(15, key).reshape(3, 5, key);
        for (int h = 0; h < 3; h++) {
            turned.slice(h).copyFrom(q.columns((long) h * key, (h + 1L) * key));
        }
        Tensor result = sample.output(15, value);
        kernels()
                .pagedAttention(
                        cache.shape(),
                        turned,
                        cache.pages(),
                        cache.row(),
                        cache.rows(),
                        result.reshape(3, 5, value));
        for (int h = 0; h < 3; h++) {
            Tensor own = out.columns((long) h * value, (h + 1L) * value);
            Close.sameBits("head " + h, result.range(5L * h, 5L * h + 5), own);
        }
        Sample.frameUntouched("heads first", result);
    }

    @Test
    default void pagesKeepPlainNumbersAndRoundThemToBf16() {
        for (DType type : new DType[] {DType.F32, DType.BF16}) {
            Sample sample = sample(49);
            Tensor pages = Tensor.zeros(arena(), type, 2, 3, 64, 21);
            PageRow row = PageRow.plain(type, 21);
            Tensor x = sample.matrix(40, 17);
            Tensor cells = sample.permutation(128, 128).range(0, 40);
            kernels().storePages(x, pages, row, 1, 4, cells);
            Tensor back = sample.output(40, 17);
            kernels().loadPages(pages, row, 1, 4, cells, back);
            Tensor expected = Tensor.zeros(arena(), type, 40, 17);
            kernels().convert(x, expected);
            Close.same("cells of " + type, back, expected.toFloats());
            Sample.frameUntouched("cells", back);
            for (long i = 0; i < 128; i++) {
                for (int c = 0; c < 4; c++) {
                    assertThat(pages.getFloat(192 * (i / 64) + 64 + i % 64, c)).isZero();
                    assertThat(pages.getFloat(192 * (i / 64) + i % 64, c + 4)).isZero();
                }
            }
        }
    }

    @Test
    default void codedPagesAreCloseToWhatWasStoredInAnyPieces() {
        for (int coded : new int[] {1, 10, 48, 64, 96, 512}) {
            Sample sample = sample(50);
            PageRow row = PageRow.coded(coded + 9, coded, coded);
            Tensor whole = Tensor.zeros(arena(), DType.I8, 1, 1, 64, row.elements());
            Tensor pieces = Tensor.zeros(arena(), DType.I8, 1, 1, 64, row.elements());
            Tensor x = sample.matrix(64, coded + 9);
            sample.fill(x.range(0, 1), 0);
            sample.fill(x.range(1, 2), 1e-29);
            sample.fill(x.range(2, 3), 1e30);
            Tensor cells = sample.permutation(64, 64);
            kernels().storePages(x, whole, row, 0, 0, cells);
            int block = row.block();
            for (int at = 0; at < coded; at += block) {
                Tensor piece = x.columns(at, at + block);
                kernels().storePages(piece, pieces, row, 0, at, cells);
            }
            kernels().storePages(x.columns(coded, coded + 4), pieces, row, 0, coded, cells);
            kernels().storePages(x.columns(coded + 4, coded + 9), pieces, row, 0, coded + 4, cells);
            assertThat(pieces.toFloats()).isEqualTo(whole.toFloats());
            Tensor back = sample.output(64, coded + 9);
            kernels().loadPages(whole, row, 0, 0, cells, back);
            for (int r = 0; r < 64; r++) {
                for (int c = 0; c < coded + 9; c++) {
                    float most = Math.abs(x.getFloat(r, c)) / 128; // half a unit of BF16
                    for (int i = c / block * block; c < coded && i < (c / block + 1) * block; i++) {
                        most = Math.max(most, Math.abs(x.getFloat(r, i)) * 1.0001f / 254);
                    }
                    float error = Math.abs(back.getFloat(r, c) - x.getFloat(r, c));
                    assertThat(error).as("row %d column %d", r, c).isLessThanOrEqualTo(most);
                }
            }
        }
    }

    @Test
    default void aBlockOfCodesWithoutFiniteScaleIsNaN() {
        Sample sample = sample(51);
        PageRow row = PageRow.coded(96, 96, 32);
        Tensor pages = Tensor.zeros(arena(), DType.I8, 1, 1, 64, row.elements());
        Tensor x = sample.matrix(1, 96);
        x.setFloat(0, 3, Float.NaN);
        x.setFloat(0, 95, Float.NEGATIVE_INFINITY);
        kernels().storePages(x, pages, row, 0, 0, sample.ints(7));
        Tensor back = sample.output(1, 96);
        kernels().loadPages(pages, row, 0, 0, sample.ints(7), back);
        for (int c = 0; c < 96; c++) {
            assertThat(Float.isNaN(back.getFloat(0, c))).isEqualTo(c / 32 != 1);
        }
    }
}

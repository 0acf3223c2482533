package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.minke.kernels.Packed.Coding;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// Lays the rows of a weight out in panels, see [Packed].
///
/// A piece of each row of a panel is copied into an array; then block after block is taken apart
/// row by row and its words go to the places of their lane in a second array, which is copied to
/// the panel.
///
/// Weights are packed when a program starts, so this must be fast before it is compiled: bulk
/// copies are, and small methods of integers on arrays soon are, unlike operations on vectors.
final class Packing {
    private static final int L = Lanes.COUNT;
    private static final int WIDTH = Packed.WIDTH;

    /// Bytes of a row that are taken apart at a time, several blocks of every type. Both arrays
    /// stay in the second cache.
    private static final int PIECE = 2048;

    /// Integers from row to row: an odd number of cache lines, so that rows do not share sets, and
    /// one line more than a piece, which may be read.
    private static final int PITCH = PIECE / 4 + 16;

    /// Words of plain rows that are taken apart at a time, so that the lines they go to stay in the
    /// first cache.
    private static final int RUN = 32;

    /// The rows of a weight: row r at byte `offset + r * rowBytes`.
    private record Source(MemorySegment segment, long offset, long rowBytes) {}

    /// The arrays of one worker.
    private static final class Buffers {
        final int[] rows = new int[WIDTH * PITCH];
        final int[] lanes = new int[WIDTH * (PIECE / 4)];
        final int[] words = new int[64];

        /// `rows` as memory.
        final MemorySegment memory = MemorySegment.ofArray(rows);

        /// Whether there was an element that panels do not have.
        boolean special;
    }

    /// Buffers for each worker, kept between matrices.
    static final class Pool {
        private final AtomicReferenceArray<@Nullable Buffers> free;

        Pool(int workers) {
            free = new AtomicReferenceArray<>(workers);
        }

        private Buffers take(int worker) {
            Buffers buffers = free.getAndSet(worker, null);
            return buffers == null ? new Buffers() : buffers;
        }

        private void give(int worker, Buffers buffers) {
            free.set(worker, buffers);
        }
    }

    private Packing() {}

    static PackedMatrix pack(Team team, Pool pool, Tensor b, Arena arena) {
        Packed to = Packed.allocate(Coding.of(b.dtype()), b.rows(), b.cols(), arena);
        long rowBytes = b.rowStride() * b.dtype().bytes();
        if (run(team, pool, new Source(b.segment(), b.offset(), rowBytes), to)) {
            return to;
        }
        try (Arena temporary = Arena.ofShared()) {
            Tensor wide = Tensor.zeros(temporary, b.rows(), b.cols());
            Elementwise.convert(team, b, wide);
            return pack(team, pool, wide, arena);
        }
    }

    static PackedMatrix pack(Team team, Pool pool, BlockMatrix b, Arena arena) {
        Packed to = Packed.allocate(Coding.of(b.format()), b.rows(), b.cols(), arena);
        run(team, pool, new Source(b.data(), 0, b.rowBytes()), to);
        return to;
    }

    static PackedMatrix packFp8(
            Team team,
            Pool pool,
            MemorySegment codes,
            Tensor scaleInv,
            int blockRows,
            int blockCols,
            long rows,
            long cols,
            Arena arena) {
        if (Fp8Panels.fits(blockCols, cols) && Fp8Panels.fits(scaleInv)) {
            Packed to = Packed.allocate(Coding.FP8, rows, cols, arena);
            if (run(team, pool, new Source(codes, 0, cols), to)) {
                team.run(
                        to.panels(),
                        (panel, _) -> Fp8Panels.scales(scaleInv, blockRows, blockCols, to, panel));
                return to;
            }
        }
        try (Arena temporary = Arena.ofShared()) {
            Tensor wide = Tensor.zeros(temporary, rows, cols);
            Fp8Blocks.decode(team, codes, scaleInv, blockRows, blockCols, wide);
            return pack(team, pool, wide, arena);
        }
    }

    /// Pack a matrix, but for the scales of [Coding#FP8].
    ///
    /// @return whether panels have all its elements, else it must be packed as F32
    private static boolean run(Team team, Pool pool, Source from, Packed to) {
        AtomicBoolean special = new AtomicBoolean();
        team.run(
                to.panels(),
                (panel, worker) -> {
                    Buffers buffers = pool.take(worker);
                    buffers.special = false;
                    panel(buffers, from, to, panel);
                    if (buffers.special) {
                        special.set(true);
                    }
                    pool.give(worker, buffers);
                });
        return !special.get();
    }

    private static void panel(Buffers buffers, Source from, Packed to, int panel) {
        Coding coding = to.coding();
        long row = (long) panel * WIDTH;
        int rows = (int) Math.min(WIDTH, to.rows() - row);
        if (rows < WIDTH) {
            Arrays.fill(buffers.rows, rows * PITCH, WIDTH * PITCH, 0);
        }
        int blocks = Math.toIntExact(to.cols() / coding.size);
        int stored = coding.stored();
        int most = PIECE / coding.bytes;
        long target = panel * to.panelBytes();
        long source = from.offset + row * from.rowBytes;
        for (int b = 0; b < blocks; b += most) {
            int count = Math.min(most, blocks - b);
            for (int r = 0; r < rows; r++) {
                long at = source + r * from.rowBytes + (long) b * stored;
                MemorySegment.copy(
                        from.segment, at, buffers.memory, 4L * r * PITCH, count * stored);
            }
            if (coding == Coding.F16 || coding == Coding.FP8) {
                buffers.special |= special(coding, buffers.rows, rows, count * stored);
            }
            switch (coding) {
                case F32 -> words(buffers, count);
                case BF16, F16 -> pairs(buffers, count);
                default -> {
                    for (int i = 0; i < count; i++) {
                        int place = i * coding.bytes / 2 * (WIDTH / 2);
                        block(coding, buffers, i * stored, place);
                        CodePacking.lines(coding, buffers.lanes, place);
                    }
                }
            }
            int size = count * coding.bytes / 2 * (WIDTH / 2);
            MemorySegment.copy(buffers.lanes, 0, to.segment(), JAVA_INT_UNALIGNED, target, size);
            target += 4L * size;
        }
    }

    /// Whether one of `rows` pieces of `bytes` bytes has an element that panels do not have.
    private static boolean special(Coding coding, int[] pieces, int rows, int bytes) {
        boolean special = false;
        for (int r = 0; r < rows; r++) {
            int at = r * PITCH;
            if (bytes % 4 != 0) {
                pieces[at + bytes / 4] &= 0xFFFF; // half a word is not of this piece
            }
            special |=
                    coding == Coding.F16
                            ? HalfPanels.special(pieces, at, Math.ceilDiv(bytes, 4))
                            : Fp8Panels.special(pieces, at, bytes / 4);
        }
        return special;
    }

    /// Rows of `n` words.
    private static void words(Buffers buffers, int n) {
        for (int k = 0; k < n; k += RUN) {
            int end = Math.min(n, k + RUN);
            for (int r = 0; r < WIDTH; r++) {
                words(buffers.rows, r * PITCH, k, end, buffers.lanes, r);
            }
        }
    }

    private static void words(int[] from, int at, int first, int last, int[] to, int lane) {
        for (int k = first; k < last; k++) {
            to[k * WIDTH + lane] = from[at + k];
        }
    }

    /// Rows of `n` half words: those of outputs j and L + j become one word.
    private static void pairs(Buffers buffers, int n) {
        for (int k = 0; k < n; k += 2 * RUN) {
            int end = Math.min(n, k + 2 * RUN);
            for (int i = 0; i < 2 * L; i++) {
                int lower = (i / L * L + i) * PITCH;
                pairs(buffers.rows, lower, lower + L * PITCH, k, end, buffers.lanes, i);
            }
        }
    }

    private static void pairs(
            int[] from, int lower, int upper, int first, int last, int[] to, int lane) {
        int k = first;
        for (; k < last - 1; k += 2) {
            int low = from[lower + k / 2];
            int high = from[upper + k / 2];
            to[k * (WIDTH / 2) + lane] = low & 0xFFFF | high << 16;
            to[(k + 1) * (WIDTH / 2) + lane] = low >>> 16 | high & 0xFFFF0000;
        }
        if (k < last) {
            to[k * (WIDTH / 2) + lane] = from[lower + k / 2] & 0xFFFF | from[upper + k / 2] << 16;
        }
    }

    /// The block at byte `at` of every row, to `to` on.
    private static void block(Coding coding, Buffers buffers, int at, int to) {
        int[] rows = buffers.rows;
        int[] lanes = buffers.lanes;
        if (coding.bytes % 4 == 0) {
            for (int r = 0; r < WIDTH; r++) {
                CodePacking.arrange(coding, rows, r * PITCH + at / 4, lanes, to + r);
            }
            return;
        }
        // a half word stands before the words of a short block and behind those of a long one
        int next = to + WIDTH / 2;
        if (coding.size == 32) {
            halves(rows, at, lanes, to);
            for (int r = 0; r < WIDTH; r++) {
                int row = r * PITCH + (at + 2) / 4;
                CodePacking.arrangeShort(coding, rows, row, (at + 2) % 4 * 8, lanes, next + r);
            }
        } else {
            halves(rows, at + coding.bytes - 2, lanes, to);
            for (int r = 0; r < WIDTH; r++) {
                int row = r * PITCH + at / 4;
                align(rows, row, at % 4 * 8, coding.bytes / 4, buffers.words);
                CodePacking.arrange(coding, buffers.words, 0, lanes, next + r);
            }
        }
    }

    /// The half word at byte `at` of every row, paired as in [#pairs].
    private static void halves(int[] rows, int at, int[] to, int lane) {
        int shift = at % 4 * 8;
        for (int i = 0; i < 2 * L; i++) {
            int lower = (i / L * L + i) * PITCH + at / 4;
            int upper = lower + L * PITCH;
            to[lane + i] = rows[lower] >>> shift & 0xFFFF | rows[upper] >>> shift << 16;
        }
    }

    /// Words that begin `shift` bits, 0 or 16, behind the start of a word.
    private static void align(int[] from, int at, int shift, int count, int[] to) {
        int word = from[at];
        for (int i = 0; i < count; i++) {
            int next = from[at + i + 1];
            to[i] = word >>> shift | next << 16 << 16 - shift;
            word = next;
        }
    }
}

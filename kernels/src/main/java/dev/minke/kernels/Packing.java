package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.kernels.Packed.Coding;
import dev.minke.tensor.Team;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Lays the rows of a weight out in panels, see [Packed].
///
/// Rows are taken apart into words, which a small array holds lane by lane; then whole vectors are
/// brought into the order that the kernels read. 64 rows are streams through memory at the same
/// time, each a few hundred bytes at a go.
final class Packing {
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int VECTOR = 4 * L;
    private static final int WIDTH = Packed.WIDTH;
    private static final int HIGH = 0xFFFF0000;

    /// Bytes of a row that are taken apart at a time, at least a block.
    private static final int PORTION = 256;

    /// The rows of a weight: row r at byte `offset + r * rowBytes`.
    record Source(MemorySegment segment, long offset, long rowBytes) {}

    private final Source from;
    private final Packed to;
    private final Coding coding;

    /// Whole words of a block, the byte of the first one, and the byte of the half word that some
    /// have besides, or -1.
    private final int words;

    private final int wordsAt;
    private final int halfAt;
    private final int portion;

    private Packing(Source from, Packed to) {
        this.from = from;
        this.to = to;
        this.coding = to.coding();
        this.words = coding.bytes / 4;
        boolean last = coding == Coding.Q6_K;
        boolean odd = coding.bytes % 4 != 0;
        this.wordsAt = odd && !last ? 2 : 0;
        this.halfAt = !odd ? -1 : last ? coding.bytes - 2 : 0;
        this.portion = Math.max(1, PORTION / coding.bytes);
    }

    static void run(Team team, Source from, Packed to) {
        Packing packing = new Packing(from, to);
        team.run(to.panels(), (panel, _) -> packing.panel(panel));
    }

    private void panel(int panel) {
        int[] lanes = new int[(portion * (words + 1) + 1) * WIDTH];
        long row = (long) panel * WIDTH;
        int rows = (int) Math.min(WIDTH, to.rows() - row);
        int blocks = Math.toIntExact(to.cols() / coding.size);
        long target = panel * to.panelBytes();
        long source = from.offset + row * from.rowBytes;
        for (int b = 0; b < blocks; b += portion) {
            int count = Math.min(portion, blocks - b);
            Arrays.fill(lanes, 0);
            for (int r = 0; r < rows; r++) {
                long at = source + r * from.rowBytes + (long) b * coding.bytes;
                takeApart(at, count, lanes, r);
            }
            for (int i = 0; i < count; i++) {
                arrange(lanes, i * words * WIDTH, portion * words * WIDTH + i * WIDTH, target);
                target += (long) coding.bytes * WIDTH;
            }
        }
    }

    /// Words of `count` blocks of one row, those of all blocks behind one another; then for each
    /// block its half word, if it has one.
    private void takeApart(long at, int count, int[] lanes, int lane) {
        MemorySegment segment = from.segment;
        int halves = portion * words * WIDTH + lane;
        for (int i = 0; i < count; i++) {
            if (halfAt >= 0) {
                lanes[halves + i * WIDTH] = segment.get(JAVA_SHORT_UNALIGNED, at + halfAt) & 0xFFFF;
            }
            int to = i * words * WIDTH + lane;
            for (int w = 0; w < words; w++) {
                lanes[to + w * WIDTH] = segment.get(JAVA_INT_UNALIGNED, at + wordsAt + 4L * w);
            }
            at += coding.bytes;
        }
    }

    private void arrange(int[] lanes, int words, int halves, long at) {
        MemorySegment segment = to.segment();
        switch (coding) {
            case F32 -> copy(lanes, words, 4, segment, at);
            case BF16 -> pairs(lanes, halves, segment, at);
            case Q8_0 -> {
                pairs(lanes, halves, segment, at);
                for (int j = 0; j < 32; j++) {
                    IntVector word = IntVector.fromArray(I, lanes, words + j * L);
                    Q8Panels.word(word)
                            .intoMemorySegment(segment, at + (2 + j) * VECTOR, LITTLE_ENDIAN);
                }
            }
            case Q4_0, Q5_0, Q6_K, IQ4_NL -> {
                pairs(lanes, halves, segment, at);
                CodePacking.arrange(coding, lanes, words, segment, at);
            }
            case Q4_1, Q5_1, Q4_K, Q5_K, IQ4_XS ->
                    CodePacking.arrange(coding, lanes, words, segment, at);
        }
    }

    /// Copy vectors as they are.
    static void copy(int[] lanes, int from, int vectors, MemorySegment to, long at) {
        for (int i = 0; i < vectors; i++) {
            IntVector.fromArray(I, lanes, from + i * L)
                    .intoMemorySegment(to, at + i * VECTOR, LITTLE_ENDIAN);
        }
    }

    /// Half words of neighbouring vectors together.
    private static void pairs(int[] lanes, int from, MemorySegment to, long at) {
        for (int i = 0; i < 2; i++) {
            IntVector low = IntVector.fromArray(I, lanes, from + 2 * i * L);
            IntVector high = IntVector.fromArray(I, lanes, from + (2 * i + 1) * L);
            low.or(high.lanewise(VectorOperators.LSHL, 16))
                    .intoMemorySegment(to, at + i * VECTOR, LITTLE_ENDIAN);
        }
    }
}

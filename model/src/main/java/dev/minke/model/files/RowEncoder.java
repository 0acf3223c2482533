package dev.minke.model.files;

import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Streams a weight into another type, a band of rows at a time: memory stays at a few bands
/// whatever the size of the tensor. While a band is encoded, the next is read and the last is
/// written. Bytes that need no change are handed on.
final class RowEncoder implements AutoCloseable {
    /// Values of a band: enough for every thread, small beside a cache of pages.
    private static final long BAND = 4L << 20;

    private static final int FP8_BLOCK = 128;
    private static final ValueLayout.OfShort HALF =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Kernels kernels;
    private final BandReader reader = new BandReader();
    private final BandWriter writer = new BandWriter();
    private final Arena arena = Arena.ofShared();
    private MemorySegment floats = MemorySegment.NULL;

    RowEncoder(Kernels kernels) {
        this.kernels = kernels;
    }

    /// Takes encoded bytes, in order; the segment is reused after the call.
    @FunctionalInterface
    interface Sink {
        void write(MemorySegment bytes) throws IOException;
    }

    /// Encodes one band that is in memory.
    @FunctionalInterface
    private interface Band {
        /// @param rows of the band, read from 0 on
        /// @param from where they are in the weight
        MemorySegment encode(WeightRows rows, long from) throws IOException;
    }

    /// Stream all rows of `source` as `type`.
    ///
    /// @param name for errors
    /// @throws IOException naming the tensor if it holds infinities or NaN, which blocks cannot
    void encode(String name, WeightRows source, WeightType type, Sink sink) throws IOException {
        stream(
                source,
                1,
                sink,
                (rows, from) -> {
                    if (rows.type() == type) {
                        var same = rows.bytes(0, rows.rows());
                        if (same.isPresent()) {
                            return same.get();
                        }
                    }
                    Tensor values = values(rows);
                    MemorySegment bytes = writer.buffer(type.bytes(rows.rows(), rows.cols()));
                    if (type.plain().isPresent()) {
                        DType dtype = type.plain().get();
                        Tensor out = Tensor.of(bytes, 0, dtype, rows.rows(), rows.cols());
                        if (dtype == values.dtype()) {
                            out.copyFrom(values);
                        } else {
                            kernels.convert(values, out);
                        }
                    } else {
                        BlockFormat format = type.blocks().orElseThrow();
                        BlockMatrix out = new BlockMatrix(format, rows.rows(), rows.cols(), bytes);
                        kernels.quantize(values, out);
                        checkScales(name, out, from);
                    }
                    return bytes;
                });
    }

    /// Stream all rows of `source` as e4m3 codes.
    ///
    /// @param powersOfTwo whether scales are rounded up to powers of two (ue8m0)
    /// @return the scales of all blocks, F32 bytes
    MemorySegment encodeFp8(WeightRows source, boolean powersOfTwo, Arena owner, Sink sink)
            throws IOException {
        long across = Math.ceilDiv(source.cols(), (long) FP8_BLOCK);
        Tensor scales = Tensor.zeros(owner, Math.ceilDiv(source.rows(), (long) FP8_BLOCK), across);
        stream(
                source,
                FP8_BLOCK,
                sink,
                (rows, from) -> {
                    long to = from + rows.rows();
                    Tensor own = scales.range(from / FP8_BLOCK, Math.ceilDiv(to, (long) FP8_BLOCK));
                    MemorySegment codes = writer.buffer(rows.rows() * rows.cols());
                    kernels.quantizeFp8(
                            values(rows), FP8_BLOCK, FP8_BLOCK, powersOfTwo, codes, own);
                    return codes;
                });
        return scales.segment().asSlice(scales.offset(), scales.byteSize());
    }

    private void stream(WeightRows source, long unit, Sink sink, Band band) throws IOException {
        long rows = source.rows();
        long step = band(source, unit);
        long from = 0;
        var ahead = begin(source, 0, end(source, 0, step));
        while (from < rows) {
            long to = end(source, from, step);
            var current = ahead;
            WeightRows ready =
                    current.isPresent()
                            ? current.get().view(BandReader.await(current.get().bytes()))
                            : new DerivedRows.Slice(source, from, to - from);
            ahead = to < rows ? begin(source, to, end(source, to, step)) : Optional.empty();
            writer.write(band.encode(ready, from), sink);
            from = to;
        }
        writer.finish();
    }

    private record Ahead(StoredBand band, CompletableFuture<MemorySegment> bytes) {
        WeightRows view(MemorySegment copy) {
            return band.view().apply(copy);
        }
    }

    private Optional<Ahead> begin(WeightRows source, long from, long to) {
        return source.band(from, to).map(band -> new Ahead(band, reader.begin(band)));
    }

    private static long end(WeightRows source, long from, long step) {
        return Math.min(Math.min(source.rows(), from + step), from + source.together(from));
    }

    /// The rows as the kernels take them: plain types as they are stored.
    private Tensor values(WeightRows rows) throws IOException {
        var plain = rows.type().plain();
        if (plain.isPresent()) {
            var stored = rows.bytes(0, rows.rows());
            if (stored.isPresent()) {
                return Tensor.of(stored.get(), 0, plain.get(), rows.rows(), rows.cols());
            }
        }
        long bytes = rows.rows() * rows.cols() * Float.BYTES;
        if (floats.byteSize() < bytes) {
            floats = arena.allocate(bytes, 64);
        }
        Tensor values = Tensor.of(floats.asSlice(0, bytes), 0, DType.F32, rows.rows(), rows.cols());
        rows.read(0, values, kernels);
        return values;
    }

    /// Rows of a band: whole portions of the source, multiples of `unit`.
    private static long band(WeightRows source, long unit) {
        long whole = lcm(source.portion(), unit);
        long wanted = Math.max(1, BAND / Math.max(1, source.cols()));
        return Math.ceilDiv(wanted, whole) * whole;
    }

    private static long lcm(long a, long b) {
        long x = a;
        long y = b;
        while (y != 0) {
            long rest = x % y;
            x = y;
            y = rest;
        }
        return a / x * b;
    }

    /// Infinities and NaN in a weight come out as such scales.
    private static void checkScales(String name, BlockMatrix blocks, long from) throws IOException {
        BlockFormat format = blocks.format();
        int at = format == BlockFormat.Q6_K ? format.blockBytes() - 2 : 0;
        MemorySegment data = blocks.data();
        for (long i = at; i < data.byteSize(); i += format.blockBytes()) {
            if ((data.get(HALF, i) & 0x7C00) == 0x7C00) {
                throw new IOException(
                        "tensor %s: a value of row %d is infinite, not a number or beyond the range of %s, expected finite weights"
                                .formatted(name, from + i / blocks.rowBytes(), format));
            }
        }
    }

    @Override
    public void close() throws IOException {
        writer.close();
        reader.close();
        arena.close();
    }
}

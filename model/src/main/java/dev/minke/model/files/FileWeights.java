package dev.minke.model.files;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.MlaConfig;
import dev.minke.model.nn.StoredWeight;
import dev.minke.model.nn.StoredWeights;
import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// The weights of a model's files as inference uses them: matrices in their stored type.
///
/// What a file holds in the wanted order of rows is laid out from where it is mapped. What must be
/// derived (the halves of `kv_b_proj`, rotary rows of dense models) keeps a type without blocks,
/// and becomes F32 otherwise.
public final class FileWeights implements StoredWeights {
    private static final String KV_UP = "kv_b_proj";

    private final ModelFiles files;
    private final DeepSeekConfig config;
    private final Kernels kernels;

    /// @param files closed with these
    public FileWeights(ModelFiles files, Kernels kernels) {
        this.files = files;
        this.config = files.config();
        this.kernels = kernels;
    }

    @Override
    public StoredWeight matrix(String name, long rows, long cols) {
        return new Matrix(rows(name));
    }

    @Override
    public StoredWeight rows(String name, long rows, long cols, long from, long to) {
        return new Matrix(new DerivedRows.Slice(rows(name), from, to - from));
    }

    @Override
    public void vector(String name, Tensor to) {
        read(rows(name), 0, to.reshape(1, to.size()), kernels);
    }

    /// The rows in the order of the model: rotary pairs are neighbours.
    private WeightRows rows(String name) {
        try {
            if (name.contains("k_b_proj") || name.contains("v_b_proj") && !name.contains(KV_UP)) {
                return half(name);
            }
            WeightRows rows = files.weight(name);
            return config.family().isDense() && isRotated(name)
                    ? DerivedRows.interleaved(rows, config.qkHeadDim())
                    : rows;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isRotated(String name) {
        return name.contains(".self_attn.q_proj.") || name.contains(".self_attn.k_proj.");
    }

    private WeightRows half(String name) throws IOException {
        MlaConfig mla = config.mla();
        boolean key = name.contains("k_b_proj");
        String whole = name.replace(key ? "k_b_proj" : "v_b_proj", KV_UP);
        int heads = mla.numAttentionHeads();
        int nope = mla.qkNopeHeadDim();
        int value = mla.vHeadDim();
        WeightRows both = files.weight(whole);
        return key
                ? DerivedRows.keyUp(both, heads, nope, value)
                : DerivedRows.valueUp(both, heads, nope, value);
    }

    private static void read(WeightRows rows, long from, Tensor to, Kernels kernels) {
        try {
            rows.read(from, to, kernels);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        files.close();
    }

    private final class Matrix implements StoredWeight {
        private final WeightRows rows;

        Matrix(WeightRows rows) {
            this.rows = rows;
        }

        @Override
        public long rows() {
            return rows.rows();
        }

        @Override
        public long cols() {
            return rows.cols();
        }

        @Override
        public long packedBytes() {
            boolean whole = rows.bytes(0, rows()).isPresent() || rows instanceof StoredRows.Fp8;
            int plain = rows.type().plain().map(DType::bytes).orElse(4);
            return whole ? rows.type().bytes(rows(), cols()) : rows() * cols() * plain;
        }

        @Override
        public void read(long from, Tensor to, Kernels with) {
            FileWeights.read(rows, from, to, with);
        }

        @Override
        public PackedMatrix pack(Kernels with, Arena arena) {
            if (rows instanceof StoredRows.Fp8 fp8) {
                return with.packFp8(
                        fp8.codes(),
                        fp8.scales(),
                        fp8.blockRows(),
                        fp8.blockCols(),
                        rows(),
                        cols(),
                        arena);
            }
            Optional<MemorySegment> bytes = rows.bytes(0, rows());
            return bytes.isPresent()
                    ? packBytes(bytes.get(), with, arena)
                    : packDerived(with, arena);
        }

        private PackedMatrix packBytes(MemorySegment bytes, Kernels with, Arena arena) {
            Optional<DType> plain = rows.type().plain();
            if (plain.isPresent()) {
                return with.pack(Tensor.of(bytes, 0, plain.get(), rows(), cols()), arena);
            }
            BlockFormat format = rows.type().blocks().orElseThrow();
            return with.pack(new BlockMatrix(format, rows(), cols(), bytes), arena);
        }

        private PackedMatrix packDerived(Kernels with, Arena arena) {
            try (Arena temporary = Arena.ofShared()) {
                Tensor values = Tensor.zeros(temporary, rows(), cols());
                read(0, values, with);
                DType plain = rows.type().plain().orElse(DType.F32);
                if (plain == DType.F32) {
                    return with.pack(values, arena);
                }
                Tensor narrow = Tensor.zeros(temporary, plain, rows(), cols());
                with.convert(values, narrow);
                return with.pack(narrow, arena);
            }
        }
    }
}

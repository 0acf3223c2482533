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
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// The weights of a model's files as inference uses them: matrices in their stored type.
///
/// What a file holds in the wanted order of rows is laid out from where it is mapped. What must be
/// derived (the halves of `kv_b_proj`, rotary rows of dense models) keeps a type without blocks,
/// and becomes F32 otherwise.
public final class FileWeights implements StoredWeights {
    private static final System.Logger LOG = System.getLogger(FileWeights.class.getName());
    private static final String KV_UP = "kv_b_proj";

    private final ModelFiles files;
    private final DeepSeekConfig config;
    private final Kernels kernels;
    private final Set<WeightType> announced = EnumSet.noneOf(WeightType.class);

    /// @param files closed with these
    public FileWeights(ModelFiles files, Kernels kernels) {
        this.files = files;
        this.config = files.config();
        this.kernels = kernels;
    }

    @Override
    public StoredWeight matrix(String name, long rows, long cols) {
        return new Matrix(name, rows(name));
    }

    @Override
    public StoredWeight rows(String name, long rows, long cols, long from, long to) {
        return new Matrix(name, new DerivedRows.Slice(rows(name), from, to - from));
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
        private final String name;
        private final WeightRows rows;

        Matrix(String name, WeightRows rows) {
            this.name = name;
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
        public void read(long from, Tensor to, Kernels with) {
            FileWeights.read(rows, from, to, with);
        }

        @Override
        public PackedMatrix pack(Kernels with, Arena arena) {
            WeightType type = rows.type();
            Optional<MemorySegment> bytes = rows.bytes(0, rows());
            if (bytes.isPresent()) {
                if (type == WeightType.F32 || type == WeightType.BF16) {
                    DType plain = type.plain().orElseThrow();
                    return with.pack(Tensor.of(bytes.get(), 0, plain, rows(), cols()), arena);
                }
                Optional<BlockFormat> format = type.blocks().filter(Matrix::hasLayout);
                if (format.isPresent()) {
                    return with.pack(
                            new BlockMatrix(format.get(), rows(), cols(), bytes.get()), arena);
                }
            }
            try (Arena temporary = Arena.ofShared()) {
                Tensor values = Tensor.zeros(temporary, rows(), cols());
                read(0, values, with);
                if (type == WeightType.BF16) {
                    Tensor narrow = Tensor.zeros(temporary, DType.BF16, rows(), cols());
                    with.convert(values, narrow);
                    return with.pack(narrow, arena);
                }
                announce(type);
                return with.pack(values, arena);
            }
        }

        private static boolean hasLayout(BlockFormat format) {
            return format != BlockFormat.Q2_K && format != BlockFormat.Q3_K;
        }

        private void announce(WeightType type) {
            boolean derived = rows.bytes(0, 1).isEmpty() && type != WeightType.FP8;
            if (type != WeightType.F32 && !derived && announced.add(type)) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "{0}: {1} weights such as {2} are computed as F32, which takes more memory and time",
                        files.path(),
                        type,
                        name);
            }
        }
    }
}

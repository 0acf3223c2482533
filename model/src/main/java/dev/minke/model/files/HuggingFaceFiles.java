package dev.minke.model.files;

import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.checkpoint.MalformedCheckpoint;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.checkpoint.TensorInfo;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.Fp8Config;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Kind;
import dev.minke.tensor.DType;
import dev.minke.tensor.Fp8;
import dev.minke.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/// A Hugging Face folder: config.json and safetensors, sharded or not, plain or FP8 (spec 2.2,
/// 2.3).
public final class HuggingFaceFiles implements ModelFiles {
    private static final String SCALE = "_scale_inv";

    /// The first tensor that is missing is named, but for a list much longer than that of what is
    /// there no memory is taken.
    static final int MAX_MISSING = 16_384;

    private final HuggingFaceFolder folder;
    private final DeepSeekConfig config;
    private final TensorInventory inventory;

    private HuggingFaceFiles(HuggingFaceFolder folder, DeepSeekConfig config) {
        this.folder = folder;
        this.config = config;
        this.inventory = TensorInventory.of(config);
    }

    /// Open a folder.
    ///
    /// @throws IOException in one line naming the file and what does not fit
    public static HuggingFaceFiles open(Path path) throws IOException {
        HuggingFaceFolder folder = HuggingFaceFolder.open(path);
        try {
            DeepSeekConfig config = withoutAbsentParts(folder.config(), folder);
            long count = TensorInventory.count(config, false);
            if (count - folder.names().size() > MAX_MISSING) {
                throw new MalformedCheckpoint(
                        path.resolve(HuggingFaceFolder.CONFIG),
                        "num_hidden_layers and n_routed_experts",
                        "a model of the %d tensors that are there".formatted(folder.names().size()),
                        "one of " + count);
            }
            return new HuggingFaceFiles(folder, config);
        } catch (IOException | RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /// The MTP layer may have been left out.
    private static DeepSeekConfig withoutAbsentParts(
            DeepSeekConfig config, HuggingFaceFolder files) {
        String layer = "model.layers." + config.numHiddenLayers() + ".";
        boolean present = files.names().stream().anyMatch(name -> name.startsWith(layer));
        return present ? config : config.withNumNextnPredictLayers(0);
    }

    @Override
    public Path path() {
        return folder.folder();
    }

    @Override
    public String format() {
        return "safetensors";
    }

    @Override
    public DeepSeekConfig config() {
        return config;
    }

    @Override
    public WeightRows weight(String name) throws IOException {
        TensorInfo info = folder.info(name);
        WeightType type =
                WeightType.of(info.type())
                        .orElseThrow(() ->
                                wrong(info, "type F32, F16, BF16 or F8_E4M3", info.type().name()));
        long[] shape = info.shape();
        if (shape.length < 1 || shape.length > 2) {
            throw wrong(info, "one or two dimensions", Arrays.toString(shape));
        }
        long cols = shape[shape.length - 1];
        long rows = shape.length == 1 ? 1 : shape[0];
        if (type != WeightType.FP8) {
            return StoredRows.of(type, rows, cols, folder.data(name), info.file(), info.offset());
        }
        if (shape.length == 1) {
            throw wrong(info, "two dimensions of an F8_E4M3 weight", Arrays.toString(shape));
        }
        Fp8Config fp8 =
                config.quantizationConfig()
                        .orElseThrow(
                                () -> wrong(info, "quantization_config in config.json", "none"));
        return new StoredRows.Fp8(
                rows,
                cols,
                fp8.weightBlockRows(),
                fp8.weightBlockColumns(),
                folder.data(name),
                scales(name, fp8.scaleRows(rows), fp8.scaleColumns(cols)),
                info.file(),
                info.offset());
    }

    private Tensor scales(String name, long rows, long cols) throws IOException {
        TensorInfo info = checkScales(name, rows, cols);
        MemorySegment data = folder.data(info.name());
        return info.type() == StoredType.F32
                ? Tensor.of(data, 0, DType.F32, rows, cols)
                : powersOfTwo(data, rows, cols);
    }

    private TensorInfo checkScales(String name, long rows, long cols) throws IOException {
        TensorInfo info = folder.info(name + SCALE);
        if (!info.hasShape(rows, cols)) {
            throw wrong(
                    info,
                    "shape [%d, %d], a scale for each block".formatted(rows, cols),
                    Arrays.toString(info.shape()));
        }
        if (info.type() != StoredType.F32 && info.type() != StoredType.F8_E8M0) {
            throw wrong(info, "type F32 or F8_E8M0", info.type().name());
        }
        return info;
    }

    private static Tensor powersOfTwo(MemorySegment codes, long rows, long cols) {
        Tensor scales = Tensor.zeros(Arena.ofAuto(), rows, cols);
        for (long r = 0; r < rows; r++) {
            for (long c = 0; c < cols; c++) {
                byte code = codes.get(ValueLayout.JAVA_BYTE, r * cols + c);
                scales.setFloat(r, c, Fp8.scaleToFloat(code));
            }
        }
        return scales;
    }

    @Override
    public void check() throws IOException {
        for (TensorInventory.Entry entry : inventory.entries()) {
            if (entry.kind() == Kind.BLOCK_SCALE) {
                continue; // belongs to an FP8 weight; some may be left in BF16
            }
            if (TensorInventory.isCopy(config, entry.name()) && !folder.contains(entry.name())) {
                continue;
            }
            TensorInfo info = folder.info(entry.name());
            if (!info.hasShape(entry.shape())) {
                throw wrong(
                        info,
                        "shape %s by config.json".formatted(Arrays.toString(entry.shape())),
                        Arrays.toString(info.shape()));
            }
            if (info.type() == StoredType.F8_E4M3) {
                Optional<TensorInventory.Entry> scale = inventory.find(entry.name() + SCALE);
                if (scale.isEmpty()) {
                    throw wrong(info, "F32, F16 or BF16 for this tensor", "F8_E4M3");
                }
                checkScales(entry.name(), scale.get().shape()[0], scale.get().shape()[1]);
            } else if (WeightType.of(info.type()).isEmpty()) {
                throw wrong(info, "type F32, F16, BF16 or F8_E4M3", info.type().name());
            }
        }
    }

    @Override
    public long bytes() {
        return folder.bytes();
    }

    private static MalformedCheckpoint wrong(TensorInfo info, String expected, String found) {
        return new MalformedCheckpoint(info.file(), "tensor " + info.name(), expected, found);
    }

    @Override
    public void close() {
        folder.close();
    }
}
